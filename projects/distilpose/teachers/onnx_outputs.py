"""Heatmaps from the outputs of an ONNX file.

B: batch. K: keypoints. W, H: input width and height, pixels. w, h: those of a
heatmap, cells.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import torch
from mmpose.codecs import SimCCLabel
from mmpose.registry import KEYPOINT_CODECS
from torch import Tensor

from distilpose_runtime.errors import UserValueError

from ..heads.simcc import simcc_heatmaps
from ..heatmaps.forms import DenseHeatmaps, Heatmaps, SeparableHeatmaps
from ..heatmaps.frame import PAPER_SIGMA, STRIDE, HeatmapFrame, heatmap_frame

__all__ = ['Reader', 'recognise']

Size = tuple[int, int]

# The paper's Gaussians are of an input of this many pixels.
PAPER_INPUT = 256
# RTMPose's codec for 256 x 192.
RTMPOSE = dict(type='SimCCLabel', sigma=(4.9, 5.66), normalize=False)


class Reader(NamedTuple):
    """Turns outputs of one kind into heatmaps."""

    outputs: tuple[str, ...]  # names of those that it needs
    kind: str  # what they are, in words
    read: Callable[..., Heatmaps]  # makes heatmaps of a frame and values
    frame: HeatmapFrame  # where coordinates lie on the heatmaps


def recognise(
    shapes: Mapping[str, tuple[int, ...]],
    size: Size,
    codec: dict | None = None,
    exported: Mapping[str, Any] | None = None,
) -> Reader | None:
    """Find an output, or a pair of them, that can be imitated.

    ``shapes`` are those of the outputs, in their order, and ``size`` is that
    (W, H) of the input. The codec, without sizes, is MSRAHeatmap for heatmaps
    by default, and RTMPose's SimCCLabel for a pair of rows. ``exported`` is
    what ``distilpose export`` has written into the file, if it wrote it.

    Returns:
        What reads it; None if there is no such output.

    Raises:
        ValueError: The codec cannot be built.
        TypeError: The codec is of a kind that cannot be imitated.
    """
    w, h = size
    cells = HeatmapFrame((w // STRIDE, h // STRIDE), (w / STRIDE, h / STRIDE))
    if exported and 'coords' in shapes:
        names = [n for n in ('coords', 'scores', 'sigmas') if n in shapes]
        kind = 'what a student predicts'
        if exported.get('use_udp'):
            # Its last pixel, W - 1, is W in what UDP's codec decodes.
            scale = w * w / (w - 1) / STRIDE, h * h / (h - 1) / STRIDE
            cells = cells._replace(scale=scale)
        return Reader(tuple(names), kind, _draw_student, cells)
    rows = [name for name, shape in shapes.items() if len(shape) == 3]
    if len(rows) == 2 and shapes[rows[0]][:2] == shapes[rows[1]][:2]:
        (a, b) = (shapes[name][2] for name in rows)
        if a * h == b * w:
            built = _build_codec(
                codec or RTMPOSE, input_size=size, simcc_split_ratio=a / w
            )
            kind = f'rows of {type(built).__name__}'
            read = partial(_take_rows, built)
            return Reader(tuple(rows), kind, read, heatmap_frame(built))
    for name, shape in shapes.items():
        if len(shape) != 4:
            continue
        if shape[1] == 1 and shape[3] == 3:
            kind = 'coordinates (y, x, score)'
            return Reader((name,), kind, _draw_movenet, cells)
        if shape[2] * w == shape[3] * h > 1:
            built = _build_codec(
                codec or dict(type='MSRAHeatmap', sigma=PAPER_SIGMA),
                input_size=size,
                heatmap_size=(shape[3], shape[2]),
            )
            kind = f'heatmaps of {type(built).__name__}'
            return Reader((name,), kind, _take, heatmap_frame(built))
    return None


def _build_codec(config: dict, **sizes: Any) -> Any:
    try:
        return KEYPOINT_CODECS.build({**config, **sizes})
    except (AssertionError, KeyError, TypeError, ValueError) as error:
        raise UserValueError(
            f'model.teacher.codec does not describe a codec of MMPose: '
            f'{error}. Give the codec of the config that the teacher was '
            "trained with, such as dict(type='UDPHeatmap')."
        ) from error


def _take_rows(
    codec: SimCCLabel, frame: HeatmapFrame, x: Tensor, y: Tensor
) -> SeparableHeatmaps:
    """Logits (B, K, w) and (B, K, h) of a SimCC head."""
    # RTMPose learns by a softmax over logits and labels, both times 10; SimCC,
    # whose labels sum to 1, by one over the logits alone.
    beta, label_beta = (1.0, None) if codec.normalize else (10.0, 10.0)
    return simcc_heatmaps(codec, x, y, beta, label_beta)


def _take(frame: HeatmapFrame, heatmaps: Tensor) -> DenseHeatmaps:
    """Heatmaps (B, K, h, w) as they are."""
    return DenseHeatmaps(frame, heatmaps / frame.height)


def _draw_movenet(frame: HeatmapFrame, points: Tensor) -> SeparableHeatmaps:
    """Points (B, 1, K, 3) of (y, x, score), fractions of the input."""
    y, x, scores = points.squeeze(1).unbind(-1)
    return _draw(frame, torch.stack([x, y], dim=-1), scores)


def _draw_student(
    frame: HeatmapFrame,
    coords: Tensor,
    scores: Tensor,
    sigmas: Tensor | None = None,
) -> SeparableHeatmaps:
    """Points (B, K, 2) and sigmas (B, K, 2), pixels of the input."""
    coords = frame.coords(coords / STRIDE)
    return _draw(
        frame, coords, scores, None if sigmas is None else sigmas / STRIDE
    )


def _draw(
    frame: HeatmapFrame,
    coords: Tensor,
    scores: Tensor,
    sigmas: Tensor | None = None,
) -> SeparableHeatmaps:
    """Draw coordinates (B, K, 2) as Gaussians of the height of their scores.

    Their sigmas (B, K, 2), cells, are the paper's where the teacher has none.
    """
    if sigmas is None:
        sigma = PAPER_SIGMA * max(frame.size) * STRIDE / PAPER_INPUT
        sigmas = torch.full_like(coords, sigma)
    return SeparableHeatmaps.gaussians(
        frame, coords, sigmas, scores.clamp(0, 1)
    )
