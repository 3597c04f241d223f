"""Rows of an experiment, each a config, trained over seeds and compared.

Every run has a folder of its own and trains by ``mim train mmpose``; an
interrupted experiment goes on where it was. What a run gave is its last
validation.
"""

import argparse
import importlib
import json
import os
import platform
import statistics
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Sequence, Tuple

import matplotlib
from mmengine.config import Config, DictAction
from tabulate import tabulate
from tqdm import tqdm

from . import __version__
from .commands import read_scalars, read_step, run_mim, stop_commands
from .zoo import find_config

matplotlib.use('Agg')
import matplotlib.pyplot as plt

__all__ = ['Row', 'run_ablation']


class Row(NamedTuple):
    """One row of the table.

    Attributes:
        name: What it is called, and its folder.
        config: Its config file.
        options: ``key=value`` changes of the config; ``{seed}`` in a value
            stands for the seed.
    """

    name: str
    config: Path
    options: Tuple[str, ...]

    @classmethod
    def parse_all(cls, arguments: Sequence[str]) -> 'List[Row]':
        """Read rows off a command line: CONFIG [KEY=VALUE ...], repeated.

        Changes in front of the first config are made to every row.
        ``name=...`` names the row; its config's name is the default.

        Raises:
            ValueError: There is no config, or a name without one or twice.
            FileNotFoundError: A config does not exist.
        """
        rows, common = [], ()
        for argument in arguments:
            if '=' not in argument:
                path = find_config(argument, with_mmpose=True).resolve()
                rows.append(cls(path.stem, path, common))
            elif argument.startswith('name='):
                if not rows:
                    raise ValueError(
                        f'"{argument}" comes before any config. Name a row '
                        'behind its config.'
                    )
                if argument == 'name=':
                    raise ValueError(
                        f'The row of {rows[-1].config.name} is given an empty '
                        'name. Write name=NAME.'
                    )
                rows[-1] = rows[-1]._replace(name=argument[len('name=') :])
            elif not rows:
                common = (*common, argument)
            else:
                options = (*rows[-1].options, argument)
                rows[-1] = rows[-1]._replace(options=options)
        if not rows:
            raise ValueError(
                f'There is no config among {[*arguments]}. Give one for each '
                'row.'
            )
        names = [row.name for row in rows]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(
                    f'Two rows are called "{name}". Name one of them by '
                    'name=... after its config.'
                )
        return rows

    @property
    def epochs(self) -> int:
        """How many epochs it trains, its options heeded.

        Raises:
            ValueError: It trains by iterations, or not at all.
        """
        config = _config(self.config, self.options)
        epochs = (config.get('train_cfg') or {}).get('max_epochs')
        if not isinstance(epochs, int) or epochs < 1:
            raise ValueError(
                f'The row "{self.name}" has train_cfg.max_epochs={epochs}, '
                'expected a number of epochs: rows are compared by epoch.'
            )
        return epochs


class Run(NamedTuple):
    """A row with one seed, where it trains, and how many epochs."""

    row: Row
    seed: int
    work_dir: Path
    epochs: int

    @property
    def options(self) -> List[str]:
        return [
            f'randomness.seed={self.seed}',
            *(o.replace('{seed}', str(self.seed)) for o in self.row.options),
        ]

    def curve(self, metric: str) -> Dict[int, float]:
        """The metric by epoch; after a restart, the later value counts."""
        curve = {
            scalars['step']: scalars[metric]
            for scalars in _validations(self.work_dir)
            if metric in scalars
        }
        if self.tested.exists():
            tested = _read_json(self.tested)
            if metric in tested:
                curve[self.epochs] = tested[metric]
        return curve

    @property
    def checkpoint(self) -> Path:
        return self.work_dir / f'epoch_{self.epochs}.pth'

    @property
    def tested(self) -> Path:
        """Metrics of a run that was killed in its last validation."""
        return self.work_dir / 'metrics.json'


