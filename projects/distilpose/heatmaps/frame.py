"""Where a coordinate lies on a heatmap.

W, H: width and height of the input image, pixels. w, h: those of a heatmap,
cells. A cell is an integer grid point of a heatmap.
"""

import math
from functools import singledispatch
from typing import Any, NamedTuple

import torch
from mmpose.codecs import (
    IntegralRegressionLabel,
    MegviiHeatmap,
    MSRAHeatmap,
    SimCCLabel,
    UDPHeatmap,
)
from mmpose.codecs.base import BaseKeypointCodec
from torch import Tensor, nn

from distilpose_runtime.errors import UserTypeError

__all__ = [
    'PAPER_SIGMA',
    'STRIDE',
    'HeatmapFrame',
    'InputView',
    'codec_input_size',
    'codec_of',
    'heatmap_frame',
    'per_axis',
    'pose_head_of',
]

# The student's sigmas are in pixels of a heatmap that is this many times
# smaller than its input.
STRIDE = 4

# Sigma of the heatmaps that the paper's teacher learned, in such pixels.
PAPER_SIGMA = 2.0

Pair = tuple[float, float]


class InputView(NamedTuple):
    """How a teacher sees the student's input: how large, and where.

    Per axis, pixel of the teacher = ratio * pixel of the student + shift.
    Pixel i lies at coordinate i, as MMPose's ``TopdownAffine`` puts it, and
    not at i + 0.5.

    Attributes:
        student_size: Size (W, H) of the student's input, pixels.
        teacher_size: Size (W, H) of the teacher's input, pixels.
        ratio: Pixels of the teacher per pixel of the student, (x, y).
        shift: The teacher's pixel at the student's pixel 0, (x, y).
    """

    student_size: tuple[int, int]
    teacher_size: tuple[int, int]
    ratio: Pair
    shift: Pair = (0.0, 0.0)


class HeatmapFrame(NamedTuple):
    """How coordinates and sigmas of a student map to the cells of a heatmap.

    Per axis, cell = scale * x + offset, with x a fraction of the input. Codecs
    differ in both, by up to a cell: see ``heatmap_frame``.

    Attributes:
        size: Size (w, h) of the heatmap, cells.
        scale: Cells per input, (x, y).
        offset: The cell at x = 0, (x, y).
        sigma_scale: Cells per pixel of the student's heatmap, (x, y).
        height: What the heatmap of a perfect teacher peaks at.
        reading_scale: Where to read instead, cell = reading_scale * x, or
            None to read where ``scale`` and ``offset`` say.
        reading_offset: Where to read at x = 0, if there is a
            ``reading_scale``.
    """

    size: tuple[int, int]
    scale: Pair
    offset: Pair = (0.0, 0.0)
    sigma_scale: Pair = (1.0, 1.0)
    height: float = 1.0
    reading_scale: Pair | None = None
    reading_offset: Pair = (0.0, 0.0)

    @classmethod
    def msra(cls, size: tuple[int, int]) -> 'HeatmapFrame':
        """The paper's frame for a heatmap of size (w, h) at stride 4.

        Drawn at x * w, but read at x * (w - 1), as in the original release:
        docs/method.md.
        """
        w, h = size
        return cls((w, h), (w, h), reading_scale=(w - 1, h - 1))

    def cells(self, coords: Tensor) -> Tensor:
        """Map coordinates (..., 2), fractions of the input, to cells."""
        return per_axis(coords, self.scale, self.offset)

    def has_cells_of(self, other: 'HeatmapFrame') -> bool:
        """Whether a coordinate lies on the same cell of both."""
        own, others = (
            (*frame.size, *frame.scale, *frame.offset)
            for frame in (self, other)
        )
        return all(
            math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-6)
            for a, b in zip(own, others)
        )

    def reading_cells(self, coords: Tensor) -> Tensor:
        """Map coordinates (..., 2) to the cells to read a heatmap at."""
        if self.reading_scale is None:
            return self.cells(coords)
        return per_axis(coords, self.reading_scale, self.reading_offset)

    def coords(self, cells: Tensor) -> Tensor:
        """Map cells (..., 2) to coordinates, fractions of the input."""
        (a, b), (s, t) = self.scale, self.offset
        return per_axis(cells, (1 / a, 1 / b), (-s / a, -t / b))

    def sigmas(self, sigmas: Tensor) -> Tensor:
        """Map sigmas (..., 2), pixels of the student's heatmap, to cells."""
        return per_axis(sigmas, self.sigma_scale)

    def student_sigmas(self, cells: Tensor) -> Tensor:
        """Map sigmas in cells (..., 2) to pixels of the student's heatmap."""
        a, b = self.sigma_scale
        return per_axis(cells, (1 / a, 1 / b))

    def through(self, view: InputView) -> 'HeatmapFrame':
        """The frame for a student whose input differs from the teacher's.

        Args:
            view: How the teacher sees it. ``self`` is the frame for a student
                with the teacher's own input.
        """

        def composed(scale: Pair, offset: Pair) -> tuple[Pair, Pair]:
            (a, s), (b, t) = (
                (scale * ratio * own / size, offset + scale * shift / size)
                for scale, offset, own, size, ratio, shift in zip(
                    scale, offset, *view
                )
            )
            return (a, b), (s, t)

        scale, offset = composed(self.scale, self.offset)
        (x, y), (ratio_x, ratio_y) = self.sigma_scale, view.ratio
        sigma_scale = x * ratio_x, y * ratio_y
        frame = self._replace(
            scale=scale, offset=offset, sigma_scale=sigma_scale
        )
        if self.reading_scale is None:
            return frame
        scale, offset = composed(self.reading_scale, self.reading_offset)
        return frame._replace(reading_scale=scale, reading_offset=offset)


