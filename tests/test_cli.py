"""``python -m distilpose``: what the user sees."""

import pytest

from distilpose.__main__ import main


def test_help(capsys):
    main(['--help'])
    assert 'train CONFIG' in capsys.readouterr().out


def test_unknown_command():
    with pytest.raises(SystemExit, match='unknown command "fit"'):
        main(['fit', 'x.py'])


def test_run_without_a_script():
    with pytest.raises(SystemExit, match='Nearest: .*browse_dataset'):
        main(['run'])


def test_config_that_does_not_exist():
    with pytest.raises(SystemExit, match='Nearest: distilpose-s_8xb32-300e'):
        main(['train', 'distilpose-s_8xb32-210e_coco-256x192.py'])


def test_stock_script_sees_its_own_options(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(['train', '--help'])
    assert stopped.value.code == 0
    assert '--cfg-options' in capsys.readouterr().out


@pytest.mark.parametrize('command', ['demo', 'demo-data'])
def test_folder_that_cannot_be_written(command, tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(SystemExit, match='file.* [Nn]ame a(nother)? folder'):
        main([command, str(tmp_path / 'file' / 'demo')])


def test_folder_with_another_demo(tmp_path):
    (tmp_path / 'demo.json').write_text('{"version": "0.0.1", "seed": 5}')
    with pytest.raises(SystemExit, match=r"'seed': 5.* remove that one"):
        main(['demo', str(tmp_path)])
    (tmp_path / 'demo.json').write_text('{"versi')
    with pytest.raises(SystemExit, match='unreadable demo.json'):
        main(['demo', str(tmp_path)])


def test_half_written_data(tmp_path):
    (tmp_path / 'data/train2017').mkdir(parents=True)
    (tmp_path / 'data/train2017/000000000001.jpg').write_text('')
    with pytest.raises(SystemExit, match='no dataset.json'):
        main(['demo', str(tmp_path)])
