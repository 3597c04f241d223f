"""The student that learns from a teacher.

B: batch. K: keypoints. H, W: input height and width, pixels.
"""

from typing import Dict, Optional, Tuple

import torch
from mmengine.logging import MMLogger
from mmpose.models import TopdownPoseEstimator
from mmpose.registry import MODELS
from mmpose.utils.typing import (
    ConfigType,
    OptConfigType,
    OptMultiConfig,
    SampleList,
)
from torch import Tensor, nn

from ..deploy.fuse import deploy, extract_in_parts, halves
from ..models.distilpose_head import KeypointPrediction, keypoint_weights
from ..models.token_distilling_encoder import Tokens
from .teacher import FrozenTeacher, TeacherOutput

__all__ = ['DistilPoseEstimator']

# The paper's terms and weights (Sec. 3.4).
PAPER_TERMS = dict(
    visual_tokens=dict(type='TokenDistillationLoss', loss_weight=5e-4),
    keypoint_tokens=dict(type='TokenDistillationLoss', loss_weight=5e-4),
    simulated_heatmaps=dict(type='SimulatedHeatmapLoss', loss_weight=1.0),
    scores=dict(type='KeypointScoreLoss', loss_weight=1e-2),
)
TOKEN_TERMS = ('visual_tokens', 'keypoint_tokens')

# Heatmaps of height 1 that peak below this belong to an untrained teacher.
FLAT_PEAK = 0.1


