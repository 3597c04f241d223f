"""The metadata of an exported file.

The runtime, the web page and other programs read it: see
``distilpose_runtime.ModelInfo``.
"""

from pathlib import Path
from typing import Any

import mmpose
import torch
from mmengine.config import Config
from mmpose.models import TopdownPoseEstimator

from distilpose_runtime.errors import UserValueError

from ..keypoints.metainfo import drawing_of, predicted_metainfo
from ..models.input_spec import InputSpec
from ..version import __version__
from ..zoo.find import input_size
from .tracing import OPSET

__all__ = ['describe', 'flip_indices', 'test_dataset']


def describe(config: Config, model: TopdownPoseEstimator) -> dict[str, Any]:
    """Describe a model for JSON, except for how it is exported.

    Raises:
        ValueError: The config does not tell what keypoints the model
            predicts, or its crops are of a kind that the runtime cannot make.
    """
    crop = _crop(config)
    meta = predicted_metainfo(config, model)
    drawing = drawing_of(meta)
    spec = InputSpec.of_model(model)
    return dict(
        # Readers of older versions refuse what they cannot do.
        format_version=2 if crop['use_udp'] else 1,
        model=Path(config.filename or 'model').stem,
        dataset=meta['dataset_name'],
        versions=dict(
            distilpose=__version__,
            torch=torch.__version__,
            mmpose=mmpose.__version__,
            opset=OPSET,
        ),
        **crop,
        mean=spec.mean,
        std=spec.std,
        to_rgb=spec.rgb,
        keypoint_names=drawing.pop('names'),
        flip_pairs=[
            (i, j) for i, j in enumerate(meta['flip_indices']) if i < j
        ],
        sigma_unit='input pixels',
        **drawing,
    )


def flip_indices(config: Config, model: TopdownPoseEstimator) -> list[int]:
    """The keypoint that each keypoint of a model is in a mirror image.

    Raises:
        ValueError: The model gives only some of its keypoints, and the
            others are not described.
    """
    chooses = (model.test_cfg or {}).get('output_keypoint_indices') is not None
    meta = model.metainfo if chooses else predicted_metainfo(config, model)
    if meta is None:
        raise UserValueError(
            f'{config.filename}: the flip test needs all keypoints of the '
            'model, but model.test_cfg.output_keypoint_indices chooses some, '
            'and the test dataset describes these alone. Describe all in '
            'model.metainfo, or export without the flip test.'
        )
    return meta['flip_indices']


def test_dataset(config: Config) -> dict:
    """The config of the dataset that a model is tested on.

    Raises:
        ValueError: There is none.
    """
    for name in ('test_dataloader', 'val_dataloader'):
        if dataset := (config.get(name) or {}).get('dataset'):
            return dataset
    raise UserValueError(
        f'{config.filename} has neither a test_dataloader nor a '
        'val_dataloader, which would say what keypoints and crops its model '
        'takes. Give the whole config that the model was trained with.'
    )


def _crop(config: Config) -> dict[str, Any]:
    """Size of a crop, how much larger than a box it is, and its warp."""
    pipeline = test_dataset(config).get('pipeline') or config.get(
        'val_pipeline', []
    )
    steps = {step['type']: step for step in pipeline}
    affine = steps.get('TopdownAffine')
    if affine is None:
        raise UserValueError(
            f'{config.filename} has no TopdownAffine in its test pipeline, '
            'and exported models take its crops. Train and test the model '
            'with it.'
        )
    size, wanted = tuple(affine['input_size']), input_size(config)
    if size != wanted:
        raise UserValueError(
            f'{config.filename}: the test pipeline makes crops of {size} '
            f"pixels, but the model's codec is for {wanted}. Set both to the "
            'same input_size.'
        )
    return dict(
        input_size=wanted,
        padding=steps.get('GetBBoxCenterScale', {}).get('padding', 1.25),
        use_udp=bool(affine.get('use_udp', False)),
    )
