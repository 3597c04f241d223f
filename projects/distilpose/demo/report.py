"""What the demo writes at its end: a table, curves and a sheet of pictures."""

import json
from pathlib import Path
from typing import Dict

import matplotlib
import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmpose.apis import init_model
from mmpose.registry import DATASETS
from torch import nn

from ..commands import read_scalars
from ..models.functional import simulate_heatmaps
from ..models.heatmap_frame import HeatmapFrame
from ..visualization import draw_skeleton, overlay_heatmaps

matplotlib.use('Agg')
import matplotlib.pyplot as plt

__all__ = ['write_report']

TITLES = dict(
    teacher='Teacher (heatmaps)',
    distilled='Student, distilled',
    undistilled='Student, not distilled',
)
COLORS = dict(teacher='C7', distilled='C0', undistilled='C1')


def write_report(folder: Path, runs: Dict, data: Path) -> str:
    """Write ``results.md``, ``curves.png`` and ``pictures.png``.

    Args:
        folder: Where to write them.
        runs: The trained and tested runs, by name.
        data: Folder of the dataset.

    Returns:
        The table and the files' paths, to print.
    """
    models = {
        name: init_model(str(run.config), str(run.checkpoint), device='cpu')
        for name, run in runs.items()
    }
    table = _table(runs, models)
    (folder / 'results.md').write_text(table)
    _draw_curves(folder / 'curves.png', runs)
    _draw_pictures(folder / 'pictures.png', runs, models, data)
    files = ('results.md', 'curves.png', 'pictures.png')
    return '\n'.join([table, *(str(folder / name) for name in files)])


def _table(runs: Dict, models: Dict[str, nn.Module]) -> str:
    lines = [
        '| model | parameters | AP | AP .5 | AP .75 | AR | training, min |',
        '| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
    ]
    for name, run in runs.items():
        metrics = json.loads(run.metrics.read_text())
        values = [
            f'{metrics[f"coco/{key}"]:.3f}'
            for key in ('AP', 'AP .5', 'AP .75', 'AR')
        ]
        size = f'{sum(p.numel() for p in models[name].parameters()):,}'
        cells = [TITLES[name], size, *values, run.minutes.read_text().strip()]
        lines.append('| ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines) + '\n'


def _draw_curves(file: Path, runs: Dict) -> None:
    figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout='constrained')
    for name, run in runs.items():
        scalars = read_scalars(run.work_dir)
        for axis, key, step in (
            (axes[0], 'acc_pose', 'step'),
            (axes[1], 'coco/AP', 'step'),
        ):
            # After a restart, the later value of a step counts.
            points = {row[step]: row[key] for row in scalars if key in row}
            axis.plot(
                sorted(points),
                [points[x] for x in sorted(points)],
                label=TITLES[name],
                color=COLORS[name],
                marker='o' if key == 'coco/AP' else None,
            )
    axes[0].set(xlabel='step', ylabel='keypoints right in training (PCK)')
    axes[1].set(xlabel='epoch', ylabel='validation AP')
    for axis in axes:
        axis.grid(alpha=0.3)
        axis.legend()
    figure.savefig(file, dpi=120)
    plt.close(figure)


def _draw_pictures(
    file: Path,
    runs: Dict,
    models: Dict[str, nn.Module],
    data: Path,
    number: int = 6,
) -> None:
    config = Config.fromfile(runs['distilled'].config).val_dataloader.dataset
    dataset = DATASETS.build({**config, 'data_root': str(data)})
    chosen = np.linspace(0, len(dataset) - 1, number).astype(int)
    batch = pseudo_collate([dataset[int(i)] for i in chosen])
    titles = ['input', 'teacher heatmap', 'simulated heatmap']
    titles += [TITLES['distilled'].lower(), TITLES['undistilled'].lower()]

    images = np.stack([x.permute(1, 2, 0).numpy() for x in batch['inputs']])
    outputs = {name: _forward(model, batch) for name, model in models.items()}
    teacher = outputs['teacher'].numpy()
    simulated = simulate_heatmaps(
        outputs['distilled'].coords,
        outputs['distilled'].sigmas,
        HeatmapFrame.msra(teacher.shape[:1:-1]),
    ).numpy()
    links = dataset.metainfo['skeleton_links']
    colors = dataset.metainfo['skeleton_link_colors']

    figure, axes = plt.subplots(
        number,
        len(titles),
        figsize=(2 * len(titles), 2.7 * number),
        layout='constrained',
    )
    for i, row in enumerate(axes):
        skeletons = [
            draw_skeleton(images[i], outputs[name].coords[i], links, colors)
            for name in ('distilled', 'undistilled')
        ]
        cells = [
            images[i],
            overlay_heatmaps(images[i], teacher[i]),
            overlay_heatmaps(images[i], simulated[i]),
            *skeletons,
        ]
        for axis, cell, title in zip(row, cells, titles):
            axis.imshow(cell[..., ::-1])  # BGR to RGB
            axis.axis('off')
            if i == 0:
                axis.set_title(title, fontsize=9)
    figure.savefig(file, dpi=110)
    plt.close(figure)


@torch.no_grad()
def _forward(model: nn.Module, batch: dict):
    inputs = model.data_preprocessor(batch, training=False)['inputs']
    return model(inputs, None, mode='tensor')
