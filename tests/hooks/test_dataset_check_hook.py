from types import SimpleNamespace

import pytest
import torch

from distilpose import DatasetCheckHook

from . import toys


class Dataset(list):
    """Images of (C, H, W), with K keypoints."""

    ann_file = 'people.json'

    def __init__(self, keypoints=toys.K, size=(64, 48), length=1, channels=3):
        images = torch.zeros(channels, *size)
        super().__init__([dict(inputs=images)] * length)
        self.metainfo = dict(num_keypoints=keypoints)


def check(train, val=None, model=None):
    def loop(dataset):
        return dataset is not None and SimpleNamespace(
            dataloader=SimpleNamespace(dataset=dataset)
        )

    DatasetCheckHook().before_train(
        SimpleNamespace(
            model=model or toys.build(toys.student()),
            train_loop=loop(train),
            val_loop=loop(val) or None,
        )
    )


@pytest.mark.parametrize('model', [toys.student, toys.teacher])
def test_fitting_data_passes(model):
    check(Dataset(), Dataset(), toys.build(model()))
    check(Dataset())


def test_gray_images():
    model = toys.student()
    model['backbone'] = dict(model['backbone'], in_channels=1)
    model['data_preprocessor'] = dict(
        type='PoseDataPreprocessor', mean=[127.5], std=[127.5]
    )
    check(Dataset(channels=1), Dataset(channels=1), toys.build(model))


def test_head_without_codec():
    """It trains; what size its images have is not known."""
    model = toys.build(toys.student(head=dict(decoder=None)))
    check(Dataset(size=(32, 48)), model=model)
    with pytest.raises(ValueError, match='train dataset has 17'):
        check(Dataset(17), model=model)


def test_other_keypoints():
    with pytest.raises(ValueError, match='train dataset has 17 .* predicts 5'):
        check(Dataset(17))
    with pytest.raises(ValueError, match='val dataset has 17 .* predicts 5'):
        check(Dataset(), Dataset(17))


def test_other_image_size():
    with pytest.raises(ValueError, match='48 x 32 .* built for 48 x 64'):
        check(Dataset(size=(32, 48)))


def test_empty_dataset():
    with pytest.raises(ValueError, match='no annotated person in "people'):
        check(Dataset(length=0))
    several = Dataset(length=0)
    several.ann_file = ''  # as of MMPose's CombinedDataset
    with pytest.raises(ValueError, match='no annotated person in "Dataset'):
        check(several)


@pytest.mark.parametrize(
    'changes, message',
    [
        (dict(neck=toys.neck(patch_size=(5, 3))), 'patches of 5 x 3'),
        (
            dict(neck=toys.neck(in_channels=8)),
            '16 channels, but in_channels=8',
        ),
        (dict(neck=toys.neck(num_keypoints=4)), 'built for 5 keypoint tokens'),
    ],
)
def test_parts_that_do_not_fit(changes, message):
    with pytest.raises(ValueError, match=message):
        check(Dataset(), model=toys.build(toys.student(**changes)))


def test_leaves_the_model_as_it_was():
    model = toys.build(toys.student()).train()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    check(Dataset(), model=model)
    assert model.training
    after = model.state_dict()
    assert all(torch.equal(before[k], after[k]) for k in before)
