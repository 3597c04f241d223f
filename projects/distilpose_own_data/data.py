"""Reads the files that ``distilpose init`` is given."""

import os
from pathlib import Path
from typing import NamedTuple

from distilpose.checks.report import Report
from distilpose_runtime.errors import UserValueError

from .annotation_file import read_annotations, read_boxes
from .photos import Photos
from .splits import (
    Split,
    expect_same_keypoints,
    read_split,
    rename,
    set_aside,
    warn_of_overlap,
    without_validation,
)
from .teachers import NamedTeacher

__all__ = ['Data', 'Given', 'read_data']


class Given(NamedTuple):
    """Files, and the folders of their photos, as ``init`` takes them."""

    train: Path | None
    images: Path
    val: Path | None
    val_images: Path | None
    unlabelled: Path | None
    category: str | None


class Data(NamedTuple):
    """What was read.

    Attributes:
        names: Of the keypoints.
        skeleton: Pairs of their indices.
        splits: ``train``; ``val``, where there is something to validate on;
            and ``unlabelled``, whom a teacher labels beside ``train``.
        root: Absolute path of the folder that all photos are below.
        labels: Whose labels there are to validate on: ``'people'`` or a
            ``'teacher'``; None without any.
        boxes_only: Whether those whom a teacher labels have boxes alone.
        is_labelled: Whether people labelled all.
        origins: The files, each with the teacher whose labels it holds.
    """

    names: list[str]
    skeleton: list[tuple[int, int]]
    splits: dict[str, Split]
    root: str
    labels: str | None
    boxes_only: bool
    is_labelled: bool
    origins: list[str]


def read_data(
    given: Given, teacher: NamedTeacher | None, report: Report
) -> Data:
    """Read annotation files, and choose what to validate on.

    Args:
        given: The files.
        teacher: If there is one, it labels the people of ``unlabelled``.
        report: What was found is added here.

    Raises:
        ValueError: A file cannot be used, or they do not fit each other.
        FileNotFoundError: A file or folder is not there.
    """
    files = _files(given, teacher)
    folders = [Path(images).resolve() for _, images in files.values()]
    root = Path(os.path.commonpath(folders))
    read = {}
    splits: dict[str, Split] = {}
    boxes_only = bool(teacher and given.unlabelled)
    for kind, (file, images) in files.items():
        found = Report()
        is_taught = kind == 'unlabelled'
        if is_taught and boxes_only:
            read[kind] = read_boxes(file, found, given.category)
        else:
            only = None if is_taught else given.category
            read[kind] = read_annotations(file, found, only)
        if kind == 'val' and 'train' in read:
            expect_same_keypoints(read['train'], read['val'])
        splits[kind] = read_split(read[kind], Photos(images, root), found)
        if is_taught and not boxes_only:
            names = read['train'].names
            splits[kind] = rename(splits[kind], read[kind], names, found)
        report.take(found, kind)
    first = read.get('train') or read.get('val')
    if 'train' in splits and 'val' in splits:
        warn_of_overlap(splits, report)
    elif 'train' in splits and not report.errors:
        videos = first is not None and bool(first.teacher)
        splits |= set_aside(splits['train'], report, videos)
    if 'unlabelled' in splits and 'val' in splits:
        splits['unlabelled'] = without_validation(splits, root, report)
    if 'train' not in splits:
        splits['train'] = splits.pop('unlabelled')
    checked = read.get('val') or first
    labels = None
    if checked:
        labels = 'teacher' if checked.by_teacher else 'people'
    return Data(
        first.names if first else teacher.names if teacher else [],
        first.skeleton if first else [],
        splits,
        str(root),
        labels,
        boxes_only,
        given.unlabelled is None and not (first and first.by_teacher),
        [part.origin for kind, part in read.items() if kind != 'val'],
    )


def _files(
    given: Given, teacher: NamedTeacher | None
) -> dict[str, tuple[Path, Path]]:
    """The files to read, each with the folder of its photos."""
    if given.val is None and given.val_images is not None:
        raise UserValueError(
            '--val-images names the photos of --val, which is not given. '
            'Give the annotation file to validate on, too, or leave it out.'
        )
    train, unlabelled = given.train, given.unlabelled
    if train is None and teacher is None:
        train, unlabelled = unlabelled, None
    if train is None and unlabelled is None:
        raise UserValueError(
            'There is nothing to train on. Give labels by --train, which '
            '`distilpose label` can make; or people in boxes by --unlabelled, '
            'and a --teacher.'
        )
    files = dict(
        train=(train, given.images),
        val=(given.val, given.val_images or given.images),
        unlabelled=(unlabelled, given.images),
    )
    return {
        kind: (file, folder)
        for kind, (file, folder) in files.items()
        if file is not None
    }
