"""How people are drawn: their sizes, widths and colours.

What is drawn of a person, which the web page draws alike:

- Widths follow the person's size: the square root of their box's area, or
  the longer side of the rectangle around their keypoints if that is less and
  they have more than one.
- A limb between keypoints of the left side is blue, of the right side orange,
  for eyes that cannot tell red from green. All else has the colour of the
  person: other limbs, keypoints, the box, the number. A model whose keypoints
  have no sides keeps its own colours.
- Limbs and keypoints have a dark outline, for dark and bright pictures.
- Where keypoints are close together, as in a face, they are smaller, and
  limbs narrow towards them.
- A keypoint below ``min_score`` is left out; one below ``SURE`` is hollow.
- The smaller a person, the later they are drawn.

K: keypoints. L: limbs.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .keypoint_names import split
from .poses import Poses

__all__ = [
    'LIMB',
    'OUTLINE',
    'RING',
    'Color',
    'Person',
    'people_of',
]

Color = Sequence[int]

# From this score on a keypoint is sure, as for `distilpose label --sure`.
SURE = 0.5

# Colours, RGB.
LEFT, RIGHT = (40, 180, 255), (255, 135, 0)
PEOPLE = (
    (255, 255, 255),
    (255, 240, 80),
    (255, 110, 190),
    (110, 240, 90),
    (190, 130, 255),
)
OUTLINE = (20, 20, 20)

# The radius of a keypoint.
RADIUS = 1 / 60  # at most, of the person's size
CROWDED = 0.18  # at most, of the distance to the second nearest keypoint
SMALLEST = 1.2  # at least, pixels
# That of a hollow one, so that its hole can be seen.
HOLLOW = 1.2  # times as much
SMALLEST_HOLLOW = 2.5  # at least, pixels
# Shares of that radius.
LIMB = 1.1  # the width of a limb at the keypoint
RING = 0.25  # the width of a hollow keypoint's line
EDGE = 0.4  # the width of the outline
# Pixels. A thinner outline is left out.
FAINTEST = 0.5


class Person(NamedTuple):
    """How to draw a person. K: keypoints; L: limbs. Colours are BGR."""

    row: int  # which of the poses it is
    number: int
    color: Color
    box: np.ndarray  # (4,)
    radius: float  # of a keypoint that stands alone
    points: np.ndarray  # (K, 2)
    shown: np.ndarray  # (K,)
    hollow: np.ndarray  # (K,)
    radii: np.ndarray  # (K,)
    dots: Sequence[Color]  # K
    lines: Sequence[Color]  # L

    @property
    def edge(self) -> float:
        """Width of the outlines as a share of radii, or 0."""
        return EDGE if EDGE * self.radius >= FAINTEST else 0.0


def people_of(
    poses: Poses, min_score: float, numbers: Sequence[int] | np.ndarray
) -> list[Person]:
    """All people, the largest first."""
    found = []
    for i, number in enumerate(numbers):
        points = np.asarray(poses.keypoints[i], np.float64)
        known = np.isfinite(points).all(-1)
        shown = known & (poses.scores[i] >= min_score)
        hollow = poses.scores[i] < SURE
        radius = RADIUS * _size(poses.boxes[i], points[known])
        color = _bgr(PEOPLE[max(int(number), 0) % len(PEOPLE)])
        dots, lines = _colors(poses, color)
        found.append(
            Person(
                *(i, int(number), color, poses.boxes[i], radius, points),
                shown=shown,
                hollow=hollow,
                radii=_radii(points, shown, hollow, radius),
                dots=dots,
                lines=lines,
            )
        )
    return sorted(found, key=lambda person: -person.radius)


def _size(box: np.ndarray, points: np.ndarray) -> float:
    width, height = np.maximum(box[2:] - box[:2], 0)
    size = float(np.sqrt(width * height))
    around = np.ptp(points, axis=0).max() if len(points) > 1 else size
    return min(size, around)


def _radii(
    points: np.ndarray, shown: np.ndarray, hollow: np.ndarray, largest: float
) -> np.ndarray:
    radii = np.full(len(points), largest)
    if shown.sum() > 2:
        given = points[shown]
        apart = np.linalg.norm(given[:, None] - given, axis=-1)
        second = np.partition(apart, 2, axis=1)[:, 2]
        radii[shown] = np.minimum(largest, CROWDED * second)
    return np.where(
        hollow,
        np.maximum(HOLLOW * radii, SMALLEST_HOLLOW),
        np.maximum(radii, SMALLEST),
    )


def _colors(poses: Poses, own: Color) -> tuple[list[Color], list[Color]]:
    """Colours of keypoints and limbs of a person of some colour, BGR."""
    sides = [split(name).side for name in poses.names]
    if not any(sides):
        return (
            _given(poses.keypoint_colors, len(poses.names), own),
            _given(poses.skeleton_colors, len(poses.skeleton), own),
        )
    known = dict(left=_bgr(LEFT), right=_bgr(RIGHT))
    lines = [
        known.get(sides[a], own) if sides[a] == sides[b] else own
        for a, b in poses.skeleton
    ]
    return [own] * len(sides), lines


def _given(
    colors: Sequence[Color] | None, count: int, own: Color
) -> list[Color]:
    if colors is None or len(colors) != count:
        return [own] * count
    return [_bgr(color) for color in colors]


def _bgr(color: Color) -> Color:
    return tuple(color)[::-1]
