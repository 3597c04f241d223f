"""Releases of others whose checkpoints can be converted, and their names.

Known are the original DistilPose release (students and TokenPose teachers, in
the naming of MMPose 0.22) and MMPose 0.x's HRNet. Both keep the backbone's
names; what differs is neck and head.
"""

from typing import NamedTuple

from torch import Tensor

from distilpose.weights.fetch import CheckpointError

__all__ = [
    'ENCODER_AND_HEAD',
    'HEATMAP',
    'STUDENT',
    'TEACHER',
    'Release',
    'recognise',
]

# Prefixes of the head, which in the original holds the encoder as well.
STUDENT, TEACHER = 'keypoint_head.tokenhead.', 'keypoint_head.tokenpose.'
HEATMAP = 'keypoint_head.final_layer.'
# What follows the prefix: (original, ours), {} a number.
LAYER = 'transformer.layers.{}'
ENCODER_AND_HEAD = [
    ('keypoint_token', 'neck.keypoint_tokens'),
    ('patch_to_embedding', 'neck.patch_embed'),
    (f'{LAYER}.0.fn.norm', 'neck.layers.{}.norm1'),
    (f'{LAYER}.0.fn.fn.to_qkv', 'neck.layers.{}.qkv'),
    (f'{LAYER}.0.fn.fn.to_out.0', 'neck.layers.{}.proj'),
    (f'{LAYER}.1.fn.norm', 'neck.layers.{}.norm2'),
    (f'{LAYER}.1.fn.fn.net.0', 'neck.layers.{}.mlp.0'),
    (f'{LAYER}.1.fn.fn.net.3', 'neck.layers.{}.mlp.2'),
    ('mlp_head.{}', 'head.mlp.{}'),
]


class Release(NamedTuple):
    """A kind of checkpoint that can be converted.

    Attributes:
        name: What it is.
        prefix: How the names of its head's tensors begin.
        stages: 0 for the stem net, else the stages of its HRNet.
        width: Channels of its finest map.
        config: The config that it fits.
    """

    name: str
    prefix: str
    stages: int
    width: int
    config: str


RELEASES = [
    Release(
        'DistilPose-S of the original release',
        *(STUDENT, 0, 256, 'distilpose-s_8xb32-300e_coco-256x192'),
    ),
    Release(
        'DistilPose-L of the original release',
        *(STUDENT, 3, 48, 'distilpose-l_8xb32-300e_coco-256x192'),
    ),
    Release(
        'TokenPose-L, a teacher of the original DistilPose release',
        *(TEACHER, 4, 48, 'tokenpose-l_8xb64-300e_coco-256x192'),
    ),
    Release(
        'TokenPose on the stem net, a teacher of the original DistilPose '
        'release',
        *(TEACHER, 0, 256, 'tokenpose-stem_8xb64-300e_coco-256x192'),
    ),
    Release(
        'HRNet-W32 of MMPose 0.x',
        *(HEATMAP, 4, 32, 'td-hm_hrnet-w32_8xb64-210e_coco-256x192'),
    ),
    Release(
        'HRNet-W48 of MMPose 0.x',
        *(HEATMAP, 4, 48, 'td-hm_hrnet-w48_8xb32-210e_coco-256x192'),
    ),
]


def recognise(state: dict[str, Tensor]) -> Release:
    """Tell a release by its tensors' names and its backbone.

    Raises:
        CheckpointError: It is of none that is known, or has our names already.
    """
    stages = next(
        (n for n in (4, 3) if _some(state, f'backbone.stage{n}.')), 0
    )
    finest = state.get(
        'backbone.stage2.0.branches.0.0.conv1.weight'
        if stages
        else 'backbone.layer1.0.conv3.weight'
    )
    shape = () if finest is None else tuple(finest.shape)
    for release in RELEASES:
        backbone = (stages, shape[:1]) == (release.stages, (release.width,))
        if backbone and _some(state, release.prefix):
            return release
    if _some(state, 'neck.keypoint_tokens'):
        raise CheckpointError(
            'The checkpoint has our names already, there is nothing to '
            "convert. To bring it under the original's, use --to-original "
            'CONFIG.'
        )
    raise CheckpointError(
        f'A checkpoint of unknown kind: its {len(state)} tensors have names '
        f'such as {", ".join(list(state)[:3])}. Known are '
        + '; '.join(release.name for release in RELEASES)
        + '.'
    )


def _some(state: dict[str, Tensor], start: str) -> bool:
    return any(name.startswith(start) for name in state)
