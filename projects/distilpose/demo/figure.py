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
from typing import Dict, List, NamedTuple, Optional, Tuple

import cv2
import numpy as np
from numpy.typing import ArrayLike

from .canvas import CIRCLE, Colour, hull, rotation

__all__ = [
    'HOLDERS',
    'KEYPOINTS',
    'PARTS',
    'SKELETON',
    'Figure',
    'pose_figure',
    'rimmed',
]

# Limb: its two joints, its clothing, and what hangs on its end.
LIMBS = {
    'upper_arm': ('shoulder', 'elbow', 'shirt', None),
    'forearm': ('elbow', 'wrist', 'shirt', 'hand'),
    'thigh': ('hip', 'knee', 'trousers', None),
    'shin': ('knee', 'ankle', 'trousers', 'toe'),
}

PARTS = ('pelvis', 'torso', 'head') + tuple(
    f'{side}_{limb}' for side in ('left', 'right') for limb in LIMBS
)

# COCO's joints in order, and the parts on which each can be seen; {} is its
# side.
HOLDERS = {
    'nose': ('head',),
    'eye': ('head',),
    'ear': ('head',),
    'shoulder': ('torso', '{}_upper_arm'),
    'elbow': ('{}_upper_arm', '{}_forearm'),
    'wrist': ('{}_forearm',),
    'hip': ('pelvis', 'torso', '{}_thigh'),
    'knee': ('{}_thigh', '{}_shin'),
    'ankle': ('{}_shin',),
}

KEYPOINTS = ('nose',) + tuple(
    f'{side}_{joint}'
    for joint in list(HOLDERS)[1:]
    for side in ('left', 'right')
)

# Pairs of joints as COCO lists them, counted from 1.
SKELETON = tuple(
    zip(
        (16, 14, 17, 15, 12, 6, 7, 6, 6, 7, 8, 9, 2, 1, 1, 2, 3, 4, 5),
        (14, 12, 15, 13, 13, 12, 13, 7, 8, 9, 10, 11, 3, 2, 3, 4, 5, 6, 7),
    )
)

OUTLINE = 0.006  # width of the dark rim of each part, in statures

SKINS = np.array(
    ((189, 216, 245), (140, 180, 228), (96, 140, 198), (58, 88, 140))
)

HAIRS = np.array(
    ((28, 30, 38), (36, 62, 100), (70, 130, 190), (120, 118, 122))
)


class Shape(NamedTuple):
    """A convex outline and its colour."""

    outline: np.ndarray  # (N, 2)
    colour: Colour


class Part(NamedTuple):
    """A part of the body: shapes in the view's frame, painted in order."""

    name: str
    depth: float  # statures towards the viewer, for the painting order
    shapes: List[Shape]


class Figure(NamedTuple):
    """A posed body in the view's frame."""

    joints: np.ndarray  # (17, 3), x, y, z
    turned_away: np.ndarray  # (17,), bool; points of the head alone
    parts: List[Part]  # from the far ones to the near ones


def pose_figure(
    rng: np.random.Generator, from_back: Optional[bool] = None
) -> Figure:
    """Pose and dress a body at random.

    Args:
        rng: The only source of chance.
        from_back: Seen from the back; by default 1 in 12 is.
    """
    if from_back is None:
        from_back = rng.random() < 1 / 12
    points, radii = _pose(rng)
    turn = _degrees(rng, 20, 45) + (math.pi if from_back else 0)
    view = rotation(0, math.radians(rng.uniform(-4, 12)))
    view = np.diag([1, -1, 1]) @ view @ rotation(1, turn)
    points = {name: view @ point for name, point in points.items()}
    joints = np.stack([points[name] for name in KEYPOINTS])
    depth = (joints[:5, 2] - points['head'][2]) / radii['head']
    turned_away = np.zeros(len(KEYPOINTS), dtype=bool)
    # The ears sit at the sides: both are seen from the front and the back.
    turned_away[:5] = depth < (0.1, 0.1, 0.1, -0.4, -0.4)
    parts = _flesh(points, radii, turned_away, _dress(rng))
    parts.sort(key=lambda part: part.depth)
    return Figure(joints, turned_away, parts)


