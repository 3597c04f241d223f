"""Checkpoints of older releases under our names, and back.

Which ones are known, and their names, is in ``original.releases``.
"""

import re
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch
from mmengine.config import Config
from original.releases import (
    ENCODER_AND_HEAD,
    HEATMAP,
    STUDENT,
    TEACHER,
    recognise,
)
from torch import Tensor, nn

from distilpose.heatmaps.functional import sine_position_table
from distilpose.version import __version__
from distilpose.weights.fetch import CheckpointError
from distilpose.zoo.build import build_without_weights
from distilpose.zoo.find import find_config, input_size
from distilpose_runtime.errors import (
    UserFileExistsError,
    UserFileNotFoundError,
    UserValueError,
)
from distilpose_runtime.files import written_whole

__all__ = [
    'Conversion',
    'convert',
    'to_original',
    'write_checkpoint',
]

State = dict[str, Tensor]

# The fixed sine table, which the original stores and we compute.
POSITION = 'pos_embedding'
STRIDE = 4  # of the backbones, in input pixels


class Conversion(NamedTuple):
    """A converted checkpoint.

    Attributes:
        source: What the source was recognised as.
        fits: What the result loads into.
        state: The tensors under their new names.
        renamed: How many tensors changed their names.
        kept: How many did not.
        dropped: Names of tensors that have no place any more.
        added: Names of tensors that the source did without.
    """

    source: str
    fits: str
    state: State
    renamed: int
    kept: int
    dropped: list[str]
    added: list[str]

    def report(self) -> str:
        """What was done, in a few lines."""
        changes = [
            f', {verb} {", ".join(names)}'
            for verb, names in (
                ('dropped', self.dropped),
                ('added', self.added),
            )
            if names
        ]
        return (
            f'Recognised: {self.source}\n'
            f'Tensors: {self.renamed} renamed, {self.kept} as they were'
            f'{"".join(changes)}; none left over\n'
            f'Loads into: {self.fits}'
        )


def convert(state: State, config: str | None = None) -> Conversion:
    """Bring a state dict of an older release under our names.

    Args:
        state: Tensors by name, as in the source.
        config: Config, by path or name, that the result must fit. Defaults to
            the one of the release that the names are recognised to be of.

    Returns:
        The converted tensors; their names and shapes are those of the config.

    Raises:
        CheckpointError: The naming is unknown, or the tensors do not fit.
        FileNotFoundError: There is no such config.
        ValueError: The model of the config cannot be built here.
    """
    release = recognise(state)
    fits = release.config if config is None else config
    position = release.prefix + POSITION
    renames = _renames(release.prefix)
    converted = {
        _rename(name, renames): tensor
        for name, tensor in state.items()
        if name != position
    }
    cfg, model = _load_model(fits)
    _expect_fit(converted, model, fits)
    if position in state:
        _expect_sine_table(state[position], _sine_table(cfg, model), fits)
    return Conversion(
        source=release.name,
        fits=fits,
        state=converted,
        **_count(state, converted),
        dropped=[position] if position in state else [],
        added=[],
    )


def to_original(state: State, config: str) -> Conversion:
    """Bring a state dict of ours under the names of the original release.

    Args:
        state: Tensors by name, of a DistilPose student or a TokenPose model.
        config: Its config, by path or name.

    Returns:
        The converted tensors, with the sine table that the original stores.

    Raises:
        CheckpointError: The tensors do not fit the config, or it is of a
            model that the original release does not have.
        FileNotFoundError: There is no such config.
        ValueError: The model of the config cannot be built here.
    """
    cfg, model = _load_model(config)
    prefixes = dict(DistilPoseHead=STUDENT, TokenPoseHead=TEACHER)
    head = type(getattr(model, 'head', None)).__name__
    if head not in prefixes:
        raise CheckpointError(
            f'{config} has a {head}; the original DistilPose release has '
            f'models with a {" or a ".join(prefixes)} alone.'
        )
    _expect_fit(state, model, config)
    prefix = prefixes[head]
    renames = [(ours, original) for original, ours in _renames(prefix)]
    converted = {
        _rename(name, renames): tensor for name, tensor in state.items()
    }
    counts = _count(state, converted)
    dtype = state['neck.keypoint_tokens'].dtype
    converted[prefix + POSITION] = _sine_table(cfg, model).to(dtype)
    return Conversion(
        source=f'tensors of {config}',
        fits='the same model in the original release',
        state=converted,
        **counts,
        dropped=[],
        added=[prefix + POSITION],
    )


