"""Train configs over seeds and compare them in a table.

    python benchmarks/experiments.py FOLDER [KEY=VALUE ...]
        CONFIG [KEY=VALUE ...] [CONFIG [KEY=VALUE ...] ...]

Each CONFIG, a file or a name, with the changes behind it is a row; `name=...`
among them names it. Changes in front of the first CONFIG are made to every
row. In a VALUE, {seed} stands for the seed. The first row is what the others
are compared with. Runs train one after the other, or --jobs at a time, which
suits a GPU and small models; called again, the command goes on where it was
interrupted, and takes rows and seeds that are new. FOLDER gets results.md,
results.json and curves.png.
"""

import argparse
import functools
import importlib
import json
import multiprocessing
import platform
import shlex
import statistics
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

from mmengine.config import Config
from tabulate import tabulate
from tqdm import tqdm

from distilpose.version import __version__
from distilpose.zoo.find import find_config
from distilpose_cli.errors import read_settings
from distilpose_demo.report import draw_curves
from distilpose_demo.training import Training


class Row(NamedTuple):
    """One row of the table."""

    name: str  # and its folder
    config: Path
    options: tuple[str, ...]  # KEY=VALUE; {seed} stands for the seed

    def training(self, folder: Path, seed: int) -> Training:
        """Its run with a seed."""
        options = [f'randomness.seed={seed}', *self.options]
        options = [option.replace('{seed}', str(seed)) for option in options]
        config = Config.fromfile(self.config)
        config.merge_from_dict(read_settings(options))
        place = folder.absolute() / self.name / f'seed-{seed}'
        return Training(f'{self.name}, seed {seed}', config, place)


Runs = dict[str, dict[int, Training]]  # by row and seed
Curves = dict[str, dict[int, dict[int, float]]]  # by row, seed and epoch


def parse_rows(arguments: Sequence[str]) -> list[Row]:
    """Read rows off a command line: CONFIG [KEY=VALUE ...], repeated.

    Raises:
        ValueError: There is no config, or a name without one or twice.
        FileNotFoundError: A config does not exist.
    """
    rows: list[Row] = []
    common: tuple[str, ...] = ()
    for argument in arguments:
        key, is_option, value = argument.partition('=')
        if not is_option:
            path = find_config(argument, with_mmpose=True).resolve()
            rows.append(Row(path.stem, path, common))
        elif key == 'name':
            if not rows or not value:
                raise ValueError(
                    f'Given "{argument}", expected name=NAME behind the '
                    'config of a row.'
                )
            rows[-1] = rows[-1]._replace(name=value)
        elif rows:
            options = (*rows[-1].options, argument)
            rows[-1] = rows[-1]._replace(options=options)
        else:
            common = (*common, argument)
    names = [row.name for row in rows]
    if not rows or len({*names}) < len(names):
        raise ValueError(
            f'The rows are called {names}, expected one or more, each with a '
            'name of its own. Give a CONFIG for each row, and name rows of '
            'one config by name=NAME.'
        )
    return rows


def run_experiment(
    folder: Path,
    rows: Sequence[Row],
    seeds: Sequence[int] = (0, 1, 2),
    metric: str = 'coco/AP',
    command: str = '',
    jobs: int = 1,
) -> str:
    """Train and validate every row with every seed, and write the report.

    Runs of an earlier call that are complete are not repeated. The first row
    is what the others are compared with, by a metric of the last validation.
    The command is stated in the report; ``jobs`` train at a time, each in a
    process of its own.

    Returns:
        The report, which ``results.md`` holds as well.

    Raises:
        ValueError: Seeds are negative or given twice, or a row does not
            train by epochs.
        RuntimeError: A folder holds another run, or a training failed or gave
            no such metric. The other trainings are completed first.
    """
    runs = _claim(folder, rows, seeds)
    todo = [runs[row.name][seed] for seed in seeds for row in rows]
    faults: list[str | None] = []
    if jobs == 1:
        for number, run in enumerate(todo, 1):
            tqdm.write(f'== {run.name} ({number} of {len(todo)})')
            faults.append(_train(metric, run))
    else:
        spawn = multiprocessing.get_context('spawn')  # CUDA cannot be forked
        train = functools.partial(_train_silently, metric)
        with ProcessPoolExecutor(jobs, spawn) as pool:
            outcomes = tqdm(pool.map(train, todo), total=len(todo), unit='run')
            faults.extend(outcomes)
    told = [fault for fault in faults if fault is not None]
    if told:
        raise RuntimeError('\n'.join(told))
    curves = {
        name: {
            seed: {n: found[metric] for n, found in run.validations.items()}
            for seed, run in of_seed.items()
        }
        for name, of_seed in runs.items()
    }
    report = _table(curves, metric) + _provenance(command)
    (folder / 'results.md').write_text(report)
    (folder / 'results.json').write_text(json.dumps(curves, indent=1))
    figure = draw_curves(
        {name: [*of_seed.values()] for name, of_seed in runs.items()}, metric
    )
    figure.savefig(folder / 'curves.png')
    return report


