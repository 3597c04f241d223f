"""The people that a config trains on, in crops without augmentation."""

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from mmpose.datasets.transforms import (
    GetBBoxCenterScale,
    LoadImage,
    TopdownAffine,
)
from mmpose.registry import DATASETS, TRANSFORMS
from torch.utils.data import Dataset

from distilpose_runtime.errors import UserValueError

from ...data.load_image_once import LoadImageOnce
from ...weights.fetch import file_sha256
from .folder import data_files, person_key

__all__ = ['Crops']

# What makes a crop of a person; the rest is augmentation and labels.
CROPPING = (LoadImage, GetBBoxCenterScale, TopdownAffine)


class Crops(Dataset):
    """All people that a config's training data are made of, each once.

    Args:
        config: Config of a dataset, with any wrappers.

    Attributes:
        files: Annotation files with their hashes.
        keys: A number for each person.

    Raises:
        ValueError: There is nobody, two people have one key, or a pipeline's
            crops cannot be made without augmentation.
    """

    def __init__(self, config: dict) -> None:
        names = 'data_root', 'ann_file', 'bbox_file', 'data_prefix'
        hashes: dict[str, str] = {}
        sources: dict[str, int] = {}
        found = []  # for each dataset, (people, 3): source, key, index
        self._parts: list[Any] = []
        for leaf in {str(leaf): leaf for leaf in _leaves(config)}.values():
            part = DATASETS.build(leaf)
            self._parts.append(part)
            for file in data_files(part):
                hashes[file] = hashes.get(file) or file_sha256(file)
            source = str([leaf.get(name) for name in names])
            # Arrays, as millions of people would fill the memory as objects.
            rows = np.empty((len(part), 3), np.uint64)
            rows[:, 0] = sources.setdefault(source, len(sources))
            for i in range(len(part)):
                rows[i, 1] = person_key(part.get_data_info(i))
            rows[:, 2] = range(len(part))
            found.append(rows)
        self.files = [dict(file=f, sha256=h) for f, h in hashes.items()]
        # Of two parts with the same files, each may leave out others.
        rows = np.concatenate(found)
        _, first = np.unique(rows[:, :2], axis=0, return_index=True)
        first.sort()
        sizes = [len(rows) for rows in found]
        self._part = np.repeat(np.arange(len(found)), sizes)[first]
        self._index, self.keys = rows[first, 2], rows[first, 1]
        if not len(self.keys):
            raise UserValueError(
                'The training data of the config have no people.'
            )
        if len(np.unique(self.keys)) < len(self.keys):
            raise UserValueError(
                'Two people of the training data have the same id in photos '
                'of the same name. Give each annotation an id of its own: '
                'what is stored is found by it.'
            )

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, index: int) -> dict:
        return self._parts[self._part[index]][int(self._index[index])]


def _leaves(config: dict, outer: Sequence[dict] = ()) -> Iterator[dict]:
    """Configs of the datasets of files, with pipelines that crop people."""
    pipeline = [*(config.get('pipeline') or []), *outer]
    inner = config.get('datasets') or [config.get('dataset')]
    if inner != [None]:
        for part in inner:
            yield from _leaves(part, pipeline)
        return
    steps = [copy.deepcopy(x) for x in pipeline if _is(x, CROPPING)]
    crops = [step for step in steps if _is(step, (TopdownAffine,))]
    if len(crops) != 1 or crops[0].get('use_udp'):
        raise UserValueError(
            'A stored teacher needs training data whose pipeline has one '
            'TopdownAffine, without use_udp: peaks are moved by its affine '
            'map. Train with the teacher itself.'
        )
    for step in steps:
        if _is(step, (LoadImageOnce,)):  # each is read once here
            step['type'] = 'LoadImage'
    steps.append(dict(type='PackPoseInputs'))
    yield {**config, 'pipeline': steps}


def _is(transform: dict, kinds: tuple[type, ...]) -> bool:
    kind = TRANSFORMS.get(transform['type'])
    return kind is not None and issubclass(kind, kinds)
