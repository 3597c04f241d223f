"""A student in all formats that it can run in, to be compared.

N: batch. K: keypoints. H, W: height and width of the input, pixels.
"""

import importlib.util
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import DefaultSampler
from mmengine.dataset.utils import pseudo_collate
from mmengine.evaluator import Evaluator
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from mmengine.structures import InstanceData

from distilpose.deploy.description import test_dataset
from distilpose.deploy.export import PRECISIONS, export_onnx, load_student
from distilpose.deploy.fuse import deploy
from distilpose.deploy.student import ExportedStudent
from distilpose.zoo.build import build_without_weights
from distilpose.zoo.find import input_size
from distilpose_runtime import PoseEstimator
from distilpose_runtime.errors import UserValueError

__all__ = ['Format', 'average_precision', 'makers']

# Normalized images (N, 3, H, W), float32, to coordinates (N, K, 2) in pixels
# of the input, and scores (N, K).
Predict = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


class Format(NamedTuple):
    """A student in one format.

    Attributes:
        megabytes: Size of its file, or of its parameters in PyTorch.
        predict: A call that predicts a batch.
    """

    megabytes: float
    predict: Predict


def makers(
    config: Config,
    checkpoint: str,
    folder: Path,
) -> dict[str, Callable[[], Format]]:
    """Name the formats, each with a call that makes it.

    Args:
        config: Config of the student.
        checkpoint: Its checkpoint.
        folder: Where exported files are written.
    """

    def build(**options: bool) -> ExportedStudent:
        model = load_student(config, checkpoint)
        if options:
            deploy(model, **options)
        return ExportedStudent(model, input_size(config)).eval()

    def in_onnx_runtime(precision: str) -> Format:
        file = folder / f'{precision}.onnx'
        export_onnx(config, checkpoint, file, precision)
        return _in_onnx_runtime(file)

    def in_openvino() -> Format:
        file = folder / 'openvino.onnx'
        export_onnx(config, checkpoint, file)
        return _in_openvino(file)

    found: dict[str, Callable[[], Format]] = {
        'PyTorch, as built': lambda: _in_pytorch(build()),
        'PyTorch, deployed': lambda: _in_pytorch(build(for_export=False)),
        'PyTorch, compiled': lambda: _compiled(build(for_export=True)),
        'TorchScript': lambda: _traced(
            build(for_export=True), folder / 'student.pt'
        ),
        **{
            f'ONNX Runtime, {precision}': partial(in_onnx_runtime, precision)
            for precision in PRECISIONS
        },
    }
    if importlib.util.find_spec('openvino'):
        found['OpenVINO, float32'] = in_openvino
    return found


def average_precision(config: Config, predict: Predict) -> float:
    """The AP of a format on the data that a config is tested on.

    Raises:
        OSError: The data are not there.
        ValueError: None of the config's metrics gives an AP.
    """
    scope = config.get('default_scope', 'mmpose')
    with DefaultScope.overwrite_default_scope(scope):
        loader = Runner.build_dataloader(
            dict(
                batch_size=16,
                num_workers=0,
                sampler=dict(type=DefaultSampler, shuffle=False),
                collate_fn=dict(type=pseudo_collate),
                dataset={**test_dataset(config), 'test_mode': True},
            )
        )
        evaluator = Evaluator(config.test_evaluator)
        evaluator.dataset_meta = loader.dataset.metainfo
        model: Any = build_without_weights(config)
    for batch in loader:
        data = model.data_preprocessor(batch)
        coords, scores = predict(data['inputs'].numpy())
        instances = [
            InstanceData(keypoints=c[None], keypoint_scores=s[None])
            for c, s in zip(coords, scores)
        ]
        samples = model.add_pred_to_datasample(
            instances, None, data['data_samples']
        )
        evaluator.process(samples, batch)
    metrics = evaluator.evaluate(len(loader.dataset))
    for name, value in metrics.items():
        if name.endswith('/AP'):
            return float(value)
    raise UserValueError(
        'There is no AP: the metrics of the test_evaluator are '
        f'{", ".join(metrics)}. Add CocoMetric, or leave out --ap.'
    )


def _in_pytorch(student: Any, megabytes: float | None = None) -> Format:
    def predict(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with torch.inference_mode():
            coords, scores, *_ = student(torch.from_numpy(images))
        return coords.numpy(), scores.numpy()

    if megabytes is None:
        megabytes = 4e-6 * sum(p.numel() for p in student.parameters())
    return Format(megabytes, predict)


def _compiled(student: ExportedStudent) -> Format:
    return _in_pytorch(torch.compile(student, dynamic=True))


def _traced(student: ExportedStudent, file: Path) -> Format:
    example = torch.zeros(2, 3, *student.size[::-1])
    with torch.inference_mode():
        traced = torch.jit.freeze(torch.jit.trace(student, example))
    torch.jit.save(traced, str(file))
    return _in_pytorch(traced, file.stat().st_size / 1e6)


def _in_onnx_runtime(file: Path) -> Format:
    model = PoseEstimator(file, threads=torch.get_num_threads())

    def predict(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = model.run(images)
        return found['coords'], found['scores']

    return Format(file.stat().st_size / 1e6, predict)


def _in_openvino(file: Path) -> Format:
    import openvino

    # On processors that have it, OpenVINO takes bfloat16 unless told.
    settings: dict[str, Any] = dict(
        INFERENCE_PRECISION_HINT='f32',
        INFERENCE_NUM_THREADS=torch.get_num_threads(),
    )
    model: Any = openvino.Core().compile_model(str(file), 'CPU', settings)

    def predict(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = model(images)
        return found['coords'], found['scores']

    return Format(file.stat().st_size / 1e6, predict)
