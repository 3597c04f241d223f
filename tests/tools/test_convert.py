"""Conversion of checkpoints: of older releases, and back."""

import os
import pickle
import sys

import convert_checkpoint
import pytest
import torch
from mmengine.config import Config
from original.convert import convert, to_original, write_checkpoint

from distilpose.weights.fetch import CheckpointError
from distilpose.weights.read import read_state_dict
from distilpose.zoo.build import build_without_weights
from distilpose.zoo.find import find_config

from ..parity import reference

S = 'distilpose-s_8xb32-300e_coco-256x192'
CONFIGS = {
    'distilpose-s': S,
    'distilpose-l': 'distilpose-l_8xb32-300e_coco-256x192',
    'tokenpose-l-teacher': 'tokenpose-l_8xb64-300e_coco-256x192',
    'tokenpose-stemnet': 'tokenpose-stem_8xb64-300e_coco-256x192',
}


@pytest.fixture
def original():
    return reference.original_state_dict('distilpose-s')


@pytest.fixture
def ours(original):
    return convert(original).state


@pytest.mark.parametrize('model', CONFIGS)
def test_there_and_back_is_the_identity(model):
    original = reference.original_state_dict(model)
    there = convert(original)
    assert there.fits == CONFIGS[model]
    assert len(there.dropped) == 1 and not there.added
    assert there.renamed + there.kept == len(original) - 1
    back = to_original(there.state, CONFIGS[model])
    assert back.state.keys() == original.keys()
    for name, tensor in back.state.items():
        assert tensor.dtype == original[name].dtype
        assert torch.equal(tensor, original[name])


def test_counts_what_it_did(original):
    conversion = convert(original)
    # 62 tensors of the stem, 12 layers of 11, 2 of patches, 1 of keypoint
    # tokens, 4 of the head; and the table.
    backbone = sum(name.startswith('backbone.') for name in original)
    assert conversion.kept == backbone
    assert conversion.renamed == 12 * 11 + 2 + 1 + 4
    report = conversion.report()
    assert '139 renamed' in report and 'DistilPose-S' in report
    assert 'dropped keypoint_head.tokenhead.pos_embedding' in report


@pytest.mark.parametrize(
    ('width', 'name'),
    [
        (32, 'td-hm_hrnet-w32_8xb64-210e_coco-256x192'),
        (48, 'td-hm_hrnet-w48_8xb32-210e_coco-256x192'),
    ],
)
def test_hrnet_of_mmpose_0(width, name):
    config = Config.fromfile(find_config(name, with_mmpose=True))
    state = build_without_weights(config).state_dict()
    old = {
        key.replace('head.final', 'keypoint_head.final'): value
        for key, value in state.items()
    }
    conversion = convert(old)
    assert f'W{width}' in conversion.source and conversion.fits == name
    assert conversion.renamed == 2 and not conversion.dropped
    assert list(conversion.state) == list(state)
    with pytest.raises(CheckpointError, match='has a HeatmapHead'):
        to_original(state, name)


def drop(state):
    del state['keypoint_head.tokenhead.mlp_head.1.bias']


def add(state):
    state['keypoint_head.tokenhead.extra'] = torch.zeros(1)


def reshape(state):
    state['keypoint_head.tokenhead.mlp_head.1.bias'] = torch.zeros(3)


def other_keypoints(state):
    state['keypoint_head.tokenhead.keypoint_token'] = torch.zeros(1, 14, 192)


def flat_keypoints(state):
    state['keypoint_head.tokenhead.keypoint_token'] = torch.zeros(192)


def scalar_convolution(state):
    state['backbone.layer1.0.conv3.weight'] = torch.tensor(1.0)


def learned_positions(state):
    state['keypoint_head.tokenhead.pos_embedding'] = torch.rand(1, 256, 192)


def larger_input(state):
    state['keypoint_head.tokenhead.pos_embedding'] = torch.rand(1, 576, 192)


def other_model(state):
    for name in list(state):
        state[f'encoder.{name}'] = state.pop(name)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (drop, r'1 missing \(head\.mlp\.1\.bias\)'),
        (add, r'1 unknown \(keypoint_head\.tokenhead\.extra\)'),
        (
            reshape,
            r'1 of another shape \(head\.mlp\.1.* \(3,\) for \(5,\)',
        ),
        (other_keypoints, 'is of 14 keypoints, .* of 17'),
        (flat_keypoints, r'keypoint_tokens \(192,\) for \(1, 17, 192\)'),
        (scalar_convolution, 'unknown kind: its 230 tensors'),
        (learned_positions, 'not the fixed sine table'),
        (larger_input, r'\(1, 576, 192\).*\(1, 256, 192\)'),
        (other_model, 'unknown kind: its 230 tensors'),
    ],
)
def test_what_does_not_fit_is_refused(original, change, message):
    change(original)
    with pytest.raises(CheckpointError, match=message):
        convert(original)


