"""Files are downloaded once, and compared with their hash."""

import hashlib

import pytest

from distilpose_runtime import downloads
from distilpose_runtime.downloads import Download, DownloadError, fetch

DATA = b'an ONNX file'
SHA256 = hashlib.sha256(DATA).hexdigest()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def item(server):
    server.files['/yolo.onnx'] = DATA
    address = f'{server.address}/yolo.onnx'
    return Download(address, SHA256, len(DATA), 'Apache-2.0')


def test_fetched_once(tmp_path, server, item):
    said = []
    for _ in range(2):
        path = fetch(item, tmp_path / 'new', said.append)
        assert path.read_bytes() == DATA
    assert server.asked == ['/yolo.onnx']
    (text,) = said
    assert item.url in text and 'Apache-2.0' in text
    assert names(path.parent) == ['yolo.onnx']
    assert path.stat().st_mode & 0o444 == 0o444, 'others may read the cache'


OTHER = 'its SHA-256 begins with .*, not with '


@pytest.mark.parametrize('data, missing, reason', [
    (b'', 0, OTHER),
    (b'<html>', 0, OTHER),
    (DATA + b'!', 0, OTHER),
    (DATA, 1, 'the connection ended after 11 of 12 bytes'),
    (None, 0, 'HTTP Error 404'),
])  # fmt: skip
def test_failed_download_leaves_nothing(
    tmp_path, server, item, data, missing, reason
):
    """No part of it and no lock; and says what to do, in one line."""
    server.files['/yolo.onnx'], server.missing = data, missing
    file = tmp_path / 'new' / 'yolo.onnx'
    with pytest.raises(DownloadError, match=reason) as caught:
        fetch(item, file.parent)
    text = str(caught.value)
    assert f'save it as "{file}"' in text
    assert item.url in text and '\n' not in text
    assert names(file.parent) == []
    server.files['/yolo.onnx'], server.missing = DATA, 0
    assert fetch(item, file.parent).read_bytes() == DATA


def test_damaged_afterwards(tmp_path, server, item):
    """It stays, as it may be the user's, and nothing is asked for."""
    file = tmp_path / 'yolo.onnx'
    file.write_bytes(DATA[:5])
    with pytest.raises(DownloadError, match='not that of .* Delete it, and'):
        fetch(item, tmp_path)
    assert server.asked == [] and file.read_bytes() == DATA[:5]


def test_progress(tmp_path, server, item, monkeypatch):
    monkeypatch.setattr(downloads, 'CHUNK', 5)
    counts = []
    file, tell = tmp_path / 'x', lambda *args: counts.append(args)
    downloads.download(item.url, file, SHA256[:8], progress=tell)
    assert counts == [(5, 12), (10, 12), (12, 12)]


def test_where(monkeypatch, tmp_path, item):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'new'))
    assert fetch(item) == tmp_path / 'new/distilpose/yolo.onnx'
    monkeypatch.delenv('XDG_CACHE_HOME')
    monkeypatch.setenv('HOME', '/home/x')
    assert str(downloads._cache()) == '/home/x/.cache/distilpose'


def test_no_home_folder(item, no_home):
    with pytest.raises(DownloadError, match='Set XDG_CACHE_HOME'):
        fetch(item)


def test_names():
    for item in downloads.DETECTORS.values():
        assert item.url.startswith('https://') and item.url.endswith('.onnx')
        assert len(bytes.fromhex(item.sha256)) == 32
