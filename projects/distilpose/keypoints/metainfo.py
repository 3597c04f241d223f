"""What configs, datasets and checkpoints say of keypoints: MMPose's metainfo.

A metainfo is raw in a config, and parsed (``parse_pose_metainfo``) in a
dataset, in a model and in a checkpoint of MMEngine's runner.

K: keypoints.
"""

from collections.abc import Sequence
from typing import Any

from mmengine.config import Config
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import DATASETS

from distilpose_runtime.errors import UserValueError

__all__ = [
    'config_metainfo',
    'drawing_of',
    'keypoint_names',
    'predicted_metainfo',
]

CONVERTERS = ('KeypointConverter', 'SingleHandConverter')


def keypoint_names(metainfo: dict | None) -> list[str] | None:
    """Names of the K keypoints of a parsed metainfo, or None if unknown."""
    names = (metainfo or {}).get('keypoint_id2name')
    return [names[i] for i in sorted(names)] if names else None


def drawing_of(metainfo: dict) -> dict[str, list]:
    """What is needed to draw the keypoints of a parsed metainfo.

    Returns:
        ``names`` of the K keypoints, ``skeleton``, pairs of their indices,
        and the RGB colours of both, ``keypoint_colors`` and
        ``skeleton_colors``; all in numbers of Python.
    """

    def numbers(rows: Any) -> list[tuple[int, ...]]:
        return [tuple(map(int, row)) for row in rows]

    return dict(
        names=keypoint_names(metainfo) or [],
        skeleton=numbers(metainfo['skeleton_links']),
        keypoint_colors=numbers(metainfo['keypoint_colors']),
        skeleton_colors=numbers(metainfo['skeleton_link_colors']),
    )


def config_metainfo(
    config: Config, splits: Sequence[str] = ('train', 'test', 'val')
) -> dict | None:
    """The parsed metainfo of the keypoints in a config's data.

    Args:
        config: A whole config, or one of a model alone.
        splits: Whose data to look at, the first one first.

    Returns:
        That of the first dataset that has one, or that is repeated or joined
        with others; None where none has, or where a dataset before it makes
        other keypoints of its own.
    """
    for split in splits:
        dataset = (config.get(f'{split}_dataloader') or {}).get('dataset')
        if dataset is None:
            continue
        dataset = _shown(dataset)
        if any(name in str(dataset.get('pipeline')) for name in CONVERTERS):
            return None
        metainfo = dataset.get('metainfo')
        if not metainfo and 'subset' in dataset:  # of DeepFashionDataset
            name = f'deepfashion_{dataset["subset"] or "full"}.py'
            metainfo = dict(from_file=f'configs/_base_/datasets/{name}')
        kind = DATASETS.get(dataset['type'])
        metainfo = metainfo or getattr(kind, 'METAINFO', None)
        if metainfo:
            return parse_pose_metainfo(dict(metainfo))
    return None


def _shown(dataset: dict) -> dict:
    """The dataset whose metainfo a wrapper without its own shows."""
    parts = dataset.get('datasets') or [dataset.get('dataset')]
    if dataset.get('metainfo') or parts == [None]:
        return dataset
    return _shown(parts[0])


def predicted_metainfo(config: Config, model: Any) -> dict:
    """The parsed metainfo of the keypoints that a model predicts.

    As in MMPose, a model's own goes before its dataset's, unless its test_cfg
    chooses ``output_keypoint_indices`` for the dataset.

    Args:
        config: The whole config.
        model: The estimator that was built of it.

    Raises:
        ValueError: There is none, or the pipeline makes other keypoints of
            the dataset's.
    """
    chooses = (model.test_cfg or {}).get('output_keypoint_indices') is not None
    metainfo = None if chooses else model.metainfo
    metainfo = metainfo or config_metainfo(config, ('test', 'val', 'train'))
    if metainfo is None:
        raise UserValueError(
            f'{config.filename} does not say what keypoints its model '
            'predicts: its test dataset has no metainfo, or converts the '
            "keypoints. Describe the model's in model.metainfo."
        )
    return metainfo
