"""Writing a student's ONNX file, and checking it before it gets its name."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from mmengine.config import Config
from mmpose.models import TopdownPoseEstimator

from distilpose_runtime import PoseEstimator
from distilpose_runtime.errors import UserValueError
from distilpose_runtime.files import written_whole
from distilpose_runtime.metadata import KEY

from ..weights.fetch import file_sha256
from ..weights.read import read_state_dict
from ..zoo.build import build_without_weights
from .calibration import crops_of_dataset, crops_of_folder
from .description import describe, pose_metainfo
from .fuse import deploy
from .onnx_network import OPSET, trace_onnx
from .quantization import to_int8
from .student import ExportedStudent
from .verification import BATCHES, Difference, compare, predict, split

__all__ = ['OPSET', 'PRECISIONS', 'ExportError', 'export_onnx', 'load_student']

PRECISIONS = ('float32', 'float16', 'int8')
# Largest differences from PyTorch that float32 may have.
PIXELS, SCORE = 0.05, 1e-3


class ExportError(UserValueError):
    """A student that cannot be exported as asked; the message says why."""


def export_onnx(
    config: Config,
    checkpoint: str,
    file: Path,
    precision: str = 'float32',
    calibration: Path | None = None,
    flip_test: bool = False,
    raw_images: bool = False,
) -> Difference:
    """Export a student, compare it with PyTorch, and only then name the file.

    Args:
        config: Config of the student.
        checkpoint: Its checkpoint, a path or an HTTP address.
        file: The file to write.
        precision: ``'float32'``, ``'float16'`` or ``'int8'``; the head is
            float32 in each.
        calibration: For int8, a folder with pictures of one person each.
            Defaults to the people that the config's model is tested on.
        flip_test: Whether the graph predicts the mirror image as well, and
            gives the average.
        raw_images: Whether the graph takes bytes (N, H, W, 3), BGR, and
            normalizes them.

    Returns:
        How far the file is from ``predict`` of the model: on calibration
        images for int8, else on random ones.

    Raises:
        ExportError: The model does not allow it, or the file differs from
            PyTorch.
        TypeError: The model's head is of a kind that is not known.
        ValueError: The config does not describe the model's keypoints and
            crops, or the calibration images cannot be used.
        OSError: A file cannot be read or written.
    """
    if precision not in PRECISIONS:
        raise ExportError(
            f'The precision is "{precision}", expected one of {PRECISIONS}.'
        )
    if file.suffix.lower() != '.onnx' or file.is_dir():
        raise ExportError(
            f'"{file}" cannot be the exported model. Name a file that ends '
            'in .onnx.'
        )
    model = load_student(config, checkpoint)
    about = describe(config, model)
    about.update(
        checkpoint_sha256=file_sha256(checkpoint),
        flip_test=flip_test,
        raw_images=raw_images,
    )
    about['versions']['opset'] = OPSET
    flips = pose_metainfo(config, model)['flip_indices']
    width, height = about['input_size']
    if precision != 'int8':
        crops = np.random.default_rng(0).integers(
            0, 256, (max(BATCHES), height, width, 3), dtype=np.uint8
        )
    elif calibration is None:
        crops = crops_of_dataset(config)
    else:
        crops = crops_of_folder(calibration, (width, height))
    expected = [predict(model, x, flips, flip_test) for x in split(crops)]
    student = ExportedStudent(
        deploy(model, for_export=True),
        (width, height),
        flips if flip_test else None,
        raw_images,
    ).eval()
    graph = _trace(student)
    with written_whole(file) as partial:
        _save(graph, {**about, 'precision': 'float32'}, partial)
        exported = PoseEstimator(partial)
        found = compare(exported, expected)
        _check(found)
        if precision == 'float16':
            try:
                student.to_float16()
                graph = _trace(student)
            except RuntimeError as error:
                raise ExportError(
                    f'PyTorch {torch.__version__} cannot run this model in '
                    f'float16 on a CPU ({error}). Export it in float32, or '
                    'with a newer PyTorch.'
                ) from error
        elif precision == 'int8':
            graph = to_int8(graph, exported.normalize(crops))
        if precision != 'float32':
            _save(graph, {**about, 'precision': precision}, partial)
            found = compare(PoseEstimator(partial), expected)
            if not np.isfinite(found).all():
                raise ExportError(
                    f'In {precision}, the exported model gives values that '
                    'are not finite. Export it in float32.'
                )
    return found


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
        lines = [line.strip()[:150] for line in str(error).splitlines()]
        raise ExportError(
            f'The checkpoint "{checkpoint}" is of another model than '
            f'{config.filename}: {" ".join(lines[1:4])} Give a pair that '
            'belongs together.'
        ) from error
    return model


def _trace(student: ExportedStudent) -> onnx.ModelProto:
    """Make the graph, for any batch."""
    names = student.output_names
    example = torch.zeros(2, 3, *student.size[::-1])
    if student.raw_images:
        example = example.permute(0, 2, 3, 1).to(torch.uint8)
    return trace_onnx(student, example, names)


def _save(graph: onnx.ModelProto, about: dict[str, Any], file: Path) -> None:
    onnx.helper.set_model_props(graph, {KEY: json.dumps(about)})
    onnx.save(graph, file)


def _check(found: Difference) -> None:
    """See that a float32 graph is the model; NaN is not."""
    if not (
        max(found.coords, found.sigmas) <= PIXELS and found.scores <= SCORE
    ):
        raise ExportError(
            f'The exported model differs from PyTorch by {found}; at most '
            f'{PIXELS} px and {SCORE} are allowed. No file was written.'
        )
