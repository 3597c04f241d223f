"""Finding and building models by the names of their configs."""

import pytest
from mmengine.config import Config

from distilpose.zoo import find as zoo
from distilpose.zoo.build import build_without_weights
from distilpose.zoo.find import find_config, input_size

S = 'distilpose-s_8xb32-300e_coco-256x192'


def test_finds_own_configs_by_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for given in (S, f'{S}.py'):
        found = find_config(given)
        assert found.parts[-3:] == ('distilpose', 'coco', f'{S}.py')
        assert found.is_file()


def test_finds_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / 'configs'
    (folder / 'own').mkdir(parents=True)  # a folder is no config
    (folder / 'own.py').write_text('')
    for given in ('configs/own', 'configs/own.py'):
        assert str(find_config(given)) == 'configs/own.py'
    assert find_config(str(folder / 'own')) == folder / 'own.py'
    (tmp_path / f'{S}.py').write_text('')
    assert str(find_config(S)) == f'{S}.py', 'a file here goes first'


def test_path_that_is_wrong_finds_nothing_of_the_same_name():
    with pytest.raises(FileNotFoundError, match=f'Nearest: .*{S}'):
        find_config(f'elsewhere/{S}.py')


def test_finds_configs_of_mmpose_on_request():
    name = 'td-hm_hrnet-w32_8xb64-210e_coco-256x192'
    for given in (name, f'{name}.py'):
        assert 'mmpose' in find_config(given, with_mmpose=True).parts
    with pytest.raises(FileNotFoundError):
        find_config(name)


def test_of_equal_names_ours_is_found(tmp_path, monkeypatch):
    name = 'td-hm_hrnet-w32_8xb64-210e_coco-256x192'
    own = tmp_path / f'body_2d_keypoint/{name}.py'
    own.parent.mkdir()
    own.write_text('')
    monkeypatch.setattr(zoo, 'OWN', tmp_path)
    assert find_config(name, with_mmpose=True) == own.resolve()


def test_suggests_the_nearest_config():
    with pytest.raises(FileNotFoundError, match=f'Nearest: .*{S}'):
        find_config('distilpose-s_8xb32-210e_coco-256x192.py')


def test_suggests_names_that_hold_the_word():
    with pytest.raises(FileNotFoundError, match='Nearest: .*ViTPose-h.*[.]$'):
        find_config('vitpose', with_mmpose=True)


def test_builds_without_downloads_or_teacher():
    config = Config.fromfile(find_config(S))
    before = config.to_dict()
    model = build_without_weights(config)
    assert not model.training
    assert sum(p.numel() for p in model.parameters()) == 5_364_101
    assert config.to_dict() == before


def test_no_input_size():
    config = Config(dict(model=dict(head=dict(type='CIDHead'))))
    with pytest.raises(ValueError, match='no top-down estimator'):
        input_size(config)


def test_rtmpose_is_built_of_own_parts():
    """MMDetection's backbone needs MMCV's operators; MMPose's does not."""
    name = 'rtmpose-t_8xb256-420e_coco-256x192'
    model = build_without_weights(
        Config.fromfile(find_config(name, with_mmpose=True))
    )
    assert type(model.backbone).__module__.startswith('mmpose.')
    assert not model.training


def test_model_that_cannot_be_built_is_named(tmp_path):
    (tmp_path / 'mine.py').write_text("model = dict(type='NoSuchModel')")
    config = Config.fromfile(tmp_path / 'mine.py')
    with pytest.raises(ValueError, match='^The model mine cannot be built'):
        build_without_weights(config)
