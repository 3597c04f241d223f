"""A teacher's labels in COCO's keypoint format.

K: keypoints. Boxes are x, y, width, height; all in pixels of the picture.
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from tabulate import tabulate

from ..people import AREA

__all__ = ['coco_text', 'labels_of', 'table']

Item = dict[str, Any]


def labels_of(
    begun: Item, pictures: Sequence[Item], sure: float, unsure: float
) -> Item:
    """Make the content of an annotation file.

    A keypoint is visible (2) from the confidence ``sure`` on, labelled but
    not visible (1) from ``unsure`` on, and else, or outside of its picture,
    not labelled (0). The teacher's own ``keypoint_scores`` (K) and, where it
    has them, ``keypoint_sigmas`` (2 K, x and y) are kept for all.

    Args:
        begun: The teacher and the settings with which labelling began.
        pictures: Entries of a journal, in any order.
        sure: A confidence, 0 to 1.
        unsure: A lower one.
    """
    images: list[Item] = []
    annotations: list[Item] = []
    for number, picture in enumerate(
        sorted(pictures, key=lambda x: x['file_name']), start=1
    ):
        image = {k: v for k, v in picture.items() if k != 'people'}
        images.append(dict(id=number, **image))
        for person in picture['people']:
            found = dict(id=len(annotations) + 1, image_id=number)
            found |= _annotation(person, image, sure, unsure)
            annotations.append(found)
    category = dict(
        id=1,
        name='person',
        supercategory='person',
        keypoints=begun['keypoints'],
        skeleton=[[i + 1, j + 1] for i, j in begun['skeleton']],
    )
    about = {k: x for k, x in begun.items() if k not in category}
    about.update(sure=sure, unsure=unsure)
    return dict(
        info=dict(description='labels of a teacher', **about),
        licenses=[],
        categories=[category],
        images=images,
        annotations=annotations,
    )


def _annotation(person: Item, image: Item, sure: float, unsure: float) -> Item:
    size = np.array([image['width'], image['height']])
    values = np.array(person['keypoints'])  # (K, 5)
    points, scores = values[:, :2].round(2), values[:, 2]
    visible = np.where(scores >= sure, 2, 1)
    inside = ((points >= 0) & (points < size)).all(1)
    visible[(scores < unsure) | ~inside] = 0
    points[visible == 0] = 0
    corners = np.clip(np.reshape(person['box'], (2, 2)), 0, size)
    box = [*corners[0], *(corners[1] - corners[0])]
    found = dict(
        category_id=1,
        bbox=[round(float(x), 2) for x in box],
        area=round(float(AREA * box[2] * box[3]), 2),
        iscrowd=0,
        segmentation=[],
        num_keypoints=int((visible > 0).sum()),
        keypoints=[
            number
            for (x, y), v in zip(points.tolist(), visible.tolist())
            for number in (x, y, v)
        ],
        bbox_score=person['score'],
        keypoint_scores=scores.tolist(),
    )
    if values.shape[1] > 3:
        found['keypoint_sigmas'] = values[:, 3:].ravel().tolist()
    return found


def coco_text(content: Item) -> str:
    """The text of an annotation file, an image or person a line."""
    parts = []
    for key, value in content.items():
        lines = value if isinstance(value, list) else [value]
        text = ',\n'.join(json.dumps(x, ensure_ascii=False) for x in lines)
        parts.append(
            f'"{key}": ' + (f'[\n{text}]' if lines is value else text)
        )
    text = '{' + ',\n'.join(parts) + '}\n'
    # A file's name may not be Unicode; JSON escapes what is not.
    return text.encode(errors='backslashreplace').decode()


def table(content: Item) -> str:
    """How many keypoints are labelled, and how sure the teacher is of them."""
    names = content['categories'][0]['keypoints']
    people = content['annotations']
    visible = np.array([x['keypoints'][2::3] for x in people])
    scores = np.array([x['keypoint_scores'] for x in people])
    columns = [(visible == v).sum(0) for v in (2, 1, 0)]
    rows = [*zip(names, *columns, scores.mean(0))]
    rows.append(('all', *(x.sum() for x in columns), scores.mean()))
    headers = ['keypoint', 'sure', 'less sure', 'left out', 'confidence']
    return tabulate(rows, headers, floatfmt='.2f')
