"""A student's weights taken over to other keypoints, by their names."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmpose.datasets import CocoDataset

from distilpose.hooks import FineTuneHook, fine_tune_hook
from distilpose.students.fine_tune import carry_over
from distilpose.weights.fetch import CheckpointError
from distilpose.weights.read import read_checkpoint

from .. import limits, toys
from ..checks import files
from ..teachers import heads
from ..training import runs

OLD = ['nose', 'left_eye', 'right_eye', 'tail', 'neck']
NEW = ['Right Eye', 'nose', 'antenna']


def state(number, seed=0):
    config = toys.student(neck=toys.neck(num_keypoints=number))
    config['head'].update(num_joints=number)
    return toys.build(config, seed).state_dict()


def test_keypoint_tokens_by_name():
    given, wanted = state(5, seed=1), state(3, seed=2)
    taken = carry_over(given, wanted, OLD, NEW)
    assert taken.kept == ['Right Eye', 'nose'] and taken.new == ['antenna']
    assert taken.dropped == ['left_eye', 'tail', 'neck']
    assert not taken.left_out and not taken.missing
    name = 'neck.keypoint_tokens'
    tokens = taken.state.pop(name)
    assert torch.equal(tokens[0, :2], given[name][0, [2, 0]])
    assert torch.equal(tokens[0, 2], wanted[name][0, 2])
    assert all(torch.equal(taken.state[k], given[k]) for k in taken.state)
    told = '2 keypoints carried over (Right Eye, nose)'
    assert told in str(taken) and '1 keypoints that are new' in str(taken)


def test_numbers_mean_the_same_where_both_have_them():
    """Point 2 of a set of five is another place than point 2 of three."""
    numbers = [f'kpt-{i}' for i in range(5)]
    given, wanted = state(5, seed=1), state(3, seed=2)
    taken = carry_over(given, wanted, numbers, numbers[:3])
    assert taken.new == numbers[:3] and taken.dropped == numbers
    name = 'neck.keypoint_tokens'
    assert torch.equal(taken.state[name], wanted[name])
    assert carry_over(given, given, numbers, numbers[::-1]).kept


OTHER_HEADS = dict(
    regression=dict(type='RegressionHead'),
    rle=dict(type='RLEHead'),
    deconvolved=dict(
        type='DSNTHead',
        in_featuremap_size=(12, 16),
        deconv_out_channels=(8,),
        deconv_kernel_sizes=(4,),
    ),
)


def head_state(kind, number):
    if kind in heads.KINDS:
        head = heads.build(kind, number)
    else:
        config = dict(OTHER_HEADS[kind], in_channels=16, num_joints=number)
        head = toys.build(config)
    return {f'head.{name}': x for name, x in head.state_dict().items()}


@pytest.mark.parametrize('kind', [*heads.KINDS, *OTHER_HEADS])
def test_what_a_head_has_for_each_keypoint(kind):
    """Whatever differs in size between heads of five and three keypoints."""
    given, before = head_state(kind, 5), head_state(kind, 3)
    taken = carry_over(given, before, OLD, NEW)
    assert not taken.left_out and not taken.missing
    assert taken.kept == ['Right Eye', 'nose']
    for name, new in taken.state.items():
        if new.shape != given[name].shape:
            old, kept, new = (
                x.unflatten(0, (n, -1))
                for x, n in ((given[name], 5), (before[name], 3), (new, 3))
            )
            assert torch.equal(new[:2], old[[2, 0]])
            assert torch.equal(new[2], kept[2])


def test_same_number_in_another_order():
    """The shapes are equal, which must not be enough."""
    given = state(5, seed=1)
    taken = carry_over(given, state(5, seed=2), OLD, OLD[::-1])
    name = 'neck.keypoint_tokens'
    assert torch.equal(taken.state[name], given[name].flip(1))


def test_what_does_not_fit_is_named():
    given = state(5)
    given['neck.patch_embed.weight'] = torch.zeros(2, 2)
    given['head.extra'] = torch.zeros(3)
    del given['head.mlp.1.bias']
    taken = carry_over(given, state(3), OLD, NEW)
    assert taken.left_out == [
        'neck.patch_embed.weight (2, 2) for (16, 192)',
        'head.extra (3,)',
    ]
    assert taken.missing == ['neck.patch_embed.weight', 'head.mlp.1.bias']
    assert '2 tensors that do not fit (neck.patch_embed' in str(taken)


@pytest.mark.parametrize('names, message', [
    (None, 'does not say which keypoints.*keypoint_names'),
    (OLD[:3], 'is of size 5 along its keypoints, which are 3 by name'),
])  # fmt: skip
def test_names_are_needed(names, message):
    with pytest.raises(ValueError, match=message):
        carry_over(state(5), state(3), names, NEW)


def test_a_backbone_alone():
    """Then no keypoints are carried over, whatever they are called."""
    given = {k: x for k, x in state(5).items() if k.startswith('backbone.')}
    taken = carry_over(given, state(3), None, NEW)
    assert [*taken.state] == [*given] and not taken.kept
    assert 'keypoints' not in str(taken).partition(';')[0]


def test_nothing_fits():
    given = {'conv.weight': torch.zeros(3)}
    with pytest.raises(ValueError, match='Nothing in the checkpoint fits'):
        carry_over(given, state(3), OLD, NEW)


@pytest.fixture
def trained(pictures, tmp_path):
    """A checkpoint of COCO's keypoints, of a run of one epoch."""
    changes = {'train_cfg.max_epochs': 1, 'train_cfg.val_interval': 2}
    cfg = runs.config(pictures, tmp_path / 'coco', '_no-distill', **changes)
    return runs.train(cfg), tmp_path / 'coco/epoch_1.pth'