def _pose(
    rng: np.random.Generator,
) -> Tuple[Dict[str, np.ndarray], Dict[str, float]]:
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
        spread, lift, bend = leg
        down = rotation(2, sign * spread) @ rotation(0, -lift)
        calf = down @ rotation(0, bend)
        place['knee'] = place['hip'] + thigh * (down @ (0, -1, 0))
        place['ankle'] = place['knee'] + shin * (calf @ (0, -1, 0))
        toe = rotation(1, sign * math.radians(15)) @ (0, -0.035, 0.075)
        place['toe'] = place['ankle'] + toe
        points.update({f'{side}_{name}': p for name, p in place.items()})
    return points, radii


def _arm_directions(
    rng: np.random.Generator, sign: int
) -> Tuple[np.ndarray, np.ndarray]:
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


def _leg_angles(
    rng: np.random.Generator,
) -> List[Tuple[float, float, float]]:
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


def _dress(rng: np.random.Generator) -> Dict[str, Colour]:
    """Choose the colours: light ones on the left, dark on the right."""

    def mix(palette: np.ndarray) -> np.ndarray:
        a, b = rng.choice(len(palette), 2)
        share = rng.random()
        return share * palette[a] + (1 - share) * palette[b]

    colours = {'skin': mix(SKINS), 'hair': mix(HAIRS)}
    for name in ('shirt', 'trousers'):
        hsv = rng.integers((0, 60, 110), (180, 220, 190)).astype(np.uint8)
        cloth = cv2.cvtColor(hsv[None, None], cv2.COLOR_HSV2BGR)[0, 0]
        colours[name] = cloth
        colours[f'left_{name}'] = 0.4 * cloth + 0.6 * 245
        colours[f'right_{name}'] = 0.42 * cloth
    colours['left_shoe'] = np.full(3, rng.uniform(215, 250))
    colours['right_shoe'] = np.full(3, rng.uniform(15, 50))
    return {name: tuple(colour) for name, colour in colours.items()}


def _flesh(
    points: Dict[str, np.ndarray],
    radii: Dict[str, float],
    turned_away: np.ndarray,
    colours: Dict[str, Colour],
) -> List[Part]:
    """Make the parts of the body.

    Args:
        points: As of ``_pose``, in the view's frame.
        radii: As of ``_pose``.
        turned_away: (17,), bool.
        colours: As of ``_dress``.
    """

    parts = []
    for side in ('left', 'right'):
        for name, (start, end, cloth, tip) in LIMBS.items():
            ends = _stack(points, f'{side}_{start}', f'{side}_{end}')
            shapes = []
            if tip is not None:
                size, colour = {
                    'hand': ((0.024, 0.032), colours['skin']),
                    'toe': ((0.03, 0.026), colours[f'{side}_shoe']),
                }[tip]
                tips = _stack(points, f'{side}_{end}', f'{side}_{tip}')
                shapes += rimmed(tips, size, colour)
            size = (radii[start], radii[end])
            shapes += rimmed(ends, size, colours[f'{side}_{cloth}'])
            # Limbs lie on the trunk's surface, hence a little nearer.
            depth = ends[:, 2].mean() + 0.04
            parts.append(Part(f'{side}_{name}', depth, shapes))
    hips = _stack(points, 'left_hip', 'right_hip')
    shoulders = _stack(points, 'left_shoulder', 'right_shoulder')
    waist = hips + 0.22 * (shoulders.mean(axis=0) - hips.mean(axis=0))
    seat = np.concatenate([hips, waist])
    pelvis = rimmed(seat, radii['hip'], colours['trousers'])
    chest = np.concatenate([shoulders, waist])
    torso = rimmed(chest, 1.3 * radii['shoulder'], colours['shirt'])
    head = rimmed(_stack(points, 'neck', 'head'), 0.03, colours['skin'])
    head += _head(points, radii['head'], turned_away, colours)
    return [
        *parts,
        Part('pelvis', hips[:, 2].mean() - 0.01, pelvis),
        Part('torso', chest[:, 2].mean(), torso),
        Part('head', points['head'][2] + 0.03, head),
    ]


