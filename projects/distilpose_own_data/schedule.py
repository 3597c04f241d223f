"""A schedule for the number of people that there are to train on."""

from dataclasses import dataclass
from typing import Any

__all__ = ['Schedule', 'choose_schedule']

BATCH = 32
"""People a step: that of the students' own configs."""


@dataclass(frozen=True)
class Schedule:
    """How long to train, and how much to change the images.

    Attributes:
        people: How many people to train on.
        amount: What is said of their number.
        epochs: How often each person is seen.
        val_interval: Epochs from one validation to the next.
        rotate: Degrees up to which boxes are turned, 0 for none.
        scale: Factors between which boxes are scaled.
        blur_and_colour: Whether light and colours are changed, and boxes
            shifted.
    """

    people: int
    amount: str
    epochs: int
    val_interval: int
    rotate: int
    scale: tuple[float, float]
    blur_and_colour: bool

    @property
    def why(self) -> str:
        """The schedule in a sentence."""
        scaled = 'scaled by {} to {}'.format(*self.scale)
        more = f' and {scaled}'
        if self.blur_and_colour:
            more = f', {scaled} and shifted, light and colours changed'
        return (
            f'{self.people} people{self.amount}: {self.epochs} epochs, boxes '
            f'turned by up to {self.rotate} degrees{more}'
        )

    @property
    def batch_size(self) -> int:
        """People a step; not more than there are."""
        return min(BATCH, self.people)

    @property
    def steps(self) -> int:
        return -(-self.people // self.batch_size) * self.epochs

    @property
    def warmup(self) -> int:
        """Steps in which the learning rate rises."""
        return max(1, min(500, self.steps // 10))

    @property
    def augmentation(self) -> list[dict[str, Any]]:
        """MMPose's transforms between the flip and the crop."""
        change = dict(
            type='RandomBBoxTransform',
            shift_prob=0.3 if self.blur_and_colour else 0,
            rotate_factor=self.rotate,
            scale_factor=self.scale,
        )
        colours = [dict(type='PhotometricDistortion')]
        return [change, *(colours if self.blur_and_colour else [])]


def choose_schedule(people: int) -> Schedule:
    """Choose by the number of people to train on, at least 1.

    Few people are seen more often and changed more. From 20,000 on, the
    length is that of MMPose's configs, and the changes are the paper's.
    """
    if people < 1000:
        return Schedule(people, ' are few', 300, 10, 80, (0.5, 1.5), True)
    if people < 20_000:
        return Schedule(people, '', 100, 5, 60, (0.75, 1.25), False)
    return Schedule(people, ' are many', 210, 10, 90, (0.65, 1.35), False)
