"""A teacher that is an ONNX file, of MMPose, of rtmlib or of others.

B: batch. W, H: input width and height, pixels.
"""

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import mmpose
import numpy as np
import torch
from mmengine.logging import MMLogger
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.utils.typing import SampleList
from torch import Tensor

from distilpose_runtime.errors import UserValueError
from distilpose_runtime.session import run_session

from ..keypoints.names import mirror_pairs
from .base import TEACHERS, TeacherSource
from .inputs import InputSpec
from .onnx_outputs import Reader, recognise
from .onnx_session import OnnxInput, open_teacher, run_bound
from .output import TeacherOutput

__all__ = ['OnnxSource']

# What MMPose's models, and so rtmlib's files, were trained with.
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
DATASETS = Path(mmpose.__file__).parent / '.mim/configs/_base_/datasets'


@TEACHERS.register_module(name='onnx')
class OnnxSource(TeacherSource):
    """A top-down pose estimator that ONNX Runtime runs.

    Its outputs are heatmaps (B, K, h, w), a pair of a SimCC head's rows of
    logits, coordinates with scores as MoveNet's (B, 1, K, 3), or what
    ``distilpose export`` writes. Coordinates are drawn as the paper's
    Gaussians, as high as their scores.

    Args:
        onnx: The file.
        keypoints_of: Its keypoints: the name of a dataset of MMPose such as
            ``'coco'``, a list of their names (those with "left" and "right"
            change sides in a mirror image), or a metainfo. Defaults to what
            ``distilpose export`` has written into the file.
        output: Name of the output to imitate, or of any tensor inside.
            Defaults to the first that can be imitated.
        codec: Config of the MMPose codec that made its targets, without
            sizes. Defaults to ``dict(type='MSRAHeatmap')`` for heatmaps, and
            to RTMPose's for rows.
        mean: What it wants subtracted from each channel. Defaults to what
            the file says or, for images of floats, to MMPose's.
        std: What it wants each channel divided by, likewise.
        rgb: Whether its channels are red, green, blue. Defaults to what the
            file says, or to True.
        input_size: Its input size (W, H), where the file leaves it open.

    Raises:
        ValueError: ``mean`` or ``std`` are not three numbers.
    """

    def __init__(
        self,
        onnx: str,
        keypoints_of: str | dict | Sequence[str] | None = None,
        output: str | None = None,
        codec: dict | None = None,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        rgb: bool | None = None,
        input_size: tuple[int, int] | None = None,
    ) -> None:
        for name, values in (('mean', mean), ('std', std)):
            if values is not None and len(values) != 3:
                raise UserValueError(
                    f'model.teacher.{name} is {values!r}, expected three '
                    'numbers, one a channel.'
                )
        self.onnx = str(onnx)
        self.keypoints_of = keypoints_of
        self.output = output
        self.codec = codec
        self.mean, self.std, self.rgb = mean, std, rgb
        self.input_size = input_size

    def __getstate__(self) -> dict:
        # A student that is pickled takes no teacher along.
        return {k: v for k, v in self.__dict__.items() if k != '_session'}

    @property
    def name(self) -> str:
        return self.onnx

    @cached_property
    def metainfo(self) -> dict | None:  # type: ignore[override]
        """Metainfo of its keypoints, or their names alone.

        Raises:
            ValueError: MMPose has no dataset of this name.
        """
        given = self.keypoints_of
        if not given:
            names = self._exported.get('keypoint_names')
            pairs = self._exported.get('flip_pairs')
            return _of_names(names, pairs) if names else None
        if isinstance(given, dict):
            return parse_pose_metainfo(dict(given))
        if not isinstance(given, str):
            return _of_names([*given])
        file = DATASETS / f'{given}.py'
        if not file.is_file():
            raise UserValueError(
                f'model.teacher.keypoints_of is "{given}", but MMPose has no '
                'dataset of this name in configs/_base_/datasets. Name one '
                "such as 'coco' or 'halpe26', or list the teacher's "
                'keypoints.'
            )
        return parse_pose_metainfo(dict(from_file=str(file)))

    @property
    def input(self) -> InputSpec:
        size, exported = self._input.size, self._exported
        spec = InputSpec(size, MEAN, STD, rgb=True)
        if self._input.is_integer:
            spec = InputSpec(size, rgb=not exported)
        elif exported:
            spec = InputSpec(
                size,
                tuple(exported['mean']),
                tuple(exported['std']),
                bool(exported['to_rgb']),
            )
        return spec._replace(
            mean=spec.mean if self.mean is None else tuple(self.mean),
            std=spec.std if self.std is None else tuple(self.std),
            rgb=spec.rgb if self.rgb is None else self.rgb,
        )

    def prepare(self) -> None:
        """Load it, and log what runs and what is imitated.

        Raises:
            FileNotFoundError: There is no such file.
            ImportError: ONNX Runtime is missing.
            ValueError: ONNX Runtime cannot run it, or it has no usable input
                or output, or its keypoints or codec are not known.
            TypeError: Its codec is of a kind that cannot be imitated.
        """
        self.metainfo  # noqa: B018  (an unknown dataset is told now)
        spec, reader = self.input, self._reader
        MMLogger.get_current_instance().info(
            'The teacher %s: imitated is its output %s (%s); its images are '
            '%s of mean %s and std %s',
            self.name,
            ', '.join(reader.outputs),
            reader.kind,
            'RGB' if spec.rgb else 'BGR',
            spec.mean,
            spec.std,
        )

    def __call__(
        self, images: Tensor, samples: SampleList | None = None
    ) -> TeacherOutput:
        outputs, _, read, frame = self._reader
        own = images.detach().float()
        if self._session.get_providers()[0] != 'CUDAExecutionProvider':
            own = own.cpu()
        like = {name: self._example[name] for name in outputs}
        parts = [
            run_bound(self._session, self.onnx, {self._input.name: x}, like)
            for x in self._input.batches(own)
        ]
        values = [
            torch.cat([x[name] for x in parts])[: len(images)].float()
            for name in outputs
        ]
        return TeacherOutput(
            read(frame, *(x.to(images.device) for x in values))
        )

    @cached_property
    def _session(self) -> Any:
        return open_teacher(self.onnx, self.output)

    @cached_property
    def _exported(self) -> dict:
        """What ``distilpose export`` has written into the file."""
        metadata = self._session.get_modelmeta().custom_metadata_map
        return json.loads(metadata.get('distilpose', '{}'))

    @cached_property
    def _input(self) -> OnnxInput:
        return OnnxInput.of(self._session, self.onnx, self.input_size)

    @cached_property
    def _example(self) -> dict[str, np.ndarray]:
        """The outputs that may be imitated, by name, of a black image."""
        w, h = self._input.size
        names = [x.name for x in self._session.get_outputs()]
        if self.output is not None:
            names = [self.output]
        (black,) = self._input.batches(torch.zeros(1, 3, h, w))
        inputs = {self._input.name: black.numpy()}
        return dict(
            zip(names, run_session(self._session, self.onnx, inputs, names))
        )

    @cached_property
    def _reader(self) -> Reader:
        """What reads the output."""
        w, h = self._input.size
        shapes = {name: x.shape for name, x in self._example.items()}
        found = recognise(shapes, (w, h), self.codec, self._exported)
        if found is None:
            given = ', '.join(f'{n} {s}' for n, s in shapes.items())
            raise UserValueError(
                f'The teacher "{self.onnx}" gives {given}, of which none can '
                f'be imitated. Expected heatmaps (B, K, h, w) of the aspect '
                f'of its input, {w} x {h}, two rows of logits, (B, K, n * {w})'
                f' and (B, K, n * {h}), or coordinates and scores (B, 1, K, '
                '3). If such a tensor is inside, set model.teacher.output '
                'to its name.'
            )
        return found


def _of_names(
    names: Sequence[str], pairs: Sequence[Sequence[int]] | None = None
) -> dict:
    """A metainfo of names; with flip indices, if they are given or sure."""
    found = dict(keypoint_id2name=dict(enumerate(names)))
    if pairs is None:
        pairs, _ = mirror_pairs(names)
        if not pairs:
            return found
    mirrored = [*range(len(names))]
    for i, j in pairs:
        mirrored[i], mirrored[j] = j, i
    return dict(found, flip_indices=mirrored)
