"""Finds where a student and the labels differ most.

K: keypoints. Distances and sigmas are shares of the square root of a box's
area, as those of OKS are of the area of a person.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from distilpose.checks.report import Report
from distilpose.keypoints.matching import counted, match_keypoints
from distilpose_runtime.boxes import box_faults
from distilpose_runtime.errors import UserValueError
from distilpose_runtime.images import read_image
from distilpose_runtime.poses import Estimator

from ..annotation_file import Annotations
from ..people import box_of
from ..photos import Photos

__all__ = ['MEASURES', 'Person', 'Photo', 'compare', 'first_photos']

MEASURES = ('difference', 'uncertainty')


@dataclass(frozen=True)
class Person:
    """A person, as labelled and as a student sees it; pixels of the photo.

    Attributes:
        box: Corners (4,).
        labels: x, y and visibility (K, 3).
        student: x and y (K, 2); NaN for a keypoint that it does not know.
        values: Those of ``MEASURES`` for each keypoint, (2, K); NaN where
            it is not labelled, or not known.
    """

    box: np.ndarray
    labels: np.ndarray
    student: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class Photo:
    """A photo: its entry in the file, its file, its people with labels."""

    item: dict[str, Any]
    path: Path
    people: list[Person]

    def worst(self) -> np.ndarray:
        """Of each measure the greatest mean of a person, and the greatest
        value of each keypoint, (2, 1 + K); 0 where there is none."""
        values = np.array([person.values for person in self.people])
        known = np.isfinite(values)
        values = np.where(known, values, 0)
        mean = values.sum(-1) / known.sum(-1).clip(1)
        return np.concatenate([mean[..., None], values], axis=-1).max(0)


def compare(
    labels: Annotations, folder: Path, student: Estimator, report: Report
) -> Iterator[Photo | None]:
    """Compare a student with the people of an annotation file.

    Photos that were corrected already are left out.

    Args:
        labels: What was read of the file.
        folder: Of the photos.
        student: The estimator to compare with the labels.
        report: Missing and damaged photos are added here.

    Yields:
        Each photo that is there, or None for one without labels.

    Raises:
        ValueError: The student has other keypoints.
        FileNotFoundError: There is no such folder.
    """
    try:
        index = match_keypoints(student.names, labels.names)
    except ValueError as error:
        raise UserValueError(
            f'The student predicts {counted(student.names)}, and the labels '
            f'have {counted(labels.names)}. Choose a student of the '
            'same keypoints.'
        ) from error
    if index is None:
        index = [*range(len(labels.names))]
    photos = Photos(folder, folder)
    left = [x for x in labels.images if not x.get('corrected')]
    found = photos.locate(left, labels.file, report)
    people: dict[Any, list[dict[str, Any]]] = {}
    for person in labels.people:
        people.setdefault(person.get('image_id'), []).append(person)
    for item in left:
        if item['id'] in found:
            entry = found[item['id']]
            path = photos.root / entry['file_name']
            given = people.get(item['id'], [])
            try:
                seen = _people(path, entry, given, student, index)
            except UserValueError as error:
                report.changes.append(f'"{path}" is left out: {error}.')
                seen = []
            yield Photo(item, path, seen) if seen else None


def _people(
    path: Path,
    entry: dict[str, Any],
    items: list[dict],
    student: Estimator,
    index: list[int | None],
) -> list[Person]:
    k = len(index)
    given = []
    for item in items:
        try:
            points = np.array(item['keypoints'], float).reshape(k, 3)
        except (KeyError, TypeError, ValueError):
            continue  # `distilpose init` says what is wrong with it
        bbox = box_of(item.get('bbox'), points, entry)  # SLEAP writes none
        if bbox is None:
            continue
        x, y, width, height = bbox
        sigmas = np.full((k, 2), np.nan)
        with suppress(TypeError, ValueError):
            stated = item.get('keypoint_sigmas')
            sigmas = np.array(stated, float).reshape(k, 2)
        if (points[:, 2] > 0).any():
            box = np.array([x, y, x + width, y + height], np.float32)
            given.append((box, points, sigmas))
    if not given:
        return []
    image = read_image(path)
    bad = box_faults(image, np.array([box for box, *_ in given]))
    given = [x for i, x in enumerate(given) if i not in bad]
    poses = student(image, np.array([box for box, *_ in given]))
    found = []
    for i, (box, points, sigmas) in enumerate(given):
        if poses.sigmas is not None:
            sigmas = _chosen(poses.sigmas[i], index)
        own = _chosen(poses.keypoints[i], index)
        apart = np.linalg.norm(own - points[:, :2], axis=1)
        size = np.sqrt((box[2:] - box[:2]).prod())
        values = np.array([apart, np.sqrt(sigmas.prod(1))]) / size
        values[:, points[:, 2] <= 0] = np.nan
        found.append(Person(box, points, own, values))
    return found


def _chosen(values: np.ndarray, index: list[int | None]) -> np.ndarray:
    """The values (K, 2) of the labels' keypoints; NaN for those without."""
    known = np.array([i is not None for i in index])
    return np.where(known[:, None], values[[i or 0 for i in index]], np.nan)


def first_photos(photos: list[Photo], count: int) -> list[Photo]:
    """Choose the photos that differ most, the worst one first.

    Raises:
        ValueError: There is none.
    """
    if not photos:
        raise UserValueError(
            'No photo has a person with labels that the student can be '
            'compared with. See what `distilpose init` says about the file.'
        )
    return sorted(photos, key=lambda x: -x.worst()[0, 0])[:count]
