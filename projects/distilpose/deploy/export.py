"""Writing a student's ONNX file, and checking it before it gets its name."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from mmengine.config import Config
from mmpose.models import TopdownPoseEstimator

from distilpose_runtime import PoseEstimator
from distilpose_runtime.errors import UserValueError
from distilpose_runtime.few import few
from distilpose_runtime.files import written_whole
from distilpose_runtime.metadata import KEY

from ..students.origin import origin
from ..weights.fetch import file_sha256
from ..zoo.build import load_model
from .description import describe, flip_indices
from .fuse import deploy
from .student import ExportedStudent
from .tracing import OPSET, trace_onnx
from .verification import (
    PIXELS,
    SCORE,
    Batch,
    Difference,
    compare,
    predict,
    random_crops,
)

__all__ = ['OPSET', 'PRECISIONS', 'ExportError', 'export_onnx', 'load_student']

PRECISIONS = ('float32', 'float16')


class ExportError(UserValueError):
    """A student that cannot be exported as asked; the message says why."""


def export_onnx(
    config: Config,
    checkpoint: str,
    file: Path,
    precision: str = 'float32',
    flip_test: bool = False,
    raw_images: bool = False,
    license: str | None = None,
) -> Difference:
    """Export a student, compare it with PyTorch, and only then name the file.

    Args:
        config: Config of the student.
        checkpoint: Its checkpoint, a path or an HTTP address.
        file: The file to write.
        precision: ``'float32'`` or ``'float16'``; the head is float32 in both.
        flip_test: Whether the graph predicts the mirror image as well, and
            gives the average.
        raw_images: Whether the graph takes bytes (N, H, W, 3), BGR, and
            normalizes them.
        license: What the file says of its license; by default, what the
            config's variable ``license`` says.

    Returns:
        How far the file is from ``predict`` of the model, on random images.

    Raises:
        ExportError: The model does not allow it, or the file differs from
            PyTorch.
        CheckpointError: The checkpoint cannot be read, or is of another model.
        TypeError: The model's head is of a kind that is not known.
        ValueError: The config does not describe the model's keypoints and
            crops.
        OSError: A file cannot be read or written.
    """
    _expect_output(file, precision)
    model = load_student(config, checkpoint)
    about = dict(
        describe(config, model),
        **origin(config, model, license),
        checkpoint_sha256=file_sha256(checkpoint),
        flip_test=flip_test,
        raw_images=raw_images,
    )
    # The model is this function's own: nobody else reads its test_cfg.
    model.test_cfg = {**(model.test_cfg or {}), 'flip_test': flip_test}
    flips = flip_indices(config, model) if flip_test else None
    student = ExportedStudent(model, about['input_size'], flips, raw_images)
    expected = [predict(student, x) for x in random_crops(student.size)]
    _expect_names(about['keypoint_names'], expected[0])
    deploy(model, for_export=True)
    with written_whole(file) as partial:
        found = _write(student.eval(), about, partial, expected)
        _expect_near(found)
        if precision == 'float16':
            found = _write_float16(student, about, partial, expected)
    return found


def _expect_near(found: Difference) -> None:
    apart = max(found.coords, found.sigmas)
    if not (apart <= PIXELS and found.scores <= SCORE):  # as with NaN
        raise ExportError(
            f'The exported model differs from PyTorch by {found}; at most '
            f'{PIXELS} px and {SCORE} are allowed. No file was written.'
        )


def load_student(config: Config, checkpoint: str) -> TopdownPoseEstimator:
    """Build the model of a config, and load its weights.

    Raises:
        ExportError: It is no top-down estimator.
        FileNotFoundError: There is no such checkpoint.
        CheckpointError: It cannot be read, or is of another model.
    """
    model = load_model(config, checkpoint)
    if not isinstance(model, TopdownPoseEstimator):
        raise ExportError(
            f'{config.filename} describes a {type(model).__name__}, expected '
            'a TopdownPoseEstimator.'
        )
    return model


def _expect_output(file: Path, precision: str) -> None:
    if precision not in PRECISIONS:
        raise ExportError(
            f'The precision is "{precision}", expected one of {PRECISIONS}.'
        )
    if file.suffix.lower() != '.onnx' or file.is_dir():
        raise ExportError(
            f'"{file}" cannot be the exported model. Name a file that ends '
            'in .onnx.'
        )


def _expect_names(names: Sequence[str], predicted: Batch) -> None:
    if predicted.coords.shape[1] != len(names):
        raise ExportError(
            f'The model gives {predicted.coords.shape[1]} keypoints, but the '
            f'config describes {len(names)} ({few(names, 3)}). '
            "Describe the model's in model.metainfo or, where test_cfg "
            'chooses some by output_keypoint_indices, these as the metainfo '
            'of the test dataset.'
        )


def _write(
    student: ExportedStudent,
    about: dict[str, Any],
    file: Path,
    expected: Sequence[Batch],
) -> Difference:
    """Trace a student for any batch, write it, and compare the file."""
    example = torch.zeros(2, 3, *student.size[::-1])
    if student.raw_images:
        example = example.permute(0, 2, 3, 1).to(torch.uint8)
    with torch.no_grad():
        found = student.keypoints(example)
    given = {k: v for k, v in found._asdict().items() if v is not None}
    graph = trace_onnx(student, example, [*given])
    for output, value in zip(graph.graph.output, given.values()):
        sizes = output.type.tensor_type.shape.dim[1:]
        for size, number in zip(sizes, value.shape[1:]):
            size.dim_value = number  # tracing leaves some open
    precision = str(student.dtype).removeprefix('torch.')
    about = {**about, 'precision': precision}
    onnx.helper.set_model_props(graph, {KEY: json.dumps(about)})
    onnx.save(graph, file)
    return compare(PoseEstimator(file), expected)


def _write_float16(
    student: ExportedStudent,
    about: dict[str, Any],
    file: Path,
    expected: Sequence[Batch],
) -> Difference:
    try:
        student.to_float16()
        found = _write(student, about, file, expected)
    except RuntimeError as error:
        raise ExportError(
            f'PyTorch {torch.__version__} cannot run this model in float16 on '
            f'a CPU ({error}). Export it in float32, or with a newer PyTorch.'
        ) from error
    if not np.isfinite(found).all():
        raise ExportError(
            'In float16, the exported model gives values that are not finite. '
            'Export it in float32.'
        )
    return found