@MODELS.register_module()
class DistilPoseEstimator(TopdownPoseEstimator):
    """A top-down estimator whose loss adds those of distillation.

    The student *is* this model: its checkpoints load into the plain
    ``TopdownPoseEstimator`` of the same backbone, neck and head. The teacher
    is built when training begins, and nowhere else.

    Args:
        backbone: Config of the student's backbone.
        neck: Config of the student's neck.
        head: Config of the student's head.
        teacher: ``config``, ``checkpoint`` and ``allow_random_weights``; see
            :class:`~.teacher.FrozenTeacher`.
        distillation: The terms to train with, by name: ``visual_tokens``,
            ``keypoint_tokens``, ``simulated_heatmaps`` and ``scores``, each
            the config of a loss, or None to leave it out. Defaults to all
            four with the paper's weights.
        train_cfg: Runtime config of training.
        test_cfg: Runtime config of testing.
        data_preprocessor: Config of the data preprocessor.
        init_cfg: Initialization config.
        metainfo: Meta information of the dataset.

    Raises:
        ValueError: A term is unknown.
    """

    def __init__(
        self,
        backbone: ConfigType,
        neck: OptConfigType = None,
        head: OptConfigType = None,
        teacher: OptConfigType = None,
        distillation: OptConfigType = None,
        train_cfg: OptConfigType = None,
        test_cfg: OptConfigType = None,
        data_preprocessor: OptConfigType = None,
        init_cfg: OptMultiConfig = None,
        metainfo: Optional[dict] = None,
    ) -> None:
        super().__init__(
            backbone=backbone,
            neck=neck,
            head=head,
            train_cfg=train_cfg,
            test_cfg=test_cfg,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
            metainfo=metainfo,
        )
        terms = PAPER_TERMS if distillation is None else distillation
        unknown = sorted(set(terms) - set(PAPER_TERMS))
        if unknown:
            raise ValueError(
                f'Unknown distillation terms {unknown}; the terms are '
                f'{sorted(PAPER_TERMS)}. Correct model.distillation.'
            )
        self.distillation = nn.ModuleDict(
            {
                name: MODELS.build(loss)
                for name, loss in terms.items()
                if loss is not None
            }
        )
        # Testing a student must not ask for a teacher, not even its name.
        self._teacher_cfg = teacher
        self._teacher: Optional[FrozenTeacher] = None
        self._teacher_is_proven = False

    @property
    def teacher(self) -> FrozenTeacher:
        """The teacher, which loads itself at its first use.

        Tracing reads every attribute, so that this one must not complain of
        a teacher that is missing.

        Raises:
            ValueError: It is configured, but not by a dict.
        """
        if self._teacher is None:
            config = {} if self._teacher_cfg is None else self._teacher_cfg
            if not isinstance(config, dict):
                raise ValueError(
                    f'model.teacher is {config!r}, expected '
                    'dict(config=..., checkpoint=...).'
                )
            self._teacher = FrozenTeacher(**config)
        return self._teacher

    def init_weights(self) -> None:
        """Initialize the student, and hold it against its teacher.

        MMEngine's runner calls this once, before the first batch.

        Raises:
            ValueError: Student and teacher do not fit each other.
        """
        super().init_weights()
        if self.distillation:
            self.check_teacher()

    @torch.no_grad()
    def check_teacher(self) -> None:
        """Run student and teacher on one black image and compare.

        Raises:
            ValueError: They differ in input size, normalization, keypoints or
                tokens, or lack a decoder or what a distillation term needs.
        """
        teacher = self.teacher
        size = _input_size(self, 'student')
        _expect_same(
            'input size (W, H)', size, _input_size(teacher.model, 'teacher')
        )
        _expect_same(
            'image normalization',
            _normalization(self),
            _normalization(teacher.model),
        )
        device = next(self.parameters()).device
        inputs = torch.zeros(
            1, _image_channels(self), *size[::-1], device=device
        )
        training = self.training
        self.eval()
        feats = self.extract_feat(inputs)
        prediction = self.head(feats)
        self.train(training)
        output = teacher(inputs)
        _expect_same(
            'number of keypoints',
            prediction.coords.shape[1],
            output.heatmaps.shape[1],
        )
        self._check_tokens(feats, output)
        for term, field in (
            ('simulated_heatmaps', 'sigmas'),
            ('scores', 'scores'),
        ):
            if (
                term in self.distillation
                and getattr(prediction, field) is None
            ):
                raise ValueError(
                    f'The distillation term "{term}" needs a head that '
                    f'predicts {field}. Set head.{field}=True, or leave the '
                    f'term out with model.distillation.{term}=None.'
                )

    def _check_tokens(self, feats: Tokens, output: TeacherOutput) -> None:
        for name in TOKEN_TERMS:
            if name not in self.distillation:
                continue
            for who, tokens in (
                ('student', feats),
                ('teacher', output.tokens),
            ):
                if not isinstance(tokens, Tokens):
                    raise ValueError(
                        f'The distillation term "{name}" needs a '
                        f'TokenDistillingEncoder as neck, but the {who} has '
                        'another. Leave the term out with '
                        f'model.distillation.{name}=None.'
                    )
            field = name.split('_')[0]
            _expect_same(
                f'{field} tokens (B, number, width)',
                tuple(getattr(feats, field).shape),
                tuple(getattr(output.tokens, field).shape),
            )

    def extract_feat(self, inputs: Tensor) -> Tuple[Tensor, ...]:
        """Extract features (or tokens) of normalized images (B, 3, H, W)."""
        extract_feat = super().extract_feat
        if self.training:
            return extract_feat(inputs)
        return extract_in_parts(extract_feat, inputs)

    def predict(self, inputs: Tensor, data_samples: SampleList) -> SampleList:
        """Predict keypoints; the flip test is one batch, not two.

        Args:
            inputs: Normalized images (B, 3, H, W).
            data_samples: The batch's data samples.

        Returns:
            The samples with ``pred_instances`` and, on request,
            ``pred_fields``.
        """
        if not self.test_cfg.get('flip_test', False):
            return super().predict(inputs, data_samples)
        feats = self.extract_feat(torch.cat([inputs, inputs.flip(-1)]))
        predicted = self.head.predict(
            [*halves(feats)], data_samples, test_cfg=self.test_cfg
        )
        if not isinstance(predicted, tuple):
            predicted = predicted, None
        return self.add_pred_to_datasample(*predicted, data_samples)

    def switch_to_deploy(self) -> None:
        """Prepare backbone, neck and head for predictions alone."""
        deploy(self)

    def loss(self, inputs: Tensor, data_samples: SampleList) -> dict:
        """Calculate the supervised and the distillation losses.

        Args:
            inputs: Normalized images (B, 3, H, W).
            data_samples: The batch's data samples, with the student's labels.

        Returns:
            The head's own losses and, for each distillation term, its weighted
            loss as ``loss_<term>`` and, for the log alone, ``<term>/weight``
            and the value without it, ``<term>/unweighted``.

        Raises:
            ValueError: The teacher's output for the first batch is not finite.
        """
        feats = self.extract_feat(inputs)
        losses = self.head.loss(feats, data_samples, train_cfg=self.train_cfg)
        if self.distillation:
            losses.update(
                self._distillation_losses(
                    feats,
                    # One small layer, run again to leave head.loss alone.
                    self.head(feats),
                    self.teacher(inputs),
                    keypoint_weights(data_samples),
                )
            )
        return losses

    def _distillation_losses(
        self,
        feats: Tokens,
        prediction: KeypointPrediction,
        teacher: TeacherOutput,
        weights: Tensor,
    ) -> Dict[str, Tensor]:
        if not self._teacher_is_proven:
            _expect_finite(teacher)
            _warn_if_flat(teacher.heatmaps, weights)
            self._teacher_is_proven = True
        arguments = dict(
            visual_tokens=lambda: (feats.visual, teacher.tokens.visual),
            keypoint_tokens=lambda: (feats.keypoint, teacher.tokens.keypoint),
            simulated_heatmaps=lambda: (
                prediction.coords,
                prediction.sigmas,
                teacher.heatmaps,
                weights,
            ),
            scores=lambda: (
                prediction.scores,
                prediction.coords,
                teacher.heatmaps,
                weights,
            ),
        )
        losses = {}
        for name, loss in self.distillation.items():
            value = loss(*arguments[name]())
            weight = getattr(loss, 'loss_weight', 1.0)
            losses[f'loss_{name}'] = value
            losses[f'{name}/weight'] = value.new_full((), weight)
            if weight:
                losses[f'{name}/unweighted'] = value.detach() / weight
        return losses


