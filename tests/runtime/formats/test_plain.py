"""Formats that need no other package, read by those who use them."""

import csv
import json
import os

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from distilpose_runtime.formats import FILES, write
from distilpose_runtime.formats.plain import COLUMNS

from .predictions import NAMES, points, scores, write_video


@pytest.fixture
def video(tmp_path):
    return write_video(tmp_path / 'predictions.json')


def test_coco(video, tmp_path):
    """Evaluated as COCO does: whoever is found, is found without an error."""
    assert write(video, 'coco') == []
    truth = json.loads(video.read_text())
    for row in truth['annotations']:
        row.update(iscrowd=0, area=200, num_keypoints=3)
        row['keypoints'][2::3] = [2] * 3
    (tmp_path / 'truth.json').write_text(json.dumps(truth))
    labels = COCO(str(tmp_path / 'truth.json'))
    found = labels.loadRes(str(tmp_path / FILES['coco']))
    tested = COCOeval(labels, found, 'keypoints')
    tested.params.kpt_oks_sigmas = np.full(3, 0.05)
    tested.evaluate()
    tested.accumulate()
    tested.summarize()
    assert tested.stats[:2] == pytest.approx([1, 1])
    (row,) = found.loadAnns(found.getAnnIds(imgIds=[6]))
    assert row['track_id'] == 8
    about = row['file_name'], row['frame'], row['time']
    assert about == ('a walk.mp4', 6, 0.3)
    read = np.reshape(row['keypoints'], (3, 3))
    assert read[:, :2].tolist() == points(6, 0).tolist()
    assert read[:, 2].tolist() == scores(6, 0).tolist()
    sigmas = np.reshape(row['keypoint_sigmas'], (3, 2))
    assert sigmas == pytest.approx(points(6, 0) / 100 + 1, abs=1e-3)


@pytest.mark.parametrize('sigmas', [True, False])
def test_csv(tmp_path, sigmas):
    video = write_video(tmp_path / 'predictions.json', sigmas=sigmas)
    write(video, 'csv')
    with open(tmp_path / 'predictions.csv', newline='') as file:
        rows = [*csv.DictReader(file)]
    assert len(rows) == 5 * len(NAMES) and tuple(rows[0]) == COLUMNS
    knee = rows[3 * 3 + 1]  # the fourth of the video, the second of its frame
    assert {k: v for k, v in knee.items() if 'score' not in k} == dict(
        image='a walk.mp4',
        frame='2',
        time='0.1',
        person='1',
        track='8',
        keypoint='left_knee',
        x='210.5',
        y='210.75',
        sigma_x='3.105' if sigmas else '',
        sigma_y='3.108' if sigmas else '',
    )
    assert float(knee['score']) == scores(2, 1)[1]
    assert float(knee['person_score']) == pytest.approx(scores(2, 1).mean())
    assert rows[0]['track'] == ''


def test_openpose(video, tmp_path):
    """Each frame has its file, one without people as well."""
    folder = tmp_path / FILES['openpose']
    folder.mkdir()
    (folder / 'a walk_000000000009_keypoints.json').write_text('of before')
    (folder / 'notes.txt').write_text('mine')
    write(video, 'openpose')
    names = [f'a walk_00000000000{i}_keypoints.json' for i in (0, 2, 4, 6)]
    assert sorted(os.listdir(folder)) == [*names, 'notes.txt']
    people = [json.loads((folder / x).read_text())['people'] for x in names]
    ids = [[x['person_id'] for x in found] for found in people]
    assert ids == [[[-1], [-1]], [[3], [8]], [], [[8]]]
    (person,) = people[3]
    read = np.reshape(person['pose_keypoints_2d'], (3, 3))
    assert read[:, :2].tolist() == points(6, 0).tolist()
    assert read[:, 2].tolist() == scores(6, 0).tolist()


def photos(path, *names):
    content = json.loads(write_video(path, {0: [-1]}).read_text())
    images = [dict(id=i, file_name=name) for i, name in enumerate(names)]
    path.write_text(json.dumps(dict(content, images=images)))
    return path


def test_openpose_of_photos(tmp_path):
    file = photos(tmp_path / 'p.json', 'a/1.jpg', 'b/1.jpg')
    write(file, 'openpose')
    found = sorted(os.listdir(tmp_path / FILES['openpose']))
    assert found == ['a_1_keypoints.json', 'b_1_keypoints.json']


def test_photos_of_one_name_are_refused(tmp_path):
    """In OpenPose's format; nothing is written."""
    file = photos(tmp_path / 'p.json', '1.jpg', '1.png')
    message = '"1.jpg" and "1.png" would both be 1_keypoints.json'
    with pytest.raises(ValueError, match=message):
        write(file, 'openpose')
    assert os.listdir(tmp_path) == ['p.json']


@pytest.mark.parametrize('name', ['coco', 'csv', 'openpose', 'deeplabcut-csv'])
@pytest.mark.parametrize(
    'content, message',
    [
        ('[]', 'is no predictions.json'),
        ('{"images": []}', "KeyError.'categories'"),
        ('{"categories": [{"keypoints": ["a"]}], "images": [], '
         '"annotations": []}', 'holds no picture'),
        ('{"categories": [{"keypoints": ["a"]}], "images": [], '
         '"annotations": [{"image_id": 1}]}', 'is no predictions.json'),
    ],
)  # fmt: skip
def test_other_files_are_refused(tmp_path, name, content, message):
    file = tmp_path / 'p.json'
    file.write_text(content)
    with pytest.raises(ValueError, match=message) as raised:
        write(file, name)
    assert '\n' not in str(raised.value)
    assert os.listdir(tmp_path) == ['p.json']


def test_unknown_format(video):
    with pytest.raises(ValueError, match='no format "xml". Expected one of c'):
        write(video, 'xml')
