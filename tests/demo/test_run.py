"""The demo: what it trains, in which order and with which changes."""

import pytest

from distilpose_demo import run as demo

NAMES = ['undistilled', 'teacher', 'distilled']


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch):
    def make_dataset(folder, seed):
        folder.mkdir(exist_ok=True, parents=True)
        return folder

    monkeypatch.setattr(demo, 'make_dataset', make_dataset)
    monkeypatch.setattr(demo, 'write_report', lambda *args: 'the table')
    monkeypatch.setattr(demo, 'write_predictions', lambda *args: 'the file')


def test_order_and_changes(runner, tmp_path):
    folder = tmp_path / 'demo'
    demo.run(folder, seed=3)
    configs = {config.work_dir: config for _, config in runner.calls}
    assert [*configs] == [str(folder / name) for name in NAMES]
    plain, teacher, distilled = configs.values()
    people = str(folder / 'data/annotations/person_keypoints_val2017.json')
    for place, config in configs.items():
        assert config.visualizer.name == place, 'or one would serve all'
        assert config.randomness.seed == 3
        assert config.train_cfg.max_epochs == 15
        for split in ('train', 'val', 'test'):
            data = config[f'{split}_dataloader'].dataset
            assert data.data_root == str(folder / 'data')
        for split in ('val', 'test'):
            assert config[f'{split}_evaluator'].ann_file == people
    start = str(folder / 'undistilled/epoch_15.pth')
    assert teacher.model.backbone.init_cfg.checkpoint == start
    assert teacher.model.neck.init_cfg.checkpoint == start
    assert 'teacher' not in plain.model
    checkpoint = str(folder / 'teacher/epoch_15.pth')
    assert distilled.model.teacher.checkpoint == checkpoint
    assert 'init_cfg' not in distilled.model.backbone
    runner.calls.clear()
    demo.run(folder, seed=3)
    assert not runner.calls, 'what is complete is not repeated'


@pytest.mark.parametrize('stopped', NAMES)
def test_goes_on_where_it_was(runner, tmp_path, stopped):
    def stop(config, epoch):
        if config.work_dir.endswith(f'/{stopped}') and epoch == 7:
            raise KeyboardInterrupt

    runner.stop = staticmethod(stop)
    with pytest.raises(KeyboardInterrupt):
        demo.run(tmp_path)
    runner.calls.clear()
    epochs = []
    runner.stop = staticmethod(lambda config, epoch: epochs.append(epoch))
    demo.run(tmp_path)
    left = NAMES[NAMES.index(stopped) :]
    assert [config.work_dir for _, config in runner.calls] == [
        str(tmp_path / name) for name in left
    ]
    assert epochs[:9] == [*range(7, 16)]
