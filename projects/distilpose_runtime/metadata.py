"""What an exported model says of itself."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .errors import UserValueError
from .sigmas import SigmaCalibration

__all__ = [
    'FORMAT_VERSION',
    'KEY',
    'ForeignModelError',
    'ModelError',
    'ModelInfo',
    'is_for_research_only',
]

# The entry of the ONNX metadata that holds a JSON object.
KEY = 'distilpose'
# 2 has crops of UDP, which readers of 1 do not make.
FORMAT_VERSION = 2
# As in "for research only" and in CC-BY-NC-4.0.
RESEARCH_ONLY = re.compile(
    r'\b(research|non-?\s?commercial|nc)\b', re.IGNORECASE
)


class ModelError(UserValueError):
    """A model file that cannot be used; the message says why."""


class ForeignModelError(ModelError):
    """An ONNX file that ``distilpose export`` has not written."""


class ModelInfo(NamedTuple):
    """The metadata of an exported model.

    Attributes:
        model: Name of the config that it was trained with.
        dataset: Name of the dataset that its keypoints are of.
        input_size: Width and height of a crop, pixels.
        raw_images: Whether it takes bytes (N, H, W, 3), BGR, and normalizes
            them itself.
        mean: Mean of each channel, (3,), in the order that the model takes.
        std: Standard deviation of each channel, (3,).
        to_rgb: Whether the model takes RGB, not BGR.
        padding: How much larger than its box a crop is.
        use_udp: Whether crops are of UDP; files before 0.3 do not say it.
        names: The names of the K keypoints.
        skeleton: Pairs of keypoints that a line connects.
        flip_pairs: Pairs of keypoints that change places in a mirror image.
        keypoint_colors: An RGB colour for each keypoint, or None.
        skeleton_colors: An RGB colour for each line, or None.
        flip_test: Whether the mirror image is predicted, too.
        precision: float32 or float16; int8 in files of version 0.2.
        versions: Of the packages that made the file, and the opset.
        checkpoint_sha256: Of the checkpoint that was exported.
        sigma_calibration: What ``distilpose calibrate`` has found, or None.
        license: Its license, or nothing where the file states none.
        training_data: What it was trained on, as far as the file says it.
        teacher: The name of the teacher that it was distilled from, if any.
    """

    model: str
    dataset: str
    input_size: tuple[int, int]
    raw_images: bool
    mean: np.ndarray
    std: np.ndarray
    to_rgb: bool
    padding: float
    use_udp: bool
    names: list[str]
    skeleton: list[tuple[int, int]]
    flip_pairs: list[tuple[int, int]]
    keypoint_colors: list[tuple[int, int, int]] | None
    skeleton_colors: list[tuple[int, int, int]] | None
    flip_test: bool
    precision: str
    versions: dict[str, Any]
    checkpoint_sha256: str
    sigma_calibration: SigmaCalibration | None
    license: str
    training_data: list[str]
    teacher: str

    def about(self) -> dict[str, Any]:
        """What results say of the model."""
        origin = dict(
            license=self.license,
            training_data=self.training_data,
            teacher=self.teacher,
        )
        return dict(
            name=self.model,
            dataset=self.dataset,
            checkpoint_sha256=self.checkpoint_sha256,
            precision=self.precision,
            flip_test=self.flip_test,
            sigmas_calibrated=self.sigma_calibration is not None,
            exported_by=self.versions,
            # Files that state none have the same entries as before.
            **{name: value for name, value in origin.items() if value},
        )

    def origin(self) -> str:
        """Its license, training data and teacher in a line."""
        return (
            f'license {self.license or "not stated"}; '
            f'trained on {", ".join(self.training_data) or "(unknown)"}; '
            f'teacher {self.teacher or "none"}'
        )

    @classmethod
    def read(cls, file: str, entries: Mapping[str, str]) -> 'ModelInfo':
        """Read the entries of a file's ONNX metadata.

        Args:
            file: What messages call the file.
            entries: The entries by name.

        Raises:
            ModelError: There is no entry of ours, or it is of a newer format,
                or damaged.
        """
        if KEY not in entries:
            raise ForeignModelError(
                f'"{file}" is an ONNX model, but it does not say what it '
                'predicts: expected one that `distilpose export` wrote, with '
                f'a metadata entry "{KEY}".'
            )
        try:
            found = json.loads(entries[KEY])
            version = found['format_version']
            if version > FORMAT_VERSION:
                raise ModelError(
                    f'"{file}" has metadata of format {version}, but this '
                    f'distilpose reads up to {FORMAT_VERSION}. Install a '
                    'newer distilpose, or export the model with this one.'
                )
            return cls._from_json(found)
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, ModelError):
                raise
            raise ModelError(
                f'The metadata of "{file}" are damaged '
                f'({type(error).__name__}: {error}). Export the model again.'
            ) from error

    @classmethod
    def _from_json(cls, found: dict[str, Any]) -> 'ModelInfo':
        width, height = map(int, found['input_size'])
        calibration = found.get('sigma_calibration')
        info = cls(
            model=str(found['model']),
            dataset=str(found['dataset']),
            input_size=(width, height),
            raw_images=bool(found['raw_images']),
            mean=np.array(found['mean'], np.float32).reshape(3),
            std=np.array(found['std'], np.float32).reshape(3),
            to_rgb=bool(found['to_rgb']),
            padding=float(found['padding']),
            use_udp=bool(found.get('use_udp', False)),
            names=[str(name) for name in found['keypoint_names']],
            skeleton=[(int(i), int(j)) for i, j in found['skeleton']],
            flip_pairs=[(int(i), int(j)) for i, j in found['flip_pairs']],
            keypoint_colors=_colors(found.get('keypoint_colors')),
            skeleton_colors=_colors(found.get('skeleton_colors')),
            flip_test=bool(found['flip_test']),
            precision=str(found['precision']),
            versions=dict(found['versions']),
            checkpoint_sha256=str(found['checkpoint_sha256']),
            sigma_calibration=None
            if calibration is None
            else SigmaCalibration.of_json(calibration),
            license=str(found.get('license', '')),
            training_data=[str(x) for x in found.get('training_data', ())],
            teacher=str(found.get('teacher', '')),
        )
        info._expect_usable()
        return info

    def _expect_usable(self) -> None:
        """See that the entries can be predicted and drawn with."""
        keypoints = range(len(self.names))
        usable = dict(
            input_size=min(self.input_size) > 0,
            mean=np.isfinite(self.mean).all(),
            std=np.isfinite(self.std).all() and (self.std > 0).all(),
            padding=0 < self.padding < np.inf,
            names=bool(self.names),
            skeleton={*sum(self.skeleton, ())} <= {*keypoints},
            flip_pairs={*sum(self.flip_pairs, ())} <= {*keypoints},
            keypoint_colors=_one_each(self.keypoint_colors, self.names),
            skeleton_colors=_one_each(self.skeleton_colors, self.skeleton),
            sigma_calibration=self.sigma_calibration is None
            or self.sigma_calibration.is_usable(len(self.names)),
        )
        for name, is_so in usable.items():
            if not is_so:
                value = str(getattr(self, name))[:60]
                raise UserValueError(f'{name} is {value}')


def is_for_research_only(license: str) -> bool:
    """Whether a license has the word research, non-commercial or NC."""
    return bool(RESEARCH_ONLY.search(license))


def _colors(found: Any) -> list[tuple[int, int, int]] | None:
    if found is None:
        return None
    return [(int(r), int(g), int(b)) for r, g, b in found]


def _one_each(colors: Sequence | None, of: Sequence) -> bool:
    return colors is None or len(colors) == len(of)
