"""Finding configs by their names."""

import pytest
from mmengine.config import Config

from distilpose.zoo import find as zoo
from distilpose.zoo.find import find_config, input_size

S = 'distilpose-s_8xb32-300e_coco-256x192'
HRNET = 'td-hm_hrnet-w32_8xb64-210e_coco-256x192'


@pytest.mark.parametrize('ending', ['', '.py'])
def test_installed_configs(ending, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = find_config(S + ending)
    assert found.parts[-3:] == ('distilpose', 'coco', f'{S}.py')
    assert found.is_file()
    assert 'mmpose' in find_config(HRNET + ending, with_mmpose=True).parts


def test_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / 'configs'
    (folder / 'own').mkdir(parents=True)  # a folder is no config
    (folder / 'own.py').write_text('')
    for given in ('configs/own', 'configs/own.py'):
        assert str(find_config(given)) == 'configs/own.py'
    assert find_config(str(folder / 'own')) == folder / 'own.py'
    (tmp_path / f'{S}.py').write_text('')
    assert str(find_config(S)) == f'{S}.py', 'a file here goes first'


def test_of_equal_names_ours_is_found(tmp_path, monkeypatch):
    own = tmp_path / f'body_2d_keypoint/{HRNET}.py'
    own.parent.mkdir()
    own.write_text('')
    monkeypatch.setattr(zoo, 'OWN', tmp_path)
    assert find_config(HRNET, with_mmpose=True) == own.resolve()


@pytest.mark.parametrize('name, with_mmpose, nearest', [
    (f'elsewhere/{S}.py', False, S),  # a wrong path, of a right name
    (S.replace('300e', '210e'), False, S),
    (HRNET, False, 'tokenpose'),
    ('vitpose', True, 'ViTPose-h.*[.]$'),  # the word alone
    ('rtmpose-m', True, 'rtmpose-m_8xb256-420e_coco-256x192'),
])  # fmt: skip
def test_nearest_names(name, with_mmpose, nearest):
    with pytest.raises(FileNotFoundError, match=f'Nearest: .*{nearest}'):
        find_config(name, with_mmpose)


def test_no_input_size():
    config = Config(dict(model=dict(head=dict(type='CIDHead'))))
    with pytest.raises(ValueError, match='no top-down estimator'):
        input_size(config)
