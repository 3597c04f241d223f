"""Labels of real people: MoveNet's, in true boxes and in NanoDet's.

The measured values are those of the 60 photos of coco_mini.
"""

import json

import numpy as np
import pytest
from xtcocotools.coco import COCO
from xtcocotools.cocoeval import COCOeval
from xtcocotools.mask import iou

from distilpose_cli import main

from .. import shared

pytestmark = pytest.mark.slow

SPREADS = np.array([26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87,
                    87, 89, 89]) / 1000  # fmt: skip


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Photos, one file of their people, and one of those with keypoints."""
    folder = tmp_path_factory.mktemp('real')
    shared.unpack('coco_mini', folder)
    whole = dict(images=[], annotations=[], info={})
    for split in ('train2017', 'val2017'):
        file = f'coco_mini/annotations/person_keypoints_{split}.json'
        content = json.loads((folder / file).read_text())
        for image in content['images']:
            image['file_name'] = f'{split}/{image["file_name"]}'
        whole['images'] += content['images']
        whole['annotations'] += content['annotations']
        whole['categories'] = content['categories']
    (folder / 'true.json').write_text(json.dumps(whole))
    people = [x for x in whole['annotations'] if x['num_keypoints']]
    whole['annotations'] = people
    (folder / 'boxes.json').write_text(json.dumps(whole))
    return folder


def label(folder, out, *more):
    movenet = shared.file_or_skip('models/movenet-thunder.onnx')
    main(
        [
            *('label', f'{folder}/coco_mini/*2017/*.jpg', '--teacher'),
            *(str(movenet), '--teacher-options', 'keypoints_of=coco'),
            *('--padding', '1.1', '--out', str(folder / out)),
            *map(str, more),
        ]
    )
    return json.loads((folder / out / 'labels.json').read_text())


def test_true_boxes(folder):
    """AP of all that it says; and how right it is where it is sure."""
    boxes = ('--boxes', folder / 'boxes.json')
    truth = COCO(str(folder / 'true.json'))
    ids = {x['file_name']: x['id'] for x in truth.dataset['images']}
    found = label(folder, 'out', *boxes, '--sure', 0, '--unsure', 0)
    names = {x['id']: x['file_name'] for x in found['images']}
    results = [
        dict(
            image_id=ids[names[x['image_id']]],
            category_id=1,
            keypoints=x['keypoints'],
            score=np.mean(x['keypoint_scores']),
        )
        for x in found['annotations']
    ]
    assert len(results) == 154
    scored = COCOeval(truth, truth.loadRes(results), 'keypoints', SPREADS)
    scored.evaluate()
    scored.accumulate()
    scored.summarize()
    assert scored.stats[0] == pytest.approx(0.44, abs=0.01)
    # The same answers, asked once. Boxes are in the file's order.
    found = label(folder, 'out', *boxes)
    right = {1: [], 2: []}
    for person in found['annotations']:
        annotations = truth.imgToAnns[ids[names[person['image_id']]]]
        given = min(
            annotations,
            key=lambda x: np.abs(np.subtract(x['bbox'], person['bbox'])).sum(),
        )
        for v, similar in zip(*compared(person, given)):
            right[v].append(similar > 0.5)
    assert len(right[2]) > 600 and np.mean(right[2]) > 0.9
    assert len(right[1]) > 350 and 0.7 < np.mean(right[1]) < 0.9


def compared(person, given):
    """Visibility, and OKS of each keypoint that both have."""
    own, true = (np.reshape(x['keypoints'], (-1, 3)) for x in (person, given))
    both = (own[:, 2] > 0) & (true[:, 2] > 0)
    apart = ((own - true)[both, :2] ** 2).sum(1)
    variance = (2 * SPREADS[both]) ** 2 * given['area']
    return own[both, 2].astype(int), np.exp(-apart / (2 * variance))


def test_boxes_of_a_detector(folder):
    found = label(folder, 'detected')
    names = {x['id']: x['file_name'] for x in found['images']}
    true = json.loads((folder / 'boxes.json').read_text())
    images = {x['id']: x['file_name'] for x in true['images']}
    oks = []
    for given in true['annotations']:
        people = [
            person
            for person in found['annotations']
            if names[person['image_id']] == images[given['image_id']]
        ]
        overlaps = iou([x['bbox'] for x in people], [given['bbox']], [0])
        if len(people) and overlaps.max() > 0.5:
            _, similar = compared(people[overlaps.argmax()], given)
            oks += [similar.mean()] if len(similar) else []
    print(len(oks), np.mean(oks))  # noqa: T201
    assert len(oks) > 90 and np.mean(oks) > 0.7
