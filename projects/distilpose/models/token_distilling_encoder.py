"""The encoder that heatmap-based teacher and regression student share.

B: batch. C, h, w: channels, height and width of the feature map.
p_h, p_w: height and width of a patch, in cells of the feature map.
P: visual tokens, (h / p_h) * (w / p_w), row by row. K: keypoints.
D: width of a token.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmengine.model.weight_init import trunc_normal_
from mmpose.registry import MODELS
from mmpose.utils.typing import OptMultiConfig
from torch import Tensor, nn

from distilpose_runtime.errors import UserValueError

__all__ = [
    'INIT_CFG',
    'TokenDistillingEncoder',
    'Tokens',
    'sine_position_table',
    'take_keypoint_tokens',
]


# How linear layers on tokens begin, in the encoder and behind it.
INIT_CFG = [
    dict(type='TruncNormal', std=0.02, bias=0, layer=['Linear']),
    dict(type='Constant', val=1, layer=['LayerNorm']),
]


class Tokens(NamedTuple):
    """What the encoder makes of a feature map.

    Attributes:
        visual: Visual tokens (B, P, D).
        keypoint: Keypoint tokens (B, K, D). The last field, as MMPose's heads
            read the last of several features.
    """

    visual: Tensor
    keypoint: Tensor


@MODELS.register_module()
class TokenDistillingEncoder(BaseModule):
    """Token-distilling Encoder (TDE), Sec. 3.2 of the paper.

    Patches of the feature map become visual tokens; learnable keypoint tokens
    are put in front of them, and pre-norm transformer layers let the keypoint
    tokens gather what they need. The fixed 2-D sine table is added to the
    visual tokens before every layer. The encoder works on any feature map
    that divides into patches.

    Args:
        in_channels: Channels C of the feature map.
        num_keypoints: Number K of keypoint tokens.
        patch_size: (p_h, p_w), rows x columns of the feature map.
        embed_dims: Token width D, a multiple of 4 and of ``num_heads``.
        num_layers: Number of transformer layers.
        num_heads: Number of attention heads.
        mlp_ratio: Width of the hidden layer of a layer's MLP, in D.
        keypoint_token_std: Standard deviation of the initial keypoint tokens.
        init_cfg: Initialization config. Defaults to truncated normal of
            standard deviation 0.02 for the linear layers.

    Raises:
        ValueError: ``embed_dims`` cannot be divided among heads or sines, or
            there is no layer.
    """

    def __init__(
        self,
        in_channels: int,
        num_keypoints: int = 17,
        patch_size: tuple[int, int] = (4, 3),
        embed_dims: int = 192,
        num_layers: int = 12,
        num_heads: int = 8,
        mlp_ratio: float = 3,
        keypoint_token_std: float = 0.02,
        init_cfg: OptMultiConfig = None,
    ) -> None:
        super().__init__(init_cfg or INIT_CFG)
        if embed_dims % num_heads or embed_dims % 4:
            raise UserValueError(
                f'TokenDistillingEncoder: embed_dims={embed_dims} must be a '
                f'multiple of num_heads={num_heads} and of 4 (sine and cosine '
                'of x and of y).'
            )
        if num_layers < 1:
            raise UserValueError(
                f'TokenDistillingEncoder: num_layers={num_layers}, expected 1 '
                'or more. Without layers, keypoint tokens see no image: for '
                'a student without encoder, use PooledDistilPoseHead.'
            )
        self.in_channels = in_channels
        self.num_keypoints = num_keypoints
        self.patch_size = tuple(patch_size)
        self.embed_dims = embed_dims
        # For predictions, heads read no others: set by deployment.
        self.keypoint_tokens_only = False

        patch_dims = in_channels * self.patch_size[0] * self.patch_size[1]
        self.patch_embed = nn.Linear(patch_dims, embed_dims)
        self.keypoint_tokens = nn.Parameter(
            trunc_normal_(
                torch.empty(1, num_keypoints, embed_dims),
                std=keypoint_token_std,
            )
        )
        self.layers = nn.ModuleList(
            TransformerLayer(
                embed_dims, num_heads, int(embed_dims * mlp_ratio)
            )
            for _ in range(num_layers)
        )

    def forward(self, feats: Tensor | Sequence[Tensor]) -> Tokens:
        """Encode a feature map.

        Args:
            feats: Feature map (B, C, h, w), or several, of which the last is
                taken, as MMPose's heads do.

        Returns:
            Visual tokens (B, P, D), or none (B, 0, D) where
            ``keypoint_tokens_only`` is set, and keypoint tokens (B, K, D).

        Raises:
            ValueError: The map does not divide into patches, or has another
                number of channels.
        """
        x = feats if isinstance(feats, Tensor) else feats[-1]
        patches = self._split_into_patches(x)
        position = self._position(x, patches.dtype)
        tokens = torch.cat(
            [
                self.keypoint_tokens.expand(x.shape[0], -1, -1),
                self.patch_embed(patches),
            ],
            dim=1,
        )
        for layer in self.layers[:-1]:
            tokens = layer(tokens + position)
        k = self.num_keypoints
        num_out = k if self.keypoint_tokens_only else None
        tokens = self.layers[-1](tokens + position, num_out)
        return Tokens(visual=tokens[:, k:], keypoint=tokens[:, :k])

    def _position(self, x: Tensor, dtype: torch.dtype) -> Tensor:
        """The sine table behind zeros for keypoint tokens, (1, K + P, D).

        It is made anew for every feature map (0.1 ms): a cache would hold what
        tracing and exporting put into it.
        """
        height, width = (
            int(n) // p for n, p in zip(x.shape[-2:], self.patch_size)
        )
        # On the device, or a GPU would wait for the copy; MPS has no float64.
        device = None if x.device.type == 'mps' else x.device
        table = sine_position_table(height, width, self.embed_dims, device)
        return F.pad(table, (0, 0, self.num_keypoints, 0)).to(x.device, dtype)

    def _split_into_patches(self, x: Tensor) -> Tensor:
        """Cut (B, C, h, w) into (B, P, p_h * p_w * C), channel fastest."""
        b, c, h, w = x.shape
        p_h, p_w = self.patch_size
        if c != self.in_channels:
            raise UserValueError(
                f'TokenDistillingEncoder: the feature map has {c} channels, '
                f'but in_channels={self.in_channels}. Set neck.in_channels to '
                "the backbone's output channels."
            )
        if h % p_h or w % p_w:
            raise UserValueError(
                f'TokenDistillingEncoder: a feature map of {h} x {w} (height '
                f'x width) does not divide into patches of {p_h} x {p_w}. '
                'Choose an input size or neck.patch_size that fits.'
            )
        # Channels last first, so that gradients come out in this order too.
        x = x.permute(0, 2, 3, 1)
        x = x.reshape(b, h // p_h, p_h, w // p_w, p_w, c)
        return x.transpose(2, 3).reshape(b, -1, p_h * p_w * c)


def sine_position_table(
    height: int, width: int, dims: int, device: torch.device | None = None
) -> Tensor:
    """Make the fixed 2-D sine table of a grid of visual tokens.

    On the CPU by default, whatever PyTorch's default device is. Of the
    ``dims`` of a token, the first half encodes y, the second x.

    Returns:
        Table (1, height * width, D) in float64, row by row.
    """
    temperature, half = 10000, dims // 2
    device = device or torch.device('cpu')
    index = torch.arange(half, dtype=torch.float64, device=device)
    frequency = temperature ** (-2 * (index // 2) / half)

    def encode(n: int) -> Tensor:  # (n, half)
        position = torch.arange(1, n + 1, dtype=torch.float64, device=device)
        position = position * 2 * math.pi / (n + 1e-6)
        angle = position[:, None] * frequency
        # Sine on even columns, cosine on odd ones.
        return torch.stack(
            [angle[:, 0::2].sin(), angle[:, 1::2].cos()], dim=2
        ).flatten(1)

    y = encode(height)[:, None].expand(-1, width, -1)
    x = encode(width)[None, :].expand(height, -1, -1)
    return torch.cat([y, x], dim=2).reshape(1, height * width, dims)


def take_keypoint_tokens(
    head: nn.Module, feats: Sequence[Tensor], num_keypoints: int, width: int
) -> Tensor:
    """Take the keypoint tokens (B, K, D) out of the features of a head.

    Raises:
        ValueError: The tokens are not those that the head was built for.
    """
    tokens = feats[-1]
    if tokens.ndim != 3 or tuple(tokens.shape[1:]) != (num_keypoints, width):
        raise UserValueError(
            f'{type(head).__name__}: built for {num_keypoints} keypoint '
            f'tokens of width {width}, but the neck gives a tensor of shape '
            f'{tuple(tokens.shape)}. Use a TokenDistillingEncoder with '
            f'num_keypoints={num_keypoints} and embed_dims={width}, or change '
            "the head's config."
        )
    return tokens


class TransformerLayer(nn.Module):
    """One pre-norm transformer layer, (B, N, D) -> (B, N, D).

    With ``num_out``, the first tokens alone come out, which still look at all.
    """

    def __init__(self, dims: int, num_heads: int, hidden_dims: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.norm1 = nn.LayerNorm(dims)
        self.qkv = nn.Linear(dims, 3 * dims, bias=False)
        self.proj = nn.Linear(dims, dims)
        self.norm2 = nn.LayerNorm(dims)
        self.mlp = nn.Sequential(
            nn.Linear(dims, hidden_dims),
            nn.GELU(),
            nn.Linear(hidden_dims, dims),
        )

    def forward(self, x: Tensor, num_out: int | None = None) -> Tensor:
        x = x[:, :num_out] + self._attend(self.norm1(x), num_out)
        return x + self.mlp(self.norm2(x))

    def _attend(self, x: Tensor, num_out: int | None) -> Tensor:
        b, n, d = x.shape
        qkv = self.qkv(x).reshape(b, n, 3, self.num_heads, -1)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        x = F.scaled_dot_product_attention(q[:, :, :num_out], k, v)
        return self.proj(x.transpose(1, 2).reshape(b, -1, d))
