"""The demo's driver, with MIM's commands replaced by a stand-in."""

import json

import pytest

from distilpose.demo import run as demo


@pytest.fixture
def mim(monkeypatch, tmp_path):
    """Record commands; write what the real ones would."""
    calls = []

    def stand_in(arguments, one):
        command = arguments[0]
        if (command, one.name) in mim.fail:
            raise RuntimeError('killed')
        calls.append((command, one.name, arguments))
        one.work_dir.mkdir(parents=True, exist_ok=True)
        if command == 'train':
            one.checkpoint.write_text('weights')
        else:
            out = arguments[arguments.index('--out') + 1]
            with open(out, 'w') as file:
                json.dump({'coco/AP': 0.5}, file)

    def make_dataset(folder, seed):
        folder.mkdir(exist_ok=True)
        return folder

    mim = type('Mim', (), dict(calls=calls, fail=set()))
    monkeypatch.setattr(demo, '_mim', stand_in)
    monkeypatch.setattr(demo, 'make_dataset', make_dataset)
    monkeypatch.setattr(demo, 'write_report', lambda *args: 'the table')
    return mim


def names(mim):
    return [(command, name) for command, name, _ in mim.calls]


ALL = [
    (command, name)
    for name in ('undistilled', 'teacher', 'distilled')
    for command in ('train', 'test')
]


def test_order_and_options(mim, tmp_path):
    demo.run(tmp_path / 'demo', seed=3)
    assert names(mim) == ALL
    for command, name, arguments in mim.calls:
        text = ' '.join(arguments)
        assert 'randomness.seed=3' in text
        assert f'data_root={tmp_path}/demo/data' in text
        teacher = f'model.teacher.checkpoint={tmp_path}/demo/teacher/epoch_'
        assert (teacher in text) == (name == 'distilled')
        start = f'init_cfg.checkpoint={tmp_path}/demo/undistilled/epoch_'
        assert text.count(start) == (2 if name == 'teacher' else 0)
        assert '--resume' not in text
        assert (
            command == 'test' or f'--work-dir {tmp_path}/demo/{name}' in text
        )


def test_second_time_does_nothing(mim, tmp_path):
    demo.run(tmp_path / 'demo')
    mim.calls.clear()
    demo.run(tmp_path / 'demo')
    assert not mim.calls


@pytest.mark.parametrize('stage', range(len(ALL)))
def test_goes_on_where_it_was(mim, tmp_path, stage):
    mim.fail = {ALL[stage]}
    with pytest.raises(RuntimeError):
        demo.run(tmp_path / 'demo')
    assert names(mim) == ALL[:stage]
    # As a training leaves it that was killed between two checkpoints.
    command, name = ALL[stage]
    if command == 'train':
        work_dir = tmp_path / 'demo' / name
        work_dir.mkdir()
        (work_dir / 'last_checkpoint').write_text('epoch_3.pth')
    mim.calls.clear()
    mim.fail = set()
    demo.run(tmp_path / 'demo')
    assert names(mim) == ALL[stage:]
    assert ('--resume' in mim.calls[0][2]) == (command == 'train')
    if command == 'train':  # how long it had trained before is not known
        minutes = tmp_path / 'demo' / name / 'training_minutes.txt'
        assert minutes.read_text() == '-\n'


def test_wrong_seed_claims_nothing(mim, tmp_path):
    with pytest.raises(ValueError, match='seed is -1'):
        demo.run(tmp_path / 'demo', seed=-1)
    assert not (tmp_path / 'demo').exists()


def test_failure_names_the_log(tmp_path):
    one = demo.Run('teacher', tmp_path / 'x.py', tmp_path / 'teacher', 1)
    with pytest.raises(RuntimeError, match=r'teacher/output\.log and ends'):
        demo._mim(['train', 'mmpose', 'missing-config.py'], one)
    assert 'missing-config.py' in (tmp_path / 'teacher/output.log').read_text()


def test_progress_is_read_from_the_log(tmp_path):
    one = demo.Run('teacher', tmp_path / 'x.py', tmp_path, 20)
    line = (
        'INFO - Epoch(train)  [3][20/41]  lr: 1.0e-03  eta: 0:02:58  '
        'time: 0.2  data_time: 0.03  loss: 0.0123  loss_kpt: 0.0123\n'
    )
    bar = demo._show_progress('nothing of note\n', None, one)
    assert bar is None
    bar = demo._show_progress(line, bar, one)
    assert (bar.n, bar.total) == (2 * 41 + 20, 20 * 41)
    bar.close()
