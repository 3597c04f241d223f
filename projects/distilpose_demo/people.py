"""Images of synthetic, articulated people with their COCO keypoints.

Frames and units:
    view: x right, y down, z towards the viewer; the stature is 1.
    picture: x right, y down; pixels, pixel centres are whole numbers.

Visibility of a keypoint, as in COCO:
    0: outside of the picture; x and y are 0.
    1: inside, but hidden: the foremost thing painted there is not a part of
       the body that holds this joint (another limb, another person, an
       object), or it is a point of the face that is turned away.
    2: visible.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from .body import HOLDERS, KEYPOINTS, PARTS
from .canvas import CIRCLE, SCALE, Canvas, hull, rotation
from .figure import Figure, pose_figure
from .flesh import rimmed

__all__ = ['Person', 'Scene', 'draw_people', 'draw_scene']

OBJECT = 255  # owner of the objects in front

MAX_PEOPLE = 3


@dataclass(frozen=True)
class Person:
    """The labels of a person in a picture.

    Attributes:
        keypoints: (17, 3), x and y in pixels, visibility 0, 1 or 2.
        bbox: (4,), x, y, width and height in pixels, within the picture;
            it holds the silhouette and all labelled keypoints.
        area: Of the silhouette within the picture, hidden parts included;
            square pixels.
    """

    keypoints: np.ndarray
    bbox: np.ndarray
    area: float


@dataclass(frozen=True)
class Scene:
    """A picture, (H, W, 3) uint8 in BGR, and the people in it."""

    image: np.ndarray
    people: list[Person]


def draw_scene(rng: np.random.Generator) -> Scene:
    """Draw a picture of one to three people amid clutter.

    Args:
        rng: The only source of chance; its state advances.

    Returns:
        The picture, about 200 pixels a side, and its people.
    """
    count = 1 + int(rng.choice(MAX_PEOPLE, p=[0.85, 0.12, 0.03]))
    height = int(rng.integers(200, 261))
    width = int(rng.integers(160, 225)) + 32 * (count - 1)
    canvas = Canvas(width, height)
    _paint_background(rng, canvas)
    figures = [pose_figure(rng) for _ in range(count)]
    places = _place(rng, figures, width, height)
    people = draw_people(canvas, figures, places, rng)
    return Scene(_develop(rng, canvas.picture()), people)


def draw_people(
    canvas: Canvas,
    figures: Sequence[Figure],
    places: Sequence[tuple[float, float, float]],
    rng: np.random.Generator | None = None,
) -> list[Person]:
    """Paint figures, the first one farthest away, and label them.

    Args:
        canvas: Painted on.
        figures: At most ``MAX_PEOPLE``.
        places: For each figure the x and y of its pelvis in the picture and
            its stature in pixels.
        rng: Chooses objects in front of people; None for no objects.
    """
    masks, joints = [], []
    for i, (figure, (x, y, stature)) in enumerate(zip(figures, places)):
        mask = np.zeros_like(canvas.owners)
        for part in figure.parts:
            owner = _owner(i, part.name)
            for shape in part.shapes:
                outline = shape.outline * stature + (x, y)
                canvas.fill(outline, shape.colour, owner, mask)
        masks.append(mask)
        joints.append(figure.joints[:, :2] * stature + (x, y))
    if rng is not None:
        _paint_objects(rng, canvas, joints, min(p[2] for p in places))
    return [
        _label(canvas, i, xy, figure.turned_away, mask)
        for i, (xy, figure, mask) in enumerate(zip(joints, figures, masks))
    ]


def _owner(person: int, part: str) -> int:
    return 1 + person * len(PARTS) + PARTS.index(part)


def _label(
    canvas: Canvas,
    index: int,
    joints: np.ndarray,
    turned_away: np.ndarray,
    mask: np.ndarray,
) -> Person:
    """Make the labels of one person, whose silhouette is the mask."""
    keypoints = np.zeros((len(KEYPOINTS), 3))
    last = (canvas.width - 1, canvas.height - 1)
    for k, (name, xy) in enumerate(zip(KEYPOINTS, joints.round(2))):
        if (xy < 0).any() or (xy > last).any():
            continue
        side, _, joint = name.rpartition('_')
        parts = (part.format(side) for part in HOLDERS[joint])
        owners = [_owner(index, part) for part in parts]
        seen = canvas.owner_at(*xy) in owners and not turned_away[k]
        keypoints[k] = (*xy, 2 if seen else 1)
    x, y, width, height = cv2.boundingRect(mask)
    labelled = keypoints[keypoints[:, 2] > 0, :2]
    low = np.array([[x, y], [x + width, y + height]]) / SCALE
    points = np.concatenate([low, labelled])
    corner = np.floor(points.min(axis=0))
    extent = np.ceil(points.max(axis=0)) - corner
    area = np.count_nonzero(mask) / SCALE**2
    return Person(keypoints, np.concatenate([corner, extent]), area)


def _place(
    rng: np.random.Generator,
    figures: Sequence[Figure],
    width: int,
    height: int,
) -> list[tuple[float, float, float]]:
    """Choose the x and y of each pelvis and each stature, in pixels."""
    count, places = len(figures), []
    slots = rng.permutation(count)
    for figure, slot in zip(figures, slots):
        outlines = [s.outline for part in figure.parts for s in part.shapes]
        points = np.concatenate(outlines)
        low, high = points.min(axis=0), points.max(axis=0)
        frame = np.array([width, height])
        shares = (0.62, 1.0) if count == 1 else (0.52, 0.82)
        stature = height * rng.uniform(*shares)
        stature = min(stature, *(1.1 * frame / (high - low)))
        # Up to an eighth may stick out, but only of some people.
        beyond = 0.13 * (rng.random() < 0.25) * (high - low) * stature
        first = -low * stature - beyond
        last = frame - high * stature + beyond
        share = rng.random(2)
        share[0] = (slot + share[0]) / count
        x, y = first + share * (last - first)
        places.append((float(x), float(y), float(stature)))
    return places


def _paint_background(rng: np.random.Generator, canvas: Canvas) -> None:
    """Paint soft colours, shapes, lines and sticks that look like limbs."""
    rows, columns = canvas.owners.shape
    patches = _muted(rng, 9).reshape(3, 3, 3).astype(np.float32)
    canvas.pixels[:] = cv2.resize(patches, (columns, rows))
    size = np.array([canvas.width, canvas.height])
    short = float(size.min())
    for kind in rng.integers(3, size=rng.integers(5, 13)):
        centre, colour = rng.random(2) * size, _muted(rng)[0]
        if kind == 0:  # a polygon
            spread = rng.uniform(0.05, 0.28) * short
            corners = centre + rng.normal(size=(5, 2)) * spread
            outline = cv2.convexHull(corners.astype(np.float32))[:, 0]
        elif kind == 1:  # an ellipse
            axes = rng.uniform(0.03, 0.2, 2) * short
            outline = centre + CIRCLE * axes
        else:  # a line
            ends = np.stack([centre, rng.random(2) * size])
            outline = hull(ends, np.full(2, rng.uniform(0.4, 2.5)))
        canvas.fill(outline.astype(float), tuple(colour))
    for _ in range(rng.integers(1, 5)):  # bent sticks
        colour = _muted(rng)[0]
        knots = np.cumsum(rng.normal(size=(3, 2)) * 0.14 * short, axis=0)
        knots += rng.random(2) * size
        for ends in (knots[:2], knots[1:]):
            thickness = rng.uniform(0.012, 0.035, 2) * short
            for shape in rimmed(ends, thickness, tuple(colour)):
                canvas.fill(shape.outline, shape.colour)
    sigma = SCALE * rng.uniform(0.5, 1.6)
    canvas.pixels[:] = cv2.GaussianBlur(canvas.pixels, (0, 0), sigma)


def _paint_objects(
    rng: np.random.Generator,
    canvas: Canvas,
    joints: Sequence[np.ndarray],
    stature: float,
) -> None:
    """Hide some joints (17, 2) of each person behind boxes, bars and discs.

    The stature is that of the smallest person, pixels.
    """
    for _ in range(rng.choice(3, p=[0.7, 0.22, 0.08])):
        person = joints[rng.integers(len(joints))]
        # Anywhere from the shoulders down; the head stays free more often.
        target = person[rng.integers(5, 17)] + rng.normal(size=2) * 4
        kind, turn = rng.integers(3), rng.uniform(0, np.pi)
        colour = _muted(rng)[0]
        if kind == 2:  # a disc
            outline = CIRCLE * rng.uniform(0.04, 0.09)
        else:
            sides = (0.05, 0.12) if kind == 0 else (0.014, 0.3)  # box, bar
            sides = np.array(sides) * rng.uniform(0.7, 1.2, 2)
            corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * sides
            outline = corners @ rotation(2, turn)[:2, :2]
        for size, shade in ((1.0, 0.4), (0.9, 1.0), (0.5, 1.12)):
            shape = target + outline * stature * size
            canvas.fill(shape, tuple(shade * colour), OBJECT)


def _develop(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Vary light, contrast and tint, and add noise; (H, W, 3) uint8."""
    height, width = image.shape[:2]
    corners = rng.uniform(0.8, 1.15, (2, 2)).astype(np.float32)
    light = cv2.resize(corners, (width, height))[..., None]
    tint = rng.uniform(0.94, 1.06, 3).astype(np.float32)
    contrast = np.float32(rng.uniform(0.8, 1.1))
    noise = rng.standard_normal(image.shape, dtype=np.float32)
    noise *= np.float32(rng.uniform(1.5, 6))
    values = (image * light * tint - 128) * contrast + 128 + noise
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _muted(rng: np.random.Generator, count: int = 1) -> np.ndarray:
    """Choose colours, (count, 3), not far from grey."""
    grey = rng.uniform(30, 225, (count, 1))
    return np.clip(grey + rng.normal(0, 28, (count, 3)), 0, 255)
