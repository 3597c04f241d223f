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
from torch.utils.data import ConcatDataset, Dataset

from distilpose_runtime.errors import UserValueError

from ...data.load_image_once import LoadImageOnce
from .folder import data_hashes, person_key

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
        leaves = {str(leaf): leaf for leaf in _leaves(config)}.values()
        self._parts = [DATASETS.build(leaf) for leaf in leaves]
        self._people: ConcatDataset = ConcatDataset(self._parts)
        self.files = data_hashes(self._parts)
        # Arrays, as millions of people would fill the memory as objects.
        keys = np.concatenate([*map(_keys, self._parts)])
        # Of two parts with the same files, each may leave out others.
        sources = [str([leaf.get(name) for name in names]) for leaf in leaves]
        numbers = np.array([sources.index(x) for x in sources], np.uint64)
        source = np.repeat(numbers, [*map(len, self._parts)])
        people = np.column_stack([source, keys])
        _, first = np.unique(people, axis=0, return_index=True)
        self._index = np.sort(first)
        self.keys = keys[self._index]
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
        return self._people[int(self._index[index])]


def _keys(part: Any) -> np.ndarray:
    """The keys of all people of a dataset."""
    keys = (person_key(part.get_data_info(i)) for i in range(len(part)))
    return np.fromiter(keys, np.uint64, len(part))


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
