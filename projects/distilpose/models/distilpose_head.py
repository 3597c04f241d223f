"""The regression head of the student.

B: batch. K: keypoints. D: token width. Coordinates are (x, y), fractions of
the input; sigmas are (x, y), pixels of a heatmap at stride 4.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.structures import PixelData
from mmpose.evaluation.functional import keypoint_pck_accuracy
from mmpose.models.heads.base_head import BaseHead
from mmpose.models.losses import RLELoss
from mmpose.registry import KEYPOINT_CODECS, MODELS
from mmpose.utils.tensor_utils import to_numpy
from mmpose.utils.typing import (
    ConfigType,
    Features,
    OptConfigType,
    OptMultiConfig,
    OptSampleList,
    Predictions,
)
from torch import Tensor, nn

from distilpose_runtime.errors import UserValueError

from ..heatmaps.frame import STRIDE, HeatmapFrame
from ..heatmaps.functional import at_least_float32, simulate_heatmaps
from .token_distilling_encoder import INIT_CFG, take_keypoint_tokens

__all__ = ['DistilPoseHead', 'KeypointPrediction', 'average_with_mirrored']

Prediction = TypeVar('Prediction', bound=Any)


class KeypointPrediction(NamedTuple):
    """What the student predicts for each keypoint.

    Attributes:
        coords: Coordinates (B, K, 2), fractions of the input.
        sigmas: Sigmas of the simulated heatmap (B, K, 2), pixels of a heatmap
            at stride 4, or None for a head without.
        scores: Confidence scores (B, K, 1), about 0 to 1, or None for a head
            without.
    """

    coords: Tensor
    sigmas: Tensor | None
    scores: Tensor | None


@MODELS.register_module()
class DistilPoseHead(BaseHead):
    """One layer turns every keypoint token into 5 numbers (Sec. 3.3).

    Coordinates through a sigmoid, a linear confidence score, and sigmas
    through a softplus. The supervised loss is that of MMPose's
    ``RegressionHead``; the numbers beside the coordinates are trained by
    distillation alone. Where no term trains them, switch them off.

    Args:
        in_channels: Token width D.
        num_joints: Number of keypoints K.
        sigmas: Whether to give sigmas, needed for simulated heatmaps.
        scores: Whether to give scores. Switch them off where nothing trains
            them: all are then 1.
        shared_sigma: Whether one sigma serves both axes: round heatmaps.
        loss: Config of the coordinates' loss. Defaults to ``SmoothL1Loss``
            weighted by visibility.
        decoder: Config of the codec, ``RegressionLabel``.
        init_cfg: Initialization config.

    Raises:
        ValueError: ``RLELoss`` is chosen, which needs another head.
    """

    def __init__(
        self,
        in_channels: int,
        num_joints: int,
        sigmas: bool = True,
        scores: bool = True,
        shared_sigma: bool = False,
        loss: ConfigType | None = None,
        decoder: OptConfigType = None,
        init_cfg: OptMultiConfig = None,
    ) -> None:
        super().__init__(init_cfg or INIT_CFG)
        self.in_channels = in_channels
        self.num_joints = num_joints
        self.sigmas = sigmas
        self.scores = scores
        self.shared_sigma = shared_sigma
        self.loss_module = MODELS.build(
            loss or dict(type='SmoothL1Loss', use_target_weight=True)
        )
        if isinstance(self.loss_module, RLELoss):
            raise UserValueError(
                "DistilPoseHead has no RLELoss: use MMPose's RLEHead, or "
                'another loss, such as L1Loss.'
            )
        self.decoder: Any = decoder and KEYPOINT_CODECS.build(decoder)
        self._build_layers()

    def _build_layers(self) -> None:
        # Five outputs whatever is switched off, in the order of the original
        # checkpoints: every variant loads every other's checkpoint.
        self.mlp = nn.Sequential(
            nn.LayerNorm(self.in_channels),
            nn.Linear(self.in_channels, 2 + 1 + 2),
        )

    def _numbers(self, feats: Sequence[Tensor]) -> Tensor:
        """Five numbers for each keypoint, (B, K, 5)."""
        tokens = take_keypoint_tokens(
            self, feats, self.num_joints, self.in_channels
        )
        return self.mlp(tokens)

    def forward(self, feats: Sequence[Tensor]) -> KeypointPrediction:
        """Turn tokens into predictions.

        Args:
            feats: Tokens, the last of which are the keypoint tokens
                (B, K, D).

        Returns:
            Coordinates, sigmas and scores.

        Raises:
            ValueError: There are not K keypoint tokens of width D.
        """
        coords, scores, sigmas = self._numbers(feats).split((2, 1, 2), -1)
        if self.shared_sigma:
            sigmas = sigmas[..., :1].expand_as(sigmas)
        return KeypointPrediction(
            coords=coords.sigmoid(),
            sigmas=F.softplus(sigmas) if self.sigmas else None,
            scores=scores if self.scores else None,
        )

    def predict(
        self,
        feats: Features,
        batch_data_samples: OptSampleList,
        test_cfg: OptConfigType = None,
    ) -> Predictions:
        """Predict keypoints in pixels of the input, and their scores.

        Args:
            feats: Tokens or, for the flip test, a list of two: of the images
                and of their mirror images.
            batch_data_samples: The batch's data samples.
            test_cfg: ``flip_test``, ``shift_coords`` (False by default:
                coordinates need no shift by a pixel) and ``output_heatmaps``.

        Returns:
            An instance for each sample, with ``keypoints`` (1, K, 2) and
            ``keypoint_scores`` (1, K). With ``output_heatmaps``, the
            instances and, for each sample, its simulated heatmaps
            ``heatmaps`` (K, h, w), of a quarter of the input's size.

        Raises:
            ValueError: Heatmaps are asked for, but the head has no sigmas.
        """
        test_cfg = test_cfg or {}
        if test_cfg.get('flip_test', False):
            meta = batch_data_samples[0].metainfo
            own, mirrored = (self.forward(f) for f in feats)
            shift = test_cfg.get('shift_coords', False)
            prediction = average_with_mirrored(
                own,
                mirrored,
                meta['flip_indices'],
                shift / meta['input_size'][0],
            )
        else:
            prediction = self.forward(feats)

        # NumPy has no bfloat16, and half precision cannot tell pixels apart.
        prediction = KeypointPrediction._make(
            x if x is None else at_least_float32(x)[0] for x in prediction
        )
        # One person each.
        instances = self.decode(prediction.coords.unsqueeze(1))
        scores = prediction.scores
        if scores is None:
            scores = torch.ones_like(prediction.coords[..., :1])
        for instance, score in zip(instances, to_numpy(scores[..., 0])):
            instance.keypoint_scores = score[None]
        if not test_cfg.get('output_heatmaps', False):
            return instances
        return instances, self._fields(prediction)

    def _fields(self, prediction: KeypointPrediction) -> list[PixelData]:
        """Draw predictions as simulated heatmaps, one field a sample."""
        if prediction.sigmas is None:
            raise UserValueError(
                'DistilPoseHead: test_cfg.output_heatmaps=True needs sigmas '
                'to draw, but this head has sigmas=False. Set it to True if '
                'the checkpoint was trained with simulated heatmaps.'
            )
        w, h = self.decoder.input_size
        heatmaps = simulate_heatmaps(
            prediction.coords,
            prediction.sigmas,
            HeatmapFrame.msra((w // STRIDE, h // STRIDE)),
        )
        return [PixelData(heatmaps=heatmap) for heatmap in heatmaps.detach()]

    def loss(
        self,
        feats: Sequence[Tensor],
        batch_data_samples: OptSampleList,
        train_cfg: OptConfigType = None,
    ) -> dict:
        """Calculate the supervised loss of the coordinates.

        Args:
            feats: Tokens, the last of which are the keypoint tokens.
            batch_data_samples: The batch's data samples.
            train_cfg: ``compute_acc`` (True by default).

        Returns:
            ``loss_kpt`` and ``acc_pose``, the share of keypoints within 5 %
            of the input size, as in MMPose's RegressionHead.

        Raises:
            ValueError: The labels are not for K keypoints.
        """
        prediction = self.forward(feats)
        labels = torch.cat(
            [d.gt_instance_labels.keypoint_labels for d in batch_data_samples]
        )
        weights = keypoint_weights(batch_data_samples)
        if labels.shape != prediction.coords.shape:
            raise UserValueError(
                f'DistilPoseHead: predicts {self.num_joints} keypoints, but '
                f'the data has labels of shape {tuple(labels.shape)} (B, K, '
                '2). Set head.num_joints and neck.num_keypoints to the '
                "dataset's."
            )
        # Where nothing is labelled, some tools write NaN, and NaN times a
        # weight of 0 is NaN.
        labels = torch.where(weights[..., None] > 0, labels, 0.0)
        loss = self.loss_module(prediction.coords, labels, weights[..., None])
        losses = dict(loss_kpt=loss)
        if (train_cfg or {}).get('compute_acc', True):
            # NumPy has no bfloat16.
            _, accuracy, _ = keypoint_pck_accuracy(
                pred=to_numpy(prediction.coords.float()),
                gt=to_numpy(labels),
                mask=to_numpy(weights) > 0,
                thr=0.05,
                norm_factor=np.ones((len(labels), 2), np.float32),
            )
            losses['acc_pose'] = loss.new_tensor(accuracy)
        return losses


def average_with_mirrored(
    own: Prediction,
    mirrored: Prediction,
    flip_indices: Sequence[int],
    shift: float = 0,
) -> Prediction:
    """Average the predictions for images and for their mirror images.

    Both are named tuples of ``coords`` (B, K, 2), fractions of the input, and
    of other tensors (B, K, ...), or what else stays as it is. Coordinates
    move by ``shift``, a fraction of the input's width.
    """
    x, y = mirrored.coords.unbind(-1)
    x = 1 - shift - x
    mirrored = mirrored._replace(coords=torch.stack([x, y], -1))
    return own._make(
        (a + b[:, flip_indices]) / 2 if isinstance(a, Tensor) else a
        for a, b in zip(own, mirrored)
    )


def keypoint_weights(batch_data_samples: OptSampleList) -> Tensor:
    """Collect the keypoints' weights of a batch, (B, K).

    Of labels in several levels, those of the last.
    """
    weights = [
        sample.gt_instance_labels.keypoint_weights
        for sample in batch_data_samples
    ]
    return torch.cat([own if own.ndim == 2 else own[-1] for own in weights])
