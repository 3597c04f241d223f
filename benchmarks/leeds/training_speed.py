"""Crops a second of a training step, of several students in one run.

    python benchmarks/leeds/training_speed.py CONFIG [CONFIG ...]

Each student is measured as its config has it and, where it has a token
encoder, pooled. All see the same batch of their config's data, which is made
before; what a step takes is forward pass, losses, backward pass and
optimizer. The steps of all are timed in turn, again and again; what counts is
the median.
"""

import distilpose  # noqa: F401  isort: skip  (before MMPose's models)

import argparse
import copy
import sys
from collections.abc import Callable
from pathlib import Path

from complexity import measure_complexity
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.optim import build_optim_wrapper
from mmengine.runner import Runner

from distilpose.zoo.build import build_without_weights
from distilpose.zoo.find import read_config

# The benchmark of models lies where MIM finds it.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'tools'))
from timing import add_options, interleave, set_up, write


def variants(name: str) -> dict[str, Config]:
    """A config, and the same without its token encoder."""
    config = read_config(name)
    found = {Path(name).stem: config}
    if config.model.get('neck'):
        pooled = copy.deepcopy(config)
        pooled.model.head.type = 'PooledDistilPoseHead'
        pooled.model.head.in_channels = config.model.neck.in_channels
        pooled.model.neck = None
        found[f'{Path(name).stem}, pooled'] = pooled
    return found


def training_step(config: Config, batch: dict) -> Callable[[], object]:
    """Make a call that trains a student of random weights by one step."""
    model = build_without_weights(config).train()
    optimizer = build_optim_wrapper(model, config.optim_wrapper)
    return lambda: model.train_step(batch, optimizer)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('configs', nargs='+', metavar='CONFIG')
    add_options(parser, batch=[64])
    args = parser.parse_args()
    set_up(parser, args)
    MMLogger.get_current_instance().setLevel('ERROR')
    students: dict[str, Config] = {}
    for name in args.configs:
        students.update(variants(name))
    counts = {
        name: measure_complexity(config) for name, config in students.items()
    }
    rows: list[dict[str, object]] = []
    for size in args.batch:
        config = next(iter(students.values()))
        loader = config.train_dataloader
        loader.batch_size = size
        batch = next(iter(Runner.build_dataloader(loader, seed=0)))
        took = interleave(
            {
                name: training_step(config, batch)
                for name, config in students.items()
            },
            args.repeats,
            args.device,
        )
        for name, count in counts.items():
            rows.append(
                {
                    'student': name,
                    'batch': size,
                    'parameters, M': f'{count.parameters / 1e6:.2f}',
                    'GMACs': f'{count.layer_macs / 1e9:.3f}',
                    'ms a step': str(took[name]),
                    'crops/s': f'{1e3 * size / took[name].median:.0f}',
                }
            )
    write(args, 'training_speed', rows)


if __name__ == '__main__':
    main()
