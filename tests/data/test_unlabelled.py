"""People in boxes of whom no keypoints are known."""

import json

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmpose.registry import DATASETS
from mmpose.utils import register_all_modules

from distilpose.checks.datasets import check_dataset
from distilpose.data import unlabelled
from distilpose.hooks.dataset_check_hook import _expect_a_teacher

from .. import toys
from ..checks import files
from ..hooks.test_dataset_check_hook import check

CODEC = dict(type='RegressionLabel', input_size=toys.INPUT_SIZE)
PIPELINE = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='RandomFlip', direction='horizontal'),
    dict(type='RandomHalfBody'),
    dict(type='RandomBBoxTransform'),
    dict(type='TopdownAffine', input_size=toys.INPUT_SIZE),
    dict(type='GenerateTarget', encoder=CODEC),
    dict(type='PackPoseInputs'),
]


@pytest.fixture(autouse=True)
def _scope():
    register_all_modules()


def boxes(folder):
    """Six boxes alone, and one of a crowd, of nothing, of no box."""
    content = files.content(9)
    people = content['annotations']
    for person in people:
        del person['keypoints'], person['num_keypoints']
    people[-1]['iscrowd'] = 1
    people[-2]['bbox'] = [500, 10, 80, 80]
    del people[-3]['bbox']
    return files.write(folder, content, 'boxes.json')


def config(file, **changes):
    folder = dict(img=str(file.parent))
    settings = dict(ann_file=str(file), data_prefix=folder, pipeline=PIPELINE)
    kind = dict(type='UnlabelledPeopleDataset', metainfo=files.metainfo())
    return {**kind, **settings, **changes}


def build(content, folder, **changes):
    return DATASETS.build(config(files.write(folder, content), **changes))


def detections(folder, *scores):
    path = folder / 'detections.json'
    found = dict(image_id=1, category_id=1, bbox=[5, 5, 60, 80])
    path.write_text(json.dumps([dict(found, score=s) for s in scores]))
    return path


def student(**changes):
    terms = ('simulated_heatmaps', 'scores')
    return toys.distilled(
        teacher=toys.random_teacher(toys.convolutional_teacher()),
        distillation={name: toys.TERMS[name] for name in terms},
        **changes,
    )


def test_boxes_become_people_without_labels(tmp_path):
    dataset = DATASETS.build(config(boxes(tmp_path)))
    assert len(dataset) == 6
    assert [dataset.get_data_info(i)['id'] for i in (0, 5)] == [100, 105]
    sample = dataset[0]['data_samples']
    labels = sample.gt_instance_labels
    assert labels.keypoint_weights.shape == (1, files.K)
    assert labels.keypoint_weights.sum() == 0
    assert labels.keypoint_labels.isfinite().all()
    box = sample.gt_instances.bboxes[0]
    np.testing.assert_array_equal(box[2:] - box[:2], [80, 80])
    assert not check_dataset(dataset).errors


def test_labels_that_are_there_are_not_read(tmp_path):
    dataset = build(files.content(3), tmp_path)
    visible = [dataset.get_data_info(i)['keypoints_visible'] for i in range(3)]
    assert len(visible) == 3 and not np.any(visible)


def test_detections(tmp_path, log):
    settings = dict(bbox_file=str(detections(tmp_path, 0.9, 0.2, 0.7)))
    settings['filter_cfg'] = dict(bbox_score_thr=0.5)
    dataset = build(files.content(2), tmp_path, **settings)
    assert len(dataset) == 2
    assert 'left out are 1 below filter_cfg' in log.text
    assert 'category_id' not in log.text
    info = dataset.get_data_info(1)
    assert info['img_path'].endswith('1.png') and info['id'] == 2
    np.testing.assert_array_equal(info['bbox'], [[5, 5, 65, 85]])
    labels = dataset[0]['data_samples'].gt_instance_labels
    assert labels.keypoint_weights.sum() == 0


