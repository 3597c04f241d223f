"""Metadata of ONNX files, against the package onnx."""

import onnx
import pytest

from distilpose_runtime.onnx_entries import entries, with_entry

from .graphs import pose_model


@pytest.mark.parametrize('value', ['', 'ä', 'x' * 127, 'x' * 70_000])
@pytest.mark.parametrize('key', ['distilpose', 'new'])
def test_sets_one_entry_alone(key, value, tmp_path):
    """New or replaced, once or twice; graph and other entries stay."""
    content = pose_model(tmp_path / 'model.onnx').read_bytes()
    content = with_entry(content, 'other', 'stays')
    before = onnx.load_from_string(content)
    for text in ('first', value):
        content = with_entry(content, key, text)
    after = onnx.load_from_string(content)
    found = [(x.key, x.value) for x in after.metadata_props]
    expected = {x.key: x.value for x in before.metadata_props} | {key: value}
    assert sorted(found) == sorted(expected.items())
    assert entries(content) == expected
    for model in (before, after):
        model.ClearField('metadata_props')
    assert after == before
