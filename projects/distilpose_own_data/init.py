"""From a folder of photos and an annotation file to a config that trains."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from distilpose.checks.report import Report
from distilpose_runtime.errors import (
    UserFileExistsError,
    UserFileNotFoundError,
    UserValueError,
)
from distilpose_runtime.files import written_folder

from .coco_file import read_annotations
from .configs import Plan, config_texts
from .metainfo import describe, may_flip, metainfo_text
from .photos import Photos
from .schedule import choose_schedule
from .splits import (
    Split,
    expect_same_keypoints,
    read_split,
    set_aside,
    warn_of_overlap,
)
from .students import Student, find_student
from .teachers import NamedTeacher, fitting_teacher, named_teacher

__all__ = ['init']

UNREADABLE = '\'"{}\\\n'
"""What MMEngine does not escape where it puts a config's folder into it."""


def init(
    folder: Path,
    train: Path,
    images: Path,
    val: Path | None = None,
    val_images: Path | None = None,
    student: str = 'distilpose-s',
    teacher: str | None = None,
    category: str | None = None,
    start: str | None = None,
) -> Report:
    """Write configs and annotations for a training run on own data.

    The folder appears when all is written, or not at all.

    Args:
        folder: What to write; must not exist, or be empty.
        train: Annotation file in COCO format.
        images: Folder of the photos.
        val: A second file; without it, a tenth of the images is set aside.
        val_images: Folder of its photos, if it is another.
        student: Its name in ``students.STUDENTS``.
        teacher: Name of a config of MMPose's zoo.
        category: The only category to take.
        start: A student's checkpoint to start from, of any keypoints; or
            ``'none'`` to start from random weights, without downloads.

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
    chosen = find_student(student)
    if start not in (None, 'none'):
        start = _checkpoint(start)
    report = Report()
    data = _read((train, images), (val, val_images), category, report)
    info = describe(folder.name, data.names, data.skeleton, report)
    named = None
    if teacher is not None:
        named = named_teacher(teacher, data.names, report)
    if not report.errors:
        title = f'{student} for {len(data.names)} keypoints of {folder.name}'
        plan = _plan(title, chosen, data, named, start)
        _tell(plan, data, report)
        _write(folder, _texts(plan, info, data.splits, report))
    return report


def _plan(
    title: str,
    student: Student,
    data: '_Data',
    teacher: NamedTeacher | None,
    start: str | None,
) -> Plan:
    people = len(data.splits['train'].people)
    return Plan(
        f'{title}, {people} people to train on.',
        *(student, choose_schedule(people), data.root, len(data.names)),
        *(people, may_flip(data.names), teacher, start),
    )


def _tell(plan: Plan, data: '_Data', report: Report) -> None:
    report.facts.append(f'Schedule: {plan.schedule.why}.')
    fitting = None if plan.teacher else fitting_teacher(data.names)
    if fitting:
        report.facts.append(
            'A teacher of these keypoints can be downloaded: --teacher '
            f'{fitting}'
        )


def _checkpoint(start: str) -> str:
    if not Path(start).is_file():
        raise UserFileNotFoundError(
            f'There is no checkpoint "{start}" (looked from {Path.cwd()}).'
        )
    return str(Path(start).resolve())


class _Data(NamedTuple):
    """What was read.

    Attributes:
        names: Of the keypoints.
        skeleton: Pairs of their indices.
        splits: ``train`` and ``val``.
        root: Absolute path of the folder that all photos are below.
    """

    names: list[str]
    skeleton: list[tuple[int, int]]
    splits: dict[str, Split]
    root: str


def _read(
    train: tuple[Path, Path],
    val: tuple[Path | None, Path | None],
    category: str | None,
    report: Report,
) -> _Data:
    """Read annotation files, each with the folder of its photos."""
    if val[0] is None and val[1] is not None:
        raise UserValueError(
            '--val-images names the photos of --val, which is not given. '
            'Give the annotation file to validate on, too, or leave it out.'
        )
    files = {'train': train}
    if val[0] is not None:
        files['val'] = val[0], val[1] or train[1]
    folders = [Path(images).resolve() for _, images in files.values()]
    root = Path(os.path.commonpath(folders))
    read = {}
    splits: dict[str, Split] = {}
    for kind, (file, images) in files.items():
        photos = Photos(images, root)
        found = Report()
        read[kind] = read_annotations(file, found, category)
        expect_same_keypoints(read['train'], read[kind])
        splits[kind] = read_split(read[kind], photos, found)
        report.take(found, kind)
    if 'val' in splits:
        warn_of_overlap(splits, report)
    elif not report.errors:
        splits = set_aside(splits['train'], report)
    first = read['train']
    return _Data(first.names, first.skeleton, splits, str(root))


def _expect_free(folder: Path) -> None:
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise UserFileExistsError(
            f'"{folder}" holds something already, which is not overwritten. '
            'Name a new folder.'
        )
    path = folder.resolve()
    # A byte that is not UTF-8 is a surrogate in Python.
    bad = sorted(
        x
        for x in {*path.as_posix()}
        if x in UNREADABLE or '\ud800' <= x <= '\udfff'
    )
    if bad:
        raise UserValueError(
            f'"{path}" has {" ".join(map(repr, bad))} in its path, which '
            'MMEngine cannot read configs from. Name another folder.'
        )
    above = next(p for p in path.parents if p.exists())
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


def _texts(
    plan: Plan,
    info: dict[str, Any],
    splits: dict[str, Split],
    report: Report,
) -> dict[str, str]:
    """All files, by their names."""
    texts = dict(config_texts(plan), **{'metainfo.py': metainfo_text(info)})
    texts['report.txt'] = f'{report}\n'
    points = [point['name'] for point in info['keypoint_info'].values()]
    links = [link['link'] for link in info['skeleton_info'].values()]
    category = dict(
        id=1,
        name=info['dataset_name'],
        keypoints=points,
        skeleton=[[points.index(name) + 1 for name in link] for link in links],
    )
    for name, split in splits.items():
        content = dict(
            images=split.images,
            annotations=split.people,
            categories=[category],
        )
        texts[f'annotations/{name}.json'] = json.dumps(content)
    return texts
