"""The student that learns from a teacher.

B: batch. H, W: input height and width, pixels.
"""

from typing import Any

import torch
from mmpose.models import TopdownPoseEstimator
from mmpose.registry import MODELS
from mmpose.utils.typing import SampleList
from torch import Tensor

from ..deploy import deploy
from ..heads.own_loss import HeadOutput
from ..heatmaps.frame import pose_head_of
from ..keypoints.metainfo import keypoint_names
from ..models.distilpose_head import DistilPoseHead, keypoint_weights
from ..students.output import (
    StudentOutput,
    keep_output,
    mask_labels,
    student_output,
)
from ..teachers.base import teacher_settings
from ..teachers.frozen import FrozenTeacher
from ..teachers.inputs import InputSpec
from ..teachers.output import TeacherOutput, tokens_of
from .before_training import check_before_training, expect_dict
from .first_batch import check_first_batch
from .step import DistillationStep
from .terms import build_terms, fitting_terms
from .weighting import KeypointWeighting, keypoint_distances, mean_distance

__all__ = ['DistilPoseEstimator']


@MODELS.register_module()
class DistilPoseEstimator(TopdownPoseEstimator):
    """A top-down estimator whose loss adds those of distillation.

    The student *is* this model: its checkpoints load into the plain
    ``TopdownPoseEstimator`` of the same backbone, neck and head. The teacher
    is built when training begins, and nowhere else.

    Args:
        *args: As for ``TopdownPoseEstimator``: the student.
        teacher: The teacher, which only training needs: ``config`` and
            ``checkpoint`` of a model, or other arguments of
            ``FrozenTeacher``. A string is the name of a config, or an ONNX
            file.
        distillation: The terms to train with: for each, by a name of your
            choice, the config of a loss; None leaves the term out. Defaults
            to what fits the head: the paper's terms for a DistilPoseHead,
            else ``TeacherLabelLoss``. ``{}`` is for none.
        keypoint_weighting: How much each keypoint counts in the terms:
            ``unlabelled`` and ``min_confidence`` of ``KeypointWeighting``. By
            default, as much as its label.
        **kwargs: As for ``TopdownPoseEstimator``.

    Raises:
        TypeError: ``teacher`` or ``distillation`` is no dict, or has a
            setting that is unknown.
        ValueError: A term cannot be called by its name, or a setting has a
            wrong value.

    Attributes:
        keypoint_distances: After a step with a teacher, how far the student is
            from it, (B, K), pixels of the input; NaN where a keypoint weighs
            nothing.
    """

    def __init__(
        self,
        *args: Any,
        teacher: str | dict | None = None,
        distillation: dict[str, dict | None] | None = None,
        keypoint_weighting: dict | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if distillation is None:
            distillation = fitting_terms(self.head)
        self.distillation = build_terms(
            expect_dict('distillation', distillation)
        )
        self.teacher = FrozenTeacher(
            student=InputSpec.of_model(self),
            student_keypoints=keypoint_names(self.metainfo),
            **expect_dict('teacher', teacher_settings(teacher)),
        )
        self.keypoint_weighting = KeypointWeighting(
            **expect_dict(
                'keypoint_weighting',
                keypoint_weighting,
                known=KeypointWeighting.SETTINGS,
            )
        )
        self.keypoint_distances: Tensor | None = None
        self._is_first_batch = True

    def init_weights(self) -> None:
        """Initialize the student, and compare it with its teacher.

        MMEngine's runner calls this once, before the first batch.

        Raises:
            ValueError: Student, teacher and terms do not fit each other.
        """
        super().init_weights()
        check_before_training(self)

    def loss(self, inputs: Tensor, data_samples: SampleList) -> dict:
        """Calculate the supervised and the distillation losses.

        Args:
            inputs: Normalized images (B, 3, H, W).
            data_samples: The batch's data samples, with the student's labels.

        Returns:
            The head's own losses and, for each distillation term, its weighted
            loss as ``loss_<term>`` and, for the log alone, ``<term>/weight``,
            the value without it, ``<term>/unweighted``, and how far the
            student is from the teacher, ``teacher/distance_px``, pixels of
            the input.

        Raises:
            ValueError: The teacher's output for the first batch is not finite,
                or a term is called like one of the head's losses.
        """
        return self._losses(inputs, self.extract_feat(inputs), data_samples)

    @torch.compiler.disable  # the rest reads samples and runs the teacher
    def _losses(
        self, inputs: Tensor, feats: Any, data_samples: SampleList
    ) -> dict:
        if not isinstance(self.head, DistilPoseHead):
            mask_labels(data_samples)
        with keep_output(self.pose_head) as outputs:
            losses = self.head.loss(
                feats, data_samples, train_cfg=self.train_cfg
            )
        self.keypoint_distances = None
        if not self.distillation:
            return losses
        if not outputs:  # a head whose loss does not run `forward`
            outputs.append(self.pose_head(feats))
        student = self._student_output(feats, outputs[-1])
        teacher = self.teacher(inputs, data_samples)
        labels = keypoint_weights(data_samples)
        step = DistillationStep(
            student, teacher, self.keypoint_weighting(labels, teacher)
        )
        if self._is_first_batch:
            check_first_batch(self, step, data_samples, losses)
            self._is_first_batch = False
        for name, term in self.distillation.items():
            value = term(*step.arguments(term))
            weight = getattr(term, 'loss_weight', 1)
            losses[f'loss_{name}'] = value
            losses[f'{name}/weight'] = value.new_full((), weight)
            if weight:
                losses[f'{name}/unweighted'] = value.detach() / weight
        self.keypoint_distances = keypoint_distances(step, inputs)
        losses['teacher/distance_px'] = mean_distance(self.keypoint_distances)
        return losses

    @torch.no_grad()
    def outputs(self, inputs: Tensor) -> tuple[StudentOutput, TeacherOutput]:
        """Run student and teacher, in eval mode, on normalized images.

        Args:
            inputs: Normalized images (B, 3, H, W).
        """
        training = self.training
        self.eval()
        try:
            feats = self.extract_feat(inputs)
            student = self._student_output(feats, self.pose_head(feats))
        finally:
            self.train(training)
        return student, self.teacher(inputs)

    def switch_to_deploy(self) -> None:
        """Prepare the student for export, as MMPose's tools ask for it."""
        deploy(self, for_export=True)

    @property
    def pose_head(self) -> Any:
        """The head that predicts keypoints, which a VisPredictHead wraps."""
        return pose_head_of(self.head)

    def _student_output(self, feats: Any, output: Any) -> StudentOutput:
        head = self.pose_head
        student = student_output(head, output)
        return student._replace(
            tokens=tokens_of(feats), given=HeadOutput(head, output)
        )
