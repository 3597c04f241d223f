"""From a folder of photos and an annotation file to a config that trains."""

import json
import random
import re
import shutil
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

import numpy as np

from ..data.annotations import check_people
from .coco_file import Annotations, read_annotations
from .configs import Plan, distilled_text, student_text, teacher_text
from .exchanged import check_sides
from .keypoint_names import mirror_pairs
from .metainfo import describe, metainfo_text
from .people import tidy_people
from .photos import Photos
from .report import Report
from .schedule import choose_schedule
from .students import find_student
from .teachers import fitting_teacher, named_teacher

__all__ = ['init']

Item = Dict[str, Any]

VAL_SHARE = 0.1
"""Share of the images that are kept for validation where none are given."""


class Split(NamedTuple):
    """Images and people of one annotation file that is going to be written."""

    images: List[Item]
    people: List[Item]


def init(
    folder: Path,
    train: Path,
    images: Path,
    val: Optional[Path] = None,
    student: str = 'distilpose-s',
    teacher: Optional[str] = None,
    category: Optional[str] = None,
    start: Optional[str] = None,
) -> Report:
    """Write configs and annotations for a training run on own data.

    The folder appears when all is written, or not at all.

    Args:
        folder: What to write; must not exist, or be empty.
        train: Annotation file in COCO format.
        images: Folder of the photos.
        val: A second one; without it, a tenth of the images is set aside.
        student: Its name in ``students.STUDENTS``.
        teacher: Name of a config of MMPose's zoo.
        category: The only category to take.
        start: A student's checkpoint to start from, of any keypoints.

    Returns:
        What was found; with errors in it, nothing was written.

    Raises:
        ValueError: A file cannot be used, or there is no such student.
        FileNotFoundError: A file or folder is not there.
        FileExistsError: The folder holds something.
    """
    _expect_free(folder)
    chosen = find_student(student)
    if start is not None and not Path(start).is_file():
        raise FileNotFoundError(f'There is no checkpoint "{start}".')
    report = Report()
    photos = Photos(images)
    read = read_annotations(train, sub := Report(), category)
    info = describe(folder.name, read.names, read.skeleton, report)
    splits = dict(train=_split_of(read, photos, sub))
    report.take(sub, 'train')
    if val is not None:
        other = read_annotations(val, sub := Report(), category)
        _expect_same_keypoints(read, other)
        splits['val'] = _split_of(other, photos, sub)
        report.take(sub, 'val')
        _warn_of_overlap(splits, report)
    elif not report.errors:
        splits = _set_aside(splits['train'], report)
    named = teacher and named_teacher(teacher, read.names, report)
    if report.errors:
        return report
    people = len(splits['train'].people)
    plan = Plan(
        f'{student} for {len(read.names)} keypoints of {folder.name}, '
        f'{people} people to train on.',
        chosen,
        choose_schedule(people),
        str(photos.folder),
        len(read.names),
        people,
        _may_flip(read.names),
        named or None,
        start and str(Path(start).resolve()),
    )
    report.facts.append(f'Schedule: {plan.schedule.why}.')
    if not named:
        _offer_teacher(read.names, report)
    texts = {
        'config.py': student_text(plan),
        'metainfo.py': metainfo_text(info),
    }
    if not named:
        texts['teacher.py'] = teacher_text(plan)
        texts['distilled.py'] = distilled_text(plan)
    texts['report.txt'] = f'{report}\n'
    category_item = dict(
        id=1,
        name=folder.name,
        keypoints=read.names,
        skeleton=[
            [read.names.index(name) + 1 for name in link['link']]
            for link in info['skeleton_info'].values()
        ],
    )
    for name, split in splits.items():
        texts[f'annotations/{name}.json'] = json.dumps(
            dict(
                images=split.images,
                annotations=split.people,
                categories=[category_item],
            )
        )
    _write(folder, texts)
    return report


def _expect_free(folder: Path) -> None:
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise FileExistsError(
            f'"{folder}" holds something already, which is not overwritten. '
            'Name a new folder.'
        )