def _claim(folder: Path, rows: Sequence[Row], seeds: Sequence[int]) -> Runs:
    """Make the runs, and tell what is wrong before hours of training."""
    if min(seeds) < 0 or len({*seeds}) < len(seeds):
        raise ValueError(
            f'The seeds are {[*seeds]}, expected numbers from 0 on, each once.'
        )
    runs = {
        row.name: {seed: row.training(folder, seed) for seed in sorted(seeds)}
        for row in rows
    }
    every = [run for of_seed in runs.values() for run in of_seed.values()]
    for run in every:
        run.epochs  # noqa: B018
    for run in every:
        run.claim()
    return runs


def _train(metric: str, run: Training) -> str | None:
    """Train unless that is done; give what failed, if anything."""
    try:
        metrics = run.run()
    except RuntimeError as error:
        fault = str(error)
    else:
        if metric in metrics:
            tqdm.write(f'   {metric} {metrics[metric]:.4f}')
            return None
        fault = (
            f'{run.name}: the validation gives no "{metric}", but '
            f'{sorted(metrics)}. Choose one by --metric.'
        )
    tqdm.write(fault)
    return fault


def _train_silently(metric: str, run: Training) -> str | None:
    """Train, with what is shown in a file beside the log."""
    with (
        open(run.folder / 'progress.log', 'a') as file,
        redirect_stdout(file),
        redirect_stderr(file),
    ):
        return _train(metric, run)


def _table(curves: Curves, metric: str) -> str:
    """Every seed, mean and spread, and the difference seed by seed."""
    by_row = {
        name: [values[max(values)] for values in of_seed.values()]
        for name, of_seed in curves.items()
    }
    first, *_ = by_row
    table = []
    for name, values in by_row.items():
        differences = [a - b for a, b in zip(values, by_row[first])]
        table.append(
            [
                f'`{name}`',
                *(f'{value:.3f}' for value in values),
                _mean_and_spread(values),
                '' if name == first else _mean_and_spread(differences, '+'),
            ]
        )
    headers = ['row', *(f'seed {seed}' for seed in curves[first])]
    headers += [f'{metric}, mean', f'against `{first}`']
    return tabulate(table, headers, tablefmt='github', disable_numparse=True)


def _mean_and_spread(values: list[float], sign: str = '') -> str:
    spread = f' ± {statistics.stdev(values):.3f}' if len(values) > 1 else ''
    return f'{statistics.mean(values):{sign}.3f}{spread}'


def _provenance(command: str) -> str:
    versions = ', '.join(
        f'{package} {importlib.import_module(package).__version__}'
        for package in ('mmpose', 'mmengine', 'torch', 'numpy')
    )
    return (
        '\n\nMean and sample standard deviation over the seeds; the '
        'difference is taken seed by seed.\n\n'
        + (f'    {command}\n\n' if command else '')
        + f'distilpose {__version__}, {versions}, Python '
        f'{platform.python_version()}.\n'
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('folder', type=Path, metavar='FOLDER')
    parser.add_argument(
        'rows', nargs='+', metavar='[KEY=VALUE ...] CONFIG [KEY=VALUE ...]'
    )
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--metric', default='coco/AP')
    parser.add_argument(
        '--jobs', type=int, default=1, help='how many to train at a time'
    )
    args = parser.parse_args()
    command = shlex.join(
        ['python', 'benchmarks/experiments.py', *sys.argv[1:]]
    )
    try:
        report = run_experiment(
            args.folder,
            parse_rows(args.rows),
            args.seeds,
            args.metric,
            command,
            args.jobs,
        )
    except (OSError, RuntimeError, ValueError) as error:
        sys.exit(f'experiments: {error}')
    except KeyboardInterrupt:
        tqdm.write(
            '\nexperiments: interrupted. The same command goes on where it '
            'was.',
            file=sys.stderr,
        )
        sys.exit(130)
    print(report)  # noqa: T201


if __name__ == '__main__':
    main()
