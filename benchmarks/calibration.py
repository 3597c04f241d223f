"""How well scores and sigmas rank the errors of a student's keypoints.

    python benchmarks/calibration.py OUT.png CONFIG CHECKPOINT ...

For each model, on its validation data: the rank correlation of a keypoint's
confidence with its error, and a plot of error by tenths of the confidence.
Confidence is the score, where one was trained, and the inverse of the sigmas.
Models are students with a DistilPoseHead. It needs MMPose 1.2 or later.
"""

import distilpose  # noqa: F401  isort: skip  (before MMPose's models)

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpose.apis import init_model
from scipy.stats import spearmanr
from tabulate import tabulate
from torch import nn
from tqdm import tqdm

from distilpose.models import DistilPoseHead
from distilpose.zoo.find import find_config
from distilpose_demo.plots import line_styles, new_figure


def load(path: str, checkpoint: str, changes: dict | None = None) -> nn.Module:
    """Build a student with its weights; its config becomes ``cfg``.

    Raises:
        FileNotFoundError: There is no such config or checkpoint.
        ValueError: The model is no student, or gives no confidence.
    """
    config = Config.fromfile(find_config(path))
    # Detected boxes have no annotated keypoints to compare with.
    config.val_dataloader.dataset.bbox_file = None
    config.merge_from_dict(changes or {})
    model = init_model(config, checkpoint, device='cpu')
    if not isinstance(model.head, DistilPoseHead):
        raise ValueError(
            f'{path} has a {type(model.head).__name__}, but the calibration '
            'is of scores and sigmas: give students with a DistilPoseHead.'
        )
    if not model.head.scores and not model.head.sigmas:
        raise ValueError(
            f'{path} gives no confidence: its head has neither scores nor '
            'sigmas. Give a student with one of them.'
        )
    return model


@torch.inference_mode()
def predict(model: nn.Module) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Errors and confidences of the visible keypoints of validation.

    Args:
        model: A student, as ``load`` gives it.

    Returns:
        Errors, the distance from the truth in box diagonals, and confidences
        by name, each an array of as many keypoints.
    """
    loader = Runner.build_dataloader(model.cfg.val_dataloader)
    errors, confidences = [], {}
    for batch in tqdm(loader, desc=Path(model.cfg.filename).stem[:30]):
        data = model.data_preprocessor(batch, training=False)
        found = model(data['inputs'], None, mode='tensor')
        for i, sample in enumerate(data['data_samples']):
            meta = sample.metainfo
            scale = meta['input_scale']
            truth = sample.gt_instances.keypoints[0]
            corner = meta['input_center'] - scale / 2
            position = found.coords[i].numpy() * scale + corner
            shown = sample.gt_instances.keypoints_visible[0] > 0
            error = np.linalg.norm(position - truth, axis=-1)
            errors.append((error / np.linalg.norm(scale))[shown])
            for name, value in (
                ('score', found.scores),
                ('sigmas', found.sigmas),
            ):
                if value is None:
                    continue
                own = value[i].numpy()
                own = own[:, 0] if name == 'score' else 1 / own.prod(-1)
                confidences.setdefault(name, []).append(own[shown])
    return np.concatenate(errors), {
        name: np.concatenate(values) for name, values in confidences.items()
    }


def draw(curves: dict[str, np.ndarray]) -> Figure:
    """Plot the median error of every tenth of the keypoints, by title."""
    figure, axis = new_figure(
        'tenth of the keypoints, from the least to the most confident',
        'median error, % of the box diagonal',
        height=4.2 + 0.22 * len(curves),
    )
    tenths = range(1, 11)
    for (title, medians), style in zip(curves.items(), line_styles()):
        axis.plot(tenths, 100 * medians, label=title, **style)
    axis.set_xticks(tenths)
    axis.set_ylim(bottom=0)
    # Below the axes, as titles are paths, which may be long.
    axis.legend(
        title='rank correlation with accuracy',
        loc='upper left',
        bbox_to_anchor=(0, -0.14),
        frameon=False,
        fontsize=9,
        alignment='left',
    )
    return figure


def measure(
    models: dict[str, nn.Module],
) -> tuple[list[dict], dict[str, np.ndarray]]:
    """The table's rows and the plot's curves, of models by checkpoint."""
    rows, curves = [], {}
    for checkpoint, model in models.items():
        errors, confidences = predict(model)
        for name, confidence in confidences.items():
            rank = spearmanr(confidence, -errors).statistic
            title = f'{checkpoint}, {name}'
            rows.append(
                {
                    'checkpoint, confidence': title,
                    'rank correlation': f'{rank:.3f}',
                    'mean error, %': f'{100 * errors.mean():.2f}',
                }
            )
            tenths = np.array_split(errors[np.argsort(confidence)], 10)
            curves[f'{title}: {rank:.2f}'] = np.array(
                [np.median(tenth) for tenth in tenths]
            )
    return rows, curves


def main(argv: list[str] | None = None) -> None:
    """Measure; ``argv`` defaults to the command line's arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('out', type=Path)
    parser.add_argument('models', nargs='+', metavar='CONFIG CHECKPOINT')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    args = parser.parse_args(argv)
    if len(args.models) % 2:
        parser.error('give a checkpoint for every config')
    if not args.out.parent.is_dir():
        parser.error(f'there is no folder {args.out.parent} for the picture')
    init_default_scope('mmpose')
    models = {}
    try:
        for path, file in zip(args.models[::2], args.models[1::2]):
            models[file] = load(path, file, args.cfg_options)
    except (OSError, RuntimeError, ValueError) as error:
        sys.exit(f'calibration: {error}')
    rows, curves = measure(models)
    print(tabulate(rows, 'keys', tablefmt='github', disable_numparse=True))  # noqa: T201
    draw(curves).savefig(args.out)


if __name__ == '__main__':
    main()
