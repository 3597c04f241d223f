"""Files of datasets: detections, wrapped datasets, what cannot be built."""

import json

import pytest
from mmengine.dataset import ConcatDataset, RepeatDataset
from mmpose.datasets import CocoDataset, CombinedDataset, MpiiDataset

from distilpose import compat
from distilpose.checks.datasets import check_dataset, explain
from distilpose.checks.report import Report
from distilpose.data.wrapped import parts

from . import files
from .test_images import turn


@pytest.fixture
def people(tmp_path):
    return files.write(tmp_path, files.content(4))


def detections(**changes):
    box = dict(category_id=1, bbox=[10, 10, 80, 70], score=0.9)
    return [{'image_id': i, **box, **changes} for i in range(4)]


def detected(people, detections, **changes):
    file = people.with_name('boxes.json')
    file.write_text(json.dumps(detections))
    changes.update(bbox_file=str(file), test_mode=True)
    return files.dataset(people, **changes)


@pytest.mark.parametrize(
    'changes', [{}, dict(score=1), dict(bbox=[10, 10, 80, 70, 0.9])]
)
def test_detections_that_fit(people, changes):
    dataset = detected(people, detections(**changes))
    assert check_dataset(dataset) == Report() and len(dataset) == 4


@pytest.mark.parametrize('detections, message', [
    (detections(category_id=0), 'Nobody is left. Of 4 .*there are 0'),
    ([], 'Nobody is left. Of 0 detections'),
    (detections(image_id=77), '4 of 4 detections are of an image .*77'),
    (detections(bbox=None), '4 of 4 .* not four finite numbers'),
    ([dict(image_id=1)], '1 of 1 detections lack one of image_id'),
])  # fmt: skip
def test_detections_that_make_no_dataset(people, detections, message):
    with pytest.raises(ValueError, match=f'boxes.json": {message}'):
        detected(people, detections)


@pytest.mark.parametrize('kind, bbox, fault', [
    ('errors', [9, 9, -5, 30], 'whose width or height is 0 or less'),
    ('errors', [9, 9, 0, 0], 'whose width or height is 0 or less'),
    ('errors', [0, 0, 1, 1], 'within 0..1'),
    ('warnings', [50, 40, 110, 90], 'that reaches far out of their image'),
])  # fmt: skip
def test_detections_that_mislead(people, kind, bbox, fault):
    findings = check_dataset(detected(people, detections(bbox=bbox)))
    (text,) = getattr(findings, kind)
    assert f'boxes.json": 4 of 4 detections have a box (bbox) {fault}' in text


def test_detections_of_other_categories(people):
    rows = detections()
    rows[2]['category_id'] = 3
    findings = check_dataset(detected(people, rows))
    assert not findings.errors and not findings.warnings
    assert '1 of 4 detections have another category_id' in findings.facts[0]


def test_thresholds_that_leave_nobody(people):
    with pytest.raises(ValueError, match='bbox_score_thr.*leave nobody'):
        detected(people, detections(), filter_cfg=dict(bbox_score_thr=0.95))


def test_detections_on_images_without_annotations(tmp_path):
    """As of COCO's test-dev."""
    content = files.content(4)
    del content['annotations']
    file = files.write(tmp_path, content)
    assert check_dataset(detected(file, detections())) == Report()


@pytest.mark.parametrize('change, message', [
    (lambda p: p.pop('bbox'), 'Nobody is left. .*4 have no "bbox"'),
    (lambda p: p.update(bbox=[1, 2, 3]), '4 of 4 .* four finite numbers'),
    (lambda p: p['keypoints'].pop(), 'another length than 15'),
    (lambda p: p.pop('category_id'), "KeyError: 'category_id'"),
])  # fmt: skip
def test_people_that_make_no_dataset(tmp_path, change, message):
    content = files.content(4)
    for person in content['annotations']:
        change(person)
    file = files.write(tmp_path, content)
    with pytest.raises(ValueError, match=f'(?s)people.json": .*{message}'):
        files.dataset(file)
    assert not compat.explain_unusable_datasets(explain), 'applied twice'


class BrokenDataset(CocoDataset):
    def parse_data_info(self, data):
        return data['ages']


@pytest.mark.parametrize('fault', [None, 'keypoints'])
def test_a_bug_in_a_dataset_keeps_its_error(tmp_path, fault):
    """Whether or not something is wrong with its people as well."""
    content = files.content(4)
    content['annotations'][0].pop(fault, None)
    file = files.write(tmp_path, content)
    with pytest.raises(KeyError, match='ages') as error:
        files.dataset(file, BrokenDataset)
    assert error.traceback[-1].name == 'parse_data_info'


def test_files_that_do_not_exist(people, tmp_path):
    nowhere = tmp_path / 'nowhere.json'
    match = (
        'CocoDataset has ann_file=".*nowhere.json", which .* .looked from /'
    )
    with pytest.raises(FileNotFoundError, match=match):
        files.dataset(nowhere)
    with pytest.raises(FileNotFoundError, match='bbox_file=".*nowhere.json"'):
        files.dataset(people, bbox_file=str(nowhere), test_mode=True)


@pytest.mark.parametrize('text, message', [
    (json.dumps(detections()), ' holds a list, .* as bbox_file'),
    ('{', ' is no JSON file .Expecting'),
])  # fmt: skip
def test_what_is_no_annotation_file(text, message, tmp_path):
    (tmp_path / 'people.json').write_text(text)
    with pytest.raises(ValueError, match=f'people.json"{message}'):
        files.dataset(tmp_path / 'people.json')


def test_converted_keypoints(tmp_path):
    """The metainfo's number is not asked of people whom a pipeline changes."""
    file = files.write(tmp_path, files.content(4, num_keypoints=7))
    converter = dict(type='KeypointConverter', num_keypoints=5)
    converter['mapping'] = [(0, 0), (4, 4)]
    assert check_dataset(files.dataset(file)).errors
    dataset = files.dataset(file, pipeline=[converter])
    assert check_dataset(dataset) == Report()


def test_images_loaded_as_they_are_stored(people, tmp_path):
    turn(tmp_path / '0.png', 6)
    dataset = files.dataset(people)
    assert check_dataset(dataset).errors
    load = dict(type='LoadImage', color_type='color_ignore_orientation')
    loads = files.dataset(people, pipeline=[load])
    assert check_dataset(loads) == Report()
    assert check_dataset(dataset, pipeline_of=loads) == Report()


class OtherDataset(CocoDataset):
    def parse_data_info(self, raw_data_info):
        return super().parse_data_info(raw_data_info)


def test_datasets_with_ways_of_their_own_are_left_alone(tmp_path):
    content = files.content()
    content['annotations'][0]['keypoints'] *= 2
    file = files.write(tmp_path, content)
    dataset = files.dataset(file, OtherDataset)
    assert check_dataset(dataset) == Report()
    content['annotations'][0]['id'] = 101
    files.write(tmp_path, content)
    assert 'have an id' in check_dataset(dataset).errors[0]
    dataset.__class__ = MpiiDataset  # whose files are no COCO files
    assert check_dataset(dataset) == Report()


def test_parts_of_wrapped_datasets(people):
    one, two = files.dataset(people), files.dataset(people)
    both = CombinedDataset(metainfo=files.metainfo(), datasets=[])
    both.datasets = [one, two]
    assert list(parts(both)) == [one, two]
    assert list(parts(RepeatDataset(both, 2))) == [one, two]
    assert list(parts(ConcatDataset([one, two]))) == [one, two]
    assert list(parts([])) == [[]]
