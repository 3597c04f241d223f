"""Drawn people in the formats of other datasets than COCO.

The demo draws COCO's 17 keypoints. Those that a dataset has, too, by name,
are labelled; the others are not.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from scipy.io import savemat

from distilpose.keypoints.names import split
from distilpose_demo.body import KEYPOINTS
from distilpose_demo.people import draw_scene

NUMBER = 6


class Person(NamedTuple):
    """A drawn person with the keypoints (K, 3) of a dataset."""

    image: str
    image_id: int
    size: tuple
    keypoints: np.ndarray
    bbox: list[float]
    area: float


def names(metainfo: str) -> list[str]:
    """Names of a dataset's keypoints, by MMPose's file about it."""
    path = f'configs/_base_/datasets/{metainfo}.py'
    info = parse_pose_metainfo(dict(from_file=path))
    return [*info['keypoint_id2name'].values()]


def draw(folder: Path, metainfo: str, seed: int = 0) -> list[Person]:
    """Draw photos into a folder; give their people."""
    folder.mkdir(parents=True, exist_ok=True)
    index = {split(name): i for i, name in enumerate(KEYPOINTS)}
    sources = [index.get(split(name), -1) for name in names(metainfo)]
    people = []
    for i in range(1, NUMBER + 1):
        scene = draw_scene(np.random.default_rng([seed, i]))
        name = f'{i:012d}.jpg'
        cv2.imwrite(str(folder / name), scene.image)
        for person in scene.people:
            # Where no keypoint of the demo has the name, the last row, zeros.
            keypoints = np.pad(person.keypoints, [(0, 1), (0, 0)])[sources]
            people.append(
                Person(
                    *(name, i, scene.image.shape[1::-1], keypoints),
                    *(person.bbox.tolist(), float(person.area)),
                )
            )
    return people


def coco_style(people: list[Person], more: Callable = lambda k: {}) -> dict:
    """A file in COCO's format; ``more`` makes further keys of keypoints."""
    images: dict[int, dict] = {}
    annotations = []
    for i, person in enumerate(people):
        w, h = person.size
        images[person.image_id] = dict(
            **dict(id=person.image_id, file_name=person.image),
            **dict(width=w, height=h, crowdIndex=0.1),
        )
        annotation = dict(
            **dict(id=i + 1, image_id=person.image_id, category_id=1),
            **dict(iscrowd=0, bbox=person.bbox, area=person.area),
            segmentation=[],
            num_keypoints=int((person.keypoints[:, 2] > 0).sum()),
            keypoints=person.keypoints.flatten().tolist(),
        )
        annotations.append({**annotation, **more(person.keypoints)})
    categories = [dict(id=1, name='person')]
    return dict(
        images=[*images.values()],
        **dict(annotations=annotations, categories=categories),
    )


def write(file: Path, content: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))


def crowdpose(data: Path) -> None:
    people = draw(data / 'crowdpose/images', 'crowdpose')
    for part in ('trainval', 'test'):
        file = f'crowdpose/annotations/mmpose_crowdpose_{part}.json'
        content = coco_style(people)
        for person in content['annotations']:
            del person['area']
        write(data / file, content)


def mpii(data: Path) -> None:
    """Places count from 1; boxes are a centre and a height over 200 pixels;
    the heads of the people to test on are in a file of MATLAB's."""
    people = draw(data / 'mpii/images', 'mpii')
    content, heads = [], []
    for person in people:
        x, y, w, h = person.bbox
        seen = person.keypoints[:, 2] > 0
        content.append(
            dict(
                image=person.image,
                center=[x + w / 2 + 1, y + h / 2 + 1],
                scale=h / 200,
                joints=(person.keypoints[:, :2] + seen[:, None]).tolist(),
                joints_vis=seen.astype(int).tolist(),
            )
        )
        heads.append([[x, y], [x + 20, y + 20]])
    for part in ('train', 'val'):
        write(data / f'mpii/annotations/mpii_{part}.json', content)
    # What MATLAB's file has: 2 corners x 2 x people, and of 16 joints whether
    # they are missing, and where they are.
    places = np.stack([p.keypoints for p in people], -1)
    savemat(
        data / 'mpii/annotations/mpii_gt_val.mat',
        dict(
            headboxes_src=np.array(heads, float).transpose(1, 2, 0),
            jnt_missing=(places[:, 2] == 0).astype(float),
            pos_gt_src=places[:, :2] + 1,
        ),
    )


def ap10k(data: Path) -> None:
    people = draw(data / 'ap10k/data', 'ap10k')
    for part in ('train', 'val', 'test'):
        file = f'ap10k/annotations/ap10k-{part}-split1.json'
        write(data / file, coco_style(people))


def coco_wholebody(data: Path) -> None:
    """Body, feet, face and hands each have keypoints of their own."""
    cuts = dict(
        keypoints=(0, 17),
        foot_kpts=(17, 23),
        face_kpts=(23, 91),
        lefthand_kpts=(91, 112),
        righthand_kpts=(112, 133),
    )

    def more(keypoints: np.ndarray) -> dict:
        found: dict = {
            key: keypoints[start:stop].flatten().tolist()
            for key, (start, stop) in cuts.items()
        }
        for part in ('foot', 'face', 'lefthand', 'righthand'):
            found.update({f'{part}_valid': False, f'{part}_box': [0, 0, 0, 0]})
        return found

    for part in ('train', 'val'):
        people = draw(data / f'coco/{part}2017', 'coco_wholebody')
        file = f'coco/annotations/coco_wholebody_{part}_v1.0.json'
        write(data / file, coco_style(people, more))


def halpe26(data: Path) -> None:
    """136 keypoints, of which the first 26 are taken."""
    for part, folder in (
        ('train', 'halpe/hico_20160224_det/images/train2015'),
        ('val', 'coco/val2017'),
    ):
        people = draw(data / folder, 'halpe')
        file = f'halpe/annotations/halpe_{part}_v1.json'
        write(data / file, coco_style(people))