def _input_size(model: TopdownPoseEstimator, who: str) -> Tuple[int, int]:
    """Size (W, H) of the images that a model was built for."""
    if getattr(model.head, 'decoder', None) is None:
        raise ValueError(
            f'The head of the {who} has no decoder, which names the input '
            'size. Set head.decoder to the codec of its data.'
        )
    return tuple(model.head.decoder.input_size)


def _image_channels(model: TopdownPoseEstimator) -> int:
    """Channels of the images that a model's first convolution takes."""
    for module in model.backbone.modules():
        if isinstance(module, nn.Conv2d):
            return module.in_channels
    return 3


def _normalization(model: TopdownPoseEstimator) -> tuple:
    """Mean, standard deviation and channel order of the preprocessing."""
    pre = model.data_preprocessor
    if not getattr(pre, '_enable_normalize', False):
        return ()
    return (
        *(
            tuple(getattr(pre, name).flatten().tolist())
            for name in ('mean', 'std')
        ),
        'channels swapped' if pre._channel_conversion else 'channels kept',
    )


def _expect_same(what: str, student: object, teacher: object) -> None:
    if student != teacher:
        raise ValueError(
            f'Student and teacher differ in {what}: the student has '
            f'{student}, the teacher {teacher}. Change one of their configs, '
            'or choose another teacher.'
        )


def _expect_finite(teacher: TeacherOutput) -> None:
    """Refuse a teacher that is broken from the first batch on."""
    for what, tensor in (
        ('heatmaps', teacher.heatmaps),
        *(teacher.tokens._asdict().items() if teacher.tokens else ()),
    ):
        if not tensor.isfinite().all():
            raise ValueError(
                f"The teacher's {what} of the first batch hold NaN or "
                'infinity. Check model.teacher.checkpoint: was it trained to '
                'its end, and did that training not diverge?'
            )


def _warn_if_flat(heatmaps: Tensor, weights: Tensor) -> None:
    """Warn of a teacher that has not left the plateau of empty heatmaps."""
    peaks = heatmaps.amax((-2, -1))[weights > 0]
    if len(peaks) and float(peaks.mean()) < FLAT_PEAK:
        MMLogger.get_current_instance().warning(
            "The teacher's heatmaps peak at %.3f on average for visible "
            'keypoints of the first batch, where a trained teacher reaches '
            'about 1: it has learned next to nothing, and has nothing to '
            'teach. Check model.teacher.checkpoint, and that the teacher was '
            'trained on this kind of data.',
            float(peaks.mean()),
        )
