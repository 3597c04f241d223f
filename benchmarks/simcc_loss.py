"""The loss of a SimCC teacher: by its rows alone, and by heatmaps.

What is timed is what a step pays for the teacher's logits: the adapter,
SimulatedHeatmapLoss, and its gradients. The same teacher turned into heatmaps
has them formed at each step: in all bins, which gives the same loss, or in
those of a heatmap at stride 4, of which a Gaussian of SimCC covers few cells.
All are timed in turn, again and again; what counts is the median.
"""

import distilpose  # noqa: F401  isort: skip  (before MMPose's models)

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from mmpose.codecs import SimCCLabel
from torch import Tensor

from distilpose.distillation import SimulatedHeatmapLoss
from distilpose.heads.simcc import simcc_heatmaps
from distilpose.heatmaps.forms import DenseHeatmaps, SeparableHeatmaps

# The benchmark of models lies where MIM finds it.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'tools'))
from timing import interleave, measuring_parser, peak_memory, set_up, write

SIZE = (192, 256)  # (W, H)
STEP = 8  # bins per cell of a heatmap at stride 4
# RTMPose's.
CODEC = SimCCLabel(SIZE, sigma=(4.9, 5.66), normalize=False)
LOSS = dict(beta=10.0, label_beta=10.0)


def formed(maps: SeparableHeatmaps) -> DenseHeatmaps:
    """Heatmaps of all bins."""
    return DenseHeatmaps(maps.frame, maps.formed())


def formed_at_stride_4(maps: SeparableHeatmaps) -> DenseHeatmaps:
    """Heatmaps of every eighth bin, along x and y."""
    frame = maps.frame._replace(
        size=(SIZE[0] // 4, SIZE[1] // 4),
        scale=(SIZE[0] / 4, SIZE[1] / 4),
        sigma_scale=(1.0, 1.0),
    )
    rows, columns = maps.rows[..., ::STEP], maps.columns[..., ::STEP]
    return formed(replace(maps, frame=frame, rows=rows, columns=columns))


FORMS: dict[str, Callable] = {
    'rows': lambda maps: maps,
    '512x384': formed,
    '64x48': formed_at_stride_4,
}


def measure(batch: int, args: argparse.Namespace) -> dict[str, object]:
    """A row of the table for one batch."""
    torch.manual_seed(0)
    device = args.device
    logits = [torch.randn(batch, 17, 2 * n, device=device) for n in SIZE]
    coords = torch.rand(batch, 17, 2, device=device, requires_grad=True)
    sigmas = torch.rand(batch, 17, 2, device=device) + 1
    sigmas.requires_grad_()
    weights = torch.ones(batch, 17, device=device)
    loss = SimulatedHeatmapLoss()

    def value(form: str) -> Tensor:
        maps = simcc_heatmaps(CODEC, *logits, **LOSS)
        return loss(coords, sigmas, FORMS[form](maps), weights)

    torch.testing.assert_close(value('rows'), value('512x384'))
    calls = {form: lambda f=form: value(f).backward() for form in FORMS}
    took = interleave(calls, args.repeats, device)
    row: dict[str, object] = {'batch': batch}
    for form in FORMS:
        row[f'{form}, ms'] = str(took[form])
    for form in ('512x384', '64x48'):
        ratio = took[form].median / took['rows'].median
        row[f'{form} / rows'] = f'{ratio:.1f}'
    for form in FORMS:
        row[f'{form}, MB'] = f'{peak_memory(calls[form], device):.0f}'
    return row


def main(argv: list[str] | None = None) -> None:
    """Measure; ``argv`` defaults to the command line's arguments."""
    parser = measuring_parser(__doc__, [8, 16])
    args = parser.parse_args(argv)
    set_up(parser, args)
    if args.precision != 'float32':
        parser.error('the loss is computed in float32')
    rows = [measure(batch, args) for batch in args.batch]
    write(args, 'simcc_loss', rows)


if __name__ == '__main__':
    main()
