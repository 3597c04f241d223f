"""Bring a checkpoint of the original DistilPose release under our names.

    python tools/convert_checkpoint.py SRC DST [--config CONFIG]

The release has students and TokenPose teachers, in the naming of MMPose 0.22.
Both keep the backbone's names; what differs is neck and head. CONFIG is a
file or the name of a config.
"""

import argparse
import re
import sys
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from distilpose.models.token_distilling_encoder import sine_position_table
from distilpose.version import __version__
from distilpose.weights.fetch import CheckpointError
from distilpose.weights.read import read_state_dict
from distilpose.zoo.build import build_without_weights
from distilpose.zoo.find import input_size, read_config
from distilpose_runtime.errors import UserFileExistsError
from distilpose_runtime.files import written_whole

# Prefixes of the head, which in the original holds the encoder as well.
STUDENT, TEACHER = 'keypoint_head.tokenhead.', 'keypoint_head.tokenpose.'
# By the head's prefix and the stages of the HRNet, 0 for the stem net.
CONFIGS = {
    (STUDENT, 0): 'distilpose-s_8xb32-300e_coco-256x192',
    (STUDENT, 3): 'distilpose-l_8xb32-300e_coco-256x192',
    (TEACHER, 0): 'tokenpose-stem_8xb64-300e_coco-256x192',
    (TEACHER, 4): 'tokenpose-l_8xb64-300e_coco-256x192',
}
# What follows the prefix: the original's pattern, and ours.
LAYER = r'transformer\.layers\.(\d+)\.'
RENAMES = {
    r'keypoint_token': 'neck.keypoint_tokens',
    r'patch_to_embedding': 'neck.patch_embed',
    LAYER + r'0\.fn\.norm': r'neck.layers.\1.norm1',
    LAYER + r'0\.fn\.fn\.to_qkv': r'neck.layers.\1.qkv',
    LAYER + r'0\.fn\.fn\.to_out\.0': r'neck.layers.\1.proj',
    LAYER + r'1\.fn\.norm': r'neck.layers.\1.norm2',
    LAYER + r'1\.fn\.fn\.net\.0': r'neck.layers.\1.mlp.0',
    LAYER + r'1\.fn\.fn\.net\.3': r'neck.layers.\1.mlp.2',
    r'mlp_head\.': 'head.mlp.',
}
# The fixed sine table, which the original stores and we compute.
POSITION = 'pos_embedding'
STRIDE = 4  # of the backbones, in input pixels


class Conversion(NamedTuple):
    """A converted checkpoint."""

    config: str  # that it fits
    state: dict[str, Tensor]  # tensors under their new names
    renamed: int  # how many tensors changed their names


def convert(state: dict[str, Tensor], config: str | None = None) -> Conversion:
    """Bring a state dict of the original release under our names.

    The result must fit a config, by path or name; by default, the one that
    the names are recognised to be of.

    Raises:
        CheckpointError: The naming is unknown, or the tensors do not fit.
        FileNotFoundError: There is no such config.
        ValueError: The model of the config cannot be built here.
    """
    prefix, usual = recognise(state)
    config = config or usual
    converted = {
        _rename(name, prefix): tensor
        for name, tensor in state.items()
        if name != prefix + POSITION
    }
    cfg = read_config(config, with_mmpose=True)
    model = build_without_weights(cfg)
    try:
        model.load_state_dict(converted, strict=True)
    except RuntimeError as error:
        reason = ' '.join(str(error).split())
        raise CheckpointError(
            f'The checkpoint does not fit {config}: {reason[:400]} Is it '
            'complete, and this its config?'
        ) from error
    if prefix + POSITION in state:
        (w, h), (rows, columns) = input_size(cfg), model.neck.patch_size
        expected = sine_position_table(
            h // STRIDE // rows, w // STRIDE // columns, model.neck.embed_dims
        )
        _expect_table(state[prefix + POSITION], expected, config)
    renamed = len(converted.keys() - state.keys())
    return Conversion(config, converted, renamed)


def recognise(state: dict[str, Tensor]) -> tuple[str, str]:
    """The prefix of the head, and the config that the names belong to.

    Raises:
        CheckpointError: They are of no model that is known, or ours already.
    """

    def has(start: str) -> bool:
        return any(name.startswith(start) for name in state)

    stages = next((n for n in (4, 3) if has(f'backbone.stage{n}.')), 0)
    for prefix in (STUDENT, TEACHER):
        if has(prefix) and (prefix, stages) in CONFIGS:
            return prefix, CONFIGS[prefix, stages]
    if has('neck.keypoint_tokens'):
        raise CheckpointError(
            'The checkpoint has our names already, there is nothing to '
            'convert.'
        )
    raise CheckpointError(
        f'A checkpoint of unknown kind: its {len(state)} tensors have names '
        f'such as {", ".join(list(state)[:3])}. Give a student or a teacher '
        'of the original DistilPose release.'
    )


def _rename(name: str, prefix: str) -> str:
    for old, new in RENAMES.items():
        renamed, n = re.subn(f'^{re.escape(prefix)}{old}', new, name)
        if n:
            return renamed
    return name


def _expect_table(given: Tensor, expected: Tensor, name: str) -> None:
    """Compare the stored table of positions (1, P, D) with the computed."""
    if given.shape != expected.shape or not torch.allclose(
        given.double(), expected, atol=1e-3
    ):
        raise CheckpointError(
            f'The table of positions in the checkpoint, {tuple(given.shape)}, '
            f'is not the fixed sine table of {name}, {tuple(expected.shape)}. '
            'The model was trained with another input size, in which case '
            'give its config, or with learned positions, which DistilPose '
            'does not have.'
        )


def write_checkpoint(path: Path, conversion: Conversion, source: str) -> None:
    """Write a converted checkpoint, in whole or not at all.

    Raises:
        FileExistsError: The file is there already.
    """
    if path.exists():
        raise UserFileExistsError(
            f'{path} exists already and is not overwritten. Name another '
            'file, or remove it.'
        )
    meta = dict(
        converted_from=Path(source).name, distilpose_version=__version__
    )
    with written_whole(path) as partial:
        torch.save(dict(meta=meta, state_dict=conversion.state), partial)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog='distilpose convert', description=__doc__.splitlines()[0]
    )
    parser.add_argument('source', metavar='SRC')
    parser.add_argument('target', type=Path, metavar='DST')
    parser.add_argument(
        '--config', help='config that the result must fit, if not the usual'
    )
    args = parser.parse_args()
    if args.config == '':
        parser.error('CONFIG is empty: give a file or the name of a config')
    try:
        conversion = convert(read_state_dict(args.source), args.config)
        write_checkpoint(args.target, conversion, args.source)
    except (OSError, RuntimeError, ValueError) as error:
        sys.exit(f'convert_checkpoint: {error}')
    print(  # noqa: T201
        f'Written: {args.target}, {conversion.renamed} tensors renamed and '
        f'none left over. It fits {conversion.config}.'
    )


if __name__ == '__main__':
    main()
