"""Small annotation files in COCO format, and their faults."""

import json

import numpy as np
from mmpose.datasets import CocoDataset
from mmpose.utils import register_all_modules
from PIL import Image

K = 5
SIZE = (120, 100)  # (W, H)


def metainfo(num_keypoints=K, name='own', prefix='k'):
    names = [f'{prefix}{i}' for i in range(num_keypoints)]
    return dict(
        dataset_name=name,
        keypoint_info={
            i: dict(name=n, id=i, color=[255, 0, 0], type='upper', swap='')
            for i, n in enumerate(names)
        },
        skeleton_info={},
        joint_weights=[1.0] * num_keypoints,
        sigmas=[0.05] * num_keypoints,
    )


def content(number=20, num_keypoints=K):
    """As many images as people; ids of people are 100 more than theirs."""
    rng = np.random.default_rng(0)
    images, annotations = [], []
    for i in range(number):
        w, h = SIZE
        images.append(dict(id=i, file_name=f'{i}.png', width=w, height=h))
        keypoints = np.full((num_keypoints, 3), 2.0)
        keypoints[:, :2] = rng.uniform(20, 80, (num_keypoints, 2))
        person = dict(id=100 + i, image_id=i, category_id=1, iscrowd=0)
        person.update(bbox=[10, 10, 80, 80], area=6400.0)
        person.update(num_keypoints=num_keypoints)
        person.update(keypoints=keypoints.flatten().tolist())
        annotations.append(person)
    categories = [dict(id=1, name='thing')]
    return dict(images=images, annotations=annotations, categories=categories)


def write(folder, content, name='people.json'):
    """Write a file, and the images that it names where there are none."""
    for image in content['images']:
        path = folder / image['file_name']
        if not path.exists():
            Image.new('RGB', SIZE).save(path)
    (folder / name).write_text(json.dumps(content))
    return folder / name


def dataset(file, kind=CocoDataset, **changes):
    register_all_modules()
    folder = dict(img=str(file.parent))
    settings = dict(ann_file=str(file), data_prefix=folder)
    return kind(**{**settings, 'metainfo': metainfo(), **changes})
