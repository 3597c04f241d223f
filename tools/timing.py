"""Calls timed in turn, their memory, and the tables of what was measured."""

import distilpose  # noqa: F401  isort: skip  (before MMPose's models)

import argparse
import csv
import platform
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from mmengine.registry import init_default_scope
from mmpose.models import TopdownPoseEstimator
from mmpose.testing import get_packed_inputs
from tabulate import tabulate
from tqdm import tqdm


class Timing(NamedTuple):
    """Milliseconds of repeated calls: the median and the middle half."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, milliseconds: Sequence[float]) -> 'Timing':
        """Summarize times; the spread stays among them, however few."""
        low, median, high = np.percentile(milliseconds, [25, 50, 75])
        return cls(float(median), float(low), float(high))

    def __str__(self) -> str:
        return f'{self.median:.1f} ({self.low:.1f} to {self.high:.1f})'


def interleave(
    calls: dict[str, Callable[[], object]], repeats: int, device: str
) -> dict[str, Timing]:
    """Time calls in turn; see :func:`milliseconds`."""
    found = milliseconds(calls, repeats, device)
    return {name: Timing.of(times) for name, times in found.items()}


def milliseconds(
    calls: dict[str, Callable[[], object]], repeats: int, device: str
) -> dict[str, list[float]]:
    """Time calls in turn, again and again, so that all meet the same noise.

    Two rounds more than ``repeats`` warm up.
    """
    found: dict[str, list[float]] = {name: [] for name in calls}
    for i in tqdm(range(repeats + 2), desc='rounds', leave=False):
        for name, call in calls.items():
            synchronize(device)
            started = time.perf_counter()
            call()
            synchronize(device)
            if i >= 2:
                found[name].append(1e3 * (time.perf_counter() - started))
    return found


def synchronize(device: str) -> None:
    """Wait until the device has done what it was given."""
    if device != 'cpu':
        torch.cuda.synchronize(device)


def prediction(
    model: TopdownPoseEstimator,
    size: tuple[int, int],
    device: str,
    batch: int,
    flip_test: bool = False,
    precision: str = 'float32',
) -> Callable[[], list]:
    """Make a call that predicts a batch of random images of (W, H) pixels.

    ``precision`` is float32, or the dtype of autocast.
    """
    np.random.seed(0)  # of flip_indices
    data = get_packed_inputs(
        batch, img_shape=size[::-1], input_size=size, with_simcc_label=False
    )
    inputs = torch.stack(data['inputs']).to(device) / 127.5 - 1
    test_cfg = {**(model.test_cfg or {}), 'flip_test': flip_test}
    kind, dtype = torch.device(device).type, getattr(torch, precision)

    def predict() -> list:
        model.test_cfg = test_cfg
        # PyTorch 2.1 refuses float32 as a dtype, even of a disabled autocast.
        half = dtype != torch.float32
        with (
            torch.inference_mode(),
            torch.autocast(kind, dtype) if half else nullcontext(),
        ):
            return model.predict(inputs, data['data_samples'])

    return predict


def peak_memory(call: Callable[[], object], device: str) -> float:
    """Megabytes at the highest, above what stood before the call."""
    if device != 'cpu':
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        call()
        return (torch.cuda.max_memory_allocated(device) - before) / 2**20
    with torch.profiler.profile(
        activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True
    ) as profile:
        call()
    steps = [
        event.nbytes()
        for event in profile.profiler.kineto_results.events()
        if event.name() == '[memory]'
    ]
    return np.cumsum([0, *steps]).max() / 2**20


def write(
    args: argparse.Namespace,
    name: str,
    rows: list[dict[str, object]],
    notes: Sequence[str] = (),
) -> None:
    """Print a table and how it came about; with --out, write it as CSV."""
    device = 'CPU' if args.device == 'cpu' else torch.cuda.get_device_name()
    table = tabulate(rows, 'keys', tablefmt='github', disable_numparse=True)
    about = (
        f'{device}, {torch.get_num_threads()} threads, {args.precision}, '
        f'{args.repeats} rounds; PyTorch {torch.__version__}, '
        f'{platform.machine()}'
    )
    print('\n'.join([table, '', *notes, '', about]))  # noqa: T201
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        with open(args.out / f'{name}.csv', 'w', newline='') as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)


def measuring_parser(
    about: str | None, batch: list[int], prog: str | None = None
) -> argparse.ArgumentParser:
    """A parser that shows a docstring, with the options of a measurement."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_options(parser, batch)
    return parser


def add_options(parser: argparse.ArgumentParser, batch: list[int]) -> None:
    """Options of every measurement; ``batch`` is the default."""
    default = 'cuda' if torch.cuda.is_available() else 'cpu'
    kinds = ['float32', 'bfloat16', 'float16']
    parser.add_argument('--batch', type=int, nargs='+', default=batch)
    parser.add_argument('--repeats', type=int, default=20)
    parser.add_argument('--threads', type=int)
    parser.add_argument('--device', default=default)
    parser.add_argument('--precision', default=kinds[0], choices=kinds)
    parser.add_argument('--out', type=Path, help='folder for files')


def set_up(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Check the options, and apply those of the whole process."""
    if args.repeats < 2:
        parser.error('--repeats must be 2 or more: one time has no spread')
    if min(args.batch) < 1:
        parser.error('--batch must be 1 or more')
    if args.threads:
        torch.set_num_threads(args.threads)
    init_default_scope('mmpose')
