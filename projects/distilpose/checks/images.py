"""A check of image files against what an annotation file says of them."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from .findings import FEW, Findings

__all__ = ['check_images']

SAMPLE = 64
_ORIENTATION = 274  # the number of EXIF's tag


def check_images(
    images: list[dict[str, Any]],
    folder: str,
    turns: bool,
    findings: Findings,
) -> None:
    """Compare the sizes of some image files, evenly spread, with the file's.

    Only the files' headers are read. Files that are all elsewhere, as on a
    remote storage, are left alone.

    Args:
        images: Images of a file in COCO format.
        folder: Where their names begin.
        turns: Whether images are turned as their EXIF data say when loaded.
        findings: What is found is added here.
    """
    chosen = np.linspace(0, len(images) - 1, min(SAMPLE, len(images)))
    sample = [images[int(i)] for i in chosen]
    missing: list[str] = []
    cases: dict[str, list[str]] = {}
    for image in sample:
        path = Path(folder, image['file_name'])
        if not path.is_file():
            missing.append(str(path))
            continue
        fault, case = _compare(path, image, turns)
        if fault:
            cases.setdefault(fault, []).append(case)
    if len(missing) == len(sample):
        return
    total = len(sample)
    findings.add(
        '{} image files that were looked for are missing.', missing, total
    )
    for fault, names in cases.items():
        findings.add(fault, names, total, FEW)


def _compare(
    path: Path, image: dict[str, Any], turns: bool
) -> tuple[str | None, str]:
    """Give what is wrong with an image's size, if anything, and the case."""
    told = (image.get('width'), image.get('height'))
    try:
        with Image.open(path) as opened:
            stored = opened.size
            turned = turns and opened.getexif().get(_ORIENTATION, 1) >= 5
    except Exception:  # Pillow raises many kinds; OpenCV may read it
        return None, ''
    real = stored[::-1] if turned else stored
    if None in told or told == real:
        return None, ''
    case = f'"{path}", {told[0]} x {told[1]} in the annotations'
    case += f' and {real[0]} x {real[1]} as loaded'
    if turned and told == stored:
        return (
            '{} images that were looked at are turned when they are loaded, '
            'as their EXIF data say, but were annotated as they are stored: '
            'the keypoints lie elsewhere. Remove the orientation from the '
            'files\' EXIF data, or load them by dict(type="LoadImage", '
            'color_type="color_ignore_orientation").'
        ), case
    if told == real[::-1]:
        return (
            '{} images that were looked at have width and height exchanged '
            'in the annotation file: boxes would be cut wrongly.'
        ), case
    return (
        '{} images that were looked at have another size than the annotation '
        'file says: boxes would be cut wrongly, and keypoints may lie '
        'elsewhere.'
    ), case
