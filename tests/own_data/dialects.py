"""Small annotation files in COCO's format as six tools export them.

They are made after what the tools document, with drawn people; each function
says what is peculiar to its tool. All have the same people in the same photos.
"""

import itertools
import json
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from distilpose_demo.body import KEYPOINTS, SKELETON
from distilpose_demo.people import draw_scene
from distilpose_runtime.images import write_image

NUMBER = 12


class Files(NamedTuple):
    """What is given to ``distilpose init``."""

    train: Path
    images: Path
    val: Path | None = None

    def changed(self, file: Path, change: Callable[[dict], object]) -> 'Files':
        """Write another file to train on, changed."""
        content = json.loads(self.train.read_text())
        change(content)
        return self._replace(train=write(file, **content))


@cache
def scenes():
    return [draw_scene(np.random.default_rng([7, i])) for i in range(NUMBER)]


def flat(keypoints: np.ndarray) -> list[float]:
    return [float(value) for value in keypoints.reshape(-1)]


def write(file: Path, **content) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))
    return file


def person_of(person: Any) -> dict:
    """What most tools write of somebody."""
    return dict(
        bbox=person.bbox.tolist(),
        area=float(np.prod(person.bbox[2:])),
        keypoints=flat(person.keypoints),
        segmentation=[],
        iscrowd=0,
    )


def export(
    photos: Path,
    file: Path,
    category: dict,
    image: Callable[[int], dict],
    someone: Callable[[Any], dict] = person_of,
    part: slice = slice(None),
    first_id: int = 0,
    others: tuple[dict, ...] = (),
) -> Path:
    """Write photos, and a file about them.

    Args:
        photos: What names of files are below, unless they say ``_at``.
        file: The annotation file.
        category: That of the people, behind ``others`` in the file.
        image: Keys of the image of a number; ``_at`` is its file below
            ``photos``, if that is not its name. Without an id, it is counted.
        someone: Keys of a person. Without an id, they are counted.
        part: The scenes.
        first_id: Where ids are counted from.
        others: Further categories, which nobody is of.
    """
    images, annotations = [], []
    for i, scene in enumerate(scenes()[part]):
        keys = image(i)
        write_image(photos / keys.pop('_at', keys['file_name']), scene.image)
        height, width = scene.image.shape[:2]
        images.append(
            dict(id=i + first_id) | keys | dict(width=width, height=height)
        )
        for person in scene.people:
            ids = dict(
                id=len(annotations) + first_id,
                category_id=category['id'],
                image_id=images[-1]['id'],
            )
            annotations.append(ids | someone(person))
    return write(
        file,
        info=dict(description='', version='1.0', year='2026'),
        images=images,
        categories=[*others, category],
        annotations=annotations,
    )


LINKS = [*map(list, SKELETON)]


def cvat(folder: Path) -> Files:
    """Labels without a skeleton are categories and annotations, too; images
    lie in a folder of the task; a keypoint that is outside of the photo keeps
    coordinates, with visibility 0."""

    def someone(person):
        keypoints = person.keypoints.copy()
        keypoints[keypoints[:, 2] == 0, :2] = -3.5
        labelled = int((keypoints[:, 2] > 0).sum())
        return person_of(person) | dict(
            keypoints=flat(keypoints),
            num_keypoints=labelled,
            attributes=dict(occluded=False, track_id=0),
        )

    ball = dict(id=1, name='ball', supercategory='', keypoints=[], skeleton=[])
    file = export(
        folder / 'images/default',
        folder / 'annotations/person_keypoints_default.json',
        dict(ball, id=2, name='person', keypoints=KEYPOINTS, skeleton=LINKS),
        lambda i: dict(
            file_name=f'cam1/{i:04d}.png', license=0, flickr_url=''
        ),
        someone,
        first_id=1,
        others=(ball,),
    )

    def add_balls(content):
        """One in each photo, in front of its people."""
        ball = dict(area=400.0, bbox=[5, 5, 20, 20], iscrowd=0, category_id=1)
        balls = [dict(ball, image_id=x['id']) for x in content['images']]
        both = balls + content['annotations']
        both.sort(key=lambda item: item['image_id'])
        content['annotations'] = [
            dict(item, id=i) for i, item in enumerate(both, start=1)
        ]

    return Files(file, folder).changed(file, add_balls)


