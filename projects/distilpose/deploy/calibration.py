"""Crops of people, by which the scales of an int8 model are chosen."""

from pathlib import Path

import cv2
import numpy as np
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpose.registry import DATASETS

from distilpose_runtime.boxes import crop, frames
from distilpose_runtime.errors import UserFileNotFoundError, UserValueError

from .description import test_dataset

__all__ = ['crops_of_dataset', 'crops_of_folder']

# More images change the scales little, and take their time.
MOST = 128
SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.webp')


def crops_of_folder(folder: Path, size: tuple[int, int]) -> np.ndarray:
    """Read pictures of one person each, and fit them into crops.

    Args:
        folder: A folder of images, of which at most ``MOST`` are read, evenly
            by name.
        size: Width and height of a crop.

    Returns:
        Crops (N, H, W, 3), BGR, 8 bits.

    Raises:
        ValueError: The folder has no images, or one cannot be read.
        OSError: There is no such folder.
    """
    files = sorted(
        file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES
    )
    if not files:
        raise UserValueError(
            f'The calibration folder "{folder}" has no images '
            f'({", ".join(SUFFIXES)}). Give one with pictures of one person '
            'each, about 100 of them.'
        )
    return np.stack(
        [_fit(files[i], size) for i in _evenly(len(files))],
    )


def crops_of_dataset(config: Config) -> np.ndarray:
    """Cut people out of the data that a config's model is tested on.

    Returns:
        Crops (N, H, W, 3), BGR, 8 bits, of at most ``MOST`` people.

    Raises:
        OSError: The data are not there.
        ValueError: There is no person in them.
    """
    try:
        with DefaultScope.overwrite_default_scope(
            config.get('default_scope', 'mmpose')
        ):
            dataset = DATASETS.build(
                {**test_dataset(config), 'test_mode': True}
            )
    except FileNotFoundError as error:
        raise UserFileNotFoundError(
            f'{error} int8 needs calibration images: give the data of the '
            "config's test_dataloader, or pictures of people by --calibration."
        ) from error
    if not len(dataset):
        raise UserValueError(
            f'The test dataset of {config.filename} has no people to '
            'calibrate with. Give pictures of people by --calibration.'
        )
    return np.stack(
        [
            dataset[i]['inputs'].permute(1, 2, 0).numpy()
            for i in _evenly(len(dataset))
        ]
    )


def _fit(file: Path, size: tuple[int, int]) -> np.ndarray:
    """Fit a whole picture into a crop, with black borders."""
    # Not cv2.imread, which fails on names that the system's locale lacks.
    data = np.fromfile(file, np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if image is None:
        raise UserValueError(
            f'The calibration image "{file}" cannot be read: it is damaged, '
            'or no image. Remove it from the folder.'
        )
    height, width = image.shape[:2]
    whole = np.array([[0, 0, width, height]], np.float32)
    (center,), (scale,) = frames(whole, size, padding=1)
    return crop(image, center, scale, size)


def _evenly(count: int) -> np.ndarray:
    """Numbers of at most ``MOST`` of so many."""
    return np.unique(
        np.linspace(0, count - 1, min(count, MOST)).round().astype(int)
    )
