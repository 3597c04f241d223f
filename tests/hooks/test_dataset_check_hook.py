"""The hook on toy data: what it refuses, and what it leaves alone."""

import traceback
from contextlib import nullcontext
from itertools import accumulate
from types import SimpleNamespace

import pytest
import torch
from mmengine.dataset import ConcatDataset, RepeatDataset
from mmengine.runner import BaseLoop
from mmengine.structures import InstanceData, PixelData
from mmpose.datasets import CombinedDataset
from mmpose.datasets.transforms import KeypointConverter
from mmpose.structures import PoseDataSample

from distilpose import DatasetCheckHook
from distilpose.hooks import dataset_check_hook

from .. import toys
from ..checks import files


class Dataset(list):
    """Samples of one person each, with labels of `labels` keypoints."""

    ann_file = 'people.json'

    def __init__(
        self,
        labels=toys.K,
        *,
        size=(64, 48),
        length=1,
        channels=3,
        heatmaps=None,
        names='k',
    ):
        data = PoseDataSample()
        data.gt_instance_labels = InstanceData(
            keypoint_labels=torch.zeros(1, labels, 2),
            keypoint_weights=torch.ones(1, labels),
        )
        data.gt_instances = InstanceData(keypoints=torch.zeros(1, labels, 2))
        if heatmaps:
            data.gt_fields = PixelData(heatmaps=torch.zeros(heatmaps, 4, 4))
        data.set_metainfo(dict(flip_indices=list(range(labels))))
        sample = dict(inputs=torch.zeros(channels, *size), data_samples=data)
        super().__init__([sample] * length)
        self.metainfo = dict(
            num_keypoints=labels,
            dataset_name='toy',
            keypoint_id2name={i: f'{names}{i}' for i in range(labels)},
        )
        self.pipeline = SimpleNamespace(transforms=[])


def student(**changes):
    """One that trains by itself, so that it gives coordinates alone."""
    head = {'scores': False, 'sigmas': False, **changes.pop('head', {})}
    return toys.student(head=head, **changes)


def convert(dataset):
    """Say that a dataset's pipeline makes other keypoints."""
    dataset.pipeline.transforms.append(KeypointConverter(1, [(0, 0)]))
    return dataset


def loop(dataset, metrics=()):
    return SimpleNamespace(
        dataloader=SimpleNamespace(dataset=dataset),
        evaluator=SimpleNamespace(metrics=metrics),
    )


def check(train, val=None, model=None, metrics=()):
    """Run the hook, and give its warnings, with tracebacks."""
    warnings = []

    def warning(text, exc_info=False):
        warnings.append(text + traceback.format_exc() * exc_info)

    runner = SimpleNamespace(
        model=model or toys.build(student()),
        train_loop=loop(train),
        val_loop=None if val is None else loop(val, metrics),
        logger=SimpleNamespace(warning=warning),
    )
    DatasetCheckHook().before_train(runner)
    return warnings


@pytest.mark.parametrize('model', [student, toys.teacher])
def test_fitting_data_passes(model):
    built = toys.build(model()).train()
    assert check(Dataset(), Dataset(), built) == [] and built.training
    assert check(Dataset(heatmaps=toys.K)) == []


GRAY = dict(
    backbone=dict(toys.student()['backbone'], in_channels=1),
    data_preprocessor=dict(type='PoseDataPreprocessor', mean=[0], std=[1]),
)
PART = dict(test_cfg=dict(output_keypoint_indices=[0, 1, 4]))
FLIPPED = dict(test_cfg=dict(PART['test_cfg'], flip_test=True))
NO_CODEC = dict(head=dict(decoder=None))
CONVERTS = SimpleNamespace(pred_converter=dict(num_keypoints=17))
PLAIN = dict(test_cfg=dict(flip_test=False))
SMALL = dict(size=(32, 48))


def converted():
    """The labels count, whatever the metainfo says."""
    data = convert(Dataset())
    data.metainfo['num_keypoints'] = 17
    return data


def of_all(data):
    data[0]['data_samples'].set_metainfo(dict(flip_indices=[0, 1, 2, 3, 4]))
    return data