def test_what_is_converted_already(ours):
    with pytest.raises(CheckpointError, match='our names already'):
        convert(ours)


def test_checkpoint_of_another_config(original, ours):
    with pytest.raises(CheckpointError, match='does not fit distilpose-l'):
        to_original(ours, CONFIGS['distilpose-l'])
    with pytest.raises(FileNotFoundError, match=f'Nearest: .*{S}'):
        convert(original, 'distilpose-s_8xb32')


def test_config_that_relies_on_defaults(tmp_path, original):
    config = Config.fromfile(find_config(S))
    for name in ('patch_size', 'embed_dims', 'num_layers'):
        del config.model.neck[name]
    file = str(tmp_path / 'config.py')
    config.dump(file)
    there = convert(original, file)
    assert to_original(there.state, file).state.keys() == original.keys()


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('model = dict(type="Nowhere")', 'KeyError.*Nowhere is not in'),
        ('epochs = 1', "no attribute 'model'"),
        ('raise ImportError("no\\noperators")', 'ImportError: no operators'),
    ],
)
def test_config_whose_model_cannot_be_built(tmp_path, original, text, message):
    file = tmp_path / 'config.py'
    file.write_text(text)
    for function in (convert, to_original):
        with pytest.raises(
            ValueError, match=f'config.py cannot be built here .*{message}'
        ) as caught:
            function(original, str(file))
        assert '\n' not in str(caught.value)


class Payload:
    """Unpickled, writes a file."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.system, (f'touch {self.target}',)


def test_code_in_a_checkpoint_does_not_run(tmp_path, original):
    file, target = tmp_path / 'evil.pth', tmp_path / 'written'
    torch.save(dict(state_dict=original, meta=Payload(target)), file)
    with pytest.raises(CheckpointError, match='might run code.*refused'):
        read_state_dict(file)
    file.write_bytes(pickle.dumps(Payload(target)))
    with pytest.raises(CheckpointError, match='cannot be read'):
        read_state_dict(file)
    assert not target.exists()


@pytest.mark.parametrize(
    'content',
    [
        *([], {}, dict(state_dict={}), dict(a=1), torch.zeros(2)),
        {1: torch.zeros(2)},
    ],
)
def test_no_state_dict(tmp_path, content):
    torch.save(content, tmp_path / 'x.pth')
    with pytest.raises(CheckpointError, match='holds no state dict'):
        read_state_dict(tmp_path / 'x.pth')


def test_files_beside_the_result_are_left_alone(tmp_path, original):
    source, target = tmp_path / 'x.pth.partial', tmp_path / 'x.pth'
    source.write_bytes(b'precious')
    conversion = convert(original)
    write_checkpoint(target, conversion, source)
    assert source.read_bytes() == b'precious'
    assert sorted(os.listdir(tmp_path)) == [target.name, source.name]
    assert read_state_dict(target).keys() == conversion.state.keys()


@pytest.fixture
def run_tool(monkeypatch, capsys):
    """Run the tool; give what it printed, and how it ended if badly."""

    def run(*arguments):
        monkeypatch.setattr(sys, 'argv', ['tool', *map(str, arguments)])
        try:
            convert_checkpoint.main()
        except SystemExit as end:
            return '', end.code
        return capsys.readouterr().out, None

    return run


def test_tool(tmp_path, original, run_tool):
    """As a user does: there, back, and no file is written over."""
    source, there, back = (tmp_path / f'{name}.pth' for name in 'abc')
    torch.save(dict(state_dict=original, meta=dict(epoch=300)), source)
    out, fault = run_tool(source, there)
    assert fault is None and 'DistilPose-S' in out
    config = Config.fromfile(find_config(S))
    model = build_without_weights(config)
    model.load_state_dict(torch.load(there)['state_dict'], strict=True)
    assert run_tool(there, back, '--to-original', S)[1] is None
    assert torch.equal(
        torch.load(back)['state_dict']['backbone.conv1.weight'],
        original['backbone.conv1.weight'],
    )
    before = there.read_bytes()
    assert 'is not overwritten' in run_tool(source, there)[1]
    assert there.read_bytes() == before


def test_tool_leaves_nothing_behind_on_bad_input(tmp_path, original, run_tool):
    source, target = tmp_path / 'a.pth', tmp_path / 'b.pth'
    torch.save(dict(state_dict=original), source)
    source.write_bytes(source.read_bytes()[:-1000])
    assert 'complete' in run_tool(source, target)[1]
    assert os.listdir(tmp_path) == ['a.pth']


@pytest.mark.parametrize('option', ['--config', '--to-original'])
def test_tool_takes_no_empty_config(monkeypatch, capsys, option):
    monkeypatch.setattr(sys, 'argv', ['tool', 'a.pth', 'b.pth', option, ''])
    with pytest.raises(SystemExit):
        convert_checkpoint.main()
    assert 'CONFIG is empty' in capsys.readouterr().err
