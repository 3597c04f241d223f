"""Conversion of checkpoints of the original release."""

import os
import sys

import convert_checkpoint
import pytest
import torch
from convert_checkpoint import convert
from mmengine.config import Config

from distilpose.weights.fetch import CheckpointError
from distilpose.zoo.build import build_without_weights
from distilpose.zoo.find import find_config

from ..parity import reference

S = 'distilpose-s_8xb32-300e_coco-256x192'
HEAD = 'keypoint_head.tokenhead.'


@pytest.fixture(scope='module')
def recorded():
    return reference.original_state_dict('distilpose-s')


@pytest.fixture
def original(recorded):
    return dict(recorded)


def test_tensors_under_their_new_names(original):
    """All but the sine table. Parity tests show that each has its place."""
    there = convert(original)
    assert len(there.state) == len(original) - 1
    kept = sum(name.startswith('backbone.') for name in original)
    # 12 layers of 11, 2 of patches, 1 of keypoint tokens, 4 of the head.
    assert there.renamed == len(there.state) - kept == 12 * 11 + 2 + 1 + 4
    given = {id(tensor) for tensor in original.values()}
    assert all(id(tensor) in given for tensor in there.state.values())


@pytest.mark.parametrize('changes, message', [
    ({'mlp_head.1.bias': None}, r'Missing key.*head\.mlp\.1\.bias'),
    ({'extra': torch.zeros(1)}, r'Unexpected key.*tokenhead\.extra'),
    ({'keypoint_token': torch.zeros(1, 14, 192)},
     r'\[1, 14, 192\].*\[1, 17, 192\]'),
    ({'pos_embedding': torch.rand(1, 256, 192)}, 'not the fixed sine table'),
    ({'pos_embedding': torch.rand(1, 576, 192)},
     r'\(1, 576, 192\).*\(1, 256, 192\)'),
])  # fmt: skip
def test_what_does_not_fit_is_refused(original, changes, message):
    for name, value in changes.items():
        original[HEAD + name] = value
        if value is None:
            del original[HEAD + name]
    with pytest.raises(CheckpointError, match=message) as caught:
        convert(original)
    assert '\n' not in str(caught.value)


def test_other_checkpoints_and_configs(original, tmp_path):
    with pytest.raises(CheckpointError, match='our names already'):
        convert(convert(original).state)
    other = {f'encoder.{name}': value for name, value in original.items()}
    with pytest.raises(CheckpointError, match='unknown kind: its 230 tensors'):
        convert(other)
    with pytest.raises(FileNotFoundError, match=f'Nearest: .*{S}'):
        convert(original, 'distilpose-s_8xb32')
    with pytest.raises(CheckpointError, match='does not fit distilpose-l'):
        convert(original, 'distilpose-l_8xb32-300e_coco-256x192')
    # One that relies on the neck's defaults.
    config, file = Config.fromfile(find_config(S)), tmp_path / 'config.py'
    for name in ('patch_size', 'embed_dims', 'num_layers'):
        del config.model.neck[name]
    config.dump(file)
    assert convert(original, str(file)).config == str(file)


@pytest.fixture
def run_tool(monkeypatch, capsys):
    """Run the tool; give what it printed, and how it ended if badly."""

    def run(*arguments):
        monkeypatch.setattr(sys, 'argv', ['tool', *map(str, arguments)])
        try:
            convert_checkpoint.main()
        except SystemExit as end:
            return capsys.readouterr().err, end.code
        return capsys.readouterr().out, None

    return run


def test_tool(tmp_path, original, run_tool):
    """As a user does; no file is written over, or left beside."""
    source, target = tmp_path / 'x.pth.partial', tmp_path / 'x.pth'
    torch.save(dict(state_dict=original, meta=dict(epoch=300)), source)
    out, fault = run_tool(source, target)
    assert fault is None and '139 tensors renamed' in out and S in out
    model = build_without_weights(Config.fromfile(find_config(S)))
    model.load_state_dict(torch.load(target)['state_dict'], strict=True)
    before = target.read_bytes()
    assert 'is not overwritten' in run_tool(source, target)[1]
    assert target.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == [target.name, source.name]


def test_tool_leaves_nothing_behind_on_bad_input(tmp_path, original, run_tool):
    source, target = tmp_path / 'a.pth', tmp_path / 'b.pth'
    torch.save(dict(state_dict=original), source)
    source.write_bytes(source.read_bytes()[:-1000])
    assert 'complete' in run_tool(source, target)[1]
    assert os.listdir(tmp_path) == ['a.pth']
    err, code = run_tool(source, target, '--config', '')
    assert 'CONFIG is empty' in err and code == 2
