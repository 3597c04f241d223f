"""A model measured on labelled people, and its file with calibrated sigmas.

N: people. K: keypoints.
"""

import copy
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..boxes import box_faults, frames
from ..errors import UserValueError
from ..estimator import PoseEstimator
from ..files import written_whole
from ..images import read_image
from ..metadata import KEY
from ..onnx_entries import entries, with_entry
from ..session import external_files
from ..sigmas import SigmaCalibration
from .fit import Errors, expect_labels, fit
from .labels import Labels

__all__ = ['Calibrated', 'calibrate', 'write_calibration']


class Calibrated(NamedTuple):
    """A calibration, and people that it has not seen.

    Attributes:
        calibration: Fitted to one half of the people.
        few: For each keypoint (K,) whether it had too few labels for a factor
            of its own.
        people: How many people it was fitted to.
        held_out: Errors of the other half.
        left_out: How many people have boxes that hold no part of a picture.
        resized: Pictures of another size than the file of labels says.
    """

    calibration: SigmaCalibration
    few: np.ndarray
    people: int
    held_out: Errors
    left_out: int
    resized: Sequence[Path] = ()


def calibrate(
    model: PoseEstimator,
    pictures: Sequence[Labels],
    progress: Callable[[int], None] = lambda done: None,
) -> Calibrated:
    """Fit a calibration to the people of every other picture.

    Args:
        model: The model. A calibration that its file holds counts for
            nothing.
        pictures: Pictures of labelled people, in their true boxes.
        progress: Called with the number of pictures that are done.

    Raises:
        OSError: A picture cannot be read.
        ValueError: It is damaged; the model gives no sigmas or numbers that
            are not finite; or one of the halves has too few labels.
    """
    # As its file would be without a calibration.
    model = copy.copy(model)
    model.info = model.info._replace(sigma_calibration=None)
    found: list[Errors] = []
    resized: list[Path] = []
    for i, labels in enumerate(pictures):
        image = _read(labels.path)
        if None not in labels.size and labels.size != image.shape[1::-1]:
            resized.append(labels.path)
        found.append(_measure(model, labels, image))
        progress(i + 1)
    joined = Errors._make(map(np.concatenate, zip(*found)))
    if not all(np.isfinite(x[joined.labelled]).all() for x in joined[:3]):
        raise UserValueError(
            f'"{model.file}" gives numbers that are not finite, or a label is '
            'none. Its weights may be damaged.'
        )
    half = np.repeat(np.arange(len(found)) % 2, [len(x.errors) for x in found])
    first, second = joined.of(half == 0), joined.of(half == 1)
    left_out = sum(len(x.boxes) for x in pictures) - len(half)
    calibration, few = fit(first)
    expect_labels(second)
    return Calibrated(
        calibration, few, len(first.errors), second, left_out, resized
    )


def _read(path: Path) -> np.ndarray:
    try:
        return read_image(path)
    except UserValueError as error:
        raise UserValueError(f'"{path}": {error}.') from error


def _measure(
    model: PoseEstimator, labels: Labels, image: np.ndarray
) -> Errors:
    """What a model predicts of a picture, pixels of its input."""
    bad = box_faults(image, labels.boxes)
    good = [i for i in range(len(labels.boxes)) if i not in bad]
    poses = model(image, labels.boxes[good])
    if poses.sigmas is None:
        raise UserValueError(
            f'"{model.file}" gives no sigmas, so that there is nothing to '
            'calibrate: its head does not predict them.'
        )
    size, padding = model.info.input_size, model.info.padding
    ratio = (frames(poses.boxes, size, padding)[1] / size)[:, None]
    return Errors(
        (poses.keypoints - labels.keypoints[good]) / ratio,
        poses.sigmas / ratio,
        poses.scores,
        labels.labelled[good],
    )


def write_calibration(
    source: Path, target: Path, calibration: SigmaCalibration
) -> None:
    """Write a model's file with a calibration, whole or not at all.

    Args:
        source: The model.
        target: The file to write, which may be the same.
        calibration: It replaces one that the model has.

    Raises:
        OSError: A file cannot be read or written.
        ValueError: The model has weights in other files, beside which the new
            file must lie.
    """
    if external_files(source) and (
        source.resolve().parent != target.resolve().parent
    ):
        raise UserValueError(
            f'"{source}" has weights in files beside it. Write the calibrated '
            f'model into the same folder, not as "{target}".'
        )
    content = source.read_bytes()
    about = json.loads(entries(content)[KEY])
    about['sigma_calibration'] = calibration._asdict()
    content = with_entry(content, KEY, json.dumps(about))
    with written_whole(target) as partial:
        partial.write_bytes(content)
