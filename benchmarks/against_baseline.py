"""DistilPose-S and its losses against the same written naively.

    python benchmarks/against_baseline.py predict    deployed, and naive
    python benchmarks/against_baseline.py train      a distillation step
    python benchmarks/against_baseline.py loss       simulated heatmaps

Equal outputs are asserted before anything is measured. Both are timed in turn,
again and again; what counts is the median.
"""

import distilpose  # noqa: F401  isort: skip  (before MMPose's models)

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmpose.models import TopdownPoseEstimator
from mmpose.testing import get_packed_inputs
from torch import Tensor

from distilpose.deploy import deploy
from distilpose.deploy.fuse import PointwiseLinear
from distilpose.losses.paper import SimulatedHeatmapLoss
from distilpose.zoo.build import build_without_weights
from distilpose.zoo.find import find_config

# The benchmark of models lies where MIM finds it.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'tools'))
from naive_baseline import build_naive, naive_losses, simulate_heatmaps_in_full
from timing import (
    Timing,
    add_options,
    interleave,
    peak_memory,
    prediction,
    set_up,
    write,
)

STUDENT = 'distilpose-s_8xb32-300e_coco-256x192'
TEACHER = 'tokenpose-stem_8xb64-300e_coco-256x192'
SIZE = (192, 256)  # (W, H)
GFLOP = 5.41  # of an image of DistilPose-S


def predict(args: argparse.Namespace) -> None:
    """DistilPose-S as it is deployed, and naively."""
    config = Config.fromfile(find_config(STUDENT))
    torch.manual_seed(0)
    own = build_without_weights(config)
    naive = build_naive(config.model, own.state_dict()).to(args.device)
    deploy(own.to(args.device))
    rows = []
    for flip_test in (False, True):
        for batch in args.batch:
            calls = {
                name: prediction(
                    *(model, SIZE, args.device, batch),
                    *(flip_test, args.precision),
                )
                for name, model in (('naive', naive), ('ours', own))
            }
            # Beside float32, the two round differently.
            if args.precision == 'float32':
                expect_equal(calls['naive'](), calls['ours']())
            took = interleave(calls, args.repeats, args.device)
            rows.append(
                {
                    'batch': batch,
                    'flip test': 'yes' if flip_test else 'no',
                    **side_by_side(took),
                    'ours, ms an image': f'{took["ours"].median / batch:.1f}',
                }
            )
    rates = matrix_rates(args)
    note = (
        'Matrix products here, GFLOP/s: '
        + ', '.join(f'{rate:.0f} by {name}' for name, rate in rates.items())
        + f'. An image of DistilPose-S, {GFLOP} GFLOP, takes '
        f'{1e3 * GFLOP / max(rates.values()):.1f} ms at the higher rate.'
    )
    write(args, 'predict', rows, [note])


def side_by_side(took: dict[str, Timing]) -> dict[str, str]:
    """The columns of every table here."""
    return {
        'naive, ms': str(took['naive']),
        'ours, ms': str(took['ours']),
        'ratio': f'{took["naive"].median / took["ours"].median:.2f}',
    }


def expect_equal(expected: list, found: list) -> None:
    """Compare the predictions of two models."""
    for a, b in zip(expected, found):
        for key in ('keypoints', 'keypoint_scores'):
            np.testing.assert_allclose(
                *(a.pred_instances[key], b.pred_instances[key]),
                rtol=1e-4,
                atol=1e-4,
            )


def matrix_rates(args: argparse.Namespace) -> dict[str, float]:
    """Billions of operations a second in a large product, two ways."""
    n = 2048
    a, b = torch.randn(2, n, n, device=args.device)
    layer = PointwiseLinear(n, n, bias=False).to(args.device)
    with torch.inference_mode():
        took = interleave(
            {'matmul': lambda: a @ b, '1x1 convolution': lambda: layer(a)},
            args.repeats,
            args.device,
        )
    return {k: 2 * n**3 / v.median / 1e6 for k, v in took.items()}


