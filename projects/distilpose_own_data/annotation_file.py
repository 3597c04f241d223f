"""Reading keypoint files in COCO format as annotation tools export them.

Tools differ in: further categories without keypoints
(CVAT, Roboflow), ids from 0 (Label Studio, Roboflow), names with folders that
are elsewhere (Label Studio, DeepLabCut, COCO Annotator), no skeleton (Label
Studio, DeepLabCut), no ``num_keypoints`` (Roboflow), boxes of zero size (COCO
Annotator), visibility 0 or 1 (SLEAP) or -1 (DeepLabCut), ``iscrowd`` as a
boolean, empty values as NaN or null.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from distilpose.checks.report import FEW, Report
from distilpose.checks.structure import read_json, repeated
from distilpose_runtime.coco_file import person_categories
from distilpose_runtime.errors import UserFileNotFoundError, UserValueError
from distilpose_runtime.few import few

__all__ = ['Annotations', 'read_annotations', 'read_boxes']

# Values that are needed to read a file: their part and key, and what they may
# be. The report says where they are missing.
ID = (int, str, float, type(None))
NUMBER = (int, float, type(None))
KINDS = (
    ('images', 'id', ID, 'a number'),
    ('images', 'file_name', (str, type(None)), 'the name of a file'),
    ('images', 'width', NUMBER, 'a number'),
    ('images', 'height', NUMBER, 'a number'),
    ('annotations', 'id', ID, 'a number'),
    ('annotations', 'image_id', ID, 'a number'),
    ('annotations', 'category_id', ID, 'a number'),
    ('categories', 'id', ID, 'a number'),
    ('categories', 'keypoints', (list, type(None)), 'a list of names'),
)

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
        teacher: Name of the model whose labels they are, if ``distilpose
            label`` wrote the file; else empty.
        content: The whole file, as it was read.
    """

    file: Path
    names: list[str]
    skeleton: list[Link]
    images: list[Item]
    people: list[Item]
    teacher: str = ''
    content: Item = field(default_factory=dict)

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


def read_boxes(file: Path, report: Report) -> Annotations:
    """Read people and boxes of a file in COCO format, not their keypoints.

    Raises:
        ValueError: It is no such file, or it is not clear which category
            people have.
        FileNotFoundError: There is no such file.
    """
    content = _load(file)
    try:
        persons = person_categories(content)
    except ValueError as error:
        raise UserValueError(f'"{file}" cannot be used: {error}.') from error
    ids = {c.get('id') for c in content['categories']}
    images = _images(content['images'], report)
    people = _people(content, {x for x in ids if str(x) in persons}, report)
    return Annotations(file, [], [], images, people)


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
    content = _load(file)
    chosen = _categories(content, file, category)
    names = [str(name).strip() for name in chosen[0]['keypoints']]
    _expect_different(names, file)
    images = _images(content['images'], report)
    people = _people(content, {c['id'] for c in chosen}, report)
    if len(chosen) > 1:
        title = ', '.join(f'"{c["name"]}"' for c in chosen)
        report.changes.append(
            f'The categories {title} have the same keypoints and are taken '
            'as one. To take one of them, use --category.'
        )
    links = chosen[0].get('skeleton') or []
    skeleton = _skeleton(links, len(names), report)
    return Annotations(
        file, names, skeleton, images, people, _teacher(content), content
    )


def _teacher(content: Item) -> str:
    """The name of the model that labelled a file, if one did."""
    info = content.get('info')
    if not isinstance(info, dict) or 'teacher' not in info:
        return ''
    about = info['teacher']
    name = about.get('name') if isinstance(about, dict) else about
    # Of a file, without folders: exported files will say it.
    return Path(str(name or 'a teacher')).name