@pytest.mark.parametrize('changes, train, val, metrics', [
    (GRAY, Dataset(channels=1), Dataset(channels=1), ()),
    # It trains; what size its images have is not known.
    (NO_CODEC, Dataset(**SMALL), None, ()),
    ({}, converted(), None, ()),
    (PART, Dataset(), Dataset(3), ()),
    (PLAIN, Dataset(), Dataset(17), [CONVERTS]),
    (dict(FLIPPED, metainfo=files.metainfo()), Dataset(), Dataset(3), ()),
    (FLIPPED, Dataset(), of_all(Dataset(3)), ()),
    ({}, [dict(inputs='unknown')], ['unknown'], ()),
])  # fmt: skip
def test_what_passes(changes, train, val, metrics):
    check(train, val, toys.build(student(**changes)), metrics)
    check([], [], torch.nn.Linear(1, 1))  # another model is left alone


def unnamed(data):
    data.ann_file = ''  # as of MMPose's CombinedDataset
    return data


# This codec holds two others, and has no size of its own.
INTEGRAL = dict(type='IntegralRegressionLabel', input_size=(48, 48))
INTEGRAL.update(heatmap_size=(12, 12), sigma=1)


@pytest.mark.parametrize('changes, train, val, message', [
    (NO_CODEC, Dataset(17), None, 'keypoint_labels of 17'),
    ({}, Dataset(17), None, 'labels of 17 .* predicts 5'),
    ({}, Dataset(heatmaps=6), None, 'heatmaps of level 0 of 6 .* 5'),
    ({}, Dataset(), Dataset(17), 'val dataset has 17 .* predicts 5'),
    (PART, Dataset(), Dataset(), 'val dataset has 5 .* predicts 3'),
    (PLAIN, Dataset(), Dataset(17), 'val dataset has 17'),
    # MMPose ends there in an assertion, after the first epochs.
    (FLIPPED, Dataset(), Dataset(3),
     'right of 5 .* of 3. Describe .*flip_test'),
    ({}, Dataset(**SMALL), None, '48 x 32 .* built for 48 x 64'),
    ({}, Dataset(), Dataset(**SMALL), 'val pipeline gives images of 48 x'),
    ({}, Dataset(length=0), None, 'train .*\n- nobody .* "people.json'),
    ({}, Dataset(), unnamed(Dataset(length=0)), 'val .*\n- nobody .* "Data'),
    (dict(head=dict(decoder=INTEGRAL)), Dataset(), None,
     '48 x 64 .* built for 48 x 48'),
    # Scores and sigmas of a student that trains by itself.
    (dict(head=dict(scores=True, sigmas=True)), Dataset(), None,
     'scores that nothing trains'),
    (dict(neck=toys.neck(patch_size=(5, 3))), Dataset(), None,
     'patches of 5 x 3'),
    (dict(neck=toys.neck(in_channels=8)), Dataset(), None,
     '16 channels, but in_channels=8'),
    (dict(neck=toys.neck(num_keypoints=4)), Dataset(), None,
     'built for 5 keypoint tokens'),
])  # fmt: skip
def test_what_is_refused(changes, train, val, message):
    with pytest.raises(ValueError, match=message):
        check(train, val, toys.build(student(**changes)), [SimpleNamespace()])


def concatenated(*datasets):
    """MMEngine asks for real datasets when it makes one."""
    both = ConcatDataset.__new__(ConcatDataset)
    both._fully_initialized, both.datasets = True, [*datasets]
    both.cumulative_sizes = [*accumulate(map(len, datasets))]
    both._metainfo = datasets[0].metainfo
    return both


def combined(*datasets):
    both = CombinedDataset(metainfo=files.metainfo(), datasets=[])
    both.datasets, both._lens = [*datasets], [*map(len, datasets)]
    both._len = sum(both._lens)
    return both


def test_every_part_of_a_wrapped_dataset_is_looked_at():
    both = concatenated(Dataset(length=3), Dataset())
    check(both)
    both.datasets[1] = Dataset(7)
    with pytest.raises(ValueError, match='labels of 7 .* predicts 5'):
        check(both)


def test_combined_datasets_that_take_samples_of_one_alone():
    """By ``sample_ratio_factor``; the other's labels are not asked for."""
    both = combined(Dataset(), Dataset(7))
    both._lens, both._len = [1, 0], 1
    check(both)


