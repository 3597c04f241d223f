"""A teacher's input, made of its student's."""

import numpy as np
import pytest
import torch
from mmpose.datasets.transforms import TopdownAffine
from mmpose.utils import register_all_modules

from distilpose.teachers.inputs import InputConversion, InputSpec

register_all_modules()  # whose scope a teacher is built in

MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


def blobs(size, centres, sigma):
    """Smooth images (1, C, H, W): where a blob lies is known exactly."""
    x, y = (torch.arange(n).double() for n in size)
    y = y[:, None]
    return torch.stack([
        torch.exp(-((x - a) ** 2 + (y - b) ** 2) / (2 * sigma**2))
        for a, b in centres
    ])[None]  # fmt: skip


def centre(images):
    """Centroids (C, 2) of the channels of one image."""
    sums = images[0].sum(-2), images[0].sum(-1)
    found = [x @ torch.arange(x.shape[1]).double() / x.sum(1) for x in sums]
    return torch.stack(found, -1)


@pytest.mark.parametrize(
    'size', [(288, 384), (144, 192), (256, 256), (192, 384)]
)
def test_a_point_lies_where_the_frame_says(size):
    points = torch.tensor([[30.0, 40.0], [101.5, 190.25], [150.2, 99.9]])
    conversion = InputConversion(InputSpec((192, 256)), InputSpec(size))
    view = conversion.view
    seen = conversion.images(blobs((192, 256), points, 6.0))
    assert tuple(seen.shape[:1:-1]) == size
    expected = points * torch.tensor(view.ratio) + torch.tensor(view.shift)
    assert (centre(seen) - expected).abs().max() < 0.02


def test_it_is_what_mmpose_would_have_cropped():
    """The teacher's own crop of the same box, but for interpolation."""
    rng = np.random.default_rng(0)
    image = blobs((400, 400), rng.uniform(150, 250, (3, 2)), 12.0)[0]
    image = (255 * image.permute(1, 2, 0)).numpy().astype(np.uint8)

    def crop(size):
        results = dict(
            img=image,
            bbox_center=np.array([[200.0, 200.0]], np.float32),
            bbox_scale=np.array([[150.0, 200.0]], np.float32),
        )
        cropped = TopdownAffine(size)(results)['img']
        return torch.from_numpy(cropped).permute(2, 0, 1)[None].double()

    for size in ((288, 384), (96, 128)):
        conversion = InputConversion(InputSpec((192, 256)), InputSpec(size))
        seen = conversion.images(crop((192, 256)))
        assert (centre(seen) - centre(crop(size))).abs().max() < 0.05
        assert (seen - crop(size)).abs().mean() < 1.5  # of 255


def test_normalization_and_channels_are_exact():
    raw = torch.rand(2, 3, 8, 6, dtype=torch.float64) * 255

    def normalized(spec):
        mean, std = torch.tensor(spec[1:3], dtype=raw.dtype)[..., None, None]
        return ((raw.flip(1) if spec.rgb else raw) - mean) / std

    student = InputSpec((6, 8), MEAN, STD, rgb=True)
    teacher = InputSpec((6, 8), (1.0, 2.0, 3.0), (4.0, 5.0, 6.0))
    for a, b in ((student, teacher), (teacher, student)):
        seen = InputConversion(a, b).images(normalized(a))
        torch.testing.assert_close(seen, normalized(b))
    # Equal inputs are not touched.
    assert InputConversion(student, student).images(raw) is raw


def test_beyond_the_border_it_is_black():
    student = InputSpec((192, 256), MEAN, STD, rgb=True)
    teacher = InputSpec((256, 256), (0.0, 0.0, 0.0), (255.0,) * 3)
    white = torch.ones(1, 3, 256, 192, dtype=torch.float64)
    seen = InputConversion(student, teacher).images(white)
    margin = torch.cat([seen[..., :31], seen[..., -31:]], -1)
    torch.testing.assert_close(margin, torch.zeros_like(margin))
    assert seen[..., 40:200].min() > 0.5


def test_making_smaller_averages():
    """Every second pixel alone would alias: black or white."""
    stripes = torch.zeros(1, 1, 64, 48)
    stripes[..., ::2] = 1
    student, teacher = (
        InputSpec(size, (0.0,), (1.0,)) for size in ((48, 64), (24, 32))
    )
    seen = InputConversion(student, teacher).images(stripes)
    inner = seen[..., 2:-2, 2:-2]
    torch.testing.assert_close(inner, torch.full_like(inner, 0.5))


@pytest.mark.parametrize('student, teacher, text', [
    (InputSpec((256, 64)), InputSpec((192, 256)), r'81 % .* empty'),
    (InputSpec((49, 100)), InputSpec((100, 100)), r'51 % .* empty'),
    (InputSpec((192, 256), (0.0,), (1.0,)), InputSpec(), 'of 1 channels'),
])  # fmt: skip
def test_what_cannot_be_converted(student, teacher, text):
    with pytest.raises(ValueError, match=text):
        InputConversion(student, teacher)
    # Half of a teacher's input may be empty.
    view = InputConversion(InputSpec((50, 100)), InputSpec((100, 100))).view
    assert view.shift == (25, 0)
