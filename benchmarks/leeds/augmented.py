"""Augment training crops beforehand, for many trainings side by side.

    python benchmarks/leeds/augmented.py CONFIG FOLDER [--copies 15]

Runs the augmentation of the config's training pipeline, all steps in front of
``GenerateTarget``, several times for each person, in all processes that there
are cores for, and keeps the results in FOLDER. A config then reads them by
``train_dataloader.dataset.type=AugmentedCrowdPose`` (or
``AugmentedUnlabelled``) and ``train_dataloader.dataset.folder=FOLDER``, and
``custom_imports.imports`` with this module: each epoch, each person comes in
a copy chosen at random. With ``model.data_preprocessor.type=
BatchedPreprocessor``, images and labels go to the GPU in one piece each.
"""

import argparse
import functools
import os
import pickle
from multiprocessing import Pool
from pathlib import Path
from typing import Any, List

import distilpose  # noqa: F401  isort: skip  (before MMPose's datasets)

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmpose.datasets.datasets import CrowdPoseDataset
from mmpose.datasets.transforms import GenerateTarget
from mmpose.models import PoseDataPreprocessor
from mmpose.registry import DATASETS, MODELS
from mmpose.utils import register_all_modules
from tqdm import tqdm

from distilpose.data import UnlabelledPeopleDataset


class AugmentedFolder:
    """Mixin of a dataset that takes augmented people from a folder.

    Args:
        folder: What this script has written.
        **kwargs: As for the dataset. Of the pipeline, ``GenerateTarget`` and
            the steps behind it are run.
    """

    folder: Path

    def __init__(self, folder: str, **kwargs: Any) -> None:
        self.folder = Path(folder)
        self.copies = len([*self.folder.glob('images-*.npy')])
        super().__init__(**kwargs)

    def prepare_data(self, idx: int) -> Any:
        """Give the person of an index, augmented."""
        images, people, starts = _read(self.folder, self._copy())
        results = pickle.loads(people[starts[idx] : starts[idx + 1]])
        results['img'] = np.array(images[idx])
        if isinstance(self, UnlabelledPeopleDataset):
            visible = results['keypoints_visible']
            results['keypoints_visible'] = np.zeros_like(visible)
        steps: List[Any] = self.pipeline.transforms
        first = [isinstance(x, GenerateTarget) for x in steps].index(True)
        for step in steps[first:]:
            results = step(results)
        return results

    def _copy(self) -> int:
        return np.random.randint(self.copies)


@DATASETS.register_module()
class AugmentedCrowdPose(AugmentedFolder, CrowdPoseDataset):
    """People of CrowdPose's format, augmented beforehand."""


@DATASETS.register_module()
class AugmentedUnlabelled(AugmentedFolder, UnlabelledPeopleDataset):
    """The same people without their labels."""


@MODELS.register_module()
class BatchedPreprocessor(PoseDataPreprocessor):
    """MMPose's, which moves a training batch as few tensors."""

    def cast_data(self, data: Any) -> Any:
        """Move images and labels; each sample gets a view of its labels."""
        samples = data['data_samples'] if isinstance(data, dict) else []
        if not samples or 'gt_instance_labels' not in samples[0]:
            return super().cast_data(data)
        for part in ('gt_instance_labels', 'gt_fields'):
            labels = [getattr(s, part) for s in samples if part in s]
            for key in labels[0].keys() if labels else ():
                values = [getattr(x, key) for x in labels]
                whole = torch.stack(values).to(self.device)
                for x, value in zip(labels, whole):
                    setattr(x, key, value)
        images = torch.stack(data['inputs']).to(self.device)
        return dict(data, inputs=images)


@functools.lru_cache(maxsize=None)
def _read(folder: Path, copy: int) -> Any:
    return (
        np.load(folder / f'images-{copy}.npy', mmap_mode='r'),
        np.memmap(folder / f'people-{copy}.bin', mode='r'),
        np.load(folder / f'starts-{copy}.npy'),
    )


def augment(config: Config, folder: Path, copy: int) -> None:
    """Write one copy of each person."""
    register_all_modules(init_default_scope=True)
    cv2.setNumThreads(0)
    np.random.seed(copy)
    dataset = DATASETS.build(config.train_dataloader.dataset)
    steps = dataset.pipeline.transforms
    first = [isinstance(x, GenerateTarget) for x in steps].index(True)
    dataset.pipeline.transforms = steps[:first]
    width, height = config.codec['input_size']
    images = np.lib.format.open_memmap(
        str(folder / f'images-{copy}.npy'),
        mode='w+',
        dtype=np.uint8,
        shape=(len(dataset), height, width, 3),
    )
    starts = [0]
    with open(folder / f'people-{copy}.bin', 'wb') as file:
        for i in range(len(dataset)):
            results = dataset.prepare_data(i)
            images[i] = results.pop('img')
            starts.append(starts[-1] + file.write(pickle.dumps(results)))
    np.save(folder / f'starts-{copy}.npy', np.array(starts))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', metavar='CONFIG')
    parser.add_argument('folder', type=Path, metavar='FOLDER')
    parser.add_argument('--copies', type=int, default=15)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    work = functools.partial(
        augment, Config.fromfile(args.config), args.folder
    )
    with Pool(os.cpu_count()) as pool:
        copies = pool.imap_unordered(work, range(args.copies))
        for _ in tqdm(copies, total=args.copies, unit='copy'):
            pass


if __name__ == '__main__':
    main()
