"""Checkpoints at addresses: each is downloaded once, whole or not at all."""

import hashlib
from pathlib import Path, PurePosixPath

import pytest
import torch

from distilpose.weights.fetch import CheckpointError, place_of
from distilpose.weights.read import read_state_dict

from ..file_server import cached


def checkpoint(tmp_path, number):
    file = tmp_path / f'{number}.pth'
    torch.save(dict(a=torch.tensor(number)), file)
    return file.read_bytes()


def test_each_address_is_downloaded_once(server, tmp_path):
    """Two teachers of one file name were one to the cache."""
    for i in (1, 2):
        server.files[f'/run{i}/teacher.pth'] = checkpoint(tmp_path, i)
    for _ in range(2):
        for i in (1, 2):
            address = f'{server.address}/run{i}/teacher.pth'
            assert read_state_dict(address)['a'] == i
    assert server.asked == ['/run1/teacher.pth', '/run2/teacher.pth']
    assert cached(tmp_path) == ['teacher.pth'] * 2


@pytest.mark.parametrize('date', ['', '_20230831'])
def test_hash_in_the_name(server, tmp_path, date):
    """It is compared, and the place in PyTorch's cache is the same."""
    content = checkpoint(tmp_path, 5)
    digest = hashlib.sha256(content).hexdigest()[:8]
    right, wrong = (f't-{x}{date}.pth' for x in (digest, '0123abcd'))
    server.files = {f'/{right}': content, f'/{wrong}': content}
    address = f'{server.address}/{right}'
    torch.hub.load_state_dict_from_url(address, progress=False)
    assert place_of(address).read_bytes() == content
    assert read_state_dict(address)['a'] == 5
    assert server.asked == [f'/{right}'], 'downloaded once'
    place_of(address).unlink()
    assert read_state_dict(address)['a'] == 5
    match = f'begins with {digest}, not with 0123abcd'
    with pytest.raises(CheckpointError, match=match):
        read_state_dict(f'{server.address}/{wrong}')
    assert cached(tmp_path) == [right]


def test_a_date_is_no_hash(server, tmp_path):
    """As in the names of MMPose's RTMW."""
    name = 'rtmw-dw-x-l_simcc-cocktail14_270e-256x192-20231122.pth'
    server.files[f'/{name}'] = checkpoint(tmp_path, 9)
    assert read_state_dict(f'{server.address}/{name}')['a'] == 9


@pytest.mark.parametrize('path', ['./none.pth', 'a//none.pth'])
def test_path_that_does_not_exist(path):
    with pytest.raises(FileNotFoundError, match=r'no checkpoint ".*none.pth"'):
        read_state_dict(path)


def test_offline_says_where_to_put_the_file(server, tmp_path):
    """And a file that is put there is read."""
    address = f'{server.address}/teacher.pth'
    with pytest.raises(CheckpointError, match='404.*save it as') as caught:
        read_state_dict(address)
    assert address in str(caught.value) and '\n' not in str(caught.value)
    place = str(caught.value).split('save it as "')[1].split('"')[0]
    Path(place).write_bytes(checkpoint(tmp_path, 6))
    server.shutdown()
    assert read_state_dict(address)['a'] == 6


def test_another_file_in_the_cache(server, tmp_path):
    """Copied there under a name that has the hash of the right one."""
    place = place_of(f'{server.address}/t-0123abcd.pth')
    place.parent.mkdir(parents=True)
    place.write_bytes(checkpoint(tmp_path, 8))
    match = 'The checkpoint: The file .* not with 0123abcd.* Delete it'
    with pytest.raises(CheckpointError, match=match):
        read_state_dict(f'{server.address}/t-0123abcd.pth')
    assert server.asked == [] and place.exists()


@pytest.mark.parametrize('name', ['t.pth', 't-0123abcd.pth'])
def test_no_home_folder(name, no_home):
    """PyTorch would make a folder called "~"."""
    with pytest.raises(CheckpointError, match='Set TORCH_HOME to a folder'):
        read_state_dict(f'http://127.0.0.1:9/{name}')


def test_refused_type_is_named(tmp_path):
    file = tmp_path / 'x.pth'
    torch.save(dict(a=torch.zeros(1), where=PurePosixPath('/x')), file)
    match = 'holds a "pathlib.PurePosixPath", which is no'
    with pytest.raises(CheckpointError, match=match) as caught:
        read_state_dict(file)
    assert 'complete' not in str(caught.value)
