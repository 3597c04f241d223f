"""Image files to and from arrays (height, width, 3), BGR, 8 bits."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from .errors import UserValueError
from .files import written_whole

__all__ = [
    'IMAGE_SUFFIXES',
    'count_pictures',
    'expect_image',
    'fit',
    'is_utf8',
    'normalized',
    'quiet_opencv',
    'read_image',
    'write_image',
    'written_path',
]

# OpenCV reads none of these: they are told from videos, and skipped.
HEIF_SUFFIXES = ('.heic', '.heif', '.hif')
IMAGE_SUFFIXES = (
    *('.avif', '.bmp', '.dib', '.jp2', '.jpe', '.jpeg', '.jpg', '.pbm'),
    *('.pgm', '.png', '.pnm', '.ppm', '.tif', '.tiff', '.webp'),
    *HEIF_SUFFIXES,
)
WRITTEN_SUFFIXES = ('.bmp', '.jpeg', '.jpg', '.png', '.webp')


# What each call that keeps OpenCV quiet now has found as the level of its log:
# the first the user's, those of other threads meanwhile 0.
_levels: list[int] = []
_levels_lock = threading.Lock()


@contextmanager
def quiet_opencv() -> Iterator[None]:
    """Keep OpenCV from printing what an error of ours says better."""
    logging: Any = getattr(cv2.utils, 'logging', cv2)  # its place in OpenCV 4
    with _levels_lock:
        _levels.append(logging.setLogLevel(0))
    try:
        yield
    finally:
        with _levels_lock:
            logging.setLogLevel(_levels.pop())


def read_image(path: Path) -> np.ndarray:
    """Read an image as a viewer shows it.

    It is turned as its EXIF data say, grey and CMYK become BGR, and 16 bits
    become 8. Transparency is dropped, as MMPose drops it in training.

    Args:
        path: Image file, of any name that the system knows.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is empty, cut off or damaged, or of a format that this
            OpenCV does not know.
    """
    if path.suffix.lower() in HEIF_SUFFIXES:
        raise UserValueError('HEIC images are not read: convert it to JPEG')
    # cv2.imread reads files that are cut off, and on some systems it fails
    # at names beyond ASCII. cv2.imdecode does neither.
    data = np.fromfile(path, np.uint8)
    if not data.size:
        raise UserValueError('the file is empty')
    try:
        with quiet_opencv():
            image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    except cv2.error as error:  # too large, for example
        raise UserValueError(f'OpenCV cannot read it ({error.err})') from error
    if image is None:
        raise UserValueError(
            'the file is cut off, damaged, or of a format that OpenCV '
            f'{cv2.__version__} cannot read'
        )
    return image


def count_pictures(path: Path) -> int:
    """How many pages a TIFF has, or an animation pictures; else 1."""
    if not is_utf8(str(path)):
        return 1
    with quiet_opencv():
        return max(cv2.imcount(str(path)), 1)


def is_utf8(name: str) -> bool:
    """Whether OpenCV and ONNX Runtime can open a file of this name."""
    return name.encode(errors='replace').decode() == name


def written_path(path: Path) -> Path:
    """Where ``write_image`` writes an image of this name."""
    if path.suffix.lower() in WRITTEN_SUFFIXES:
        return path
    return path.with_name(path.name + '.png')


def write_image(path: Path, image: np.ndarray) -> Path:
    """Write an image whole or not at all.

    Args:
        path: Where. A suffix that is not written, such as ``.tif``, gets
            ``.png`` behind it.
        image: Array (height, width, 3), BGR, 8 bits.

    Returns:
        The path of the file.

    Raises:
        OSError: It cannot be written.
        ValueError: It is too large for its format.
    """
    path = written_path(path)
    with quiet_opencv():
        done, data = cv2.imencode(path.suffix.lower(), image)
    if not done:  # the format has a limit
        raise UserValueError(
            f'OpenCV cannot write {path.suffix} files of '
            f'{image.shape[1]} x {image.shape[0]} pixels'
        )
    with written_whole(path, sync=False) as partial:  # there may be thousands
        partial.write_bytes(data.tobytes())
    return path


def expect_image(image: np.ndarray) -> None:
    """See that an image is an array (height, width, 3) of 8 bits.

    Raises:
        ValueError: It is not, such as None, which OpenCV reads of no file.
    """
    given = type(image).__name__
    if isinstance(image, np.ndarray):
        if (
            image.dtype == np.uint8
            and image.ndim == 3
            and image.shape[2] == 3
            and image.size
        ):
            return
        given = f'an array {image.shape} of {image.dtype}'
    raise UserValueError(
        f'The image is {given}, expected an array (height, width, 3) of uint8 '
        'in the order BGR, as cv2.imread gives it.'
    )


def fit(
    image: np.ndarray,
    size: tuple[int, int],
    fill: int = 0,
    centered: bool = False,
) -> tuple[np.ndarray, float, tuple[int, int]]:
    """Scale an image into a frame, without a change of its aspect.

    Args:
        image: Array (height, width, 3), BGR, 8 bits.
        size: Width and height of the frame.
        fill: The value of what the image leaves free.
        centered: Whether the image lies in the middle, or at the upper left.

    Returns:
        The frame; by what the image was scaled; and where its left upper
        corner is, (x, y).
    """
    height, width = image.shape[:2]
    scale = min(size[0] / width, size[1] / height)
    inner = [
        min(full, max(1, round(length * scale)))
        for full, length in zip(size, (width, height))
    ]
    left, top = (
        (full - length) // 2 if centered else 0
        for full, length in zip(size, inner)
    )
    frame = np.full((size[1], size[0], 3), fill, np.uint8)
    frame[top : top + inner[1], left : left + inner[0]] = cv2.resize(
        image, inner, interpolation=cv2.INTER_LINEAR
    )
    return frame, scale, (left, top)


def normalized(
    images: np.ndarray, mean: np.ndarray, std: np.ndarray, to_rgb: bool
) -> np.ndarray:
    """Turn images into what a network takes.

    Args:
        images: Array (N, height, width, 3), BGR, 8 bits.
        mean: Mean of each channel (3,), in the network's order.
        std: Standard deviation of each channel (3,).
        to_rgb: Whether the network takes RGB, not BGR.

    Returns:
        Array (N, 3, height, width), float32.
    """
    channels = images.transpose(0, 3, 1, 2)
    if to_rgb:
        channels = channels[:, ::-1]
    # The first pass writes in the network's order, the second in place.
    inputs = np.empty(channels.shape, np.float32)
    np.subtract(channels, mean[:, None, None], out=inputs)
    np.divide(inputs, std[:, None, None], out=inputs)
    return inputs
