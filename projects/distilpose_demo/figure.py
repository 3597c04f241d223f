"""An articulated body: joints, posed at random, and the flesh around them.

A figure is a skeleton in space, seen from the front or from the back. Its
flesh is made of convex outlines, to be painted from the far ones to the near
ones. Left and right are the person's own; the left sleeve, trouser leg and
shoe are light, the right ones dark, on every figure.

Frames and units:
    body: x to the person's left, y up, z forward; the stature is 1.
    view: x right, y down, z towards the viewer; the stature is 1.
"""

import math
from typing import NamedTuple

import numpy as np

from .body import KEYPOINTS
from .canvas import rotation
from .flesh import Part, choose_colours, make_parts
from .pose import choose_pose, degrees

__all__ = ['Figure', 'pose_figure']


class Figure(NamedTuple):
    """A posed body in the view's frame."""

    joints: np.ndarray  # (17, 3), x, y, z
    turned_away: np.ndarray  # (17,), bool; points of the head alone
    parts: list[Part]  # from the far ones to the near ones


def pose_figure(
    rng: np.random.Generator, from_back: bool | None = None
) -> Figure:
    """Pose and dress a body at random.

    Args:
        rng: The only source of chance.
        from_back: Seen from the back; by default 1 in 12 is.
    """
    if from_back is None:
        from_back = rng.random() < 1 / 12
    points, radii = choose_pose(rng)
    turn = degrees(rng, 20, 45) + (math.pi if from_back else 0)
    view = rotation(0, math.radians(rng.uniform(-4, 12)))
    view = np.diag([1, -1, 1]) @ view @ rotation(1, turn)
    points = {name: view @ point for name, point in points.items()}
    joints = np.stack([points[name] for name in KEYPOINTS])
    depth = (joints[:5, 2] - points['head'][2]) / radii['head']
    turned_away = np.zeros(len(KEYPOINTS), dtype=bool)
    # The ears sit at the sides: both are seen from the front and the back.
    turned_away[:5] = depth < (0.1, 0.1, 0.1, -0.4, -0.4)
    parts = make_parts(points, radii, turned_away, choose_colours(rng))
    parts.sort(key=lambda part: part.depth)
    return Figure(joints, turned_away, parts)