def _load(file: Path) -> Item:
    if not file.is_file():
        what = 'is a folder, no file' if file.is_dir() else 'does not exist'
        raise UserFileNotFoundError(
            f'The annotation file "{file}" {what} (looked from {Path.cwd()}).'
        )
    content = read_json(file)
    lists = ('images', 'annotations', 'categories')
    lacking = [
        key
        for key in lists
        if not isinstance(content, dict)
        or not isinstance(content.get(key), list)
        or not all(isinstance(item, dict) for item in content[key])
    ]
    if lacking:
        raise UserValueError(
            f'"{file}" is not in COCO format: expected a JSON object with '
            f'the lists of objects {", ".join(lists)}, but '
            f'{", ".join(lacking)} {"is" if len(lacking) == 1 else "are"} '
            'missing or something else. Export the annotations in COCO '
            'format, with keypoints.'
        )
    _expect_kinds(content, file)
    return content


def _expect_kinds(content: Item, file: Path) -> None:
    """Check the values by which entries are counted or looked up."""
    for part, key, kinds, expected in KINDS:
        for i, item in enumerate(content[part]):
            value = item.get(key)
            names = value if key == 'keypoints' else []
            if isinstance(value, kinds) and all(
                isinstance(name, (str, int)) for name in names or ()
            ):
                continue
            raise UserValueError(
                f'"{file}": {key} of number {i + 1} of its {part} is '
                f'{str(value)[:60]!r}, expected {expected}. Correct the file, '
                'or export it again.'
            )


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


def _expect_different(names: list[str], file: Path) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or not all(names):
        what = f'twice: {", ".join(twice)}' if all(names) else 'without a name'
        raise UserValueError(
            f'"{file}" has keypoints {what}. Keypoints are told apart by '
            'their names: rename them in the annotation tool or in the file.'
        )


def _images(items: list[Item], report: Report) -> list[Item]:
    """Choose the images that have an id of their own, each once."""
    known, lacking = [], []
    for i, image in enumerate(items):
        if image.get('id') is None or not image.get('file_name'):
            lacking.append(f'number {i + 1}')
        else:
            known.append(image)
    report.add('{} images lack id or file_name.', lacking, len(items))
    names = [dict(id=x['id'], file_name=x['file_name']) for x in known]
    contradicting, equal = repeated(names)
    report.add(
        '{} images have the id of an image of another name: people would be '
        'looked for in another photo. Number the images anew.',
        [names[i]['id'] for i in contradicting],
        len(items),
    )
    ids = [names[i]['id'] for i in equal]
    report.changed('{} images are listed twice.', ids, len(items))
    again = {*contradicting, *equal}
    return [x for i, x in enumerate(known) if i not in again]


def _people(content: Item, categories: set, report: Report) -> list[Item]:
    """Choose the annotations of some categories."""
    items = content['annotations']
    if not items:
        report.errors.append('There are no annotations.')
    listed = [c.get('id') for c in content['categories']]
    ids = few([*map(repr, listed)], 3)
    report.add(
        f'{{}} annotations are of a category that the file does not list (ids '
        f'there: {ids}), and are left out.',
        [
            f'{item.get("id", f"number {i + 1}")} of category '
            f'{item.get("category_id")!r}'
            for i, item in enumerate(items)
            if item.get('category_id') not in listed
        ],
        len(items),
        FEW,
    )
    chosen = [a for a in items if a.get('category_id') in categories]
    others = sum(a.get('category_id') in listed for a in items) - len(chosen)
    if others:
        report.changes.append(
            f'{others} of {len(items)} annotations are of other categories, '
            'and left out.'
        )
    return chosen


def _skeleton(links: Any, number: int, report: Report) -> list[Link]:
    """Read pairs of numbers, which COCO counts from 1 and some from 0."""
    try:
        pairs = [(int(a), int(b)) for a, b in links]
    except (OverflowError, TypeError, ValueError):
        report.changes.append('The skeleton is not made of pairs of numbers.')
        return []
    start = 0 if any(0 in pair for pair in pairs) else 1
    pairs = [(a - start, b - start) for a, b in pairs]
    good = [p for p in pairs if all(0 <= i < number for i in p)]
    if len(good) < len(pairs):
        report.changes.append(
            f'{len(pairs) - len(good)} of {len(pairs)} links of the skeleton '
            f'are of keypoints that are not there, and are left out.'
        )
    return [(a, b) for a, b in good if a != b]
