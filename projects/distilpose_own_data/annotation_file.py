"""Reading keypoint files in COCO format as annotation tools export them.

Tools differ in: further categories without keypoints (CVAT, Roboflow), ids
from 0 (Label Studio, Roboflow), names with folders that
are elsewhere (Label Studio, DeepLabCut, COCO Annotator), no skeleton (Label
Studio, DeepLabCut), no ``num_keypoints`` (Roboflow), boxes of zero size (COCO
Annotator), visibility 0 or 1 (SLEAP) or -1 (DeepLabCut), ``iscrowd`` as a
boolean, empty values as NaN or null.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from distilpose.checks.report import FEW, Report
from distilpose_runtime.coco_file import person_categories
from distilpose_runtime.errors import UserValueError
from distilpose_runtime.few import few

from .content import read_content

__all__ = ['Annotations', 'read_annotations', 'read_boxes']

Item = dict[str, Any]
Link = tuple[int, int]


@dataclass
class Annotations:
    """The part of an annotation file that is about one kind of keypoints.

    Attributes:
        file: Where it was read.
        names: Names of the keypoints, in order.
        skeleton: Pairs of indices, from 0; empty where the file has none.
        images: Entries of images, each with another ``id``.
        people: Annotations of the categories that have these keypoints, as
            they were read.
        category: The id of the first of these categories.
        content: The whole file, as it was read.
    """

    file: Path
    names: list[str]
    skeleton: list[Link]
    images: list[Item]
    people: list[Item]
    category: Any = None
    content: Item = field(default_factory=dict)

    @property
    def teacher(self) -> str:
        """The model whose labels they are, if a model labelled; or empty."""
        info = self.content.get('info')
        if not isinstance(info, dict) or 'teacher' not in info:
            return ''
        about = info['teacher']
        name = about.get('name') if isinstance(about, dict) else about
        # Of a file, without folders: exported files will say it.
        return Path(str(name or 'a teacher')).name

    @property
    def origin(self) -> str:
        """What exported files say of it as training data."""
        by = f', labels of {self.teacher}' if self.teacher else ''
        by += ', corrected' if by and not self.by_teacher else ''
        return f'{self.file.name}{by}'

    @property
    def by_teacher(self) -> bool:
        """Whether a teacher gave keypoints that nobody has corrected."""
        corrected = {x['id'] for x in self.images if x.get('corrected')}
        return bool(self.teacher) and any(
            person.get('num_keypoints') != 0
            and person.get('image_id') not in corrected
            for person in self.people
        )


def read_boxes(
    file: Path, report: Report, category: str | None = None
) -> Annotations:
    """Read people and boxes of a file in COCO format, not their keypoints.

    Args:
        file: The file.
        report: Told what looks wrong, and what is left out.
        category: Name of the category to take, of those that there are; else
            that of people.

    Raises:
        ValueError: It is no such file, or it is not clear which category
            people have.
        FileNotFoundError: There is no such file.
    """
    content = read_content(file)
    listed = content['categories']
    chosen = [x.get('id') for x in listed if x.get('name') == category]
    if category is None or not chosen:
        try:
            persons = person_categories(content)
        except ValueError as error:
            raise UserValueError(
                f'"{file}" cannot be used: {error}. Choose one by --category.'
            ) from error
        ids = [x.get('id') for x in listed]
        chosen = [x for x in ids if str(x) in persons]
        if category is not None:
            taken = [
                str(x.get('name')) for x in listed if x.get('id') in chosen
            ]
            report.warnings.append(
                f'There is no category "{category}": {few(taken)} is taken.'
            )
    return Annotations(file, [], [], *_choose(content, chosen, report))


def read_annotations(
    file: Path, report: Report, category: str | None = None
) -> Annotations:
    """Read a file in COCO format.

    Args:
        file: The file.
        report: Told what looks wrong, and what is left out.
        category: Name of the only category to take.

    Raises:
        ValueError: It is no such file, names no keypoints, names one twice,
            or has categories of different keypoints.
        FileNotFoundError: There is no such file.
    """
    content = read_content(file)
    chosen = _categories(content, file, category)
    names = _names(chosen[0], file)
    skeleton, odd = _skeleton(chosen[0].get('skeleton') or [], len(names))
    ids = [c['id'] for c in chosen]
    images, people = _choose(content, ids, report)
    if len(chosen) > 1:
        title = ', '.join(f'"{c["name"]}"' for c in chosen)
        report.changes.append(
            f'The categories {title} have the same keypoints and are taken '
            'as one. To take one of them, use --category.'
        )
    report.changes += odd
    return Annotations(file, names, skeleton, images, people, ids[0], content)


def _categories(content: Item, file: Path, only: str | None) -> list[Item]:
    """Choose the categories with keypoints; all must have the same ones."""
    known = [dict(c, name=str(c.get('name'))) for c in content['categories']]
    every = ', '.join(f'"{c["name"]}"' for c in known) or 'none'
    used = {item.get('category_id') for item in content['annotations']}
    chosen = [c for c in known if c.get('keypoints') and 'id' in c]
    if only is not None:
        chosen = [c for c in chosen if c['name'] == only]
    if not chosen:
        asked = '' if only is None else f' called "{only}"'
        raise UserValueError(
            f'"{file}" has no category{asked} that names keypoints; its '
            f'categories: {every}. Export keypoints or skeletons, in COCO '
            'keypoint format. For a file of boxes, name a --teacher and give '
            'it by --unlabelled.'
        )
    chosen = [c for c in chosen if c['id'] in used] or chosen[:1]
    if any(c['keypoints'] != chosen[0]['keypoints'] for c in chosen):
        several = ', '.join(
            f'"{c["name"]}" ({len(c["keypoints"])} keypoints)' for c in chosen
        )
        raise UserValueError(
            f'"{file}" has categories with different keypoints: {several}. '
            'One model has one set of keypoints: choose one with --category.'
        )
    return chosen


def _names(category: Item, file: Path) -> list[str]:
    """The names of a category's keypoints, which must differ."""
    names = [str(name).strip() for name in category['keypoints']]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or not all(names):
        what = f'twice: {", ".join(twice)}' if all(names) else 'without a name'
        raise UserValueError(
            f'"{file}" has keypoints {what}. Keypoints are told apart by '
            'their names: rename them in the annotation tool or in the file.'
        )
    return names


