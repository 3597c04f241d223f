"""Sizes of image files against what an annotation file says of them."""

import functools
import io
import random
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from PIL import Image

from .report import FEW, Report

__all__ = ['ImageSize', 'check_images', 'image_size', 'tell_sizes']

SECONDS = 2
"""How long sizes are read before a training: time for 20,000 images or so."""

_ORIENTATION = 274  # the number of EXIF's tag

SIZE_FAULTS = dict(
    turned='{} images are turned when they are loaded, as their EXIF data '
    'say, but were annotated as they are stored: the keypoints lie elsewhere. '
    "Remove the orientation from the files' EXIF data, or load them by "
    'dict(type="LoadImage", color_type="color_ignore_orientation").',
    exchanged='{} images have width and height exchanged in the annotation '
    'file: boxes would be cut wrongly.',
    another='{} images have another size than the annotation file says: boxes '
    'would be cut wrongly, and keypoints may lie elsewhere.',
)


class ImageSize(NamedTuple):
    """Width and height as an image is loaded, and whether EXIF turned it."""

    width: int
    height: int
    turned: bool


def image_size(
    file: Path, turns: bool = True, decode: bool = False
) -> ImageSize | None:
    """Read the size of an image from its header.

    Args:
        file: The image.
        turns: Whether it is turned as its EXIF data say when it is loaded.
        decode: Whether to check that its pixels can be read, too.

    Returns:
        The size, or None if it cannot be read.
    """
    try:
        with Image.open(file) as image:
            lies = image.getexif().get(_ORIENTATION, 1) >= 5
            loaded, given = _turned(image.format or '') if lies else (0, 0)
            turned = turns and bool(loaded)
            width, height = image.size[:: -1 if turned != given else 1]
        if decode:  # as a training does
            data = np.fromfile(file, np.uint8)
            if cv2.imdecode(data, cv2.IMREAD_REDUCED_COLOR_8) is None:
                return None
    except Exception:  # Pillow raises many kinds
        return None
    return ImageSize(width, height, turned)


@functools.cache
def _turned(format: str) -> tuple[bool, bool]:
    """Find out, on a tiny image, who turns a format as EXIF data say.

    Returns:
        Whether OpenCV, which loads images, turns it (WebP since about 4.12),
        and whether Pillow gives the size of the turned image (TIFF).
    """
    exif, file = Image.Exif(), io.BytesIO()
    exif[_ORIENTATION] = 6
    try:
        Image.new('RGB', (2, 1)).save(file, format, exif=exif)
        with Image.open(file) as image:
            given = image.size == (1, 2)
        data = np.frombuffer(file.getvalue(), np.uint8)
        loaded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    except Exception:  # a kind of JPEG that Pillow does not write, such as MPO
        return True, False
    return loaded is not None and loaded.shape[:2] == (2, 1), given


def check_images(
    images: list[dict[str, Any]], folder: str, turns: bool, report: Report
) -> None:
    """Compare the sizes of image files with those in their annotation file.

    If all files are elsewhere, as on a remote storage, none is checked.

    Args:
        images: Images of a file in COCO format.
        folder: Where their names begin.
        turns: Whether images are turned as their EXIF data say when loaded.
        report: What is found is added here.
    """
    missing: list[int] = []
    sizes: dict[int, ImageSize | None] = {}
    end = time.monotonic() + SECONDS
    for i in random.Random(0).sample(range(len(images)), len(images)):
        file = Path(folder, images[i]['file_name'])
        if file.is_file():
            sizes[i] = image_size(file, turns)
        else:
            missing.append(i)
        if time.monotonic() > end:
            break
    looked_at = len(sizes) + len(missing)
    if not sizes:
        return
    if looked_at < len(images):
        report.facts.append(
            f'Sizes of {looked_at} of {len(images)} images, chosen by chance, '
            f'were compared within {SECONDS} seconds.'
        )
    report.add(
        '{} image files that were looked for are missing.',
        [str(Path(folder, images[i]['file_name'])) for i in sorted(missing)],
        looked_at,
    )
    tell_sizes([(images[i], sizes[i]) for i in sorted(sizes)], folder, report)


def tell_sizes(
    images: Sequence[tuple[dict[str, Any], ImageSize | None]],
    folder: str,
    report: Report,
) -> None:
    """Report where an annotation file and its images contradict each other.

    Args:
        images: Entries of the file, each with its size as loaded, if known.
        folder: Where names of files begin.
        report: What is found is added here.
    """
    cases = defaultdict(list)
    for image, size in images:
        told = (image.get('width'), image.get('height'))
        if size is None or None in told or told == size[:2]:
            continue
        fault = 'another'
        if told == size[1::-1]:
            fault = 'turned' if size.turned else 'exchanged'
        cases[fault].append(
            f'"{Path(folder, image["file_name"])}", {told[0]} x {told[1]} in '
            f'the annotations and {size.width} x {size.height} as loaded'
        )
    for fault, text in SIZE_FAULTS.items():
        report.add(text, cases[fault], len(images), FEW)