def _head(
    points: Dict[str, np.ndarray],
    radius: float,
    turned_away: np.ndarray,
    colours: Dict[str, Colour],
) -> List[Shape]:
    """Make the shapes of the head; the arguments are as of ``_flesh``."""
    centre = points['head'][:2]
    up = points['crown'][:2] - centre
    up = up / np.linalg.norm(up)
    skin, ink = np.array(colours['skin']), (25, 25, 30)
    upright = np.stack([(-up[1], up[0]), up])  # rows: across, along

    def ellipse(middle: np.ndarray, across: float, along: float) -> np.ndarray:
        return middle + (CIRCLE * (across, along)) @ upright

    ears = {False: [], True: []}
    for k in (3, 4):
        ear = points[KEYPOINTS[k]][:2]
        rim = ellipse(ear, 0.29 * radius, 0.35 * radius)
        flesh = ellipse(ear, 0.22 * radius, 0.28 * radius)
        ears[bool(turned_away[k])] += [Shape(rim, ink), Shape(flesh, skin)]
    shapes = ears[True]
    size = np.array([radius, 1.18 * radius])
    shapes.append(Shape(ellipse(centre, *(size + OUTLINE)), ink))
    shapes.append(Shape(ellipse(centre, *size), colours['hair']))
    gaze = (points['face'] - points['head']) / radius
    if gaze[2] > 0:
        middle = centre + radius * (0.42 * gaze[:2] - 0.24 * up)
        across = radius * (0.45 + 0.4 * gaze[2])
        shapes.append(Shape(ellipse(middle, across, 0.92 * radius), skin))
    shapes += ears[False]
    for k in (1, 2):
        if not turned_away[k]:
            eye = points[KEYPOINTS[k]][:2]
            white = ellipse(eye, 0.25 * radius, 0.2 * radius)
            shapes.append(Shape(white, (240, 240, 240)))
            pupil = ellipse(eye, 0.13 * radius, 0.17 * radius)
            shapes.append(Shape(pupil, ink))
    if not turned_away[0]:
        nose = ellipse(points['nose'][:2], 0.14 * radius, 0.2 * radius)
        shapes.append(Shape(nose, tuple(skin * (0.55, 0.6, 0.8))))
    return shapes


def rimmed(
    centres: np.ndarray, radii: ArrayLike, colour: Colour
) -> List[Shape]:
    """Wrap discs in a rim, a fill and a highlight.

    Args:
        centres: (N, 2) or (N, 3) of which the depth is left out.
        radii: (N,), or one for all; in the unit of the centres.
        colour: Of the fill.
    """
    centres, colour = centres[:, :2], np.array(colour)
    radii = np.full(len(centres), radii)
    light = centres - 0.3 * radii[:, None]
    return [
        Shape(hull(centres, radii + OUTLINE), tuple(0.35 * colour)),
        Shape(hull(centres, radii), tuple(colour)),
        Shape(hull(light, 0.4 * radii), tuple(1.08 * colour + 6)),
    ]


def _stack(points: Dict[str, np.ndarray], *names: str) -> np.ndarray:
    return np.stack([points[name] for name in names])


def _degrees(rng: np.random.Generator, spread: float, limit: float) -> float:
    """Choose a small angle: normal, limited; degrees in, radians out."""
    return math.radians(float(np.clip(rng.normal(0, spread), -limit, limit)))
