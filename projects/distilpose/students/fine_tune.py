"""Taking a student's weights over to other keypoints.

What a network has for each keypoint, a keypoint token or rows of the last
layer, is taken by the keypoint's name; all else as it is, where it fits.

K: keypoints of the model that is going to be trained. J: of the checkpoint.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from distilpose_runtime.errors import UserValueError
from distilpose_runtime.few import few

from ..keypoints.matching import plain_name

__all__ = ['CarriedOver', 'carry_over']

State = Mapping[str, Tensor]

# A head's last layers, of which each keypoint has rows; also of heads that
# another head wraps.
LAST = (
    r'fc|final_layer2?|vis_head\.2'
    r'|multi_final_layers\.\d+'  # CPMHead
    r'|predict_layers\.\d+\.conv_layers\.1'  # MSPNHead
)
# Tensors that hold something for each keypoint, and the axis along which.
PER_KEYPOINT = {
    r'neck\.keypoint_tokens': 1,
    rf'head\.(\w+\.)*({LAST})\.((conv|bn)\.)?'
    r'(weight|bias|running_mean|running_var)': 0,
}


def _names() -> Any:
    return field(default_factory=list)


@dataclass
class CarriedOver:
    """What was taken over, and what was not."""

    state: dict[str, Tensor]  # tensors for the model, of its shapes
    kept: list[str] = _names()  # keypoints whose weights were taken over
    new: list[str] = _names()  # that the checkpoint does not know
    dropped: list[str] = _names()  # that the model does not have
    left_out: list[str] = _names()  # tensors that do not fit
    missing: list[str] = _names()  # that the checkpoint lacks

    def __str__(self) -> str:
        parts = [
            (f'{len(self.state)} tensors are taken over', []),
            ('keypoints carried over', self.kept),
            ('keypoints that are new', self.new),
            ('keypoints left behind', self.dropped),
            ('tensors that do not fit', self.left_out),
            ('tensors that the checkpoint lacks', self.missing),
        ]
        return '; '.join(
            f'{len(names)} {title} ({", ".join(names)})' if names else title
            for title, names in parts
            if names or not title.startswith(('keypoints', 'tensors'))
        )


def carry_over(
    given: State,
    wanted: State,
    given_names: Sequence[str] | None,
    wanted_names: Sequence[str],
) -> CarriedOver:
    """Choose from a checkpoint what a model of other keypoints can use.

    ``given`` are the checkpoint's tensors, whose J keypoints may have names;
    ``wanted`` are those of the model, which has K.

    Raises:
        ValueError: Nothing fits, or the names are needed and unknown, or are
            not as many as the checkpoint's keypoints.
    """
    taken = CarriedOver({})
    for name, old in given.items():
        new, axis = wanted.get(name), _axis(name)
        if new is None:
            taken.left_out.append(f'{name} {tuple(old.shape)}')
            continue
        value = old if old.shape == new.shape else None
        if axis is not None:
            names = _expect_names(given_names, name, old.shape[axis])
            value = _by_keypoint(old, new, axis, names, wanted_names)
        if value is None:
            shapes = f'{tuple(old.shape)} for {tuple(new.shape)}'
            taken.left_out.append(f'{name} {shapes}')
        else:
            taken.state[name] = value
    if not taken.state:
        raise UserValueError(
            'Nothing in the checkpoint fits the model: its tensors are '
            f"{few(given, 3)}, the model's {few(wanted, 3)}. Give a "
            'checkpoint of the same student.'
        )
    taken.missing = [name for name in wanted if name not in taken.state]
    if any(_axis(name) is not None for name in taken.state):
        _tell_keypoints(taken, given_names or wanted_names, wanted_names)
    return taken


def _axis(name: str) -> int | None:
    for pattern, axis in PER_KEYPOINT.items():
        if re.fullmatch(pattern, name):
            return axis
    return None


def _expect_names(
    names: Sequence[str] | None, tensor: str, size: int
) -> Sequence[str]:
    if names is None:
        raise UserValueError(
            f'The checkpoint does not say which keypoints it is of, and its '
            f'"{tensor}" holds something for each. Give their names, in '
            'order, as keypoint_names of the FineTuneHook.'
        )
    if not names or size % len(names):
        raise UserValueError(
            f'The checkpoint\'s "{tensor}" is of size {size} along its '
            f'keypoints, which are {len(names)} by name. Give the right names '
            'as keypoint_names of the FineTuneHook.'
        )
    return names


def _by_keypoint(
    old: Tensor,
    new: Tensor,
    axis: int,
    names: Sequence[str],
    wanted_names: Sequence[str],
) -> Tensor | None:
    """Fill a model's tensor with a checkpoint's entries of equal names.

    Along the axis, ``old`` has J times m entries and ``new`` K times m.
    Entries of new keypoints stay. None where the shapes differ otherwise.
    """
    if new.shape[axis] % len(wanted_names):
        return None
    a = old.movedim(axis, 0).unflatten(0, (len(names), -1))
    b = new.detach().clone().movedim(axis, 0)
    b = b.unflatten(0, (len(wanted_names), -1))
    if a.shape[1:] != b.shape[1:]:
        return None
    index = {plain_name(name): j for j, name in enumerate(names)}
    for k, name in enumerate(wanted_names):
        if plain_name(name) in index:
            b[k] = a[index[plain_name(name)]]
    return b.flatten(0, 1).movedim(0, axis)


def _tell_keypoints(
    taken: CarriedOver, names: Sequence[str], wanted: Sequence[str]
) -> None:
    known, asked = {*map(plain_name, names)}, {*map(plain_name, wanted)}
    taken.kept = [name for name in wanted if plain_name(name) in known]
    taken.new = [name for name in wanted if plain_name(name) not in known]
    taken.dropped = [name for name in names if plain_name(name) not in asked]