@limits.numpy_in_checkpoints
def test_hook_in_a_run(trained, tmp_path):
    """Five keypoints of other data, two of which COCO has as well; no
    learning, so that what was loaded can be seen."""
    runner, checkpoint = trained
    names = read_checkpoint(checkpoint).keypoint_names
    assert names[:2] == ['nose', 'left_eye']
    info = files.metainfo()
    for i, name in ((1, 'nose'), (3, 'left_ankle')):
        info['keypoint_info'][i]['name'] = name
    people = files.write(tmp_path, files.content(8))
    cfg = Config(runner.cfg.to_dict())
    cfg.merge_from_dict(
        {
            'model.neck.num_keypoints': 5,
            'model.head.num_joints': 5,
            'optim_wrapper.optimizer.lr': 0.0,
            'work_dir': str(tmp_path / 'run'),
            'visualizer.name': 'fine_tune',
            'experiment_name': 'fine_tune',
            **{f'val_{x}': None for x in ('cfg', 'dataloader', 'evaluator')},
        }
    )
    cfg.train_dataloader.dataset.update(
        type=CocoDataset.__name__,
        ann_file=str(people),
        data_root='',
        data_prefix=dict(img=str(tmp_path)),
        metainfo=info,
    )
    cfg.custom_hooks.append(
        dict(type='FineTuneHook', checkpoint=str(checkpoint))
    )
    tuned = runs.weights(runs.train(cfg))
    old = runs.weights(runner)
    name = 'neck.keypoint_tokens'
    assert torch.equal(tuned[name][0, [1, 3]], old[name][0, [0, 15]])
    assert torch.equal(tuned['head.mlp.1.weight'], old['head.mlp.1.weight'])
    (log,) = (tmp_path / 'run').glob('*/*.log')
    assert '2 keypoints carried over (nose, left_ankle)' in log.read_text()


def test_hook_by_the_name_of_a_config(trained, tmp_path, monkeypatch):
    """Its published weights are read, whose keypoints its data name."""
    name, asked = 'rtmpose-t_8xb256-420e_body8-256x192', []
    file = tmp_path / 'published.pth'
    torch.save(torch.load(trained[1], weights_only=False)['state_dict'], file)

    def weights(path):
        asked.append(Path(path).stem)
        return str(file)

    monkeypatch.setattr(fine_tune_hook, 'published_weights', weights)
    hook = FineTuneHook(name)
    assert [*hook._read().state] and asked == [name]
    assert hook.keypoint_names[:2] == ['nose', 'left_eye']


def test_hook_without_a_connection(monkeypatch):
    monkeypatch.setenv('https_proxy', 'http://127.0.0.1:9')
    hook = FineTuneHook('https://localhost/gone.pth')
    with pytest.raises(CheckpointError, match='start = None in settings.py'):
        hook._read()


def test_hook_leaves_a_resumed_run_alone():
    class Runner:
        iter = 7

    FineTuneHook('gone.pth').before_train(Runner())
