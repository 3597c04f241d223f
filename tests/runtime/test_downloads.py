"""Detectors by name are fetched once, and checked."""

import hashlib
import io
import urllib.request

import pytest

from distilpose_runtime import downloads
from distilpose_runtime.downloads import (
    DETECTORS,
    Download,
    DownloadError,
    fetch,
)

DATA = b'an ONNX file'
ITEM = Download(
    'https://example.org/a/yolo.onnx',
    hashlib.sha256(DATA).hexdigest(),
    len(DATA),
    'Apache-2.0',
)


@pytest.fixture
def answers(monkeypatch):
    """What the network gives, in turn; and what was asked for."""
    given, asked = [], []

    def urlopen(url, timeout):
        asked.append(url)
        if isinstance(given[0], Exception):
            raise given.pop(0)
        return io.BytesIO(given.pop(0))

    monkeypatch.setattr(urllib.request, 'urlopen', urlopen)
    return given, asked


def test_fetched_once(tmp_path, answers):
    given, asked = answers
    given.append(DATA)
    said = []
    for _ in range(2):
        path = fetch(ITEM, tmp_path / 'new', said.append)
        assert path.read_bytes() == DATA
    assert asked == [ITEM.url]
    assert len(said) == 1
    assert ITEM.url in said[0] and 'Apache-2.0' in said[0]
    assert [x.name for x in path.parent.iterdir()] == ['yolo.onnx']


@pytest.mark.parametrize('data', [b'', b'an ONNX fil', DATA + b'!', b'<html>'])
def test_another_file(tmp_path, answers, data):
    answers[0].append(data)
    with pytest.raises(DownloadError, match='not the file that was expected'):
        fetch(ITEM, tmp_path)
    assert not list(tmp_path.iterdir())


def test_damaged_afterwards(tmp_path, answers):
    (tmp_path / 'yolo.onnx').write_bytes(DATA[:5])
    with pytest.raises(DownloadError, match='Remove it and try again'):
        fetch(ITEM, tmp_path)


def test_offline(tmp_path, answers):
    answers[0].append(urllib.error.URLError('no route to host'))
    with pytest.raises(DownloadError) as error:
        fetch(ITEM, tmp_path)
    text = str(error.value)
    assert 'no route to host' in text and '\n' not in text
    assert f'copy the file to {tmp_path / "yolo.onnx"}' in text
    assert not list(tmp_path.iterdir())


def test_where(monkeypatch, tmp_path, answers):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    answers[0].append(DATA)
    assert fetch(ITEM) == tmp_path / 'distilpose/yolo.onnx'
    monkeypatch.delenv('XDG_CACHE_HOME')
    assert downloads._cache().parts[-2:] == ('.cache', 'distilpose')


def test_names():
    for item in DETECTORS.values():
        assert item.url.startswith('https://') and item.url.endswith('.onnx')
        assert len(bytes.fromhex(item.sha256)) == 32
