"""Poses drawn over an image, as ``appearance`` says."""

from collections.abc import Collection, Sequence

import cv2
import numpy as np

from .appearance import LIMB, OUTLINE, RING, Color, Person, people_of
from .errors import UserValueError
from .poses import Poses

__all__ = ['PARTS', 'draw', 'draw_lines', 'expect_parts']

# What can be drawn.
PARTS = ('poses', 'boxes', 'sigmas', 'ids')

# OpenCV takes coordinates as whole numbers of 1 / 2 ** SHIFT pixel, and fills
# smooth shapes beyond their border, in pixels.
SHIFT = 4
SPREAD = 0.7
# OpenCV's small circles are crosses; these are round.
_ANGLES = np.arange(20) * (2 * np.pi / 20)
CIRCLE = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=-1)


def draw(
    image: np.ndarray,
    poses: Poses,
    min_score: float = 0.3,
    parts: Collection[str] = ('poses',),
    numbers: Sequence[int] | np.ndarray | None = None,
) -> np.ndarray:
    """Draw people over an image.

    Args:
        image: Image (height, width, 3), BGR, 8 bits. It stays as it is.
        poses: The poses in it.
        min_score: Keypoints of lower scores are left out. Those below 0.5 are
            hollow.
        parts: What to draw: ``'poses'``, ``'boxes'``, ``'sigmas'``, an
            ellipse of one standard deviation around each keypoint where the
            model predicts them, and ``'ids'``, the numbers.
        numbers: The people's numbers (N,), which choose their colours; below
            0 for none. By default they count from 0 on.

    Returns:
        Picture of the same size and kind.

    Raises:
        ValueError: There is no such part.
    """
    expect_parts(parts)
    canvas = image.copy()
    if numbers is None:
        numbers = range(len(poses))
    people = people_of(poses, min_score, numbers)
    if 'sigmas' in parts and poses.sigmas is not None:
        canvas = _with_sigmas(canvas, poses.sigmas, people)
    for person in people:
        if 'boxes' in parts:
            _draw_box(canvas, person)
        if 'poses' in parts:
            _draw_limbs(canvas, person, poses.skeleton)
            _draw_keypoints(canvas, person)
    if 'ids' in parts:
        taken = np.zeros(canvas.shape[:2], bool)
        for person in people:
            if person.number >= 0:
                _draw_number(canvas, person, taken)
    return canvas


def expect_parts(parts: Collection[str]) -> None:
    """See that these parts can be drawn.

    Raises:
        ValueError: One of them cannot.
    """
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        raise UserValueError(
            f'"{unknown[0]}" cannot be drawn. Expected some of '
            f'{", ".join(PARTS)}.'
        )


def _draw_limbs(
    canvas: np.ndarray, person: Person, links: Sequence[tuple[int, int]]
) -> None:
    ends = np.array(links, int).reshape(-1, 2)
    kept = np.flatnonzero(person.shown[ends].all(1))
    ends = ends[kept]
    points = person.points[ends]  # (limbs, 2 ends, x and y)
    along = points[:, 1] - points[:, 0]
    length = np.linalg.norm(along, axis=1)
    along /= np.maximum(length, 1e-6)[:, None]
    # Limbs end at the rings of hollow keypoints, which stay hollow.
    cut = np.where(person.hollow[ends], person.radii[ends], 0)
    keep = cut.sum(1) < length
    points[:, 0] += along * cut[:, :1]
    points[:, 1] -= along * cut[:, 1:]
    across = along[:, ::-1] * [-1, 1]
    for edge in dict.fromkeys((person.edge, 0.0)):  # the outlines first
        half = (LIMB / 2 + edge) * person.radii[ends] - SPREAD
        sides = half[..., None] * across[:, None]
        corners = np.concatenate(
            [points + sides, (points - sides)[:, ::-1]], axis=1
        )
        for i, shape, fits in zip(kept, _fixed(corners), keep):
            if fits:
                color = OUTLINE if edge else person.lines[i]
                cv2.fillConvexPoly(canvas, shape, color, cv2.LINE_AA, SHIFT)


