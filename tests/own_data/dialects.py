"""Small annotation files in COCO's format as six tools export them.

They are made after what the tools document, with drawn people; each function
says what is peculiar to its tool. All have the same people in the same photos.
"""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from distilpose_demo.body import KEYPOINTS, SKELETON
from distilpose_demo.people import draw_scene

NUMBER = 12


class Files(NamedTuple):
    """What is given to ``distilpose init``."""

    train: Path
    images: Path
    val: Path | None = None

    def change(self, change: Callable[[dict], object]) -> 'Files':
        """Change the file to train on."""
        content = json.loads(self.train.read_text())
        change(content)
        self.train.write_text(json.dumps(content))
        return self


@cache
def scenes():
    return [draw_scene(np.random.default_rng([7, i])) for i in range(NUMBER)]


def photo(file: Path, image: np.ndarray) -> dict[str, int]:
    """Write a photo; give its size."""
    file.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(file), image)
    return dict(width=image.shape[1], height=image.shape[0])


def flat(keypoints: np.ndarray) -> list[float]:
    return [float(value) for value in keypoints.reshape(-1)]


def write(file: Path, **content) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))
    return file


def cvat(folder: Path) -> Files:
    """Labels without a skeleton are categories and annotations, too; images
    lie in a folder of the task; a keypoint that is outside of the photo keeps
    coordinates, with visibility 0."""
    images, annotations = [], []
    for i, scene in enumerate(scenes()):
        name = f'cam1/{i:04d}.png'
        size = photo(folder / 'images/default' / name, scene.image)
        images.append(
            dict(
                **dict(id=i + 1, file_name=name, **size, license=0),
                **dict(flickr_url='', coco_url='', date_captured=0),
            )
        )
        annotations.append(
            dict(
                **dict(id=len(annotations) + 1, image_id=i + 1, category_id=1),
                **dict(segmentation=[], area=400.0, bbox=[5, 5, 20, 20]),
                **dict(iscrowd=0, attributes=dict(occluded=False)),
            )
        )
        for person in scene.people:
            keypoints = person.keypoints.copy()
            keypoints[keypoints[:, 2] == 0, :2] = -3.5
            annotations.append(
                dict(
                    **dict(id=len(annotations) + 1, image_id=i + 1),
                    **dict(category_id=2, segmentation=[], iscrowd=0),
                    bbox=person.bbox.tolist(),
                    area=float(np.prod(person.bbox[2:])),
                    keypoints=flat(keypoints),
                    num_keypoints=int((keypoints[:, 2] > 0).sum()),
                    attributes=dict(occluded=False, track_id=0),
                )
            )
    nothing = dict(supercategory='', keypoints=[], skeleton=[])
    skeleton = [*map(list, SKELETON)]
    file = write(
        folder / 'annotations/person_keypoints_default.json',
        licenses=[dict(name='', id=0, url='')],
        info=dict(contributor='', date_created='', description=''),
        categories=[
            dict(nothing, id=1, name='ball'),
            dict(nothing, id=2, name='person', keypoints=[*KEYPOINTS])
            | dict(skeleton=skeleton),
        ],
        images=images,
        annotations=annotations,
    )
    return Files(file, folder)


def label_studio(folder: Path) -> Files:
    """Ids from 0; names begin with the folder of the export, with backslashes
    on Windows, and with a part that the server added; no skeleton; no
    ``num_keypoints``; a key ``ignore``."""
    images, annotations = [], []
    for i, scene in enumerate(scenes()):
        name = f'images/3f0c{i:04x}-photo_{i}.png'
        size = photo(folder / name, scene.image)
        images.append(dict(id=i, file_name=name.replace('/', '\\'), **size))
        for person in scene.people:
            annotations.append(
                dict(
                    **dict(id=len(annotations), image_id=i, category_id=0),
                    **dict(segmentation=[], ignore=0, iscrowd=0),
                    bbox=person.bbox.tolist(),
                    area=float(np.prod(person.bbox[2:])),
                    keypoints=flat(person.keypoints),
                )
            )
    names = [name.replace('_', ' ').title() for name in KEYPOINTS]
    file = write(
        folder / 'result.json',
        images=images,
        categories=[dict(id=0, name='person', keypoints=names)],
        annotations=annotations,
        info=dict(contributor='Label Studio', version='1.0'),
    )
    return Files(file, folder)


def roboflow(folder: Path) -> Files:
    """A file for each split, in the folder of its images; ids from 0; the
    first category is the project, without keypoints; several copies of one
    photo, told apart by a hash; no ``num_keypoints``."""
    project = dict(id=0, name='people', supercategory='none')
    category = dict(
        **dict(id=1, name='person', supercategory='people'),
        keypoints=[*KEYPOINTS],
        skeleton=[*map(list, SKELETON)],
    )
    files = []
    for split, part in (
        ('train', scenes()[:-3]),
        ('valid', scenes()[-3:]),
    ):
        images, annotations = [], []
        for i, scene in enumerate(part):
            name = f'photo{i // 2}_png.rf.{i:032x}.png'
            size = photo(folder / split / name, scene.image)
            images.append(
                dict(
                    **dict(id=i, license=1, file_name=name, **size),
                    extra=dict(name=f'photo{i // 2}.png'),
                )
            )
            for person in scene.people:
                annotations.append(
                    dict(
                        **dict(id=len(annotations), image_id=i, iscrowd=0),
                        **dict(category_id=1, segmentation=[]),
                        bbox=person.bbox.tolist(),
                        area=float(np.prod(person.bbox[2:])),
                        keypoints=flat(person.keypoints),
                    )
                )
        files.append(
            write(
                folder / split / '_annotations.coco.json',
                info=dict(year='2026', version='1'),
                licenses=[dict(id=1, url='', name='CC BY 4.0')],
                categories=[project, category],
                images=images,
                annotations=annotations,
            )
        )
    return Files(files[0], folder, files[1])