def train(args: argparse.Namespace) -> None:
    """A distillation step, ours and naive, and the shares of ours."""
    teacher = Config.fromfile(find_config(args.teacher))
    config = Config.fromfile(find_config(STUDENT))
    torch.manual_seed(0)
    weights = build_without_weights(teacher).state_dict()
    naive_teacher = build_naive(teacher.model, weights).to(args.device)
    with tempfile.TemporaryDirectory() as folder:
        file = f'{folder}/teacher.pth'
        torch.save(weights, file)
        config.model.teacher = dict(config=teacher, checkpoint=file)
        own = build_without_weights(config).to(args.device).train()
        own.teacher(torch.zeros(1, 3, *SIZE[::-1], device=args.device))
    naive = build_naive(config.model, own.state_dict()).to(args.device).train()
    rows, notes = [], []
    for batch in args.batch:
        data = get_packed_inputs(
            batch, input_size=SIZE, with_simcc_label=False
        )
        samples = [sample.to(args.device) for sample in data['data_samples']]
        inputs = torch.stack(data['inputs']).to(args.device) / 127.5 - 1
        row, note = measure_step(
            *(own, lambda x, s: naive_losses(naive, naive_teacher, x, s)),
            *(inputs, samples, args),
        )
        rows.append(row)
        notes.append(note)
    write(args, 'train', rows, notes)


def measure_step(
    own: TopdownPoseEstimator,
    naive: Callable[[Tensor, list], dict[str, Tensor]],
    inputs: Tensor,
    samples: list,
    args: argparse.Namespace,
) -> tuple:
    """A row for one batch, and a note about the shares of our step."""
    expected, found = naive(inputs, samples), own.loss(inputs, samples)
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-6)

    def total(losses: dict[str, Tensor]) -> Tensor:
        return sum(v for k, v in losses.items() if k.startswith('loss'))

    took = interleave(
        {
            'naive': lambda: total(naive(inputs, samples)).backward(),
            'ours': lambda: total(own.loss(inputs, samples)).backward(),
            'forward': lambda: own.loss(inputs, samples),
            'student': lambda: own.head(own.extract_feat(inputs)),
            'teacher': lambda: own.teacher(inputs),
        },
        args.repeats,
        args.device,
    )
    whole, batch = took['ours'].median, len(inputs)
    parts = dict(
        student=took['student'].median,
        teacher=took['teacher'].median,
        backward=whole - took['forward'].median,
    )
    parts['losses and accuracy'] = whole - sum(parts.values())
    shares = [f'{k} {100 * v / whole:.0f} %' for k, v in parts.items()]
    row = {
        'batch': batch,
        **side_by_side(took),
        'images/s': f'{1e3 * batch / whole:.1f}',
    }
    return row, f'- batch {batch}: ' + ', '.join(shares)


def loss(args: argparse.Namespace) -> None:
    """The simulated-heatmap loss, drawn in full and in closed form."""
    torch.manual_seed(0)
    rows = [measure_loss(batch, args) for batch in args.batch]
    write(args, 'loss', rows)


def measure_loss(batch: int, args: argparse.Namespace) -> dict[str, object]:
    """A row for one batch."""
    coords = torch.rand(batch, 17, 2, device=args.device, requires_grad=True)
    sigmas = torch.rand(batch, 17, 2, device=args.device) + 1
    sigmas.requires_grad_()
    heatmaps = torch.rand(batch, 17, 64, 48, device=args.device)
    weights = torch.ones(batch, 17, device=args.device)
    closed = SimulatedHeatmapLoss()

    def naive() -> Tensor:
        drawn = simulate_heatmaps_in_full(coords, sigmas, (48, 64))
        return ((drawn - heatmaps) * weights[..., None, None]).square().mean()

    def ours() -> Tensor:
        return closed(coords, sigmas, heatmaps, weights)

    torch.testing.assert_close(ours(), naive())
    calls = dict(
        naive=lambda: naive().backward(), ours=lambda: ours().backward()
    )
    took = interleave(calls, args.repeats, args.device)
    return {
        'batch': batch,
        **side_by_side(took),
        'naive, MB': f'{peak_memory(calls["naive"], args.device):.0f}',
        'ours, MB': f'{peak_memory(calls["ours"], args.device):.0f}',
    }


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line; ``args.measure`` is what to call."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar='COMMAND')
    for measure, batch in ((predict, [1, 16]), (train, [8]), (loss, [64])):
        command = commands.add_parser(
            measure.__name__, help=measure.__doc__.splitlines()[0]
        )
        command.set_defaults(measure=measure)
        add_options(command, batch)
        if measure is train:
            command.add_argument('--teacher', default=TEACHER)
    args = parser.parse_args(argv)
    set_up(parser, args)
    if args.measure is not predict and args.precision != 'float32':
        parser.error('--precision is for predictions')
    return args


def main(argv: list[str] | None = None) -> None:
    """Measure; ``argv`` defaults to the command line's arguments."""
    args = parse(argv)
    args.measure(args)


if __name__ == '__main__':
    main()