def _split_of(read: Annotations, photos: Photos, report: Report) -> Split:
    """Find the photos of an annotation file, and tidy its people."""
    located = photos.locate(read.images, report)
    people = tidy_people(read, located, report)
    used = {person['image_id'] for person in people}
    images = [image for image in located.values() if image['id'] in used]
    content = dict(images=images, annotations=people)
    if people:
        check_people(content, len(read.names), report)
        check_sides(people, read.names, report)
        _tell(people, images, read, report)
    else:
        report.errors.append('Nobody is left to use.')
    for i, person in enumerate(people):
        person['id'] = i + 1
    return Split(images, people)


def _tell(
    people: Sequence[Item],
    images: Sequence[Item],
    read: Annotations,
    report: Report,
) -> None:
    """Say how many people there are, and how well they are labelled."""
    counts = np.array([person['num_keypoints'] for person in people])
    labelled = np.array([p['keypoints'][2::3] for p in people]) > 0
    report.facts.append(
        f'{len(people)} people in {len(images)} of {len(read.images)} images; '
        f'keypoints a person: {counts.min()} to {counts.max()}, '
        f'{counts.mean():.1f} on average'
    )
    never = [n for n, seen in zip(read.names, labelled.any(0)) if not seen]
    if never:
        report.warnings.append(
            f'Nobody has {", ".join(never)} labelled, so that it cannot be '
            'learned or tested here.'
        )


def _expect_same_keypoints(train: Annotations, val: Annotations) -> None:
    if train.names != val.names:
        raise ValueError(
            f'"{train.file}" has the keypoints {", ".join(train.names)}, '
            f'"{val.file}" {", ".join(val.names)}: they must be the same, in '
            'the same order.'
        )


def _warn_of_overlap(splits: Dict[str, Split], report: Report) -> None:
    names = [{i['file_name'] for i in s.images} for s in splits.values()]
    both = sorted(names[0] & names[1])
    report.add(
        '{} images of the validation are trained on, too: AP would be too '
        'high.',
        both,
        len(names[1]),
        float('inf'),
    )


def _set_aside(split: Split, report: Report) -> Dict[str, Split]:
    """Keep a tenth of the images for validation; whole images, by chance.

    Roboflow writes several copies of one photo, which stay together.
    """
    groups: Dict[str, List[Any]] = {}
    for image in split.images:
        source = re.sub(r'\.rf\.\w+(?=\.\w+$)', '', image['file_name'])
        groups.setdefault(source, []).append(image['id'])
    sources = sorted(groups)
    if len(sources) < 2:
        report.warnings.append(
            'There is one image, which serves for training and validation: '
            'AP says nothing of other images.'
        )
        return dict(train=split, val=split)
    random.Random(0).shuffle(sources)
    number = max(1, round(VAL_SHARE * len(sources)))
    kept = {i for source in sources[:number] for i in groups[source]}
    parts = dict(
        train=_only(split, {i['id'] for i in split.images} - kept),
        val=_only(split, kept),
    )
    report.facts.append(
        f'No validation data given: {len(kept)} of {len(split.images)} '
        f'images, with {len(parts["val"].people)} people, are set aside; '
        f'{len(parts["train"].people)} people are left to train on'
    )
    return parts


def _only(split: Split, ids: set) -> Split:
    return Split(
        [image for image in split.images if image['id'] in ids],
        [person for person in split.people if person['image_id'] in ids],
    )


def _may_flip(names: Sequence[str]) -> bool:
    """Whether it is known which keypoints change places in a mirror image."""
    pairs, alone = mirror_pairs(names)
    return not alone and (bool(pairs) or len(names) == 1)


def _offer_teacher(names: Sequence[str], report: Report) -> None:
    fitting = fitting_teacher(names)
    if fitting:
        report.facts.append(
            f'A teacher of these keypoints can be downloaded: --teacher '
            f'{fitting}'
        )


def _write(folder: Path, texts: Dict[str, str]) -> None:
    """Write files beside the folder, then give them their place."""
    folder = folder.resolve()
    partial = folder.with_name(f'.{folder.name}.partial')
    if partial.exists():
        shutil.rmtree(partial)
    try:
        for name, text in texts.items():
            file = partial / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding='utf-8')
        if folder.exists():
            folder.rmdir()  # it is empty; Windows cannot rename onto it
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
