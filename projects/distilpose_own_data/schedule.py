"""A schedule for the number of people that there are to train on."""

from dataclasses import dataclass
from typing import Any

__all__ = ['Schedule', 'choose_schedule']


@dataclass(frozen=True)
class Schedule:
    """How long to train, and how much to change the images.

    Attributes:
        why: The schedule in a sentence.
        people: How many people to train on.
        epochs: How often each person is seen.
        batch_size: People a step.
        val_interval: Epochs from one validation to the next.
        rotate: Degrees up to which boxes are turned, 0 for none.
        scale: Factors between which boxes are scaled.
        blur_and_colour: Whether light and colours are changed.
    """

    why: str
    people: int
    epochs: int
    batch_size: int
    val_interval: int
    rotate: int
    scale: tuple[float, float]
    blur_and_colour: bool

    @property
    def steps(self) -> int:
        return -(-self.people // self.batch_size) * self.epochs

    @property
    def warmup(self) -> int:
        """Steps in which the learning rate rises."""
        return max(1, min(500, self.steps // 10))

    @property
    def augmentation(self) -> tuple[dict[str, Any], ...]:
        """MMPose's transforms between the flip and the crop."""
        change = dict(
            type='RandomBBoxTransform',
            shift_prob=0.3 if self.blur_and_colour else 0,
            rotate_factor=self.rotate,
            scale_factor=self.scale,
        )
        if not self.blur_and_colour:
            return (change,)
        return change, dict(type='PhotometricDistortion')


def choose_schedule(people: int, batch_size: int = 32) -> Schedule:
    """Choose by the number of people to train on.

    Few people are seen more often and changed more. From 20,000 on, the
    length is that of MMPose's configs, and the changes are the paper's.

    Args:
        people: At least 1.
        batch_size: The student's own; not more than there are people.
    """
    batch = min(batch_size, people)
    if people < 1000:
        return Schedule(
            f'{people} people are few: 300 epochs, boxes turned by up to 80 '
            'degrees, scaled by 0.5 to 1.5 and shifted, light and colours '
            'changed',
            *(people, 300, batch, 10, 80, (0.5, 1.5), True),
        )
    if people < 20_000:
        return Schedule(
            f'{people} people: 100 epochs, boxes turned by up to 60 degrees '
            'and scaled by 0.75 to 1.25',
            *(people, 100, batch, 5, 60, (0.75, 1.25), False),
        )
    return Schedule(
        f'{people} people are many: 210 epochs, boxes turned by up to 90 '
        'degrees and scaled by 0.65 to 1.35',
        *(people, 210, batch, 10, 90, (0.65, 1.35), False),
    )
