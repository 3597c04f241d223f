"""Drawn people in the formats of other datasets than COCO.

The demo draws COCO's 17 keypoints. Those that a dataset has, too, by name,
are labelled; the others are not.
"""

import json
from pathlib import Path

import numpy as np
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from scipy.io import savemat

from distilpose.keypoints.names import split
from distilpose_demo.body import KEYPOINTS
from distilpose_demo.dataset import make_dataset

NUMBER = 6


def names(metainfo: str) -> list[str]:
    """Names of a dataset's keypoints, by MMPose's file about it."""
    path = f'configs/_base_/datasets/{metainfo}.py'
    info = parse_pose_metainfo(dict(from_file=path))
    return [*info['keypoint_id2name'].values()]


def draw(photos: Path, metainfo: str) -> dict:
    """Draw photos; give the file of their people in COCO's format."""
    sizes = dict(num_train=NUMBER, num_val=1, progress=False)
    folder = make_dataset(photos.with_suffix('.drawn'), **sizes)
    (folder / 'train2017').rename(photos)
    file = folder / 'annotations/person_keypoints_train2017.json'
    content = json.loads(file.read_text())
    for image in content['images']:
        image['crowdIndex'] = 0.1  # which CrowdPose's file has
    index = {split(name): i for i, name in enumerate(KEYPOINTS)}
    sources = [index.get(split(name), -1) for name in names(metainfo)]
    for person in content['annotations']:
        # What the demo does not draw is taken from a last row, of zeros.
        drawn = [*np.reshape(person['keypoints'], (-1, 3)), np.zeros(3)]
        keypoints = np.array(drawn)[sources]
        person['keypoints'] = keypoints.flatten().tolist()
        person['num_keypoints'] = int((keypoints[:, 2] > 0).sum())
    return content


def write(file: Path, content: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))


def crowdpose(data: Path) -> None:
    content = draw(data / 'crowdpose/images', 'crowdpose')
    for person in content['annotations']:
        del person['area']
    for part in ('trainval', 'test'):
        file = f'crowdpose/annotations/mmpose_crowdpose_{part}.json'
        write(data / file, content)


def mpii(data: Path) -> None:
    """Places count from 1; boxes are a centre and a height over 200 pixels;
    the heads of the people to test on are in a file of MATLAB's."""
    people = draw(data / 'mpii/images', 'mpii')['annotations']
    keypoints = [np.reshape(x['keypoints'], (-1, 3)) for x in people]
    content, heads = [], []
    for person, places in zip(people, keypoints):
        x, y, w, h = person['bbox']
        seen = places[:, 2] > 0
        content.append(
            dict(
                image=f'{person["image_id"]:012d}.jpg',
                center=[x + w / 2 + 1, y + h / 2 + 1],
                scale=h / 200,
                joints=(places[:, :2] + seen[:, None]).tolist(),
                joints_vis=seen.astype(int).tolist(),
            )
        )
        heads.append([[x, y], [x + 20, y + 20]])
    for part in ('train', 'val'):
        write(data / f'mpii/annotations/mpii_{part}.json', content)
    # What MATLAB's file has: 2 corners x 2 x people, and of 16 joints whether
    # they are missing, and where they are.
    places = np.stack(keypoints, -1)
    savemat(
        data / 'mpii/annotations/mpii_gt_val.mat',
        dict(
            headboxes_src=np.array(heads, float).transpose(1, 2, 0),
            jnt_missing=(places[:, 2] == 0).astype(float),
            pos_gt_src=places[:, :2] + 1,
        ),
    )


def ap10k(data: Path) -> None:
    content = draw(data / 'ap10k/data', 'ap10k')
    for part in ('train', 'val', 'test'):
        write(data / f'ap10k/annotations/ap10k-{part}-split1.json', content)


def coco_wholebody(data: Path) -> None:
    """Body, feet, face and hands each have keypoints of their own."""
    cuts = dict(
        keypoints=(0, 17),
        foot_kpts=(17, 23),
        face_kpts=(23, 91),
        lefthand_kpts=(91, 112),
        righthand_kpts=(112, 133),
    )
    for part in ('train', 'val'):
        content = draw(data / f'coco/{part}2017', 'coco_wholebody')
        for person in content['annotations']:
            keypoints = person['keypoints']
            for key, (start, stop) in cuts.items():
                person[key] = keypoints[3 * start : 3 * stop]
            for key in ('foot', 'face', 'lefthand', 'righthand'):
                person[f'{key}_valid'] = False
                person[f'{key}_box'] = [0, 0, 0, 0]
        file = f'coco/annotations/coco_wholebody_{part}_v1.0.json'
        write(data / file, content)


def halpe26(data: Path) -> None:
    """136 keypoints, of which the first 26 are taken."""
    for part, photos in (
        ('train', 'halpe/hico_20160224_det/images/train2015'),
        ('val', 'coco/val2017'),
    ):
        content = draw(data / photos, 'halpe')
        write(data / f'halpe/annotations/halpe_{part}_v1.json', content)
