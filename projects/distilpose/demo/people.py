"""Pictures of drawn, articulated people with their COCO keypoints.

A figure is a skeleton in space, posed at random and seen from the front or
from the back. Its flesh is made of convex outlines, painted from the far ones
to the near ones. Left and right are the person's own; the left sleeve,
trouser leg and shoe are light, the right ones dark, in every picture.

Frames and units:
    body: x to the person's left, y up, z forward; the stature is 1.
    view: x right, y down, z towards the viewer; the stature is 1.
    picture: x right, y down; pixels, pixel centres are whole numbers.

Visibility of a keypoint, as in COCO:
    0: outside of the picture; x and y are 0.
    1: inside, but hidden: the foremost thing painted there is not a part of
       the body that holds this joint (another limb, another person, an
       object), or it is a point of the face that is turned away.
    2: visible.
"""

import math
from dataclasses import dataclass
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import cv2
import numpy as np
from numpy.typing import ArrayLike

__all__ = [
    'KEYPOINTS',
    'SKELETON',
    'Canvas',
    'Figure',
    'Person',
    'Scene',
    'draw_people',
    'draw_scene',
    'pose_figure',
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

SCALE = 2  # the canvas is finer than the picture by this factor
SHIFT = 4  # fractional bits of the coordinates passed to OpenCV
OBJECT = 255  # owner of the objects in front
OUTLINE = 0.006  # width of the dark rim of each part, in statures
MAX_PEOPLE = 3

Colour = Tuple[float, float, float]  # blue, green, red; 0 to 255

_ANGLES = np.linspace(0, 2 * np.pi, 16, endpoint=False)
_CIRCLE = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1)  # (16, 2)

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


@dataclass(frozen=True)
class Person:
    """What is known of a person in a picture.

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
    people: List[Person]


class Canvas:
    """Takes convex outlines, and keeps whose each point is.

    Attributes:
        pixels: (H * SCALE, W * SCALE, 3), uint8, BGR.
        owners: (H * SCALE, W * SCALE), uint8: who was painted there last.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.pixels = np.full(
            (height * SCALE, width * SCALE, 3), 128, dtype=np.uint8
        )
        self.owners = np.zeros(self.pixels.shape[:2], dtype=np.uint8)

    def fill(
        self,
        outline: np.ndarray,
        colour: Colour,
        owner: int = 0,
        mask: Optional[np.ndarray] = None,
    ) -> None:
        """Paint a convex outline.

        Args:
            outline: (N, 2), picture frame.
            colour: BGR; clipped to 0 to 255.
            owner: Written to ``owners`` there, unless 0.
            mask: As ``owners``; set to 1 there.
        """
        # The centre of picture pixel 0 lies between canvas pixels 0 and 1.
        fine = (outline + 0.5) * SCALE - 0.5
        points = np.rint(fine * (1 << SHIFT)).astype(np.int32)
        bgr = [min(max(float(c), 0.0), 255.0) for c in colour]
        cv2.fillConvexPoly(self.pixels, points, bgr, cv2.LINE_AA, SHIFT)
        if owner:
            cv2.fillConvexPoly(self.owners, points, owner, shift=SHIFT)
        if mask is not None:
            cv2.fillConvexPoly(mask, points, 1, shift=SHIFT)

    def owner_at(self, x: float, y: float) -> int:
        """Tell the owner of a point within the picture."""
        column, row = (round((v + 0.5) * SCALE - 0.5) for v in (x, y))
        return int(self.owners[row, column])

    def picture(self) -> np.ndarray:
        """Return the picture, (H, W, 3) uint8."""
        size = (self.width, self.height)
        return cv2.resize(self.pixels, size, interpolation=cv2.INTER_AREA)


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
    places: Sequence[Tuple[float, float, float]],
    rng: Optional[np.random.Generator] = None,
) -> List[Person]:
    """Paint figures, the first one farthest away, and label them.

    Args:
        canvas: Painted on.
        figures: At most ``MAX_PEOPLE``.
        places: For each figure the x and y of its pelvis in the picture and
            its stature in pixels.
        rng: Chooses objects in front of the people; without it there is none.

    Raises:
        ValueError: More figures than can be told apart, or not one place
            for each.
    """
    if len(figures) > MAX_PEOPLE or len(figures) != len(places):
        raise ValueError(
            f'Given {len(figures)} figures and {len(places)} places, expected '
            f'as many places as figures and at most {MAX_PEOPLE}. Draw fewer '
            f'people, each with one place.'
        )
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
    """Make the labels of one person of a painted canvas.

    Args:
        canvas: With everything painted.
        index: Of the person.
        joints: (17, 2), picture frame.
        turned_away: (17,), bool.
        mask: The person's silhouette on the canvas.
    """
    keypoints = np.zeros((len(KEYPOINTS), 3))
    last = (canvas.width - 1, canvas.height - 1)
    for k, (name, xy) in enumerate(zip(KEYPOINTS, joints.round(2))):
        if (xy < 0).any() or (xy > last).any():
            continue
        owners = [_owner(index, part) for part in _holders(name)]
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


