"""How well scores and sigmas rank the errors of a student's keypoints.

    python tools/calibration.py OUT.png CONFIG CHECKPOINT ...

For each model, on its validation data: the rank correlation of a keypoint's
confidence with its error, and a plot of error by tenths of the confidence.
Confidence is the score, where one was trained, and the inverse of the sigmas.
"""

import distilpose  # noqa: F401  isort: skip  (before MMPose's models)

import argparse
from pathlib import Path
from typing import Dict, Tuple

import numpy as np
import torch
from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpose.apis import init_model
from scipy.stats import spearmanr
from tabulate import tabulate
from tqdm import tqdm

from distilpose.zoo import find_config


@torch.inference_mode()
def predict(
    config: Config, checkpoint: str
) -> Tuple[np.ndarray, Dict[str, np.ndarray]]:
    """Errors and confidences of the visible keypoints of validation.

    Returns:
        Errors, the distance from the truth in box diagonals, and confidences
        by name, each an array of as many keypoints.
    """
    model = init_model(config, checkpoint, device='cpu')
    loader = Runner.build_dataloader(config.val_dataloader)
    w, h = model.head.decoder.input_size
    errors, confidences = [], {}
    for batch in tqdm(loader, desc=Path(config.filename).stem[:30]):
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


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('out', type=Path)
    parser.add_argument('models', nargs='+', metavar='CONFIG CHECKPOINT')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    args = parser.parse_args()
    if len(args.models) % 2:
        parser.error('give a checkpoint for every config')
    import matplotlib

    matplotlib.use('Agg')
    import matplotlib.pyplot as plt

    init_default_scope('mmpose')
    figure, axis = plt.subplots(figsize=(7, 4.5), layout='constrained')
    rows = []
    for path, checkpoint in zip(args.models[::2], args.models[1::2]):
        config = Config.fromfile(find_config(path))
        # Detected boxes have no annotated keypoints to compare with.
        config.val_dataloader.dataset.bbox_file = None
        if args.cfg_options:
            config.merge_from_dict(args.cfg_options)
        errors, confidences = predict(config, checkpoint)
        for name, confidence in confidences.items():
            rank = spearmanr(confidence, -errors).statistic
            title = f'{Path(path).stem.split("_1xb")[0]}, {name}'
            rows.append([title, f'{rank:.3f}', f'{100 * errors.mean():.2f}'])
            tenths = np.array_split(errors[np.argsort(confidence)], 10)
            axis.plot(
                range(1, 11),
                [100 * np.median(tenth) for tenth in tenths],
                marker='o',
                label=f'{title}: {rank:.2f}',
            )
    axis.set(
        xlabel='tenth of the keypoints, by rising confidence',
        ylabel='median error, % of the box diagonal',
    )
    axis.legend(title='rank correlation with accuracy', fontsize=8)
    axis.grid(alpha=0.3)
    figure.savefig(args.out, dpi=120)
    headers = ['model, confidence', 'rank correlation', 'mean error, %']
    print(tabulate(rows, headers, tablefmt='github', disable_numparse=True))  # noqa: T201


if __name__ == '__main__':
    main()