def label_studio(folder: Path) -> Files:
    """Ids from 0; names begin with the folder of the export, with backslashes
    on Windows, and with a part that the server added; no skeleton; no
    ``num_keypoints``; a key ``ignore``."""

    def image(i):
        name = f'images/3f0c{i:04x}-photo_{i}.png'
        return dict(_at=name, file_name=name.replace('/', '\\'))

    names = [name.replace('_', ' ').title() for name in KEYPOINTS]
    file = export(
        folder,
        folder / 'result.json',
        dict(id=0, name='person', keypoints=names),
        image,
        lambda person: person_of(person) | dict(ignore=0),
    )
    return Files(file, folder)


def roboflow(folder: Path) -> Files:
    """A file for each split, in the folder of its images; ids from 0; the
    first category is the project, without keypoints; several copies of one
    photo, told apart by a hash; no ``num_keypoints``."""
    files = [
        export(
            folder / split,
            folder / split / '_annotations.coco.json',
            dict(id=1, name='person', keypoints=KEYPOINTS, skeleton=LINKS),
            lambda i: dict(file_name=f'photo{i // 2}_png.rf.{i:032x}.png'),
            part=part,
            others=(dict(id=0, name='people', supercategory='none'),),
        )
        for split, part in SPLITS.items()
    ]
    return Files(files[0], folder, files[1])


def coco_annotator(folder: Path) -> Files:
    """Ids of the whole server, with gaps; names without folders beside a
    ``path`` on the server; ``iscrowd`` is a boolean; where only keypoints
    were drawn, box and area are zero."""
    number = itertools.count(900, 2)

    def image(i):
        name = f'{i:03d}.png'
        path = f'/datasets/mine/{name}'
        return dict(id=4711 + 3 * i, file_name=name, path=path, deleted=False)

    file = export(
        folder / 'photos',
        folder / 'mine.json',
        dict(id=31, name='person', keypoints=KEYPOINTS, skeleton=LINKS),
        image,
        lambda person: dict(
            id=next(number),
            **dict(area=0, bbox=[0, 0, 0, 0], iscrowd=False, isbbox=False),
            keypoints=flat(person.keypoints),
            num_keypoints=int((person.keypoints[:, 2] > 0).sum()),
        ),
    )
    return Files(file, folder / 'photos')


def sleap(folder: Path) -> Files:
    """Frames of videos, all with the same names; visibility 0 or 1; nodes
    named in camel case; neither boxes nor areas."""

    def someone(person):
        seen = np.minimum(person.keypoints, [np.inf, np.inf, 1])
        number = int(seen[:, 2].sum())
        return dict(iscrowd=0, keypoints=flat(seen), num_keypoints=number)

    sides = dict(left='L', right='R')
    names = [
        name.split('_')[-1] + sides.get(name.split('_')[0], '')
        for name in KEYPOINTS
    ]
    file = export(
        folder / 'frames',
        folder / 'labels.json',
        dict(id=1, name='fly', keypoints=names, skeleton=LINKS),
        lambda i: dict(file_name=f'video_{i // 6}/frame_{i % 6:05d}.png'),
        someone,
        first_id=1,
    )
    return Files(file, folder / 'frames')


def deeplabcut(folder: Path) -> Files:
    """Absolute paths of the machine where it was made; files for training and
    test; NaN for what nobody labelled; names of individuals; no skeleton."""

    def someone(person):
        keypoints = person.keypoints.copy()
        keypoints[keypoints[:, 2] == 0] = (np.nan, np.nan, 0)
        known = dict(keypoints=flat(keypoints), individual='mouse1')
        return person_of(person) | known

    def image(split, i):
        at = f'labeled-data/{split}_video/img{i:03d}.png'
        return dict(_at=at, file_name=f'/home/ada/mouse-ada-2026-01-31/{at}')

    files = [
        export(
            folder,
            folder / f'{split}.json',
            dict(id=1, name='animals', keypoints=KEYPOINTS),
            partial(image, split),
            someone,
            part,
        )
        for split, part in SPLITS.items()
    ]
    return Files(files[0], folder, files[1])


SPLITS = {'train': slice(-3), 'valid': slice(-3, None)}
DIALECTS = (cvat, label_studio, roboflow, coco_annotator, sleap, deeplabcut)
