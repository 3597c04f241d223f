"""Taking a student's weights over to other keypoints.

What a network has for each keypoint, a keypoint token or rows of the last
layer, is taken by the keypoint's name; all else as it is, where it fits.

K: keypoints of the model that is going to be trained. J: of the checkpoint.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from torch import Tensor

from distilpose_runtime.errors import UserValueError
from distilpose_runtime.few import few

from ..keypoints.matching import equal_names

__all__ = ['CarriedOver', 'carry_over']

State = Mapping[str, Tensor]

# A head's last layers, of which each keypoint has rows; also of heads that
# another head wraps.
ROWS = re.compile(
    r'head\.(\w+\.)*'
    r'(fc|final_layer2?|vis_head\.2'
    r'|multi_final_layers\.\d+'  # CPMHead
    r'|predict_layers\.\d+\.conv_layers\.1)'  # MSPNHead
    r'\.((conv|bn)\.)?(weight|bias|running_mean|running_var)'
)


class CarriedOver(NamedTuple):
    """What was taken over, and what was not."""

    state: dict[str, Tensor]  # tensors for the model, of its shapes
    kept: list[str]  # keypoints whose weights were taken over
    new: list[str]  # that the checkpoint does not know
    dropped: list[str]  # that the model does not have
    left_out: list[str]  # tensors that do not fit
    missing: list[str]  # that the checkpoint lacks

    def __str__(self) -> str:
        parts = {
            'keypoints carried over': self.kept,
            'keypoints that are new': self.new,
            'keypoints left behind': self.dropped,
            'tensors that do not fit': self.left_out,
            'tensors that the checkpoint lacks': self.missing,
        }
        told = [f'{len(self.state)} tensors are taken over']
        for title, names in parts.items():
            if names:
                told.append(f'{len(names)} {title} ({", ".join(names)})')
        return '; '.join(told)


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
    state, left_out = {}, []
    for name, old in given.items():
        new, axis = wanted.get(name), _axis(name)
        if new is None:
            left_out.append(f'{name} {tuple(old.shape)}')
            continue
        value = old if old.shape == new.shape else None
        if axis is not None:
            names = _expect_names(given_names, name, old.shape[axis])
            value = _by_keypoint(old, new, axis, names, wanted_names)
        if value is None:
            shapes = f'{tuple(old.shape)} for {tuple(new.shape)}'
            left_out.append(f'{name} {shapes}')
        else:
            state[name] = value
    if not state:
        raise UserValueError(
            'Nothing in the checkpoint fits the model: its tensors are '
            f"{few(given, 3)}, the model's {few(wanted, 3)}. Give a "
            'checkpoint of the same student.'
        )
    if all(_axis(name) is None for name in state):
        given_names = wanted_names = ()  # of a backbone alone
    given_names = given_names or ()
    index = equal_names(given_names, wanted_names)
    return CarriedOver(
        state,
        kept=[x for x, j in zip(wanted_names, index) if j is not None],
        new=[x for x, j in zip(wanted_names, index) if j is None],
        dropped=[x for j, x in enumerate(given_names) if j not in index],
        left_out=left_out,
        missing=[name for name in wanted if name not in state],
    )


def _axis(name: str) -> int | None:
    """Along which axis a tensor holds something for each keypoint, if so."""
    if name == 'neck.keypoint_tokens':
        return 1
    return 0 if ROWS.fullmatch(name) else None


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
    for k, j in enumerate(equal_names(names, wanted_names)):
        if j is not None:
            b[k] = a[j]
    return b.flatten(0, 1).movedim(0, axis)
