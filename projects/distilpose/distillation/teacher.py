"""The frozen teacher of a distillation.

B: batch. K: keypoints. H, W: input height and width, pixels. h, w: heatmap
height and width.
"""

from contextlib import nullcontext
from pathlib import Path
from typing import ContextManager, NamedTuple, Optional, Union

import torch
from mmengine.config import Config
from mmengine.hub import get_config
from mmpose.models import TopdownPoseEstimator
from mmpose.registry import MODELS
from torch import Tensor, nn

from ..checkpoint import CheckpointError, read_state_dict
from ..deploy.fuse import extract_in_parts, fuse_and_reorder
from ..models.token_distilling_encoder import Tokens

__all__ = ['FrozenTeacher', 'TeacherOutput']


DTYPES = dict(
    float16=torch.float16, bfloat16=torch.bfloat16, float32=torch.float32
)


class TeacherOutput(NamedTuple):
    """What a teacher says about a batch.

    Attributes:
        heatmaps: Heatmaps (B, K, h, w).
        tokens: The tokens of its encoder, or None if it has none.
    """

    heatmaps: Tensor
    tokens: Optional[Tokens]


class FrozenTeacher:
    """A heatmap-based estimator that is used, but neither trained nor saved.

    It is no ``nn.Module`` on purpose: as a plain attribute of the student it
    is in no state dict, optimizer or DDP bucket, ``student.train()`` does not
    reach it, and a deep copy of the student (an EMA copy, say) shares it. It
    is built at the first use, so that testing needs none of its files, nor
    even a teacher, and follows the device of its input.

    Args:
        config: Config file of the teacher, ``'package::file'`` for a file of
            an installed OpenMMLab package, or the ``model`` dict itself; None
            for a teacher that nobody is to use.
        checkpoint: The teacher's checkpoint, a path or HTTP address.
        allow_random_weights: Whether a teacher without checkpoint is meant,
            for tests and dry runs.
        dtype: ``'float16'`` or ``'bfloat16'`` to run in half precision, or
            ``'float32'``. Defaults to float32, or what is wider in its input;
            under AMP, AMP's.
        compile: Whether to run through ``torch.compile``.

    Raises:
        ValueError: The type is unknown.
    """

    def __init__(
        self,
        config: Union[str, dict, None] = None,
        checkpoint: Optional[str] = None,
        allow_random_weights: bool = False,
        dtype: Optional[str] = None,
        compile: bool = False,
    ) -> None:
        if dtype not in (None, *DTYPES):
            raise ValueError(
                f'The teacher\'s dtype is "{dtype}", expected one of '
                f'{[*DTYPES]}. Set model.teacher.dtype.'
            )
        self.config = config
        self.checkpoint = checkpoint
        self.allow_random_weights = allow_random_weights
        self.dtype = DTYPES.get(dtype)
        self.compile = compile
        self._model: Optional[TopdownPoseEstimator] = None

    def __deepcopy__(self, memo: dict) -> 'FrozenTeacher':
        return self

    @property
    def model(self) -> TopdownPoseEstimator:
        """The teacher itself, built and loaded at the first use.

        Raises:
            FileNotFoundError: Config or checkpoint do not exist.
            ValueError: There is no config, or no checkpoint and none is not
                allowed; or the checkpoint cannot be read or belongs to
                another architecture.
            TypeError: It is no top-down estimator.
        """
        if self._model is None:
            self._expect_to_be_configured()
            model = MODELS.build(self._model_config())
            if not isinstance(model, TopdownPoseEstimator):
                raise TypeError(
                    'The teacher must be a TopdownPoseEstimator, but '
                    f'{_name(self.config)} describes a '
                    f'{type(model).__name__}.'
                )
            if self.checkpoint is not None:
                self._load(model)
            model = fuse_and_reorder(model.eval()).requires_grad_(False)
            if self.compile:
                model.extract_feat = torch.compile(model.extract_feat)
            self._model = model
        return self._model

    def __call__(self, inputs: Tensor) -> TeacherOutput:
        """Run the teacher on normalized images (B, 3, H, W).

        Raises:
            TypeError: Its head does not give heatmaps.
        """
        model = self.model
        # Never to a narrower type that was not asked for: it would stay so.
        dtype = self.dtype or torch.promote_types(torch.float32, inputs.dtype)
        model.to(inputs.device, dtype)
        with torch.inference_mode(), self._precision(inputs):
            feats = extract_in_parts(model.extract_feat, inputs.to(dtype))
            heatmaps = model.head(feats)
        if not isinstance(heatmaps, Tensor) or heatmaps.ndim != 4:
            raise TypeError(
                'The teacher must have a head that gives heatmaps (B, K, h, '
                f'w), such as HeatmapHead or TokenPoseHead, but has a '
                f'{type(model.head).__name__}.'
            )
        # Losses keep these for their gradients, which tensors of inference
        # mode do not allow: copies, small beside what made them.
        tokens = None
        if isinstance(feats, Tokens):
            tokens = Tokens(*(x.to(inputs.dtype, copy=True) for x in feats))
        return TeacherOutput(heatmaps.to(inputs.dtype, copy=True), tokens)

    def _precision(self, inputs: Tensor) -> ContextManager:
        """The student's, AMP included, unless the teacher has its own."""
        if self.dtype is None:
            return nullcontext()
        return torch.autocast(inputs.device.type, enabled=False)

    def _expect_to_be_configured(self) -> None:
        if self.config is None:
            raise ValueError(
                'DistilPoseEstimator has no teacher. Set model.teacher='
                'dict(config=..., checkpoint=...), or train the student alone '
                'as a TopdownPoseEstimator.'
            )
        if self.checkpoint is None and not self.allow_random_weights:
            raise ValueError(
                'The teacher has no checkpoint, and an untrained teacher '
                'teaches nothing. Set model.teacher.checkpoint to a trained '
                f'checkpoint of {_name(self.config)}, or, for a dry run, '
                'model.teacher.allow_random_weights=True.'
            )

    def _model_config(self) -> dict:
        if not isinstance(self.config, str):
            return self.config.get('model', self.config)
        if '::' in self.config:
            return get_config(self.config).model
        if not Path(self.config).is_file():
            raise FileNotFoundError(
                f'The teacher\'s config "{self.config}" does not exist '
                f'(looked from {Path.cwd()}). Set model.teacher.config.'
            )
        return Config.fromfile(self.config).model

    def _load(self, model: nn.Module) -> None:
        try:
            state = read_state_dict(self.checkpoint)
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f'The teacher\'s checkpoint "{self.checkpoint}" does not '
                f'exist (looked from {Path.cwd()}). Train the teacher first '
                f'({_name(self.config)}), or set model.teacher.checkpoint to '
                'where its checkpoint lies.'
            ) from error
        except CheckpointError as error:
            raise CheckpointError(f'The teacher: {error}') from error
        try:
            model.load_state_dict(state, strict=True)
        except RuntimeError as error:
            lines = str(error).splitlines()
            raise ValueError(
                f'The teacher\'s checkpoint "{self.checkpoint}" is of another '
                f'architecture than its config ({_name(self.config)}): '
                + ' '.join(line.strip()[:300] for line in lines[1:4])
                + ' Set model.teacher.config and model.teacher.checkpoint to '
                'a pair that belongs together.'
            ) from error


def _name(config: Union[str, dict]) -> str:
    return config if isinstance(config, str) else 'the given model'
