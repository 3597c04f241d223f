"""DistilPose written naively: what the benchmark compares with.

Attention by einsum, normalization layers apart from convolutions, channels
first, a flip test of two passes, simulated heatmaps drawn in full, a float32
teacher under ``no_grad``, accuracy by NumPy. It computes the same numbers;
nothing but the benchmark and its test uses it.
"""

import copy

import torch
import torch.nn.functional as F
from mmengine.config import ConfigDict
from mmpose.evaluation.functional import keypoint_pck_accuracy
from mmpose.models import TopdownPoseEstimator
from mmpose.registry import MODELS
from torch import Tensor

from distilpose.models.distilpose_head import keypoint_weights
from distilpose.models.stem_net import StemNet
from distilpose.models.token_distilling_encoder import (
    TokenDistillingEncoder,
    TransformerLayer,
)


class NaiveLayer(TransformerLayer):
    """A transformer layer with its attention written out."""

    def _attend(self, x: Tensor, num_out: int | None) -> Tensor:
        b, n, d = x.shape
        width = d // self.num_heads
        q, k, v = (
            part.reshape(b, n, self.num_heads, width).transpose(1, 2)
            for part in self.qkv(x).chunk(3, dim=-1)
        )
        scores = torch.einsum('bhid,bhjd->bhij', q, k) * width**-0.5
        mixed = torch.einsum('bhij,bhjd->bhid', scores.softmax(-1), v)
        return self.proj(mixed.transpose(1, 2).reshape(b, n, d))


class NaiveEncoder(TokenDistillingEncoder):
    """The encoder of such layers."""

    def __init__(self, **config) -> None:
        super().__init__(**config)
        for i, layer in enumerate(self.layers):
            self.layers[i] = NaiveLayer(
                dims=layer.qkv.in_features,
                num_heads=layer.num_heads,
                hidden_dims=layer.mlp[0].out_features,
            )


class NaiveStem(StemNet):
    """The stem with channels in front, as PyTorch stores them by default."""

    def forward(self, x: Tensor) -> tuple[Tensor]:
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        return (self.layer1(x),)


def build_naive(
    config: ConfigDict, weights: dict[str, Tensor]
) -> TopdownPoseEstimator:
    """Build an estimator naively, in eval mode, with our own one's weights."""
    config = copy.deepcopy(config)
    # Its prediction and flip test are MMPose's, and losses stand below.
    config.type = TopdownPoseEstimator
    config.pop('teacher', None)
    config.pop('distillation', None)
    naive = dict(StemNet=NaiveStem, TokenDistillingEncoder=NaiveEncoder)
    for part in (config.backbone, config.neck):
        part.type = naive.get(part.type, part.type)
    model = MODELS.build(config)
    model.load_state_dict(weights)
    return model.eval()


def simulate_heatmaps_in_full(
    coords: Tensor, sigmas: Tensor, size: tuple[int, int]
) -> Tensor:
    """Draw (B, K, h, w) Gaussians cell by cell, as their formula reads."""
    w, h = size
    grid_y, grid_x = torch.meshgrid(
        torch.arange(h, dtype=coords.dtype, device=coords.device),
        torch.arange(w, dtype=coords.dtype, device=coords.device),
        indexing='ij',
    )
    x, y = (coords * coords.new_tensor([w, h]))[..., None, None].unbind(2)
    s_x, s_y = sigmas[..., None, None].unbind(2)
    return torch.exp(
        -((grid_x - x) ** 2 / (2 * s_x**2) + (grid_y - y) ** 2 / (2 * s_y**2))
    )


def naive_losses(
    student: TopdownPoseEstimator,
    teacher: TopdownPoseEstimator,
    inputs: Tensor,
    data_samples: list,
) -> dict[str, Tensor]:
    """The losses of a distillation step, with the paper's weights."""
    tokens = student.extract_feat(inputs)
    coords, sigmas, scores = student.head(tokens)
    with torch.no_grad():
        teacher_tokens = teacher.extract_feat(inputs)
        heatmaps = teacher.head(teacher_tokens)
    labels = torch.cat(
        [d.gt_instance_labels.keypoint_labels for d in data_samples]
    )
    weights = keypoint_weights(data_samples)
    shown = weights[..., None]

    h, w = heatmaps.shape[-2:]
    drawn = simulate_heatmaps_in_full(coords, sigmas, (w, h))
    cell = (coords.detach() * coords.new_tensor([w - 1, h - 1])).round().long()
    read = heatmaps.flatten(2).gather(2, cell[..., 1:] * w + cell[..., :1])
    keypoint_pck_accuracy(
        coords.detach().cpu().numpy(),
        labels.cpu().numpy(),
        weights.cpu().numpy() > 0,
        0.05,
        torch.ones(len(labels), 2).numpy(),
    )
    masked = (drawn - heatmaps) * weights[..., None, None]
    return dict(
        loss_kpt=F.smooth_l1_loss(coords * shown, labels * shown),
        loss_visual_tokens=5e-4
        * F.mse_loss(tokens.visual, teacher_tokens.visual),
        loss_keypoint_tokens=5e-4
        * F.mse_loss(tokens.keypoint, teacher_tokens.keypoint),
        loss_simulated_heatmaps=masked.square().mean(),
        loss_scores=1e-2 * ((scores - read).abs() * shown).mean(),
    )
