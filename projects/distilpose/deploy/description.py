"""What an exported file says of its model.

The runtime, the web page and other programs read it: see
``distilpose_runtime.ModelInfo``.
"""

from pathlib import Path
from typing import Any

import mmpose
import torch
from mmengine.config import Config
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.models import TopdownPoseEstimator
from mmpose.registry import DATASETS
from torch import Tensor

from distilpose_runtime.errors import UserValueError

from ..zoo.find import input_size

__all__ = ['FORMAT_VERSION', 'describe', 'pose_metainfo', 'test_dataset']

# Of the description. A reader refuses a version that it does not know.
FORMAT_VERSION = 1


def describe(config: Config, model: TopdownPoseEstimator) -> dict[str, Any]:
    """Describe a model by its config.

    Args:
        config: The config.
        model: The model that was built of it.

    Returns:
        The entries of the file's metadata that do not depend on how it is
        exported, ready for JSON.

    Raises:
        ValueError: The config does not tell what keypoints the model
            predicts, or its crops are of a kind that the runtime cannot make.
    """
    from ..version import __version__

    size, padding = _crop(config)
    meta = pose_metainfo(config, model)
    preprocessor = model.data_preprocessor
    mean, std = [0.0] * 3, [1.0] * 3
    if preprocessor._enable_normalize:
        mean, std = map(_numbers, (preprocessor.mean, preprocessor.std))
    flips = meta['flip_indices']
    return dict(
        format_version=FORMAT_VERSION,
        model=Path(config.filename or 'model').stem,
        dataset=meta['dataset_name'],
        versions=dict(
            distilpose=__version__,
            torch=torch.__version__,
            mmpose=mmpose.__version__,
        ),
        input_size=[*size],
        padding=padding,
        mean=mean,
        std=std,
        to_rgb=bool(preprocessor._channel_conversion),
        keypoint_names=[
            meta['keypoint_id2name'][i] for i in range(len(flips))
        ],
        skeleton=[[int(i), int(j)] for i, j in meta['skeleton_links']],
        flip_pairs=[[i, j] for i, j in enumerate(flips) if i < j],
        keypoint_colors=_colors(meta['keypoint_colors']),
        skeleton_colors=_colors(meta['skeleton_link_colors']),
        sigma_unit='input pixels',
    )


def test_dataset(config: Config) -> dict:
    """The config of the dataset that a model is tested on.

    Raises:
        ValueError: There is none.
    """
    for split in ('test', 'val'):
        loader = config.get(f'{split}_dataloader') or {}
        if 'dataset' in loader:
            return loader['dataset']
    raise UserValueError(
        f'{config.filename} has neither a test_dataloader nor a '
        'val_dataloader, which would say what keypoints and crops its model '
        'takes. Give the whole config that the model was trained with.'
    )


def pose_metainfo(
    config: Config, model: TopdownPoseEstimator | None = None
) -> dict:
    """The metainfo of the keypoints that a model predicts.

    A model's own metainfo goes before the dataset's, as in MMPose.

    Raises:
        ValueError: There is none, or the pipeline makes other keypoints of
            the dataset's.
    """
    metainfo = getattr(model, 'metainfo', None)
    if metainfo is not None:
        return metainfo  # parsed when the model was built
    dataset = test_dataset(config)
    metainfo = dataset.get('metainfo') or getattr(
        DATASETS.get(dataset['type']), 'METAINFO', None
    )
    if not metainfo or 'KeypointConverter' in str(dataset.get('pipeline')):
        raise UserValueError(
            f'{config.filename} does not say what keypoints its model '
            'predicts: its test dataset has no metainfo, or converts the '
            "keypoints. Describe the model's in model.metainfo."
        )
    return parse_pose_metainfo(dict(metainfo))


def _crop(config: Config) -> tuple[tuple[int, int], float]:
    """Size of a crop, and how much larger than a box it is."""
    pipeline = test_dataset(config).get('pipeline') or config.get(
        'val_pipeline', []
    )
    steps = {step['type']: step for step in pipeline}
    affine = steps.get('TopdownAffine')
    if affine is None or affine.get('use_udp'):
        raise UserValueError(
            f'{config.filename} has '
            + (
                'no TopdownAffine in its test pipeline'
                if affine is None
                else 'TopdownAffine(use_udp=True) in its test pipeline'
            )
            + ', and exported models take the crops of a TopdownAffine '
            'without UDP. Train and test the model with it.'
        )
    size, wanted = tuple(affine['input_size']), input_size(config)
    if size != wanted:
        raise UserValueError(
            f'{config.filename}: the test pipeline makes crops of {size} '
            f"pixels, but the model's codec is for {wanted}. Set both to the "
            'same input_size.'
        )
    return wanted, steps.get('GetBBoxCenterScale', {}).get('padding', 1.25)


def _numbers(buffer: Tensor) -> list[float]:
    return [float(x) for x in buffer.flatten()]


def _colors(colors: Any) -> list[list[int]]:
    return [[int(x) for x in color] for color in colors]
