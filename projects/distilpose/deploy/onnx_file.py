"""Writing a student's ONNX file, and checking it before it gets its name."""

import json
import os
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

import numpy as np
import onnx
import torch
from mmengine.config import Config
from mmengine.structures import InstanceData
from mmpose.models import TopdownPoseEstimator
from mmpose.structures import PoseDataSample

from distilpose_runtime import PoseEstimator
from distilpose_runtime.metadata import KEY

from ..checkpoint import file_sha256, read_state_dict
from ..zoo import build_without_weights
from .description import describe, pose_metainfo
from .export import ExportedStudent
from .fuse import deploy

__all__ = ['OPSET', 'Difference', 'ExportError', 'export_onnx', 'load_student']

OPSET = 17
BATCHES = (1, 2, 5)
# Largest differences from PyTorch that float32 may have.
PIXELS, SCORE = 0.05, 1e-3


class ExportError(ValueError):
    """A student that cannot be exported as asked; the message says why."""


class Difference(NamedTuple):
    """Largest differences of an exported file from PyTorch.

    Attributes:
        coords: Of coordinates, pixels of the input.
        scores: Of scores.
        sigmas: Of sigmas, pixels of the input; 0 for a model without.
    """

    coords: float
    scores: float
    sigmas: float

    def __str__(self) -> str:
        return (
            f'keypoints {self.coords:.2g} px, scores {self.scores:.2g}, '
            f'sigmas {self.sigmas:.2g} px'
        )


def load_student(config: Config, checkpoint: str) -> TopdownPoseEstimator:
    """Build the model of a config, and load its weights.

    Raises:
        ExportError: It is no top-down estimator, or the checkpoint is of
            another one.
        FileNotFoundError: There is no such checkpoint.
        CheckpointError: It cannot be read.
    """
    if 'model' not in config:
        raise ExportError(f'{config.filename} describes no model.')
    model = build_without_weights(config)
    if not isinstance(model, TopdownPoseEstimator):
        raise ExportError(
            f'{config.filename} describes a {type(model).__name__}, expected '
            'a TopdownPoseEstimator.'
        )
    try:
        model.load_state_dict(read_state_dict(checkpoint), strict=True)
    except RuntimeError as error:
        lines = [line.strip()[:300] for line in str(error).splitlines()]
        raise ExportError(
            f'The checkpoint "{checkpoint}" is of another model than '
            f'{config.filename}: {" ".join(lines[1:4])} Give a pair that '
            'belongs together.'
        ) from error
    return model


def export_onnx(
    config: Config,
    checkpoint: str,
    file: Path,
    flip_test: bool = False,
    raw_images: bool = False,
) -> Difference:
    """Export a student, compare it with PyTorch, and only then name the file.

    Args:
        config: Config of the student.
        checkpoint: Its checkpoint, a path or an HTTP address.
        file: The file to write.
        flip_test: Whether the graph predicts the mirror image as well, and
            gives the average.
        raw_images: Whether the graph takes bytes (N, H, W, 3), BGR, and
            normalizes them.

    Returns:
        How far the file is from ``predict`` of the model.

    Raises:
        ExportError: The model or its config do not allow it, or the file
            differs from PyTorch.
        OSError: The file cannot be written.
    """
    model = load_student(config, checkpoint)
    about = describe(config, model)
    flips = pose_metainfo(config, model)['flip_indices']
    size = tuple(about['input_size'])
    expected = _predictions(model, size, flips, flip_test)
    student = ExportedStudent(
        deploy(model, for_export=True),
        size,
        flips if flip_test else None,
        raw_images,
    ).eval()
    with _named_at_last(file) as partial:
        _trace(student, partial)
        about.update(
            checkpoint_sha256=file_sha256(checkpoint),
            flip_test=flip_test,
            raw_images=raw_images,
            precision='float32',
        )
        about['versions']['opset'] = OPSET
        _write_metadata(partial, about)
        found = _compare(PoseEstimator(partial), expected)
        if not (
            max(found.coords, found.sigmas) <= PIXELS and found.scores <= SCORE
        ):
            raise ExportError(
                f'The exported model differs from PyTorch by {found}; at most '
                f'{PIXELS} px and {SCORE} are allowed. No file was written.'
            )
    return found


@contextmanager
def _named_at_last(file: Path) -> Iterator[Path]:
    """A file beside the one wanted, which takes its name if all went well."""
    partial = file.with_name(f'.{file.name}.partial')
    try:
        yield partial
        os.replace(partial, file)
    finally:
        partial.unlink(missing_ok=True)


