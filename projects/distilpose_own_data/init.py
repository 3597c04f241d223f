"""From a folder of photos and an annotation file to a config that trains."""

import json
import os
from pathlib import Path
from typing import Any

from distilpose.checks.report import Report
from distilpose.zoo.find import find_config
from distilpose.zoo.published import published_weights
from distilpose_runtime.errors import (
    UserFileExistsError,
    UserFileNotFoundError,
    UserValueError,
)
from distilpose_runtime.files import written_folder

from .configs import Plan, config_texts
from .data import Given, read_data
from .metainfo import describe, metainfo_text
from .students import DEFAULT, find_student
from .teachers import compare_keypoints, fitting_teacher, named_teacher

__all__ = ['init']

UNREADABLE = '\'"{}\\\n'
"""What MMEngine does not escape where it puts a config's folder into it."""


def init(
    folder: Path,
    train: Path | None,
    images: Path,
    val: Path | None = None,
    val_images: Path | None = None,
    student: str = DEFAULT,
    teacher: str | None = None,
    category: str | None = None,
    start: str | None = None,
    unlabelled: Path | None = None,
) -> Report:
    """Write configs and annotations for own data: all of it, or nothing.

    Args:
        folder: What to write; must not exist, or be empty.
        train: Annotation file in COCO format. None for a teacher alone.
        images: Folder of the photos.
        val: A second file; without it, a tenth of the images is set aside.
        val_images: Folder of its photos, if it is another.
        student: Its name in ``students.STUDENTS``.
        teacher: Name of a config of MMPose's zoo; with ``unlabelled``, these
            are people in boxes whom it labels.
        category: The only category to take.
        start: A student's checkpoint, of any keypoints; the name of a config
            of MMPose's zoo; or ``'none'`` for random weights.
        unlabelled: A file of people to learn from, too, whose keypoints a
            teacher gave, or whom ``teacher`` labels in training.

    Returns:
        What was found; with errors in it, nothing was written.

    Raises:
        ValueError: A file cannot be used, there is no such student, or
            options or the folder's name do not fit.
        FileNotFoundError: A file or folder is not there.
        FileExistsError: The folder holds something.
        OSError: It cannot be written.
    """
    folder = folder.resolve()  # "." has no name
    _expect_free(folder)
    find_student(student)  # before files are read
    start = _found_start(start)
    named = None if teacher is None else named_teacher(teacher)
    report = Report()
    given = Given(train, images, val, val_images, unlabelled, category)
    data = read_data(given, named, report)
    info = describe(folder.name, data.names, data.skeleton, report)
    if named:
        compare_keypoints(named, data.names, report)
    if not report.errors:
        plan = Plan(folder.name, student, data, named, start)
        _tell(plan, report)
        _write(folder, _texts(plan, info, report))
    return report


def _found_start(start: str | None) -> str | None:
    """See that a checkpoint is there, or a config with published weights."""
    if start in (None, 'none'):
        return start
    if Path(start).is_file():
        return str(Path(start).resolve())
    try:
        config = find_config(start, with_mmpose=True)
    except FileNotFoundError as error:
        raise UserFileNotFoundError(
            f'There is no checkpoint "{start}" (looked from {Path.cwd()}). '
            f'{error}'
        ) from error
    if published_weights(config) is None:
        raise UserValueError(f'"{start}" has no published weights.')
    return config.stem


def _tell(plan: Plan, report: Report) -> None:
    if plan.repeat:
        report.facts.append(
            f'Labels of people come {plan.repeat} times an epoch, those of a '
            'teacher once.'
        )
    report.facts.append(
        f'Schedule: {plan.schedule.why}; {plan.schedule.steps} steps. epochs '
        'and warmup in settings.py change it.'
    )
    if plan.start == 'none':
        report.facts.append(
            'The student starts from random weights, and may learn nothing '
            'for hundreds of steps. One that is trained, of any keypoints, '
            'learns from the first: name it by --start.'
        )
    if plan.data.labels == 'teacher':
        report.facts.append(
            'The labels to validate on are those of a teacher: the log says '
            'how near to it the student comes (teacher/PCK, teacher/EPE; in '
            'videos, how much both jitter), and no AP.'
        )
    elif plan.data.labels is None:
        report.facts.append(
            'There are no labels to validate on: the log says how far the '
            'student is from its teacher in training (teacher/distance_px).'
        )
    fitting = None if plan.teacher else fitting_teacher(plan.data.names)
    if fitting and plan.data.is_labelled:
        report.facts.append(
            'A teacher of these keypoints can be downloaded: --teacher '
            f'{fitting}'
        )


def _expect_free(folder: Path) -> None:
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise UserFileExistsError(
            f'"{folder}" holds something already, which is not overwritten. '
            'Name a new folder.'
        )
    # A byte that is not UTF-8 is a surrogate in Python.
    bad = sorted(
        x
        for x in {*folder.as_posix()}
        if x in UNREADABLE or '\ud800' <= x <= '\udfff'
    )
    if bad:
        raise UserValueError(
            f'"{folder}" has {" ".join(map(repr, bad))} in its path, which '
            'MMEngine cannot read configs from. Name another folder.'
        )
    above = next(p for p in folder.parents if p.exists())
    if not above.is_dir():
        raise _not_writable(folder, f'"{above}" is a file')
    if not os.access(above, os.W_OK):
        raise _not_writable(folder, f'no right to write to "{above}"')


def _write(folder: Path, texts: dict[str, str]) -> None:
    """Write files by their names, all of them or none."""
    try:
        with written_folder(folder) as partial:
            for name, text in texts.items():
                file = partial / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding='utf-8')
    except OSError as error:
        raise _not_writable(folder, error.strerror or str(error)) from error


def _not_writable(folder: Path, reason: str) -> OSError:
    return OSError(
        f'"{folder}" cannot be written ({reason}). Name a folder where you '
        'can write, and where there is room.'
    )


def _texts(plan: Plan, info: dict[str, Any], report: Report) -> dict[str, str]:
    """All files, by their names."""
    texts = config_texts(plan)
    texts |= {'metainfo.py': metainfo_text(info), 'report.txt': f'{report}\n'}
    points = [point['name'] for point in info['keypoint_info'].values()]
    links = [link['link'] for link in info['skeleton_info'].values()]
    category = dict(
        id=1,
        name=info['dataset_name'],
        keypoints=points,
        skeleton=[[points.index(name) + 1 for name in link] for link in links],
    )
    for name, split in plan.data.splits.items():
        content = dict(
            images=split.images,
            annotations=split.people,
            categories=[category],
        )
        texts[f'annotations/{name}.json'] = json.dumps(content)
    return texts