def write_checkpoint(
    path: str | Path, conversion: Conversion, source: str | Path
) -> None:
    """Write a converted checkpoint, in whole or not at all.

    Raises:
        FileExistsError: The file is there already.
        FileNotFoundError: Its folder does not exist.
    """
    path = Path(path)
    if path.exists():
        raise UserFileExistsError(
            f'{path} exists already and is not overwritten. Name another '
            'file, or remove it.'
        )
    meta = dict(
        converted_from=Path(source).name,
        recognised_as=conversion.source,
        distilpose_version=__version__,
    )
    if not path.parent.is_dir():
        raise UserFileNotFoundError(f'There is no folder {path.parent}.')
    with written_whole(path) as partial:
        torch.save(dict(meta=meta, state_dict=conversion.state), partial)


def _renames(prefix: str) -> list[tuple[str, str]]:
    """Pairs of old and new beginnings of names, {} a number."""
    if prefix == HEATMAP:
        return [(HEATMAP, 'head.final_layer.')]
    return [(prefix + old, new) for old, new in ENCODER_AND_HEAD]


def _rename(name: str, renames: list[tuple[str, str]]) -> str:
    for old, new in renames:
        pattern = re.escape(old).replace(r'\{\}', r'(\d+)')
        renamed, n = re.subn(f'^{pattern}', new.replace('{}', r'\1'), name)
        if n:
            return renamed
    return name


def _count(state: State, converted: State) -> dict[str, int]:
    kept = len(converted.keys() & state.keys())
    return dict(renamed=len(converted) - kept, kept=kept)


def _load_model(name: str) -> tuple[Config, nn.Module]:
    """A config, and its model."""
    path = find_config(name, with_mmpose=True)
    try:
        config = Config.fromfile(path)
        return config, build_without_weights(config)
    except Exception as error:  # of many types, for as many faults
        cause = error.__cause__ or error  # our own sentence follows
        reason = ' '.join(f'{type(cause).__name__}: {cause}'.split())
        raise UserValueError(
            f'The model of {name} cannot be built here ({reason}). Give a '
            'config whose model can.'
        ) from error


def _expect_fit(state: State, model: nn.Module, name: str) -> None:
    """Compare names and shapes with those of a config's model."""
    expected = model.state_dict()
    _expect_keypoints(state, expected, name)
    faults = _differences(state, expected)
    found = [
        f'{len(keys)} {fault} ({", ".join(keys[:3])}'
        f'{", ..." if len(keys) > 3 else ""})'
        for fault, keys in faults.items()
        if keys
    ]
    if found:
        raise CheckpointError(
            f'The checkpoint does not fit {name}: {"; ".join(found)}. Is it '
            'complete, and this its config?'
        )


def _differences(state: State, expected: State) -> dict[str, list[str]]:
    """Tensors that are at fault, by the kind of their fault."""
    return {
        'missing': [key for key in expected if key not in state],
        'unknown': [key for key in state if key not in expected],
        'of another shape': [
            f'{key} {tuple(state[key].shape)} for {tuple(tensor.shape)}'
            for key, tensor in expected.items()
            if key in state and state[key].shape != tensor.shape
        ],
    }


def _expect_keypoints(state: State, expected: State, name: str) -> None:
    """Compare the numbers of keypoint tokens, (1, K, D)."""
    tokens = 'neck.keypoint_tokens'
    if tokens not in state or tokens not in expected:
        return
    given, wanted = state[tokens].shape, expected[tokens].shape
    if len(given) == len(wanted) and given[1] != wanted[1]:
        raise CheckpointError(
            f'The checkpoint is of {given[1]} keypoints, {name} of '
            f'{wanted[1]}. Give a config with as many as the checkpoint.'
        )


def _sine_table(config: Config, model: nn.Module) -> Tensor:
    """The sine table (1, P, D) for the input size of a config."""
    (w, h), neck = input_size(config), cast(Any, model.neck)
    return sine_position_table(
        h // STRIDE // neck.patch_size[0],
        w // STRIDE // neck.patch_size[1],
        neck.embed_dims,
    )


def _expect_sine_table(given: Tensor, expected: Tensor, name: str) -> None:
    if given.shape != expected.shape or not torch.allclose(
        given.double(), expected, atol=1e-3
    ):
        raise CheckpointError(
            f'The table of positions in the checkpoint, {tuple(given.shape)}, '
            f'is not the fixed sine table of {name}, '
            f'{tuple(expected.shape)}: it was trained with another input '
            'size, in which case give its config, or with learned '
            'positions, which DistilPose does not have.'
        )