def _holders(keypoint: str) -> List[str]:
    """List the parts on which a keypoint can be seen."""
    side, _, joint = keypoint.rpartition('_')
    return [part.format(side) for part in HOLDERS[joint]]


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
    view = _rotation(0, math.radians(rng.uniform(-4, 12)))
    view = np.diag([1, -1, 1]) @ view @ _rotation(1, turn)
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
    chest = _rotation(2, lean) @ _rotation(0, _degrees(rng, 8, 25))
    chest = chest @ _rotation(1, _degrees(rng, 8, 20))
    hips = _rotation(2, 0.3 * lean)
    torso, shoulder, hip = about(0.29), about(0.115, 0.15), about(0.072)
    neck = chest @ (0, torso + 0.03, 0)
    face = chest @ _rotation(1, _degrees(rng, 18, 40))
    face = face @ _rotation(2, _degrees(rng, 8, 20))
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
        down = _rotation(2, sign * spread) @ _rotation(0, -lift)
        calf = down @ _rotation(0, bend)
        place['knee'] = place['hip'] + thigh * (down @ (0, -1, 0))
        place['ankle'] = place['knee'] + shin * (calf @ (0, -1, 0))
        toe = _rotation(1, sign * math.radians(15)) @ (0, -0.035, 0.075)
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
                shapes += _rimmed(tips, size, colour)
            size = (radii[start], radii[end])
            shapes += _rimmed(ends, size, colours[f'{side}_{cloth}'])
            # Limbs lie on the trunk's surface, hence a little nearer.
            depth = ends[:, 2].mean() + 0.04
            parts.append(Part(f'{side}_{name}', depth, shapes))
    hips = _stack(points, 'left_hip', 'right_hip')
    shoulders = _stack(points, 'left_shoulder', 'right_shoulder')
    waist = hips + 0.22 * (shoulders.mean(axis=0) - hips.mean(axis=0))
    seat = np.concatenate([hips, waist])
    pelvis = _rimmed(seat, radii['hip'], colours['trousers'])
    chest = np.concatenate([shoulders, waist])
    torso = _rimmed(chest, 1.3 * radii['shoulder'], colours['shirt'])
    head = _rimmed(_stack(points, 'neck', 'head'), 0.03, colours['skin'])
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
        return middle + (_CIRCLE * (across, along)) @ upright

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


def _rimmed(
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
        Shape(_hull(centres, radii + OUTLINE), tuple(0.35 * colour)),
        Shape(_hull(centres, radii), tuple(colour)),
        Shape(_hull(light, 0.4 * radii), tuple(1.08 * colour + 6)),
    ]


def _stack(points: Dict[str, np.ndarray], *names: str) -> np.ndarray:
    return np.stack([points[name] for name in names])


def _hull(centres: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Return the convex outline around discs, (M, 2)."""
    circles = centres[:, None] + radii[:, None, None] * _CIRCLE
    points = circles.reshape(-1, 2).astype(np.float32)
    return cv2.convexHull(points)[:, 0].astype(float)


def _place(
    rng: np.random.Generator,
    figures: Sequence[Figure],
    width: int,
    height: int,
) -> List[Tuple[float, float, float]]:
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
            outline = centre + _CIRCLE * axes
        else:  # a line
            ends = np.stack([centre, rng.random(2) * size])
            outline = _hull(ends, np.full(2, rng.uniform(0.4, 2.5)))
        canvas.fill(outline.astype(float), tuple(colour))
    for _ in range(rng.integers(1, 5)):  # bent sticks
        colour = _muted(rng)[0]
        knots = np.cumsum(rng.normal(size=(3, 2)) * 0.14 * short, axis=0)
        knots += rng.random(2) * size
        for ends in (knots[:2], knots[1:]):
            thickness = rng.uniform(0.012, 0.035, 2) * short
            for shape in _rimmed(ends, thickness, tuple(colour)):
                canvas.fill(shape.outline, shape.colour)
    sigma = SCALE * rng.uniform(0.5, 1.6)
    canvas.pixels[:] = cv2.GaussianBlur(canvas.pixels, (0, 0), sigma)


def _paint_objects(
    rng: np.random.Generator,
    canvas: Canvas,
    joints: Sequence[np.ndarray],
    stature: float,
) -> None:
    """Hide some joints behind boxes, bars and discs.

    Args:
        rng: Chooses whether, where and what.
        canvas: Painted on.
        joints: For each person (17, 2), picture frame.
        stature: Of the smallest person, in pixels.
    """
    for _ in range(rng.choice(3, p=[0.7, 0.22, 0.08])):
        person = joints[rng.integers(len(joints))]
        # Anywhere from the shoulders down; the head stays free more often.
        target = person[rng.integers(5, 17)] + rng.normal(size=2) * 4
        kind, turn = rng.integers(3), rng.uniform(0, np.pi)
        colour = _muted(rng)[0]
        if kind == 2:  # a disc
            outline = _CIRCLE * rng.uniform(0.04, 0.09)
        else:
            sides = (0.05, 0.12) if kind == 0 else (0.014, 0.3)  # box, bar
            sides = np.array(sides) * rng.uniform(0.7, 1.2, 2)
            corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * sides
            outline = corners @ _rotation(2, turn)[:2, :2]
        for size, shade in ((1.0, 0.4), (0.9, 1.0), (0.5, 1.12)):
            shape = target + outline * stature * size
            canvas.fill(shape, tuple(shade * colour), OBJECT)


def _develop(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Vary light, contrast and tint, and add noise; (H, W, 3) uint8."""
    height, width = image.shape[:2]
    light = rng.uniform(0.8, 1.15, (2, 2)).astype(np.float32)
    light = cv2.resize(light, (width, height))[..., None]
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


def _rotation(axis: int, angle: float) -> np.ndarray:
    """Return the (3, 3) right-handed rotation about a frame's axis."""
    c, s = math.cos(angle), math.sin(angle)
    j, k = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[[j, k], [j, k]] = c
    matrix[k, j], matrix[j, k] = s, -s
    return matrix


def _degrees(rng: np.random.Generator, spread: float, limit: float) -> float:
    """Choose a small angle: normal, limited; degrees in, radians out."""
    return math.radians(float(np.clip(rng.normal(0, spread), -limit, limit)))
