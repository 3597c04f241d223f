"""From people's boxes to crops, and back.

N: people. H, W: height and width of a crop, pixels. Boxes are (x1, y1, x2,
y2), pixels of the image. Crops are those of MMPose's ``GetBBoxCenterScale``
and ``TopdownAffine``, with ``use_udp`` or without, pixel by pixel.
"""

from collections.abc import Iterator

import cv2
import numpy as np

__all__ = ['box_faults', 'crop', 'crops', 'frames']

# OpenCV's warps count the pixels of a side in 16 bits.
LONGEST = 32_767


def box_faults(image: np.ndarray, boxes: np.ndarray) -> dict[int, str]:
    """Tell which boxes hold no part of an image, and why.

    Args:
        image: Image, of which the size is read.
        boxes: Boxes (N, 4).

    Returns:
        What is wrong, by the number of the box.
    """
    height, width = image.shape[:2]
    faults = {}
    for i, box in enumerate(np.asarray(boxes, np.float64).reshape(-1, 4)):
        x1, y1, x2, y2 = box
        if not np.isfinite(box).all():
            faults[i] = 'is not finite'
        elif x2 <= x1 or y2 <= y1:
            faults[i] = 'has no area'
        elif x2 - x1 <= 1 and y2 - y1 <= 1:
            faults[i] = 'is no larger than a pixel (shares of the image?)'
        elif x2 <= 0 or y2 <= 0 or x1 >= width or y1 >= height:
            faults[i] = f'lies outside the image of {width} x {height} pixels'
    return faults


def frames(
    boxes: np.ndarray, size: tuple[int, int], padding: float
) -> tuple[np.ndarray, np.ndarray]:
    """Centres and sizes of what crops show, pixels of the image.

    Args:
        boxes: Boxes (N, 4), float32.
        size: Width and height of a crop.
        padding: How much larger than its box a crop is.

    Returns:
        Centres (N, 2) and sizes (N, 2), (x, y), of the crops' aspect.
    """
    centers = (boxes[:, :2] + boxes[:, 2:]) * 0.5
    width, height = ((boxes[:, 2:] - boxes[:, :2]) * padding).T
    aspect = size[0] / size[1]
    wide = width > height * aspect
    return centers, np.stack(
        [
            np.where(wide, width, height * aspect),
            np.where(wide, width / aspect, height),
        ],
        axis=1,
    )


def crop(
    image: np.ndarray,
    center: np.ndarray,
    scale: np.ndarray,
    size: tuple[int, int],
    use_udp: bool = False,
) -> np.ndarray:
    """Cut out a part of an image, black where it lies outside.

    Args:
        image: Image, BGR, 8 bits.
        center: Centre (x, y) of the part.
        scale: Width and height of the part.
        size: Width and height of the crop.
        use_udp: Whether the crop's last pixel, not the one behind it, lies at
            the end of the part.

    Returns:
        Crop (H, W, 3).
    """
    if max(image.shape[:2]) > LONGEST:
        image, center, scale = _cut(image, center, scale)
    warp = (_udp_warp if use_udp else _warp)(center, scale, size)
    return cv2.warpAffine(image, warp, size, flags=cv2.INTER_LINEAR)


def crops(
    image: np.ndarray,
    centers: np.ndarray,
    scales: np.ndarray,
    size: tuple[int, int],
    batch: int,
    use_udp: bool = False,
) -> Iterator[np.ndarray]:
    """Cut out the parts that ``frames`` gives, at most ``batch`` at a time.

    Yields:
        Crops (N, H, W, 3), as ``crop`` makes them.
    """
    for i in range(0, len(centers), batch):
        parts = zip(centers[i : i + batch], scales[i : i + batch])
        yield np.stack([crop(image, *part, size, use_udp) for part in parts])


def _warp(
    center: np.ndarray, scale: np.ndarray, size: tuple[int, int]
) -> np.ndarray:
    # Three points of the part and where they are in the crop: the centre, the
    # middle of the left side, and a point below it. In float32 from the start,
    # as MMPose does, or some pixels would differ.
    source, target = np.empty((2, 3, 2), np.float32)
    source[:2] = center, center - [scale[0] * 0.5, 0]
    target[:2] = np.array(size) * 0.5, [0, size[1] * 0.5]
    for points in (source, target):
        points[2] = points[1] + [0, points[0, 0] - points[1, 0]]
    return cv2.getAffineTransform(source, target)


def _udp_warp(
    center: np.ndarray, scale: np.ndarray, size: tuple[int, int]
) -> np.ndarray:
    warp = np.zeros((2, 3), np.float32)
    for i in range(2):
        zoom = (size[i] - 1) / scale[i]
        warp[i, i] = zoom
        warp[i, 2] = zoom * (0.5 * scale[i] - center[i])
    return warp


def _cut(
    image: np.ndarray, center: np.ndarray, scale: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The part of an image alone, and where the same part is in it.

    Of a part that is too large itself, every n-th pixel is taken.
    """
    low = np.floor(center - scale / 2).astype(int).clip(0)
    high = np.ceil(center + scale / 2).astype(int) + 2  # for interpolation
    image = image[low[1] : high[1], low[0] : high[0]]
    step = -(-max(image.shape[:2]) // LONGEST)
    return image[::step, ::step], (center - low) / step, scale / step