def codec_input_size(codec: Any) -> tuple[int, int] | None:
    """The input size (W, H), pixels, of a codec; None if it has none."""
    # IntegralRegressionLabel is made of two codecs.
    codec = getattr(codec, 'keypoint_codec', codec)
    size = getattr(codec, 'input_size', None)
    return None if size is None else (int(size[0]), int(size[1]))


@singledispatch
def heatmap_frame(codec: BaseKeypointCodec) -> HeatmapFrame:
    """Return the frame of the heatmaps that a codec makes.

    A codec of another kind is added by ``heatmap_frame.register``.

    Raises:
        TypeError: The codec makes no heatmaps, or heatmaps of another kind.
    """
    raise UserTypeError(
        f'{type(codec).__name__} is no codec whose heatmaps can be imitated. '
        'Known are MSRAHeatmap, UDPHeatmap, MegviiHeatmap, SimCCLabel and '
        'IntegralRegressionLabel.'
    )


def pose_head_of(head: Any) -> Any:
    """The head that predicts keypoints, which a VisPredictHead wraps."""
    return getattr(head, 'pose_head', head)


def codec_of(head: nn.Module) -> BaseKeypointCodec | None:
    """The codec of a head, or of the head that it wraps; None without."""
    return getattr(pose_head_of(head), 'decoder', None)


@heatmap_frame.register
def _(codec: MSRAHeatmap) -> HeatmapFrame:
    return _with_sigmas(codec, HeatmapFrame.msra(codec.heatmap_size))


@heatmap_frame.register
def _(codec: UDPHeatmap) -> HeatmapFrame:
    # Pixel W - 1 of the input, not W, lies on the last cell.
    (w, h), (input_w, input_h) = codec.heatmap_size, codec.input_size
    scale = (
        input_w * (w - 1) / (input_w - 1),
        input_h * (h - 1) / (input_h - 1),
    )
    return _with_sigmas(codec, HeatmapFrame((w, h), scale))


@heatmap_frame.register
def _(codec: MegviiHeatmap) -> HeatmapFrame:
    # Encoding rounds down: half a cell on average, which decoding adds.
    w, h = codec.heatmap_size
    frame = HeatmapFrame((w, h), (w, h), offset=(-0.5, -0.5), height=255.0)
    return _with_sigmas(codec, frame)


@heatmap_frame.register
def _(codec: SimCCLabel) -> HeatmapFrame:
    if codec.smoothing_type != 'gaussian':
        raise UserTypeError(
            f"SimCCLabel with smoothing_type='{codec.smoothing_type}' marks "
            'single bins, not a Gaussian to imitate. Expected '
            "smoothing_type='gaussian'."
        )
    # A keypoint's bin is the nearest one, so that nothing is added.
    scale = tuple(size * codec.simcc_split_ratio for size in codec.input_size)
    w, h = (round(bins) for bins in scale)
    return _with_sigmas(codec, HeatmapFrame((w, h), scale))


@heatmap_frame.register
def _(codec: IntegralRegressionLabel) -> HeatmapFrame:
    return heatmap_frame(codec.heatmap_codec)


def per_axis(points: Tensor, scale: Pair, offset: Pair = (0.0, 0.0)) -> Tensor:
    """Scale points (..., 2) along x and y by ``scale``, and add ``offset``.

    These are Python numbers: a GPU would wait for a tensor of them.
    """
    x, y = points.unbind(-1)
    return torch.stack(
        [x * scale[0] + offset[0], y * scale[1] + offset[1]], dim=-1
    )


def _with_sigmas(
    codec: BaseKeypointCodec, frame: HeatmapFrame
) -> HeatmapFrame:
    """Add how many cells a pixel of the student's heatmap is."""
    (w, h), (x, y) = codec.input_size, frame.scale
    return frame._replace(sigma_scale=(STRIDE * x / w, STRIDE * y / h))
