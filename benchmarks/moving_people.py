"""Videos of people who were cut out of photos, for measurements."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from distilpose_runtime import Detector
from distilpose_runtime.frames import Frame
from distilpose_runtime.images import read_image
from distilpose_runtime.video import VideoWriter

__all__ = ['cut_outs', 'pictures', 'write_video']

SIZE = np.array([1280, 720])


def cut_outs(folder: Path, detector: Detector) -> list[np.ndarray]:
    """People who stand alone in a photo, with some of what is around them."""
    found = []
    for path in sorted(folder.rglob('*.jpg')):
        image = read_image(path)
        boxes, scores = detector(image, 0.3)
        sides = boxes[:, 2:] - boxes[:, :2]
        low, high = boxes[:, :2] - sides * 0.15, boxes[:, 2:] + sides * 0.15
        for i in range(len(boxes)):
            touched = (boxes[:, :2] < high[i]) & (boxes[:, 2:] > low[i])
            width, height = sides[i]
            if (
                scores[i] > 0.5
                and height > max(150, 1.2 * width)
                and (low[i] >= 0).all()
                and (high[i] <= image.shape[1::-1]).all()
                and touched.all(1).sum() == 1
            ):
                (x1, y1), (x2, y2) = low[i].astype(int), high[i].astype(int)
                found.append(image[y1:y2, x1:x2])
    if not found:
        raise SystemExit(f'"{folder}" has no photo of a person alone.')
    return found


def pictures(
    people: list[np.ndarray], count: int, length: int
) -> Iterator[np.ndarray]:
    """The pictures of a video in which so many people move."""
    rng = np.random.default_rng(count)
    ground = rng.integers(90, 160, (4, 6, 3), dtype=np.uint8)
    ground = cv2.resize(ground, SIZE, interpolation=cv2.INTER_CUBIC)
    columns = min(count, 4)
    cell = SIZE / (columns, -(-count // columns))
    phases = rng.uniform(0, 2 * np.pi, (count, 5))
    periods = rng.uniform(60, 140, (count, 5))
    for t in range(length):
        image = ground.copy()
        waves = np.sin(2 * np.pi * t / periods + phases)
        for i in range(count):
            part = people[i % len(people)]
            height, width = part.shape[:2]
            zoom, x, y, turn, shear = waves[i]
            scale = (cell / (width, height)).min() * (0.72 + 0.1 * zoom)
            center = cell * (i % columns + 0.5 + 0.08 * x, i // columns + 0.5)
            center[1] += cell[1] * 0.08 * y
            cos, sin = np.cos(0.12 * turn), np.sin(0.12 * turn)
            warp = scale * np.array([[cos, 0.1 * shear - sin], [sin, cos]])
            shift = center - warp @ (width / 2, height / 2)
            cv2.warpAffine(
                part,
                np.column_stack([warp, shift]),
                SIZE,
                dst=image,
                borderMode=cv2.BORDER_TRANSPARENT,
            )
        yield image


def write_video(path: Path, images: Iterator[np.ndarray]) -> None:
    """Write a video of 30 frames a second."""
    writer = VideoWriter(path, 30.0)
    for i, image in enumerate(images):
        writer.write(Frame(image, path.name, i, i / 30), image)
    writer.close()
