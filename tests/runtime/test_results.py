"""The files that predictions are kept in."""

import itertools
import json
from types import SimpleNamespace

import numpy as np
import pytest
from xtcocotools.coco import COCO

from distilpose_runtime import Poses
from distilpose_runtime import results as module
from distilpose_runtime.formats import write
from distilpose_runtime.frames import Frame
from distilpose_runtime.people import People
from distilpose_runtime.results import JsonResults, Predicted, pose_scores

from ..limits import files_of_at_most

KEYPOINTS = np.array([[[1.25, 2.5], [3, 4]], [[5, 6], [7, 8]]], np.float32)
SCORES = np.array([[0.9, 0.5], [0.1, 0.6]], np.float32)
ESTIMATOR = SimpleNamespace(names=['a', 'b'], skeleton=[(0, 1)])
BOXES = np.array([[0, 0, 10, 20], [5.5, 6, 7, 8]], np.float32)


def poses(count=2, sigmas=True):
    return Poses(
        KEYPOINTS[:count],
        SCORES[:count],
        KEYPOINTS[:count] / 10 if sigmas else None,
        BOXES[:count],
        ['a', 'b'],
        [(0, 1)],
    )


def people(count=2):
    return People(BOXES[:count], np.array([1, 0.5], np.float32)[:count])


def frame(number, time=None):
    image = np.zeros((30, 40, 3), np.uint8)
    return Frame(image, f'{number}.jpg', number, time)


def two_people(number=0):
    return Predicted(frame(number), number, people(), poses(), None)


def test_scores_as_coco_ranks_them():
    """Keypoints below 0.2 do not count."""
    found = pose_scores(poses(), people())
    assert found == pytest.approx([0.7, 0.6 * 0.5])
    low = Poses(KEYPOINTS, SCORES * 0.1, None, BOXES, ['a', 'b'], [(0, 1)])
    assert pose_scores(low, people()).tolist() == [0, 0]


def test_json(tmp_path):
    """COCO's own reader takes it."""
    path = tmp_path / 'a.json'
    file = JsonResults(path, dict(model='x', complete=False), ESTIMATOR)
    file.add(Predicted(frame(3), 33, people(), poses(), np.array([4, -1])))
    file.add(Predicted(frame(4), 34, people(0), poses(0), np.array([])))
    without = poses(1, sigmas=False)
    file.add(Predicted(frame(5, time=0.5), 35, people(1), without, None))
    file.close(dict(complete=True))
    found = json.loads(path.read_text())
    assert found['info'] == dict(model='x', complete=True)
    assert found['categories'][0]['keypoints'] == ['a', 'b']
    assert found['categories'][0]['skeleton'] == [[1, 2]]
    assert found['images'] == [
        dict(id=33, file_name='3.jpg', width=40, height=30),
        dict(id=34, file_name='4.jpg', width=40, height=30),
        dict(id=35, file_name='5.jpg', width=40, height=30, frame=5, time=0.5),
    ]
    first, second, third = found['annotations']
    assert first == dict(
        id=1,
        image_id=33,
        category_id=1,
        keypoints=[1.25, 2.5, 0.9, 3, 4, 0.5],
        score=0.7,
        bbox=[0, 0, 10, 20],
        bbox_score=1,
        keypoint_sigmas=[0.125, 0.25, 0.3, 0.4],
        track_id=4,
    )
    assert second['bbox'] == [5.5, 6, 1.5, 2]
    assert 'track_id' not in second
    assert not {'track_id', 'keypoint_sigmas'} & set(third)
    rows = COCO(str(path)).loadRes(found['annotations'])
    assert len(rows.getAnnIds(33)) == 2


def test_valid_at_any_moment(tmp_path, monkeypatch):
    """After some seconds; not all the time if that takes long."""
    clock = [0.0]
    monkeypatch.setattr(module.time, 'monotonic', lambda: clock[0])
    path = tmp_path / 'a.json'
    file = JsonResults(path, {}, ESTIMATOR)

    def count_after(seconds):
        clock[0] += seconds
        file.add(two_people())
        found = json.loads(path.read_text())
        assert len(found['annotations']) == 2 * len(found['images'])
        return len(found['images'])

    assert [count_after(x) for x in (3, 3, 3, 3)] == [0, 2, 2, 4]
    file._took = 2.0
    assert [count_after(x) for x in (20, 19, 2)] == [4, 4, 7]


def test_name_that_is_no_utf8(tmp_path):
    odd = frame(0)._replace(name='caf\udce9.jpg')
    file = JsonResults(tmp_path / 'a.json', {}, ESTIMATOR)
    file.add(two_people()._replace(frame=odd))
    file.close({})
    write(file.path, 'csv')
    content = (tmp_path / 'a.json').read_text(encoding='utf-8')
    (image,) = json.loads(content)['images']
    assert image['file_name'] == 'caf?.jpg'
    assert 'caf?.jpg,' in (tmp_path / 'predictions.csv').read_text('utf-8')


@pytest.mark.parametrize('room', [2000, 20000, 60000])
def test_full_disk_leaves_valid_json(tmp_path, monkeypatch, room):
    """The limit on files' size stands for it."""
    clock = itertools.count()
    monkeypatch.setattr(module.time, 'monotonic', lambda: next(clock))
    path = tmp_path / 'a.json'
    file = JsonResults(path, {}, ESTIMATOR)
    with files_of_at_most(room):
        with pytest.raises(OSError, match='File too large'):
            for i in range(10000):
                file.add(two_people(i))
        found = json.loads(path.read_text())
        assert len(found['annotations']) == 2 * len(found['images'])
        with pytest.raises(OSError):
            file.close(dict(complete=True))
    assert json.loads(path.read_text()) == found