def coco_annotator(folder: Path) -> Files:
    """Ids of the whole server, with gaps; names without folders beside a
    ``path`` on the server; ``iscrowd`` is a boolean; where only keypoints
    were drawn, box and area are zero."""
    images, annotations = [], []
    for i, scene in enumerate(scenes()):
        name = f'{i:03d}.png'
        size = photo(folder / 'photos' / name, scene.image)
        number = 4711 + 3 * i
        images.append(
            dict(
                **dict(id=number, dataset_id=9, file_name=name, **size),
                **dict(category_ids=[31], path=f'/datasets/mine/{name}'),
                **dict(annotated=True, annotating=[], deleted=False),
            )
        )
        for person in scene.people:
            annotations.append(
                dict(
                    **dict(id=900 + 2 * len(annotations), image_id=number),
                    **dict(category_id=31, segmentation=[], area=0),
                    **dict(bbox=[0, 0, 0, 0], iscrowd=False, isbbox=False),
                    color='#c0ffee',
                    keypoints=flat(person.keypoints),
                    num_keypoints=int((person.keypoints[:, 2] > 0).sum()),
                )
            )
    file = write(
        folder / 'mine.json',
        images=images,
        categories=[
            dict(
                **dict(id=31, name='person', supercategory='', color='#fff'),
                keypoints=[*KEYPOINTS],
                skeleton=[*map(list, SKELETON)],
                keypoint_colors=['#000'] * 17,
            )
        ],
        annotations=annotations,
    )
    return Files(file, folder / 'photos')


def sleap(folder: Path) -> Files:
    """Frames of videos, all with the same names; visibility 0 or 1; nodes
    named in camel case; neither boxes nor areas."""
    images, annotations = [], []
    for i, scene in enumerate(scenes()):
        name = f'video_{i // 6}/frame_{i % 6:05d}.png'
        size = photo(folder / 'frames' / name, scene.image)
        images.append(dict(id=i + 1, file_name=name, **size))
        for person in scene.people:
            keypoints = person.keypoints.copy()
            keypoints[:, 2] = np.minimum(keypoints[:, 2], 1)
            annotations.append(
                dict(
                    **dict(id=len(annotations) + 1, image_id=i + 1),
                    **dict(category_id=1, iscrowd=0),
                    keypoints=flat(keypoints),
                    num_keypoints=int(keypoints[:, 2].sum()),
                    attributes=dict(object_id=0),
                )
            )
    sides = dict(left='L', right='R')
    names = [
        name.split('_')[-1] + sides.get(name.split('_')[0], '')
        for name in KEYPOINTS
    ]
    file = write(
        folder / 'labels.json',
        images=images,
        categories=[
            dict(
                **dict(id=1, name='fly', supercategory='animal'),
                keypoints=names,
                skeleton=[*map(list, SKELETON)],
            )
        ],
        annotations=annotations,
    )
    return Files(file, folder / 'frames')


def deeplabcut(folder: Path) -> Files:
    """Absolute paths of the machine where it was made; files for training and
    test; NaN for what nobody labelled; names of individuals; no skeleton."""
    files = []
    for split, part in (('train', scenes()[:-3]), ('test', scenes()[-3:])):
        images, annotations = [], []
        for i, scene in enumerate(part):
            below = f'labeled-data/{split}_video/img{i:03d}.png'
            size = photo(folder / below, scene.image)
            there = f'/home/ada/mouse-ada-2026-01-31/{below}'
            images.append(dict(id=i, file_name=there, **size))
            for n, person in enumerate(scene.people):
                keypoints = person.keypoints.copy()
                keypoints[keypoints[:, 2] == 0] = (np.nan, np.nan, 0)
                annotations.append(
                    dict(
                        **dict(id=len(annotations), image_id=i, iscrowd=0),
                        category_id=1,
                        bbox=person.bbox.tolist(),
                        area=float(np.prod(person.bbox[2:])),
                        keypoints=flat(keypoints),
                        num_keypoints=int((keypoints[:, 2] > 0).sum()),
                        individual=f'mouse{n + 1}',
                    )
                )
        files.append(
            write(
                folder / f'{split}.json',
                images=images,
                annotations=annotations,
                categories=[
                    dict(
                        **dict(id=1, name='animals', supercategory='animal'),
                        keypoints=[*KEYPOINTS],
                    )
                ],
            )
        )
    return Files(files[0], folder, files[1])


DIALECTS = (cvat, label_studio, roboflow, coco_annotator, sleap, deeplabcut)