def run_ablation(
    folder: Path,
    rows: List[Row],
    seeds: Sequence[int] = (0, 1, 2),
    metric: str = 'coco/AP',
    jobs: int = 1,
    command: str = '',
) -> str:
    """Train and validate every row with every seed, and write the report.

    Args:
        folder: Where everything is written; runs of an earlier call that are
            complete are not repeated.
        rows: The rows; the first is what the others are compared with.
        seeds: Seeds of the trainings.
        metric: Which metric of the last validation is compared.
        jobs: How many trainings run at a time.
        command: Command line to state in the report.

    Returns:
        The report, which ``results.md`` holds as well.

    Raises:
        ValueError: Seeds are negative or given twice, or there are no jobs.
        RuntimeError: A training failed, or gave no such metric. The others
            are completed first.
    """
    if min(seeds) < 0 or len({*seeds}) < len(seeds):
        raise ValueError(
            f'The seeds are {[*seeds]}, expected numbers from 0 on, each once.'
        )
    if jobs < 1:
        raise ValueError(f'{jobs} trainings at a time, expected 1 or more.')
    folder = folder.absolute()
    epochs = {row: row.epochs for row in rows}
    runs = [
        Run(row, seed, folder / row.name / f'seed-{seed}', epochs[row])
        for seed in seeds
        for row in rows
    ]
    results, faults = {}, []
    for run in runs:
        _claim(run)
    bar = tqdm(
        total=sum(run.epochs for run in runs), unit='epoch', desc=folder.name
    )
    lock, stopped = threading.Lock(), threading.Event()

    def train(run: Run) -> None:
        done = 0
        if stopped.is_set():
            return
        try:
            for epoch in _train(run, metric, jobs):
                with lock:
                    bar.update(epoch - done)
                done = epoch
            results[run] = _result(run, metric)
        except (OSError, RuntimeError, ValueError) as error:
            faults.append(f'{run.row.name}, seed {run.seed}: {error}')
        else:
            with lock:
                bar.update(run.epochs - done)
                tqdm.write(
                    f'{run.row.name}, seed {run.seed}: {metric} '
                    f'{results[run]:.4f}'
                )

    with ThreadPoolExecutor(jobs) as pool:
        futures = []
        try:
            futures.extend(pool.submit(train, run) for run in runs)
            for future in futures:
                future.result()
        except BaseException:  # Ctrl-C: or trainings would go on alone
            stopped.set()
            stop_commands()
            # A run may have been about to start its command.
            while wait(futures, timeout=0.5).not_done:
                stop_commands()
            raise
    bar.close()
    if faults:
        raise RuntimeError('\n'.join(faults))
    report = _table(rows, seeds, results, metric) + _provenance(command)
    (folder / 'results.md').write_text(report)
    (folder / 'results.json').write_text(
        json.dumps(
            {
                row.name: {
                    run.seed: run.curve(metric)
                    for run in runs
                    if run.row == row
                }
                for row in rows
            },
            indent=1,
        )
    )
    _draw_curves(folder / 'curves.png', rows, runs, metric)
    return report


def _result(run: Run, metric: str) -> float:
    """The metric after the last epoch."""
    curve = run.curve(metric)
    if run.epochs not in curve:
        logged = {key for row in _validations(run.work_dir) for key in row}
        raise RuntimeError(
            f'no "{metric}" after epoch {run.epochs}; the log in '
            f'{run.work_dir} has {sorted(k for k in logged if "/" in k)}. '
            'Choose one by --metric.'
        )
    return curve[run.epochs]


def _claim(run: Run) -> None:
    """Make a folder this run's own, or see that it is.

    Raises:
        RuntimeError: It holds a run with another config or other options.
    """
    file = run.work_dir / 'run.json'
    config = Config.fromfile(run.row.config)
    settings = dict(options=run.options, config=config.pretty_text)
    if file.exists():
        if _read_json(file) != settings:
            raise RuntimeError(
                f'{run.work_dir} holds a run with another config or other '
                'options. Name this row otherwise by name=..., or remove '
                'that folder.'
            )
    else:
        run.work_dir.mkdir(parents=True, exist_ok=True)
        written = file.with_name('run-unfinished.json')
        written.write_text(json.dumps(settings))
        written.replace(file)


