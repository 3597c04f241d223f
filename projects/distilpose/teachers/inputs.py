"""Converts a student's input into its teacher's.

B: batch. C: channels. H, W: input height and width, pixels.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor

from distilpose_runtime.errors import UserValueError

from ..heatmaps.frame import InputView
from ..heatmaps.functional import at_least_float32
from ..models.input_spec import InputSpec

__all__ = ['InputConversion', 'InputSpec']

# More of a teacher's input than this must not be empty.
LARGEST_MARGIN = 0.5


class InputConversion:
    """Makes a teacher's input from a student's, whose size must be known.

    - Another size: the student's image is resampled, and fills the teacher's
      input as far as its aspect allows; the rest stays black, as beyond the
      border of a photo.
    - Another normalization or order of channels: undone and done anew.

    Raises:
        ValueError: The inputs have aspects too different, or other numbers
            of channels.
    """

    def __init__(self, student: InputSpec, teacher: InputSpec) -> None:
        self.student = student
        self.teacher = teacher
        self.view = _view(student, teacher)
        channels = len(student.mean), len(teacher.mean)
        if channels[0] != channels[1]:
            raise UserValueError(
                f'The student takes images of {channels[0]} channels, the '
                f'teacher of {channels[1]}. Choose a teacher for images of '
                f'{channels[0]}.'
            )

    def describe(self) -> list[str]:
        """What is converted, one line each."""
        lines = []
        if self.student.size != self.view.teacher_size:
            lines.append(
                f'it sees the images of {self.student.size} (W, H) at '
                f'{self.view.ratio[0]:.4g} times their size, in an input of '
                f'{self.view.teacher_size}'
            )
        if self.student[1:] != self.teacher[1:]:
            lines.append('images are normalized anew for it')
        return lines

    def images(self, inputs: Tensor) -> Tensor:
        """The teacher's images, of the student's normalized (B, C, H, W)."""
        view = self.view
        same_colours = self.student[1:] == self.teacher[1:]
        same_size = view.ratio == (1.0, 1.0) and view.shift == (0.0, 0.0)
        if same_colours and same_size:
            return inputs
        (images,) = at_least_float32(inputs)
        images = _channels(images, self.student.std, self.student.mean)
        if not same_size:
            # Linearly: what an output pixel is made of, along each axis.
            x, y = (
                _weights(*axis, images.device, images.dtype)
                for axis in zip(*view)
            )
            images = y @ images @ x.T
        if self.student.rgb != self.teacher.rgb:
            images = images.flip(1)
        scale = [1 / s for s in self.teacher.std]
        shift = [-m / s for m, s in zip(self.teacher.mean, self.teacher.std)]
        return _channels(images, scale, shift).to(inputs.dtype)


@lru_cache(maxsize=16)
def _weights(
    own: int,
    size: int,
    ratio: float,
    shift: float,
    device: torch.device,
    dtype: torch.dtype,
) -> Tensor:
    """What each pixel of an axis is made of, (size, own), rows of sum 1.

    A pixel of a smaller image is the average of all that fall into it. What
    lies outside of the image is 0. Kept on the device, which would wait for a
    copy.
    """
    width = max(1.0, 1 / ratio)
    margin = math.ceil(width)
    at = (torch.arange(size, dtype=torch.float64) - shift) / ratio
    # Beyond the border lie black pixels, which weigh like any other.
    pixels = torch.arange(-margin, own + margin, dtype=torch.float64)
    weights = (1 - (at[:, None] - pixels).abs() / width).clamp(min=0)
    total = weights.sum(1, keepdim=True)
    weights = (weights / total.clamp(min=1e-9))[:, margin : margin + own]
    return weights.to(device, dtype)


def _channels(
    images: Tensor, scale: Sequence[float], shift: Sequence[float]
) -> Tensor:
    """images * scale + shift, for each channel."""
    parts = [
        image * a + b for image, a, b in zip(images.unbind(1), scale, shift)
    ]
    return torch.stack(parts, dim=1)


def _view(student: InputSpec, teacher: InputSpec) -> InputView:
    own = student.size
    if own is None:
        raise UserValueError(
            'The head of the student has no decoder, which names the input '
            'size. Set head.decoder to the codec of its data.'
        )
    size = teacher.size or own
    ratio = min(size[0] / own[0], size[1] / own[1])
    margins = [full - ratio * part for full, part in zip(size, own)]
    # The centre of a person lies at half the input's width, W / 2.
    shift = [0.0 if abs(m) < 1e-6 else m / 2 for m in margins]
    empty = 1 - ratio**2 * own[0] * own[1] / (size[0] * size[1])
    if empty > LARGEST_MARGIN:
        raise UserValueError(
            f"The student's input of {own} (W, H) would leave "
            f"{100 * empty:.0f} % of the teacher's, {size}, empty. Choose a "
            "teacher whose input's aspect is nearer to the student's."
        )
    return InputView(own, size, (ratio, ratio), (shift[0], shift[1]))