def _trace(student: ExportedStudent, file: Path) -> None:
    """Write the graph, for any batch."""
    names = student.output_names
    example = torch.zeros(2, 3, *student.size[::-1])
    if student.raw_images:
        example = example.permute(0, 2, 3, 1).to(torch.uint8)
    with warnings.catch_warnings():
        # PyTorch advises the exporter that writes no opset below 18.
        warnings.simplefilter('ignore')
        torch.onnx.export(
            student,
            (example,),
            str(file),
            input_names=['images'],
            output_names=names,
            dynamic_axes={name: {0: 'N'} for name in ['images', *names]},
            opset_version=OPSET,
            dynamo=False,
        )


def _write_metadata(file: Path, about: Dict[str, Any]) -> None:
    graph = onnx.load(file)
    onnx.helper.set_model_props(graph, {KEY: json.dumps(about)})
    onnx.save(graph, file)


class _Batch(NamedTuple):
    """Crops (N, H, W, 3), their normalized images, and what PyTorch says."""

    crops: np.ndarray
    images: np.ndarray
    coords: np.ndarray
    scores: np.ndarray
    sigmas: Optional[np.ndarray]


def _predictions(
    model: TopdownPoseEstimator,
    size: Tuple[int, int],
    flip_indices: List[int],
    flip_test: bool,
) -> List[_Batch]:
    """What MMPose itself predicts of random crops, in pixels of the crops."""
    model.test_cfg = {**(model.test_cfg or {}), 'flip_test': flip_test}
    student = ExportedStudent(model, size, flip_indices if flip_test else None)
    generator = np.random.default_rng(0)
    return [
        _predict(
            student,
            generator.integers(0, 256, (n, *size[::-1], 3), dtype=np.uint8),
            flip_indices,
        )
        for n in BATCHES
    ]


def _predict(
    student: ExportedStudent, crops: np.ndarray, flip_indices: List[int]
) -> _Batch:
    model, size = student.model, student.size
    data = model.data_preprocessor(
        dict(
            inputs=[*torch.from_numpy(crops).permute(0, 3, 1, 2)],
            data_samples=[_sample(size, flip_indices) for _ in crops],
        )
    )
    with torch.inference_mode():
        found = [
            sample.pred_instances
            for sample in model.predict(data['inputs'], data['data_samples'])
        ]
        # MMPose gives no sigmas.
        _, _, *sigmas = student(data['inputs'])
    return _Batch(
        crops,
        data['inputs'].numpy(),
        coords=np.concatenate([x.keypoints for x in found]),
        scores=np.concatenate([x.keypoint_scores for x in found]),
        sigmas=sigmas[0].numpy() if sigmas else None,
    )


def _sample(size: Tuple[int, int], flip_indices: List[int]) -> PoseDataSample:
    """A sample whose image is its crop."""
    width_height = np.array(size, np.float32)
    sample = PoseDataSample(
        metainfo=dict(
            input_size=size,
            input_center=width_height / 2,
            input_scale=width_height,
            flip_indices=flip_indices,
        )
    )
    sample.gt_instances = InstanceData(
        bboxes=np.zeros((1, 4), np.float32),
        bbox_scores=np.ones(1, np.float32),
    )
    return sample


def _compare(model: PoseEstimator, expected: List[_Batch]) -> Difference:
    """Compare a file with PyTorch; NaN where one of them is not finite."""
    largest = Difference(0.0, 0.0, 0.0)
    for batch in expected:
        found = model.run(
            batch.crops if model.info.raw_images else batch.images
        )
        shape = len(batch.crops), len(model.info.names), 2
        if found['coords'].shape != shape or batch.coords.shape != shape:
            raise ExportError(
                f'PyTorch predicts keypoints of shape {batch.coords.shape} '
                f'and the exported model of {found["coords"].shape}, but the '
                f'dataset has {len(model.info.names)} keypoints. Remove '
                'output_keypoint_indices from model.test_cfg, or describe '
                "the model's keypoints in model.metainfo."
            )
        largest = Difference(
            *(
                np.maximum(before, np.abs(found[name] - value).max()).item()
                if value is not None
                else before
                for before, name, value in zip(
                    largest,
                    Difference._fields,
                    (batch.coords, batch.scores, batch.sigmas),
                )
            )
        )
    return largest