def test_of_many_kinds_of_objects_people(tmp_path):
    content = files.content(4)
    content['categories'] = [dict(id=7, name='dog'), dict(id=3, name='person')]
    for i, person in enumerate(content['annotations']):
        person['category_id'] = 3 if i % 2 else 7
    dataset = build(content, tmp_path)
    assert [dataset.get_data_info(i)['id'] for i in range(2)] == [101, 103]


@pytest.mark.parametrize('wrapper', ['Concat', 'Combined', 'Repeat'])
def test_mixed_with_labelled_people(tmp_path, wrapper):
    file = files.write(tmp_path, files.content(4))
    both = [config(file, type='CocoDataset'), config(boxes(tmp_path))]
    mixed = dict(type='ConcatDataset', datasets=both)
    if wrapper == 'Combined':
        both = [dict(part, pipeline=[]) for part in both]
        mixed = dict(type='CombinedDataset', datasets=both, pipeline=PIPELINE)
        mixed.update(metainfo=files.metainfo(), sample_ratio_factor=[1.0, 0.5])
    if wrapper == 'Repeat':
        mixed = dict(type='RepeatDataset', times=2, dataset=mixed)
    dataset = DATASETS.build(mixed)
    assert len(dataset) == dict(Concat=10, Combined=7, Repeat=20)[wrapper]
    model = student(keypoint_weighting=dict(unlabelled=True))
    batch = pseudo_collate([dataset[i] for i in range(len(dataset))])
    batch = model.data_preprocessor(batch, training=True)
    labels = [x.gt_instance_labels for x in batch['data_samples']]
    is_labelled = [bool(x.keypoint_weights.any()) for x in labels]
    assert sum(is_labelled) == (8 if wrapper == 'Repeat' else 4)
    losses = model.loss(**batch)
    assert all(torch.as_tensor(x).isfinite().all() for x in losses.values())
    assert losses['loss_kpt'] > 0


def test_nothing_would_be_learned(tmp_path):
    mixed = dict(type='ConcatDataset', datasets=[config(boxes(tmp_path))])
    dataset = DATASETS.build(mixed)
    for model in (student(), toys.build(toys.student())):
        with pytest.raises(ValueError, match='Nothing would be learned from'):
            check(dataset, model=model)
    model = student(keypoint_weighting=dict(unlabelled=True))
    _expect_a_teacher(dataset, model)


def test_a_file_of_detections_alone(tmp_path):
    found = detections(tmp_path, 0.9)
    with pytest.raises(ValueError, match='names no photos. Give it as bbox_'):
        DATASETS.build(config(found))


LEFT_OUT = {
    'crowds (iscrowd)': dict(iscrowd=1),
    'without a box (bbox)': dict(bbox=None),
    'of other categories than "person"': dict(category_id=2),
    'without an area inside their image': dict(bbox=[500, 500, 9, 9]),
}


@pytest.mark.parametrize('reason, change', LEFT_OUT.items(), ids=LEFT_OUT)
def test_who_is_left_out_is_counted(reason, change, tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(unlabelled, 'print_log', lambda t, _: said.append(t))
    content = files.content(3)
    content['categories'] = [dict(id=1, name='person'), dict(id=2, name='dog')]
    content['annotations'][1].update(change)
    assert len(build(content, tmp_path)) == 2
    (text,) = said
    assert text.endswith(f'2 people are used, and left out are 1 {reason}.')
    for person in content['annotations']:
        person.update(change)
    with pytest.raises(ValueError, match='0 people are used.* 3 ') as error:
        build(content, tmp_path)
    assert f'left out are 3 {reason}. It needs' in str(error.value)


def test_a_labelled_dataset_of_boxes_alone_names_this_one(tmp_path):
    dataset = files.dataset(boxes(tmp_path), lazy_init=True)
    (error,) = check_dataset(dataset).errors
    assert 'have no "keypoints"' in error
    assert "type='UnlabelledPeopleDataset'" in error


def test_reads_its_files_when_it_is_told_to(tmp_path):
    file = tmp_path / 'later.json'
    dataset = DATASETS.build(config(file, lazy_init=True))
    with pytest.raises(FileNotFoundError):
        dataset.full_init()