def test_names_of_validation():
    assert check(Dataset(), Dataset(names='K_')) == []
    (warning,) = check(Dataset(), Dataset(names='other'))
    assert 'has 5 keypoints (k0, k1, k2, k3, and 1 more)' in warning
    assert check(convert(Dataset()), Dataset(names='other')) == []
    turned = Dataset()
    names = turned.metainfo['keypoint_id2name']
    names[0], names[1] = names[1], names[0]
    with pytest.raises(ValueError, match=r'\(k1, k0, .*another order'):
        check(Dataset(), turned)


class TrainLoop(BaseLoop):
    def run(self):
        raise NotImplementedError


def told(dataset, loop=TrainLoop):
    """The names that the hook tells a teacher, of a student with others."""
    model = toys.distilled()
    model.teacher.student_keypoints = ['before']
    runner = SimpleNamespace(model=model)
    loader = SimpleNamespace(dataset=dataset, __iter__=None)
    runner._train_loop = runner.train_loop = loop.__new__(loop)
    runner.train_loop.dataloader = loader
    DatasetCheckHook().before_run(runner)
    return model.teacher.student_keypoints


def test_the_hook_tells_a_teacher_the_names_of_its_student():
    """Wrappers show the metainfo of before a conversion."""
    names = ['k0', 'k1', 'k2', 'k3', 'k4']
    for data, known in (
        (Dataset(), names),
        (convert(Dataset()), ['before']),
    ):
        repeated = RepeatDataset.__new__(RepeatDataset)
        repeated.dataset, repeated._ori_len, repeated.times = data, 1, 2
        repeated._fully_initialized, repeated._metainfo = True, data.metainfo
        assert told(data) == told(concatenated(Dataset(), repeated)) == known
    # The loop is a config still: data for training are not looked for.
    assert told(Dataset(), SimpleNamespace) == ['before']


def test_a_check_that_fails_is_told_with_its_traceback(monkeypatch):
    """MMPose has read the data, so that they may be all right."""

    def check_dataset(part, dataset):
        raise ZeroDivisionError('a bug of ours')

    monkeypatch.setattr(dataset_check_hook, 'check_dataset', check_dataset)
    (warning,) = check(Dataset())
    assert 'train data in "people.json" were not checked' in warning
    assert "check_dataset\n    raise ZeroDivisionError('a bug of" in warning


@pytest.mark.parametrize('part', [False, True])
@pytest.mark.parametrize('kind', ['train', 'val'])
def test_annotation_files_are_checked(tmp_path, kind, part):
    """Faults end the training, what is suspicious is logged."""
    content = files.content()
    content['images'][4]['width'] = 1000
    data = files.dataset(files.write(tmp_path, content))
    data = combined(data) if part else data
    datasets = (data,) if kind == 'train' else (Dataset(), data)
    (warning,) = check(*datasets)
    assert warning.startswith(f'The {kind} data: annotation file')
    assert '1 of 20 images' in warning and '1000 x 100' in warning
    content['annotations'][4]['keypoints'] *= 2
    files.write(tmp_path, content)
    told = f'The {kind} data .*\n- .*people.json": 1 of 20 peo'
    with pytest.raises(ValueError, match=told):
        check(*datasets)


def test_before_a_test():
    runner = SimpleNamespace(model=toys.build(student()))
    for dataset, told in (
        (Dataset(), None),
        (Dataset(17), 'test dataset has 17 .* predicts 5'),
        (Dataset(length=0), 'The test data .*\n- nobody is left'),
    ):
        runner.test_loop = loop(dataset)
        with pytest.raises(ValueError, match=told) if told else nullcontext():
            DatasetCheckHook().before_test(runner)


def test_weights_of_another_model_are_not_tested():
    model = toys.build(student())
    runner = SimpleNamespace(
        model=model, _train_loop=dict(type='X'), _load_from='x.pth'
    )
    state, hook = model.state_dict(), DatasetCheckHook()

    def load(state):
        hook.after_load_checkpoint(runner, dict(state_dict=state))

    load({f'module.{name}': value for name, value in state.items()})
    load(dict(state, more=torch.zeros(1)))
    name = 'head.mlp.1.weight'
    cut = {**state, name: state[name][:1]}
    for wrong in ({k: v for k, v in state.items() if k != name}, cut):
        with pytest.raises(ValueError, match=f'"x.pth" is .*{name}'):
            load(wrong)
    runner._train_loop = TrainLoop(SimpleNamespace(), None)
    load({})
