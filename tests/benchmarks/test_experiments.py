"""The experiments' runner, with MMEngine's runner replaced by a stub."""

import json
from pathlib import Path

import pytest
from experiments import parse_rows, run_experiment

PLAIN = 'distilpose-tiny_no-distill_1xb32-15e_demo-96x64'
FULL = 'distilpose-tiny_1xb32-15e_demo-96x64'


@pytest.fixture(autouse=True)
def metrics(runner):
    def metrics(config, epoch):
        value = 0.6 if 'teacher' in config.model else 0.4
        value += config.randomness.seed / 100
        share = epoch / config.train_cfg.max_epochs
        return {'coco/AP': value * share, 'coco/AR': 1.0}

    runner.metrics = staticmethod(metrics)


def test_table_of_means_spreads_and_differences(runner, tmp_path):
    short = 'train_cfg.max_epochs=3'
    rows = parse_rows([short, PLAIN, FULL, 'model.x=/data/{seed}'])
    report = run_experiment(tmp_path, rows, (2, 0, 1), command='the command')
    table = [
        [cell.strip() for cell in line.split('|')[1:-1]]
        for line in report.splitlines()
        if line.startswith('|')
    ]
    assert table[0][1:4] == ['seed 0', 'seed 1', 'seed 2']
    assert table[0][4:] == ['coco/AP, mean', f'against `{PLAIN}`']
    assert table[2][1:] == ['0.400', '0.410', '0.420', '0.410 ± 0.010', '']
    assert table[3][4:] == ['0.610 ± 0.010', '+0.200 ± 0.000']
    assert (tmp_path / 'results.md').read_text() == report
    assert 'the command' in report and 'torch' in report
    assert (tmp_path / 'curves.png').is_file()
    curves = json.loads((tmp_path / 'results.json').read_text())
    assert curves[FULL]['1']['3'] == pytest.approx(0.61)
    assert len(curves[FULL]['1']) == 3
    changed = [c.model.x for _, c in runner.calls if 'x' in c.model]
    assert changed == ['/data/2', '/data/0', '/data/1']
    run_experiment(tmp_path, rows, seeds=(0, 1, 2))
    assert len(runner.calls) == 6, 'what is complete is not repeated'


@pytest.mark.slow
def test_side_by_side(tmp_path, monkeypatch):
    """In processes that import what the options ask for; faults are told."""
    (tmp_path / 'mine.py').write_text(
        'from distilpose_demo.training import Training\n'
        'def run(self):\n'
        "    (self.folder / 'tries').open('a').write('x')\n"
        "    if self.config.randomness.seed: raise RuntimeError('no disk')\n"
        "    self.record(self.epochs, {'coco/AP': 0.5})\n"
        "    self.checkpoint.write_text('weights')\n"
        'Training._train = run\n'
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv('PYTHONPATH', str(tmp_path))
    rows = parse_rows(['custom_imports.imports=[mine]', PLAIN])
    with pytest.raises(RuntimeError, match='no disk'):
        run_experiment(tmp_path / 'out', rows, seeds=(0, 1), jobs=2)
    done = json.loads(
        (tmp_path / f'out/{PLAIN}/seed-0/validations.json').read_text()
    )
    assert done == {'15': {'coco/AP': 0.5}}
    tries = (tmp_path / f'out/{PLAIN}/seed-1/tries').read_text()
    assert tries == 'x', 'what failed is not tried again'


def test_changed_row_is_not_taken_for_the_old_one(runner, tmp_path):
    """Which is told before anything else trains."""
    run_experiment(tmp_path, parse_rows([PLAIN, 'name=r']), seeds=(0,))
    changed = [FULL, PLAIN, 'name=r', 'optim_wrapper.optimizer.lr=9']
    with pytest.raises(RuntimeError, match='run with another config or other'):
        run_experiment(tmp_path, parse_rows(changed), seeds=(0,))
    assert len(runner.calls) == 1


@pytest.mark.parametrize('options, seeds, message', [
    ([], (0, 0), r'seeds are \[0, 0\], .* each once'),
    (['train_cfg.max_epochs=None'], (0,), 'max_epochs=None'),
])  # fmt: skip
def test_wrong_arguments_write_nothing(options, seeds, message, tmp_path):
    rows = parse_rows([PLAIN, *options])
    with pytest.raises(ValueError, match=message):
        run_experiment(tmp_path, rows, seeds)
    assert not [*tmp_path.iterdir()]


def test_rows_on_the_command_line():
    rows = parse_rows([FULL, 'name=long', 'train_cfg.max_epochs=60', FULL])
    assert [row.name for row in rows] == ['long', FULL]
    assert rows[0].options == ('train_cfg.max_epochs=60',)
    epochs = [row.training(Path('x'), 0).epochs for row in rows]
    assert epochs == [60, 15]
    rows = parse_rows(['a={seed}', FULL, 'b=2', PLAIN])
    options = [row.options for row in rows]
    assert options == [('a={seed}', 'b=2'), ('a={seed}',)]
    for arguments, message in (
        (['name=a', FULL], 'expected name=NAME behind the config'),
        ([FULL, 'name='], 'expected name=NAME behind the config'),
        (['a=1'], r'called \[\], expected one or more'),
        ([FULL, FULL], 'a name of its own'),
    ):
        with pytest.raises(ValueError, match=message):
            parse_rows(arguments)
    with pytest.raises(FileNotFoundError, match='Nearest'):
        parse_rows(['distilpose-huge'])
