"""Testing on many boxes, from JPEG to AP, stage by stage.

    python benchmarks/evaluation.py COCO [--boxes 2000] [--batch 32]

DistilPose-S, as ``mim test`` deploys it. The boxes are those of the annotated
people in COCO, a folder in COCO's layout, moved about and repeated; what
100,000 would take is computed from them.
"""

import distilpose  # noqa: F401  isort: skip  (before MMPose's models)

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset, pseudo_collate
from mmpose.registry import DATASETS, METRICS
from tqdm import tqdm

from distilpose.deploy import deploy
from distilpose.zoo.build import build_without_weights
from distilpose.zoo.find import find_config

# The benchmark of models lies where MIM finds it.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'tools'))
from timing import measuring_parser, set_up, synchronize, write

STUDENT = 'distilpose-s_8xb32-300e_coco-256x192'


class Stages:
    """Seconds spent in the stages of a job, by name."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def measure(self, name: str) -> Iterator[None]:
        """Add what the block takes to a stage."""
        started = time.perf_counter()
        yield
        synchronize(self.device)
        self.seconds[name] += time.perf_counter() - started


def evaluate(args: argparse.Namespace) -> None:
    """Load, predict and judge; print the table of stages, and write it."""
    config = Config.fromfile(find_config(STUDENT))
    dataset = config.val_dataloader.dataset
    dataset.update(data_root=str(args.coco), bbox_file=None)
    evaluator = config.val_evaluator
    evaluator.ann_file = str(args.coco / dataset.ann_file)
    dataset, metric = DATASETS.build(dataset), METRICS.build(evaluator)
    metric.dataset_meta = dataset.metainfo
    model = deploy(build_without_weights(config).to(args.device))
    stages, rng = Stages(args.device), np.random.default_rng(0)
    batch, boxes = args.batch[0], 0
    for start in tqdm(range(0, args.boxes, batch), desc='batches'):
        packed = [
            load_box(dataset, i, rng, stages)
            for i in range(start, start + batch)
        ]
        boxes += len(packed)
        with stages.measure('model'), torch.inference_mode():
            found = model.test_step(pseudo_collate(packed))
        with stages.measure('metric'):
            metric.process(packed, [sample.to_dict() for sample in found])
    with stages.measure('metric'):
        metric.evaluate(boxes)
    total = sum(stages.seconds.values())
    rows = [
        {
            'stage': name,
            'ms an image': f'{1e3 * seconds / boxes:.2f}',
            'share, %': f'{100 * seconds / total:.0f}',
        }
        for name, seconds in [*stages.seconds.items(), ('all', total)]
    ]
    note = (
        f'{boxes / total:.1f} images/s over {boxes} boxes, one stage after '
        'the other, without data workers: '
        f'{1e5 * total / boxes / 60:.0f} minutes for 100,000.'
    )
    write(args, 'evaluate', rows, [note])


def load_box(
    dataset: BaseDataset, i: int, rng: np.random.Generator, stages: Stages
) -> dict:
    """Load the i-th box, somewhat moved, transform by transform."""
    data = dataset.get_data_info(i % len(dataset))
    data['id'] = i
    data['bbox'] = data['bbox'] + rng.normal(0, 2, (1, 4))
    for transform in dataset.pipeline.transforms:
        with stages.measure(type(transform).__name__):
            data = transform(data)
    return data


def main(argv: list[str] | None = None) -> None:
    """Measure; ``argv`` defaults to the command line's arguments."""
    parser = measuring_parser(__doc__, [32])
    parser.add_argument('coco', type=Path, metavar='COCO')
    parser.add_argument('--boxes', type=int, default=2000)
    args = parser.parse_args(argv)
    if not (args.coco / 'annotations').is_dir():
        parser.error(f'{args.coco} has no annotations/')
    set_up(parser, args)
    evaluate(args)


if __name__ == '__main__':
    main()
