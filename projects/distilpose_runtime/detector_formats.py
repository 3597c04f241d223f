"""How detectors take images and give boxes.

N: boxes that a detector proposes. C: its classes. H, W: height and width of
its input, pixels. S: the cells of its feature maps, over all strides.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

__all__ = ['FORMATS', 'Format', 'cells']

STRIDES = (8, 16, 32)
# Four distributions over 8, 11 or 17 whole numbers, as NanoDets have them.
EDGE_WIDTHS = (32, 44, 68)
# Of ImageNet, in bytes and in the order BGR.
BGR_MEAN = (103.53, 116.28, 123.675)
BGR_STD = (57.375, 57.12, 58.395)

Size = tuple[int, int]
Outputs = list[np.ndarray]
# Boxes (N, 4), x1, y1, x2, y2 in pixels of the input, and scores (N,).
Found = tuple[np.ndarray, np.ndarray]


class Format(NamedTuple):
    """How a kind of detector takes images and gives boxes.

    Attributes:
        matches: Whether outputs of these shapes, and an input with cells S,
            are of this kind.
        decode: From outputs to boxes: outputs, size of the input (W, H),
            index of the class.
        mean: Mean of each channel, in the order that the detector takes.
        std: Standard deviation of each channel.
        to_rgb: Whether it takes RGB, not BGR.
        centered: Whether the image lies in the middle of the input.
        fill: Value beside the image.
        overlap: Intersection over union above which the better of two boxes
            is kept; None where the detector has seen to that.
    """

    matches: Callable[[Sequence[tuple], int], bool]
    decode: Callable[[Outputs, Size, int], Found]
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    to_rgb: bool = False
    centered: bool = False
    fill: int = 114
    overlap: float | None = None


def cells(size: Size) -> list[tuple[np.ndarray, np.ndarray, int]]:
    """Columns and rows of the feature maps' cells, row by row, and strides.

    Args:
        size: Width and height of the input.
    """
    found = []
    for stride in STRIDES:
        columns, rows = (-(-length // stride) for length in size)
        y, x = np.mgrid[:rows, :columns]
        found.append((x.ravel(), y.ravel(), stride))
    return found


def _corners(boxes: np.ndarray) -> np.ndarray:
    """From centre and size to corners, (N, 4)."""
    half = boxes[:, 2:] / 2
    return np.hstack([boxes[:, :2] - half, boxes[:, :2] + half])


def _is_yolox(shapes: Sequence[tuple], cells: int) -> bool:
    return len(shapes) == 1 and shapes[0][:2] == (1, cells)


def _decode_yolox(outputs: Outputs, size: Size, person: int) -> Found:
    """(1, S, 5 + C): centre and size of a box, objectness, classes."""
    values = outputs[0][0]
    boxes = values[:, :4]
    # Raw sizes are logarithms, below 6; sizes that the graph has decoded are
    # pixels, of which some are always larger.
    if boxes[:, 2:].max() < 20:
        maps = cells(size)
        corners = np.concatenate([np.stack([x, y], 1) for x, y, _ in maps])
        stride = np.concatenate([np.full((x.size, 1), s) for x, _, s in maps])
        boxes = np.hstack([boxes[:, :2] + corners, np.exp(boxes[:, 2:])])
        boxes = boxes * stride
    return _corners(boxes), values[:, 4] * values[:, 5 + person]


def _has_labels(shapes: Sequence[tuple], cells: int) -> bool:
    return sorted(shape[2:] for shape in shapes) == [(), (5,)]


def _decode_labels(outputs: Outputs, size: Size, person: int) -> Found:
    """(1, N, 5): corners and score; and (1, N): the class."""
    boxes, labels = sorted(outputs, key=np.ndim, reverse=True)
    found = boxes[0][labels[0] == person]
    return found[:, :4], found[:, 4]


def _is_yolov8(shapes: Sequence[tuple], cells: int) -> bool:
    return len(shapes[0]) == 3 and shapes[0][2] == cells and shapes[0][1] > 4


def _decode_yolov8(outputs: Outputs, size: Size, person: int) -> Found:
    """(1, 4 + C, S): centre and size of a box, classes.

    Those that predict masks or keypoints have more behind the classes.
    """
    values = outputs[0][0].T
    return _corners(values[:, :4]), values[:, 4 + person]


def _is_nanodet(shapes: Sequence[tuple], cells: int) -> bool:
    return (
        len(shapes) == 2 * len(STRIDES)
        and all(len(shape) == 3 for shape in shapes)
        and sum(shape[1] for shape in shapes) == 2 * cells
        and sum(shape[2] in EDGE_WIDTHS for shape in shapes) == len(STRIDES)
    )


def _decode_nanodet(outputs: Outputs, size: Size, person: int) -> Found:
    """For each stride, classes (1, n, C) and edges (1, n, 4 * bins).

    The distance of an edge from the cell's centre is the expectation of a
    distribution over whole numbers of strides.
    """
    boxes, scores = [], []
    for x, y, stride in cells(size):
        classes, edges = sorted(
            (output[0] for output in outputs if output.shape[1] == x.size),
            key=lambda output: output.shape[1] in EDGE_WIDTHS,
        )
        logits = edges.reshape(x.size, 4, -1)
        weights = np.exp(logits - logits.max(-1, keepdims=True))
        bins = np.arange(weights.shape[-1])
        distances = weights @ bins / weights.sum(-1) * stride
        center = (np.stack([x, y], 1) + 0.5) * stride
        boxes.append(
            np.hstack([center - distances[:, :2], center + distances[:, 2:]])
        )
        score = classes[:, person]
        if classes.min() < 0 or classes.max() > 1:
            score = 1 / (1 + np.exp(-score))
        scores.append(score)
    return np.concatenate(boxes), np.concatenate(scores)


FORMATS = {
    'yolox': Format(_is_yolox, _decode_yolox, overlap=0.45),
    # What MMDeploy exports. Its graphs hold the suppression of boxes, but
    # not the normalization of images, which no output shows.
    'yolox-mmdeploy': Format(_has_labels, _decode_labels),
    'rtmdet': Format(_has_labels, _decode_labels, mean=BGR_MEAN, std=BGR_STD),
    'yolov8': Format(
        _is_yolov8,
        _decode_yolov8,
        std=(255.0, 255.0, 255.0),
        to_rgb=True,
        centered=True,
        overlap=0.7,
    ),
    'nanodet': Format(
        _is_nanodet,
        _decode_nanodet,
        mean=BGR_MEAN,
        std=BGR_STD,
        fill=0,
        overlap=0.5,
    ),
}
