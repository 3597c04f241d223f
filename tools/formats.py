"""A student in all formats that it can run in, to be compared.

N: batch. K: keypoints. H, W: height and width of the input, pixels.
"""

import argparse
import importlib.util
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
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
from timing import milliseconds, write

from distilpose.deploy.description import test_dataset
from distilpose.deploy.export import PRECISIONS, export_onnx, load_student
from distilpose.deploy.fuse import deploy
from distilpose.deploy.student import ExportedStudent
from distilpose.zoo.build import build_without_weights
from distilpose.zoo.find import find_config, input_size
from distilpose_runtime import PoseEstimator
from distilpose_runtime.errors import UserValueError

__all__ = ['Format', 'average_precision', 'compare_formats', 'makers']

# Normalized images (N, 3, H, W), float32, to coordinates (N, K, 2) in pixels
# of the input, and scores (N, K).
Predict = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


class Format(NamedTuple):
    """A student in one format."""

    megabytes: float  # of its file, or its parameters in PyTorch
    predict: Predict  # predicts a batch


def makers(
    config: Config, checkpoint: str, folder: Path
) -> dict[str, Callable[[], Format]]:
    """Name the formats of a student, each with a call that makes it.

    Exported files are written into the folder.
    """

    def build(**options: bool) -> ExportedStudent:
        model = load_student(config, checkpoint)
        if options:
            deploy(model, **options)
        return ExportedStudent(model, input_size(config)).eval()

    def exported(precision: str) -> Path:
        file = folder / f'{precision}.onnx'
        if not file.exists():
            export_onnx(config, checkpoint, file, precision)
        return file

    found: dict[str, Callable[[], Format]] = {
        'PyTorch, as built': lambda: _in_pytorch(build()),
        'PyTorch, deployed': lambda: _in_pytorch(build(for_export=False)),
        'PyTorch, compiled': lambda: _in_pytorch(
            torch.compile(build(for_export=True), dynamic=True)
        ),
        'TorchScript': lambda: _traced(
            build(for_export=True), folder / 'student.pt'
        ),
    }
    for precision in PRECISIONS:
        found[f'ONNX Runtime, {precision}'] = partial(
            lambda x: _in_onnx_runtime(exported(x)), precision
        )
    if importlib.util.find_spec('openvino'):
        found['OpenVINO, float32'] = lambda: _in_openvino(exported('float32'))
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


def _traced(student: ExportedStudent, file: Path) -> Format:
    example = torch.zeros(2, 3, *student.size[::-1])
    with torch.inference_mode():
        traced = torch.jit.freeze(torch.jit.trace(student, example))
    torch.jit.save(traced, str(file))
    return _in_pytorch(traced, file.stat().st_size / 1e6)


def _of_file(file: Path, run: Callable[[np.ndarray], Any]) -> Format:
    def predict(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = run(images)
        return found['coords'], found['scores']

    return Format(file.stat().st_size / 1e6, predict)


def _in_onnx_runtime(file: Path) -> Format:
    return _of_file(
        file, PoseEstimator(file, threads=torch.get_num_threads()).run
    )


def _in_openvino(file: Path) -> Format:
    import openvino

    # On processors that have it, OpenVINO takes bfloat16 unless told.
    settings: dict[str, Any] = dict(
        INFERENCE_PRECISION_HINT='f32',
        INFERENCE_NUM_THREADS=torch.get_num_threads(),
    )
    return _of_file(
        file, openvino.Core().compile_model(str(file), 'CPU', settings)
    )


def compare_formats(args: argparse.Namespace) -> None:
    """Measure one student in all formats; print and write the table."""
    config = Config.fromfile(find_config(args.configs[0], with_mmpose=True))
    with TemporaryDirectory() as folder:
        found, notes = collect_formats(args, config, Path(folder))
        if not found:
            sys.exit('No format could be made:\n' + '\n'.join(notes))
        aps = {
            name: average_precision(config, made.predict)
            for name, made in found.items()
            if args.ap
        }
        images = {n: random_images(config, n) for n in args.batch}
        times = milliseconds(
            {
                f'{name} {n}': partial(made.predict, images[n])
                for name, made in found.items()
                for n in args.batch
            },
            args.repeats,
            'cpu',
        )
        # Before the folder, and with it the files, are removed.
        rows = [format_row(args, name, found, times, images) for name in found]
    for row, ap in zip(rows, aps.values()):
        row['AP'] = f'{ap:.4f}'
    write(args, 'formats', rows, notes)


def collect_formats(
    args: argparse.Namespace, config: Config, folder: Path
) -> tuple[dict, list[str]]:
    """Make the formats of a student; also tell which failed, and why."""
    found, notes = {}, []
    checkpoint = args.checkpoint
    if checkpoint is None:
        notes.append('- random weights, as no --checkpoint was given')
        checkpoint = str(folder / 'random.pth')
        torch.manual_seed(0)
        model = build_without_weights(config)
        torch.save(dict(state_dict=model.state_dict()), checkpoint)
    for name, make in makers(config, checkpoint, folder).items():
        if args.no_compile and 'compiled' in name:
            notes.append(f'- {name}: left out (--no-compile)')
            continue
        try:
            found[name] = make()
            found[name].predict(random_images(config, batch=1))
        except Exception as error:  # of one format: the others still count
            found.pop(name, None)
            reason = str(error).partition('\n')[0][:200]
            notes.append(f'- {name}: {type(error).__name__}: {reason}')
    return found, notes


def random_images(config: Config, batch: int) -> np.ndarray:
    """Normalized images (batch, 3, H, W), the same ones each time."""
    size = (batch, 3, *input_size(config)[::-1])
    return np.random.default_rng(0).normal(size=size).astype(np.float32)


def format_row(
    args: argparse.Namespace,
    name: str,
    found: dict,
    times: dict[str, list[float]],
    images: dict[int, np.ndarray],
) -> dict[str, object]:
    """One format's row of the table, beside the first format."""
    first = next(iter(found))
    row: dict[str, object] = {
        'format': name,
        'MB': f'{found[name].megabytes:.1f}',
    }
    for n in args.batch:
        median, high = np.percentile(times[f'{name} {n}'], [50, 95])
        ratio = median / np.median(times[f'{first} {n}'])
        row[f'batch {n}: median ms'] = f'{median:.1f}'
        row[f'batch {n}: 95th percentile'] = f'{high:.1f}'
        row[f'batch {n}: of the first'] = f'{ratio:.2f}'
    largest = images[max(images)]
    own, others = (found[x].predict(largest)[0] for x in (name, first))
    row['largest difference, px'] = f'{np.abs(own - others).max():.2g}'
    return row
