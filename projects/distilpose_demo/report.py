"""The demo's results: a table, curves and a sheet of pictures."""

import math
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from matplotlib.figure import Figure
from mmengine.dataset import pseudo_collate
from mmengine.registry import DefaultScope
from mmpose.registry import DATASETS
from tabulate import tabulate

from distilpose.heatmaps.frame import heatmap_frame
from distilpose.heatmaps.functional import simulate_heatmaps
from distilpose.hooks.drawing import draw_comparison
from distilpose.zoo.build import load_model

from .plots import add_legend, line_styles, new_figure
from .training import Training

__all__ = ['draw_curves', 'write_report']

TITLES = dict(
    undistilled='Student, not distilled',
    teacher='Teacher (heatmaps)',
    distilled='Student, distilled',
)
METRICS = ('AP', 'AP .5', 'AP .75', 'AR')


def write_report(folder: Path, trainings: dict[str, Training]) -> str:
    """Write ``results.md``, ``curves.png`` and ``pictures.png``.

    Args:
        folder: Where to write them.
        trainings: The complete runs, by the names in ``TITLES``.

    Returns:
        The table and the files' paths, to print.
    """
    models = {
        name: load_model(one.config, one.checkpoint)
        for name, one in trainings.items()
    }
    rows = []
    for name, one in trainings.items():
        found = one.validations[one.epochs]
        size = sum(p.numel() for p in models[name].parameters())
        values = [f'{found[f"coco/{metric}"]:.3f}' for metric in METRICS]
        rows.append([TITLES[name], f'{size:,}', *values])
    table = tabulate(
        rows,
        ['model', 'parameters', *METRICS],
        tablefmt='github',
        colalign=['left', *['right'] * (1 + len(METRICS))],
        disable_numparse=True,
    )
    (folder / 'results.md').write_text(table + '\n', encoding='utf-8')
    curves = {TITLES[name]: [one] for name, one in trainings.items()}
    figure = draw_curves(curves, 'coco/AP', bold=[TITLES['distilled']])
    figure.savefig(folder / 'curves.png')
    picture = draw_pictures(models, trainings['distilled'])
    cv2.imwrite(str(folder / 'pictures.png'), picture)
    files = ('results.md', 'curves.png', 'pictures.png')
    return '\n'.join([table, *(str(folder / name) for name in files)])


def draw_curves(
    runs: Mapping[str, Sequence[Training]],
    metric: str,
    bold: Sequence[str] = (),
) -> Figure:
    """Draw a metric by epoch: mean and range over the runs of one name.

    Args:
        runs: Runs with as many epochs each, by name. The line of the first
            is dashed: it is what the others are compared with.
        metric: Which metric of the validations.
        bold: Names whose lines are heavier.
    """
    several = max(map(len, runs.values())) > 1
    figure, axis = new_figure(
        'epoch',
        f'{metric}, mean and range of the seeds' if several else metric,
        height=max(4.2, 0.22 * len(runs) + 1),
    )
    for (name, trainings), style in zip(runs.items(), line_styles()):
        curves = [one.validations for one in trainings]
        epochs = sorted(set.intersection(*map(set, curves)))
        values = [
            [curve[epoch][metric] for curve in curves] for epoch in epochs
        ]
        axis.plot(
            epochs,
            [statistics.mean(v) for v in values],
            label=name,
            linewidth=3 if name in bold else 1.5,
            linestyle='-' if axis.get_lines() else '--',
            **style,
        )
        low, high = [min(v) for v in values], [max(v) for v in values]
        axis.fill_between(
            epochs, low, high, color=style['color'], alpha=0.15, linewidth=0
        )
    # A tick at the last epoch and, if they are a dozen or less, at each.
    axis.set_xticks(epochs[:: -math.ceil(len(epochs) / 12)])
    add_legend(axis, bold)
    return figure


def draw_pictures(models: dict[str, Any], training: Training) -> np.ndarray:
    """Draw the models' predictions for validation samples, a row for each.

    There are six, evenly spread over the data.

    Args:
        models: The trained models, by the names in ``TITLES``.
        training: The run whose validation data is shown.

    Returns:
        Picture (H, W, 3), BGR, 8 bits.
    """
    # Where all runs were complete already, no runner has set the scope.
    with DefaultScope.overwrite_default_scope('mmpose'):
        dataset = DATASETS.build(training.config.val_dataloader.dataset)
    chosen = np.linspace(0, len(dataset) - 1, num=6).astype(int)
    batch = pseudo_collate([dataset[int(i)] for i in chosen])
    outputs = {name: _forward(model, batch) for name, model in models.items()}
    teacher = outputs['teacher']
    student, other = outputs['distilled'], outputs['undistilled']
    codec = models['teacher'].head.decoder
    simulated = simulate_heatmaps(
        student.coords, student.sigmas, heatmap_frame(codec)
    )
    rows = [
        draw_comparison(
            batch['inputs'][i].permute(1, 2, 0).numpy(),
            [teacher[i].numpy(), simulated[i].numpy()],
            [student.coords[i].numpy(), other.coords[i].numpy()],
            dataset.metainfo['skeleton_links'],
            dataset.metainfo['skeleton_link_colors'],
        )
        for i in range(len(chosen))
    ]
    titles = ['Input', 'Teacher heatmap', 'Simulated heatmap']
    titles += [TITLES['distilled'], TITLES['undistilled']]
    return np.vstack([_header(titles, rows[0].shape[1]), *rows])


def _header(titles: list[str], width: int) -> np.ndarray:
    """A white strip with a title over each column."""
    strip = np.full((24, width, 3), 255, np.uint8)
    for i, title in enumerate(titles):
        place = (i * width // len(titles) + 6, 16)
        font = cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(strip, title, place, font, 0.42, (0, 0, 0), 1, cv2.LINE_AA)
    return strip


@torch.no_grad()
def _forward(model: Any, batch: dict) -> Any:
    inputs = model.data_preprocessor(batch, training=False)['inputs']
    return model(inputs, None, mode='tensor')
