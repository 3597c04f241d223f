"""A teacher that is averaged with itself in the mirror."""

import pytest
import torch
from mmpose.codecs import UDPHeatmap
from mmpose.utils import register_all_modules

from distilpose.heatmaps.forms import DenseHeatmaps, SeparableHeatmaps
from distilpose.heatmaps.frame import HeatmapFrame, heatmap_frame
from distilpose.heatmaps.functional import gaussian_profiles, simulate_heatmaps
from distilpose.teachers.frozen import FrozenTeacher
from distilpose.teachers.inputs import InputSpec
from distilpose.teachers.kinds import TeacherSource
from distilpose.teachers.output import TeacherOutput

from .. import toys

register_all_modules()  # whose scope a teacher is built in

SIMCC = HeatmapFrame((96, 128), (96.0, 128.0), sigma_scale=(8.0, 8.0))


class SeeingSource(TeacherSource):
    """It sees a bright blob in each channel, a keypoint each, exactly."""

    name, metainfo = 'seeing', dict(flip_indices=[0, 1, 2])
    input = InputSpec((48, 64))

    def __init__(self, frame, separable):
        self.frame, self.separable = frame, separable

    def prepare(self):
        pass

    def __call__(self, images, samples=None):
        mass = images.sum((-1, -2))
        x = (images.sum(-2) @ torch.arange(48.0)) / mass
        y = (images.sum(-1) @ torch.arange(64.0)) / mass
        coords = torch.stack([x / 48, y / 64], -1)
        sigmas = torch.ones_like(coords)
        if not self.separable:
            values = simulate_heatmaps(coords, sigmas, self.frame)
            return TeacherOutput(DenseHeatmaps(self.frame, values))
        rows = gaussian_profiles(coords, sigmas, self.frame)
        return TeacherOutput(SeparableHeatmaps(self.frame, *rows))


def blobs(points):
    y, x = torch.meshgrid(
        torch.arange(64.0), torch.arange(48.0), indexing='ij'
    )
    return torch.stack(
        [torch.exp(-((x - a) ** 2 + (y - b) ** 2) / 18) for a, b in points]
    )[None]


@pytest.mark.parametrize('frame, separable', [
    (HeatmapFrame.msra((12, 16)), False),
    (heatmap_frame(UDPHeatmap((48, 64), (12, 16))), False),
    (HeatmapFrame((12, 16), (12.0, 16.0), (-0.5, -0.5)), False),
    (SIMCC, True),
])  # fmt: skip
def test_both_say_the_same(frame, separable):
    """To a small part of a pixel, whatever the codec: no shift by a cell."""
    points = torch.tensor([[20.0, 30.0], [15.3, 40.1], [30.8, 22.4]])
    teacher = FrozenTeacher()
    teacher.source = SeeingSource(frame, separable)
    images = blobs(points)
    plain = teacher(images).maps
    teacher.flip_test = True
    both = teacher(images).maps
    pixels = (both.coords() - plain.coords()) * torch.tensor([48, 64])
    assert pixels.abs().max() < 0.02
    torch.testing.assert_close(both.peaks(), plain.peaks(), atol=1e-3, rtol=0)


def test_left_and_right_are_exchanged():
    class Certain(SeeingSource):
        metainfo = dict(flip_indices=[0, 2, 1])

        def __call__(self, images, samples=None):
            output = super().__call__(images)
            peaks = torch.tensor([0.2, 0.4, 0.8])[:, None, None]
            return output._replace(maps=output.maps.map(lambda x: x * peaks))

    teacher = FrozenTeacher(flip_test=True)
    teacher.source = Certain(HeatmapFrame.msra((12, 16)), False)
    middle = torch.tensor([[24.0, 32.0]] * 3)  # on a cell
    torch.testing.assert_close(
        teacher(blobs(middle)).maps.peaks(),
        torch.tensor([[0.2, 0.6, 0.6]]),
        atol=0.01,
        rtol=0,
    )


def test_which_keypoints_change_sides_is_not_known():
    teacher = FrozenTeacher(flip_test=True, **toys.random_teacher())
    with pytest.raises(ValueError, match='change sides .* flip_test=False'):
        teacher(torch.zeros(1, 3, 64, 48))