def _draw_keypoints(canvas: np.ndarray, person: Person) -> None:
    given = np.flatnonzero(person.shown)
    radii = person.radii[given]
    holes = np.minimum((1 - RING) * radii, radii - 1)
    for edge in dict.fromkeys((person.edge, 0.0)):  # the outlines first
        # The outline is outside of a ring, which stays hollow.
        rims = np.stack([(1 + edge) * radii - SPREAD, holes + SPREAD])
        shapes = person.points[given, None] + rims[..., None, None] * CIRCLE
        for k, rim, hole in zip(given, *_fixed(shapes)):
            color = OUTLINE if edge else person.dots[k]
            shape = [rim, hole] if person.hollow[k] else [rim]
            cv2.fillPoly(canvas, shape, color, cv2.LINE_AA, SHIFT)


def _with_sigmas(
    canvas: np.ndarray, sigmas: np.ndarray, people: Sequence[Person]
) -> np.ndarray:
    filled = canvas.copy()
    for person in people:
        radii = sigmas[person.row]
        known = person.shown & np.isfinite(radii).all(-1)
        for k in np.flatnonzero(known):
            axes = _fixed(radii[k]).tolist()
            middle, color = _fixed(person.points[k]).tolist(), person.dots[k]
            for target, thickness in ((filled, cv2.FILLED), (canvas, 1)):
                line = thickness, cv2.LINE_AA, SHIFT
                cv2.ellipse(target, middle, axes, 0, 0, 360, color, *line)
    return cv2.addWeighted(filled, 0.25, canvas, 0.75, 0)


def _draw_box(canvas: np.ndarray, person: Person) -> None:
    x1, y1, x2, y2 = np.round(person.box).astype(int).tolist()
    width = max(round(person.radius / 3), 1)
    cv2.rectangle(canvas, (x1, y1), (x2, y2), OUTLINE, width + 2)
    cv2.rectangle(canvas, (x1, y1), (x2, y2), person.color, width)


def _draw_number(
    canvas: np.ndarray, person: Person, taken: np.ndarray
) -> None:
    """Draw it above the box, right of numbers that are there (``taken``)."""
    height, width = canvas.shape[:2]
    tall = min(max(3 * person.radius, height / 80, 10), height / 12)
    text, font = str(person.number), cv2.FONT_HERSHEY_SIMPLEX
    scale, bold = tall / 22, max(round(tall / 10), 1)
    (w, h), _ = cv2.getTextSize(text, font, scale, bold)
    pad = max(round(tall / 4), 2)
    across, down = w + 2 * pad, h + 2 * pad
    x, y = np.round(person.box[:2]).astype(int).tolist()
    x = max(min(x, width - across), 0)
    y = max(min(y - down, height - down), 0)
    free = range(x, width - across + 1)
    rows = taken[y : y + down]
    x = next((i for i in free if not rows[:, i : i + across].any()), x)
    rows[:, x : x + across] = True
    canvas[y : y + down, x : x + across] = person.color
    place = x + pad, y + pad + h
    cv2.putText(canvas, text, place, font, scale, OUTLINE, bold, cv2.LINE_AA)


def draw_lines(
    canvas: np.ndarray,
    points: np.ndarray,
    links: Sequence[tuple[int, int]],
    colors: Sequence[Color],
    width: int,
) -> None:
    """Draw the lines of a skeleton into an image.

    Args:
        canvas: The image (height, width, 3), 8 bits, which is changed.
        points: Keypoints (K, 2), pixels of the image.
        links: Pairs of keypoints to connect.
        colors: A colour for each link, in the image's order of channels.
        width: Width of a line, pixels.
    """
    places = _fixed(np.nan_to_num(points)).tolist()
    for (a, b), color in zip(links, colors):
        ends = places[a], places[b]
        cv2.line(canvas, *ends, color, width, cv2.LINE_AA, SHIFT)


def _fixed(points: np.ndarray) -> np.ndarray:
    # Far outside any image, where OpenCV's whole numbers do not end yet.
    fixed = (points * (1 << SHIFT)).clip(-(2**26), 2**26)
    return fixed.round().astype(np.int32)
