"""PCK of a config's teacher on its validation data, and of students beside it.

    python benchmarks/leeds/teacher_accuracy.py CONFIG [STUDENT:CHECKPOINT ...]
        [--cfg-options KEY=VALUE ...]

A keypoint counts only if the teacher has it, for the students too, so that
the rows compare. PCK is the share of keypoints within a tenth and a fifth of
the box. --cfg-options changes CONFIG alone, for example to show the teacher
larger crops.
"""

import argparse
from collections.abc import Callable

import numpy as np
import torch
from mmengine.config import Config, DictAction
from mmengine.model import BaseModel
from mmengine.registry import init_default_scope
from mmengine.runner import Runner, load_checkpoint
from mmengine.structures import InstanceData
from mmpose.evaluation.metrics import PCKAccuracy
from mmpose.registry import DATASETS, MODELS
from tabulate import tabulate
from tqdm import tqdm

from distilpose.keypoints.metainfo import keypoint_names
from distilpose.zoo.find import read_config


def of_teacher(model: BaseModel) -> Callable:
    """A call that gives a batch's samples with the teacher's keypoints."""

    @torch.no_grad()
    def call(batch: dict) -> list:
        batch = model.data_preprocessor(batch, False)
        samples = batch['data_samples']
        output = model.teacher(batch['inputs'], samples)
        coords = output.maps.coords().double().numpy()
        scores = output.maps.peaks().double().numpy()
        for i, sample in enumerate(samples):
            info = sample.metainfo
            corner = info['input_center'] - info['input_scale'] / 2
            sample.pred_instances = InstanceData(
                keypoints=(corner + coords[i] * info['input_scale'])[None],
                keypoint_scores=scores[i][None],
            )
        return samples

    return call


def pck(config: Config, call: Callable, known: np.ndarray) -> dict[str, float]:
    """PCK of predictions, over the keypoints that are known."""
    metrics = {
        f'PCK, {name}': PCKAccuracy(threshold, norm_item='bbox')
        for name, threshold in (('a tenth', 0.1), ('a fifth', 0.2))
    }
    loader = Runner.build_dataloader(config.val_dataloader, seed=0)
    for batch in tqdm(loader, unit='batch'):
        samples = [sample.to_dict() for sample in call(batch)]
        for sample in samples:
            visible = sample['gt_instances']['keypoints_visible']
            sample['gt_instances']['keypoints_visible'] = visible * known
        for metric in metrics.values():
            metric.process(batch, samples)
    size = len(loader.dataset)
    return {
        name: metric.evaluate(size)['PCK'] for name, metric in metrics.items()
    }


def student(name: str) -> dict[str, object]:
    """The config and the call of a student of the command line."""
    path, _, checkpoint = name.partition(':')
    config = read_config(path)
    config.model.pop('teacher', None)
    model = MODELS.build(config.model).eval()
    load_checkpoint(model, checkpoint, map_location='cpu')
    return dict(config=config, call=torch.no_grad()(model.test_step))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', metavar='CONFIG')
    parser.add_argument('students', nargs='*', metavar='STUDENT:CHECKPOINT')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    args = parser.parse_args()
    init_default_scope('mmpose')
    config = read_config(args.config)
    config.merge_from_dict(args.cfg_options or {})
    model = MODELS.build(config.model).eval()
    names = keypoint_names(
        DATASETS.build(config.val_dataloader.dataset).metainfo
    )
    model.teacher.student_keypoints = names
    model.teacher.prepare()
    index = model.teacher.index or names
    known = np.array([i is not None for i in index])
    rows = [dict(model='the teacher', **pck(config, of_teacher(model), known))]
    for name in args.students:
        rows.append(dict(model=name, **pck(**student(name), known=known)))
    print(f'{known.sum()} keypoints')  # noqa: T201
    print(tabulate(rows, 'keys', 'github', floatfmt='.3f'))  # noqa: T201


if __name__ == '__main__':
    main()