def _train(run: Run, metric: str, jobs: int) -> Iterator[int]:
    """Train to the end, unless that is done; yield the epochs completed."""
    if run.epochs in run.curve(metric):
        return
    if run.checkpoint.exists():
        # MMEngine's --resume would find nothing to train, nor validate.
        arguments = ['test', 'mmpose', str(_validation_config(run))]
        arguments += ['--checkpoint', str(run.checkpoint)]
        arguments += ['--work-dir', str(run.work_dir / 'test')]
        # Complete or absent.
        written = run.tested.with_name('metrics-unfinished.json')
        arguments += ['--out', str(written)]
        for _ in run_mim(arguments, run.work_dir / 'output.log'):
            yield run.epochs
        written.replace(run.tested)
        return
    resume = []
    if (run.work_dir / 'last_checkpoint').exists():
        resume = ['--resume']
    arguments = ['train', 'mmpose', str(run.row.config)]
    arguments += ['--work-dir', str(run.work_dir), *resume]
    env = {}
    if jobs > 1:  # or every one of them takes all cores
        threads = max(1, (os.cpu_count() or 1) // jobs)
        env['OMP_NUM_THREADS'] = str(threads)
    for line in run_mim(
        [*arguments, '--cfg-options', *run.options],
        run.work_dir / 'output.log',
        env,
    ):
        now = read_step(line)
        if now is not None:
            yield now.epoch - 1


def _validation_config(run: Run) -> Path:
    """Write a config whose test is the validation of a run."""
    config = _config(run.row.config, run.options)
    config.test_dataloader = config.val_dataloader
    config.test_evaluator = config.val_evaluator
    config.test_cfg = config.get('test_cfg') or {}
    path = run.work_dir / 'validation.py'
    config.dump(path)
    return path


def _config(path: Path, options: Sequence[str]) -> Config:
    """Read a config, with changes as MMEngine's ``--cfg-options`` reads."""
    parser = argparse.ArgumentParser()
    parser.add_argument('--options', nargs='*', action=DictAction)
    changes = parser.parse_args(['--options', *options]).options
    config = Config.fromfile(path)
    config.merge_from_dict(changes)
    return config


def _validations(work_dir: Path) -> List[dict]:
    """What the validations of a training logged, and not its steps."""
    return [row for row in read_scalars(work_dir) if 'iter' not in row]


def _read_json(file: Path) -> dict:
    try:
        return json.loads(file.read_text())
    except ValueError as error:  # no JSON, or no text at all
        raise RuntimeError(
            f'{file} cannot be read ({error}). Remove it, or the folder of '
            'this run.'
        ) from error


def _table(
    rows: List[Row],
    seeds: Sequence[int],
    results: Dict[Run, float],
    metric: str,
) -> str:
    """Every seed, mean and spread, and the difference seed by seed."""
    by_row = {
        row: [
            results[run]
            for run in sorted(results, key=lambda run: run.seed)
            if run.row == row
        ]
        for row in rows
    }
    base = by_row[rows[0]]
    table = []
    for row, values in by_row.items():
        differences = [value - own for value, own in zip(values, base)]
        table.append(
            [
                f'`{row.name}`',
                *(f'{value:.3f}' for value in values),
                _mean_and_spread(values),
                '' if row is rows[0] else _mean_and_spread(differences, '+'),
            ]
        )
    headers = ['row', *(f'seed {seed}' for seed in sorted(seeds))]
    headers += [f'{metric}, mean', f'against `{rows[0].name}`']
    return (
        tabulate(table, headers, tablefmt='github', disable_numparse=True)
        + '\n'
    )


def _mean_and_spread(values: List[float], sign: str = '') -> str:
    spread = f' ± {statistics.stdev(values):.3f}' if len(values) > 1 else ''
    return f'{statistics.mean(values):{sign}.3f}{spread}'


def _provenance(command: str) -> str:
    packages = ('mmpose', 'mmengine', 'torch', 'numpy')
    versions = ', '.join(
        f'{package} {importlib.import_module(package).__version__}'
        for package in packages
    )
    return (
        '\nMean and sample standard deviation over the seeds; the difference '
        'is taken seed by seed.\n\n'
        + (f'    {command}\n\n' if command else '')
        + f'distilpose {__version__}, {versions}, Python '
        f'{platform.python_version()}.\n'
    )


def _draw_curves(
    file: Path, rows: List[Row], runs: List[Run], metric: str
) -> None:
    figure, axis = plt.subplots(figsize=(8, 5), layout='constrained')
    for i, row in enumerate(rows):
        curves = [run.curve(metric) for run in runs if run.row == row]
        epochs = sorted(set.intersection(*map(set, curves)))
        values = [[curve[epoch] for curve in curves] for epoch in epochs]
        color = plt.get_cmap('tab20')(i % 20)
        axis.plot(
            epochs,
            [statistics.mean(v) for v in values],
            label=row.name,
            color=color,
            marker='o',
        )
        axis.fill_between(
            epochs,
            [min(v) for v in values],
            [max(v) for v in values],
            color=color,
            alpha=0.15,
        )
    axis.set(xlabel='epoch', ylabel=f'{metric}: mean and range of the seeds')
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8)
    figure.savefig(file, dpi=120)
    plt.close(figure)
