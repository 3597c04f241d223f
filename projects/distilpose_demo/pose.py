"""Proportions and joint angles of a body, chosen at random.

Frame and unit:
    body: x to the person's left, y up, z forward; the stature is 1.
"""

import math

import numpy as np

from .canvas import rotation

__all__ = ['choose_pose', 'degrees']


def choose_pose(
    rng: np.random.Generator,
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Choose proportions and joint angles.

    Returns:
        Points of the body, each (3,) in the body's frame: the keypoints, and
        ``head``, ``crown``, ``neck``, ``left_hand``, ``left_toe``, ...; and
        the radii around the joints and of the head, in statures.
    """

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
    lean = degrees(rng, 9, 25)
    if rng.random() < 0.06:
        lean = math.copysign(math.radians(rng.uniform(25, 45)), lean)
    chest = rotation(2, lean) @ rotation(0, degrees(rng, 8, 25))
    chest = chest @ rotation(1, degrees(rng, 8, 20))
    hips = rotation(2, 0.3 * lean)
    torso, shoulder, hip = about(0.29), about(0.115, 0.15), about(0.072)
    neck = chest @ (0, torso + 0.03, 0)
    face = chest @ rotation(1, degrees(rng, 18, 40))
    face = face @ rotation(2, degrees(rng, 8, 20))
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


def degrees(rng: np.random.Generator, spread: float, limit: float) -> float:
    """Choose a small angle: normal, limited; degrees in, radians out."""
    return math.radians(float(np.clip(rng.normal(0, spread), -limit, limit)))
