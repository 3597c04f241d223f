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
    points, radii = _choose_pose(rng)
    turn = _degrees(rng, 20, 45) + (math.pi if from_back else 0)
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


def _choose_pose(
    rng: np.random.Generator,
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Choose points in the body's frame, and radii around the joints."""

    def about(size: float, spread: float = 0.1) -> float:
        return size * rng.uniform(1 - spread, 1 + spread)

    stout = rng.uniform(0.85, 1.2)
    radii = {
        'shoulder': 0.036 * stout,
        'elbow': 0.028 * stout,
        'wrist': 0.023 * stout,
        'hip': 0.05 * stout,
        'knee': 0.035 * stout,
        'ankle': 0.025 * stout,
        'head': about(0.074),
    }
    lean = _degrees(rng, 9, 25)
    if rng.random() < 0.06:
        lean = math.copysign(math.radians(rng.uniform(25, 45)), lean)
    chest = rotation(2, lean) @ rotation(0, _degrees(rng, 8, 25))
    chest = chest @ rotation(1, _degrees(rng, 8, 20))
    hips = rotation(2, 0.3 * lean)
    torso, shoulder, hip = about(0.29), about(0.115, 0.15), about(0.072)
    neck = chest @ (0, torso + 0.03, 0)
    face = chest @ rotation(1, _degrees(rng, 18, 40))
    face = face @ rotation(2, _degrees(rng, 8, 20))
    r = radii['head']
    head = neck + face @ (0, 1.45 * r, 0)
    points = {
        'neck': neck,
        'head': head,
        'crown': head + face @ (0, r, 0),
        'face': head + face @ (0, 0, r),
        'nose': head + face @ (0, -0.18 * r, 1.0 * r),
    }
    arm, forearm = about(0.165), about(0.155)
    thigh, shin = about(0.245), about(0.235)
    legs = _leg_angles(rng)
    for side, sign, leg in zip(('left', 'right'), (1, -1), legs):
        place = {
            'eye': head + face @ (sign * 0.4 * r, 0.18 * r, 0.9 * r),
            'ear': head + face @ (sign * 0.98 * r, -0.05 * r, 0),
            'shoulder': chest @ (sign * shoulder, torso, 0),
            'hip': hips @ (sign * hip, 0, 0),
        }
        upper, lower = _arm_directions(rng, sign)
        place['elbow'] = place['shoulder'] + arm * (chest @ upper)
        place['wrist'] = place['elbow'] + forearm * (chest @ lower)
        place['hand'] = place['wrist'] + 0.03 * (chest @ lower)
        place.update(_leg(place['hip'], sign, leg, thigh, shin))
        points.update({f'{side}_{name}': p for name, p in place.items()})
    return points, radii


def _arm_directions(
    rng: np.random.Generator, sign: int
) -> tuple[np.ndarray, np.ndarray]:
    """Choose where upper arm and forearm point; unit vectors, body frame."""
    hanging = rng.random() < 0.35
    raised = math.radians(rng.uniform(5, 35 if hanging else 125))
    forward = math.radians(rng.uniform(-20, 45))
    upper = np.array(
        [
            sign * math.sin(raised) * math.cos(forward),
            -math.cos(raised),
            math.sin(raised) * math.sin(forward),
        ]
    )
    # The elbow bends towards a direction at right angles to the upper arm.
    aim = rng.normal(size=3) + (0, 0.4, 0.7)
    aim -= upper * (aim @ upper)
    aim /= np.linalg.norm(aim)
    bend = math.radians(rng.uniform(0, 40 if hanging else 100))
    return upper, math.cos(bend) * upper + math.sin(bend) * aim


def _leg(
    hip: np.ndarray,
    sign: int,
    angles: tuple[float, float, float],
    thigh: float,
    shin: float,
) -> dict[str, np.ndarray]:
    """Place knee, ankle and toe; the angles are as of ``_leg_angles``."""
    spread, lift, bend = angles
    down = rotation(2, sign * spread) @ rotation(0, -lift)
    calf = down @ rotation(0, bend)
    knee = hip + thigh * (down @ (0, -1, 0))
    ankle = knee + shin * (calf @ (0, -1, 0))
    toe = rotation(1, sign * math.radians(15)) @ (0, -0.035, 0.075)
    return dict(knee=knee, ankle=ankle, toe=ankle + toe)


def _leg_angles(
    rng: np.random.Generator,
) -> list[tuple[float, float, float]]:
    """Choose spread, forward lift and knee bend of both legs, radians."""
    stance = rng.choice(3, p=[0.58, 0.36, 0.06])
    stride = rng.choice((-1, 1)) * rng.uniform(12, 38)
    legs = []
    for step in (1, -1):
        if stance == 0:  # standing
            angles = rng.uniform((-1, -6, 0), (17, 10, 12))
        elif stance == 1:  # walking
            angles = rng.uniform((-1, -6, 5), (12, 6, 50))
            angles += (0, step * stride, 0)
        else:  # squatting
            angles = rng.uniform((12, 45, 60), (42, 95, 115))
        legs.append(tuple(np.radians(angles)))
    return legs


def _degrees(rng: np.random.Generator, spread: float, limit: float) -> float:
    """Choose a small angle: normal, limited; degrees in, radians out."""
    return math.radians(float(np.clip(rng.normal(0, spread), -limit, limit)))