def _skeleton(links: Any, number: int) -> tuple[list[Link], list[str]]:
    """Read pairs of numbers, which COCO counts from 1 and some from 0.

    Returns:
        The pairs, from 0 on, and what is said of others.
    """
    try:
        pairs = [(int(a), int(b)) for a, b in links]
    except (OverflowError, TypeError, ValueError):
        return [], ['The skeleton is not made of pairs of numbers.']
    start = 0 if any(0 in pair for pair in pairs) else 1
    pairs = [(a - start, b - start) for a, b in pairs]
    good = [p for p in pairs if all(0 <= i < number for i in p)]
    odd = [
        f'{len(pairs) - len(good)} of {len(pairs)} links of the skeleton '
        'are of keypoints that are not there, and are left out.'
    ]
    return [(a, b) for a, b in good if a != b], odd * (len(good) < len(pairs))


def _choose(
    content: Item, categories: list[Any], report: Report
) -> tuple[list[Item], list[Item]]:
    """Choose images with a name, the first of each id, and some categories'
    annotations; then tell what is left out."""
    first: dict[Any, Item] = {}
    lacking: list[Any] = []
    renamed: list[Any] = []
    equal: list[Any] = []
    for number, image in enumerate(content['images'], start=1):
        key, name = image.get('id'), image.get('file_name')
        if key is None or not name:
            lacking.append(f'number {number}')
            continue
        other = first.setdefault(key, image)
        if other is not image:
            (equal if other['file_name'] == name else renamed).append(key)
    listed = [category.get('id') for category in content['categories']]
    people, others, unlisted = [], [], []
    for number, item in enumerate(content['annotations'], start=1):
        key = item.get('category_id')
        if key in categories:
            people.append(item)
        elif key in listed:
            others.append(item)
        else:
            name = item.get('id', f'number {number}')
            unlisted.append(f'{name} of category {key!r}')
    total = len(content['images'])
    report.add('{} images lack id or file_name.', lacking, total)
    report.add(
        '{} images have the id of an image of another name: people would be '
        'looked for in another photo. Number the images anew.',
        renamed,
        total,
    )
    report.changed('{} images are listed twice.', equal, total)
    total = len(content['annotations'])
    if not total:
        report.errors.append('There are no annotations.')
    report.add(
        '{} annotations are of a category that the file does not list (ids '
        f'there: {few([*map(repr, listed)], 3)}), and are left out.',
        unlisted,
        total,
        FEW,
    )
    if others:
        report.changes.append(
            f'{len(others)} of {total} annotations are of other categories, '
            'and left out.'
        )
    return [*first.values()], people
