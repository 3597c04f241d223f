"""A teacher that is a model of MMPose.

B: batch. H, W: input height and width, pixels.
"""

import copy
import hashlib
import json
from contextlib import nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.hub import get_config
from mmengine.logging import MMLogger
from mmpose.models import TopdownPoseEstimator
from mmpose.registry import MODELS
from mmpose.utils.typing import SampleList
from torch import Tensor, nn

from distilpose_runtime.errors import (
    UserFileNotFoundError,
    UserTypeError,
    UserValueError,
)

from ..deploy import MicroBatches, fuse
from ..heads.heatmaps import expect_adapter, heatmaps_of
from ..heatmaps.frame import codec_of, heatmap_frame
from ..keypoints.metainfo import config_metainfo
from ..weights.fetch import CheckpointError, is_address, named_hash, place_of
from ..weights.read import read_state_dict
from ..zoo.build import build_model
from ..zoo.find import find_config
from ..zoo.published import published_weights
from ..zoo.types import name_types
from .base import TEACHERS, TeacherSource
from .inputs import InputSpec
from .output import TeacherOutput, tokens_of

__all__ = ['MMPoseSource', 'build_untrained']

DTYPES = ['float16', 'bfloat16', 'float32']


@TEACHERS.register_module(name='config')
class MMPoseSource(TeacherSource):
    """A top-down estimator that is used, but neither trained nor saved.

    It follows the device of its input.

    Args:
        config: Config of the teacher: a file, the name of one of MMPose's or
            our configs, ``'package::file'`` for a file of an installed
            OpenMMLab package, a whole config, or its ``model`` alone.
        checkpoint: The teacher's checkpoint, a path or HTTP address. Defaults
            to what the metafile beside its config names: the weights of
            MMPose's model zoo, which are downloaded once.
        allow_random_weights: Whether a teacher without checkpoint is meant,
            for tests and dry runs.
        dtype: ``'float16'`` or ``'bfloat16'`` to run in half precision, or
            ``'float32'``. Defaults to float32, or what is wider in its input;
            under AMP, AMP's.

    Raises:
        ValueError: The dtype is unknown.
    """

    def __init__(
        self,
        config: str | dict | None = None,
        checkpoint: str | None = None,
        allow_random_weights: bool = False,
        dtype: str | None = None,
    ) -> None:
        if dtype is not None and dtype not in DTYPES:
            raise UserValueError(
                f'The teacher\'s dtype is "{dtype}", expected one of '
                f'{DTYPES}. Set model.teacher.dtype.'
            )
        self.config = config
        self.checkpoint = checkpoint
        self.allow_random_weights = allow_random_weights
        self.dtype = None if dtype is None else getattr(torch, dtype)
        self._model: TopdownPoseEstimator | None = None

    def __getstate__(self) -> dict:
        # A student that is pickled takes no teacher along.
        return {**self.__dict__, '_model': None}

    @property
    def model(self) -> TopdownPoseEstimator:
        """The teacher itself, built and loaded at the first use.

        Raises:
            FileNotFoundError: Config or checkpoint do not exist.
            ValueError: There is no config, or no checkpoint and none is not
                allowed; or the checkpoint cannot be read or belongs to
                another architecture; or the model cannot be built.
            TypeError: It is no top-down estimator, or its heatmaps are of a
                kind that cannot be imitated.
        """
        if self._model is None:
            config, checkpoint = self._whole_config, self._weights
            config = config.get('model') or config.to_dict()
            model = build_untrained(config, self.name)
            if checkpoint is not None:
                self._load(model, checkpoint)
            self._model = fuse(model.eval()).requires_grad_(False)
        return self._model

    @property
    def input(self) -> InputSpec:
        return InputSpec.of_model(self.model)

    def prepare(self) -> None:
        self.model  # noqa: B018  (builds it)

    def digests(self) -> dict[str, str]:
        """Hash the whole config that a file or a name stands for."""
        if not isinstance(self.config, str):
            return {}
        try:
            content = [self._whole_config.to_dict(), self._weights]
        except (OSError, ValueError):  # gone after it was used
            return {}
        text = json.dumps(content, sort_keys=True, default=str)
        return dict(config=hashlib.sha256(text.encode()).hexdigest())

    @cached_property
    def metainfo(self) -> dict | None:  # type: ignore[override]
        """Metainfo of the dataset in the teacher's config.

        None where the config is a model alone or names no dataset, or where
        the dataset's pipeline gives keypoints other than its own.
        """
        return config_metainfo(self._whole_config)

    def __call__(
        self, images: Tensor, samples: SampleList | None = None
    ) -> TeacherOutput:
        model = self.model
        # Never to a narrower dtype that was not asked for: it would stay so.
        dtype = self.dtype or torch.promote_types(torch.float32, images.dtype)
        first = next(model.parameters())
        if (first.device, first.dtype) != (images.device, dtype):
            model.to(images.device, dtype)  # slow where nothing is to do, too
        precision: Any = nullcontext()  # the student's, AMP's included
        if self.dtype is not None:
            precision = torch.autocast(images.device.type, enabled=False)
        with torch.inference_mode(), precision:
            feats = MicroBatches(model)(images.to(dtype))
            maps = heatmaps_of(model.head, model.head(feats))
        return TeacherOutput(maps, tokens_of(feats))

    @property
    def _weights(self) -> str | None:
        """A path, an address, or None where random weights are meant."""
        if self.checkpoint is not None or self.allow_random_weights:
            return self.checkpoint
        path = self._whole_config.filename
        address = published_weights(path) if path else None
        if address is None:
            raise UserValueError(
                'The teacher has no checkpoint, and an untrained teacher '
                f'teaches nothing. No weights are published for {self.name}. '
                'Set model.teacher.checkpoint to a trained checkpoint of this '
                'config, or, for a dry run, '
                'model.teacher.allow_random_weights=True. `distilpose '
                'teachers` lists the teachers that have weights.'
            )
        return address

    @property
    def name(self) -> str:
        return self.config if isinstance(self.config, str) else '(a dict)'

    @cached_property
    def _whole_config(self) -> Config:
        """The teacher's config, read once: model, names and batch ask it."""
        if self.config is None:
            raise UserValueError(
                'DistilPoseEstimator has no teacher. Set model.teacher='
                'dict(config=..., checkpoint=...), or train the student alone '
                'as a TopdownPoseEstimator.'
            )
        if not isinstance(self.config, str):
            return name_types(Config(copy.deepcopy(dict(self.config))))
        if '::' in self.config:
            return name_types(get_config(self.config))
        try:
            file = find_config(self.config, with_mmpose=True)
            return name_types(Config.fromfile(file))
        except FileNotFoundError as error:
            raise UserFileNotFoundError(
                f'The teacher\'s config "{self.config}" does not exist '
                f'(looked from {Path.cwd()}). {error} Set '
                'model.teacher.config; `distilpose teachers` lists the names '
                'of those that can teach.'
            ) from error

    def _load(self, model: nn.Module, checkpoint: str) -> None:
        logger = MMLogger.get_current_instance()
        where = checkpoint
        if is_address(checkpoint):
            # Of an address alone: what a file here is called proves nothing.
            hashed = named_hash(checkpoint)
            where += f' (SHA-256 {hashed}...)' if hashed else ''
            where += f', in {place_of(checkpoint)}'
        logger.info('The teacher %s: weights of %s', self.name, where)
        try:
            state = read_state_dict(checkpoint)
        except FileNotFoundError as error:
            raise UserFileNotFoundError(
                f'The teacher\'s checkpoint "{checkpoint}" does not exist '
                f'(looked from {Path.cwd()}). Train the teacher first '
                f'({self.name}), or set model.teacher.checkpoint to where its '
                'checkpoint lies.'
            ) from error
        except CheckpointError as error:
            raise CheckpointError(f'The teacher: {error}') from error
        # What MMPose publishes for a config belongs to it: older files hold
        # more than is used today, which MMPose ignores as well.
        strict = self.checkpoint is not None
        try:
            missing, unexpected = model.load_state_dict(state, strict=strict)
            if missing:
                raise RuntimeError(f'\nMissing key(s): {", ".join(missing)}.')
        except RuntimeError as error:
            lines = [line.strip()[:300] for line in str(error).splitlines()]
            raise UserValueError(
                f'The teacher\'s checkpoint "{checkpoint}" is of another '
                f'architecture than its config ({self.name}): '
                f'{" ".join(lines[1:4])} Set model.teacher.config and '
                'model.teacher.checkpoint to a pair that belongs together.'
            ) from error
        if unexpected:
            logger.warning(
                'The teacher %s does not use all of its weights: %s',
                self.name,
                ', '.join(unexpected)[:300],
            )


def build_untrained(config: dict, name: str) -> TopdownPoseEstimator:
    """Build a teacher without its weights, if it can be one.

    Raises:
        TypeError: It is no top-down estimator, or head or codec are of a kind
            that cannot be imitated.
        ValueError: It cannot be built here, or has no codec.
    """
    # A model of another kind is refused before its parts are looked for.
    kind = MODELS.module_dict.get(config.get('type'))
    model: Any = None
    if kind is None or issubclass(kind, TopdownPoseEstimator):
        model = build_model(config, f'The teacher {name}')
        kind = type(model)
    if not issubclass(kind, TopdownPoseEstimator):
        raise UserTypeError(
            f'The teacher must be a TopdownPoseEstimator, but {name} '
            f'describes a {kind.__name__}.'
        )
    expect_adapter(heatmaps_of, model.head)
    codec = codec_of(model.head)
    if codec is None:
        raise UserValueError(
            'The head of the teacher has no decoder, which names the input '
            'size and says how its heatmaps are to be read. Set '
            f'head.decoder of {name} to the codec of its data.'
        )
    heatmap_frame(codec)  # an unknown codec is told now
    return model
