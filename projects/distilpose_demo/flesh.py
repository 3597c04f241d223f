"""The flesh around the joints: convex outlines and their colours.

Frame and unit:
    view: x right, y down, z towards the viewer; the stature is 1.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import ArrayLike

from .body import KEYPOINTS, LIMBS
from .canvas import CIRCLE, Colour, hull

__all__ = ['Part', 'Shape', 'choose_colours', 'make_parts', 'rimmed']

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
    shapes: list[Shape]


def choose_colours(rng: np.random.Generator) -> dict[str, Colour]:
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


def make_parts(
    points: dict[str, np.ndarray],
    radii: dict[str, float],
    turned_away: np.ndarray,
    colours: dict[str, Colour],
) -> list[Part]:
    """Make the parts of the body.

    Args:
        points: Points (3,) in the view's frame: the keypoints, and ``head``,
            ``crown``, ``neck``, ``face``, ``left_hand``, ``left_toe``, ...
        radii: Around the joints and of the head, statures.
        turned_away: Which keypoints are, (17,), bool.
        colours: As of ``choose_colours``.
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
    points: dict[str, np.ndarray],
    radius: float,
    turned_away: np.ndarray,
    colours: dict[str, Colour],
) -> list[Shape]:
    """Make the shapes of the head; the arguments are as of ``make_parts``."""
    centre = points['head'][:2]
    up = points['crown'][:2] - centre
    up = up / np.linalg.norm(up)
    skin, ink = np.array(colours['skin']), (25, 25, 30)
    upright = np.stack([(-up[1], up[0]), up])  # rows: across, along

    def ellipse(middle: np.ndarray, across: float, along: float) -> np.ndarray:
        return middle + (CIRCLE * (across, along)) @ upright

    ears: dict[bool, list[Shape]] = {False: [], True: []}
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
) -> list[Shape]:
    """Wrap discs in a rim, a fill and a highlight.

    Args:
        centres: (N, 2) or (N, 3) of which the depth is left out.
        radii: (N,), or one for all; in the unit of the centres.
        colour: Of the fill.
    """
    centres, fill = centres[:, :2], np.array(colour)
    radii = np.full(len(centres), radii)
    light = centres - 0.3 * radii[:, None]
    return [
        Shape(hull(centres, radii + OUTLINE), tuple(0.35 * fill)),
        Shape(hull(centres, radii), tuple(fill)),
        Shape(hull(light, 0.4 * radii), tuple(1.08 * fill + 6)),
    ]


def _stack(points: dict[str, np.ndarray], *names: str) -> np.ndarray:
    return np.stack([points[name] for name in names])
