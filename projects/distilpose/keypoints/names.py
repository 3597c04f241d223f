"""What the names of keypoints tell: left and right, limbs, sizes."""

import re
from collections.abc import Sequence
from itertools import permutations
from operator import ne

from distilpose_runtime.keypoint_names import Name, split

__all__ = [
    'USUAL_SIGMA',
    'guess_skeleton',
    'is_lower',
    'mirror_pairs',
    'sigma',
]

# Standard deviations of COCO's annotators, as shares of a body's size.
SIGMAS = dict(
    nose=0.026,
    eye=0.025,
    ear=0.035,
    shoulder=0.079,
    elbow=0.072,
    wrist=0.062,
    hip=0.107,
    knee=0.087,
    ankle=0.089,
)
USUAL_SIGMA = 0.05

LOWER = ('hip', 'knee', 'ankle', 'foot', 'toe', 'heel', 'tail', 'pelvis')

# Beginnings of words for what lies in the middle of a body.
MIDDLE = re.compile(
    r'\b(abdomen|anal|back|beak|belly|bottom|caudal|cent|chest|chin|crown|'
    'dorsal|forehead|head|jaw|lip|lower|mid|mouth|neck|nose|pelvis|root|'
    'snout|spine|sternum|tail|thorax|throat|tongue|top|torso|trunk|upper)'
)
# Ends of words for what a body has on both sides, unless it is a "mid hip".
ON_BOTH_SIDES = re.compile(
    '(ankle|antenna|arm|brow|cheek|ear|elbow|eye|finger|foot|hand|heel|hip|'
    r'hoof|horn|knee|leg|paw|shoulder|thigh|thumb|toe|wing|wrist)s?\b'
)
BETWEEN = re.compile(r'\b(cent|mid|root)')

# Links of bodies, each between keypoints of one side, of both or of none.
LIMBS = (
    ('ankle', 'knee'),
    ('knee', 'hip'),
    ('hip', 'shoulder'),
    ('shoulder', 'elbow'),
    ('elbow', 'wrist'),
    ('nose', 'eye'),
    ('eye', 'ear'),
    ('nose', 'ear'),
    ('neck', 'shoulder'),
    ('neck', 'nose'),
    ('neck', 'head'),
    ('heel', 'ankle'),
    ('toe', 'ankle'),
    ('toe', 'heel'),
)
ACROSS = ('hip', 'shoulder', 'eye')

Pairs = list[tuple[int, int]]


def mirror_pairs(names: Sequence[str]) -> tuple[Pairs, list[str]]:
    """Find the keypoints that change places in a mirror image.

    All or nothing: pairs for some, while other keypoints that may have a
    side stay in place, would teach wrong places.

    Args:
        names: Names of keypoints, such as ``left_eye``, ``LEye``,
            ``eye-r`` or ``Left Eye``.

    Returns:
        Pairs of indices, left first, and the names that may have a side, but
        no partner that is sure. With any such name, there are no pairs.
    """
    parts = [split(name) for name in names]
    pairs = _pairs(parts)
    paired = {i for pair in pairs for i in pair}
    rest = [i for i in range(len(names)) if i not in paired]
    unsure = {i for i in rest if parts[i].side}
    if pairs:
        # A "hip" beside two hips of sides is between them.
        bases = {parts[i].base for i in paired}
        rest = [i for i in rest if parts[i].base not in bases]
        unsure |= {i for i in rest if _looks_sided(parts[i].base)}
        unsure |= {
            i
            for i, j in permutations(rest, 2)
            if _are_twins(parts[i].base, parts[j].base)
        }
    names_left = [names[i] for i in sorted(unsure)]
    return ([], names_left) if unsure else (pairs, [])


def _pairs(parts: Sequence[Name]) -> Pairs:
    """Keypoints that differ in their side alone, left first."""
    partners: dict[int, list[int]] = {}
    for i, (side, base) in enumerate(parts):
        wanted = [Name('right', base)]
        if not side:  # "lear" and "rear", "FL_paw" and "FR_paw"
            wanted = [
                Name('', f'{base[:at]}r{base[at + 1 :]}')
                for at, letter in enumerate(base)
                if letter == 'l' and len(base) > 1
            ]
        if side != 'right':
            partners[i] = [j for j, p in enumerate(parts) if p in wanted]
    used = [j for found in partners.values() for j in found]
    return [
        (i, found[0])
        for i, found in partners.items()
        if len(found) == 1 and used.count(found[0]) == 1
    ]


def _looks_sided(base: str) -> bool:
    return bool(ON_BOTH_SIDES.search(base)) and not BETWEEN.search(base)


def _are_twins(base: str, other: str) -> bool:
    """Whether names differ in one word or letter, which may mean sides.

    One more word counts as such a difference, as in "gill" and "gill 2".
    """
    if MIDDLE.search(base) or MIDDLE.search(other):
        return False
    short, long = sorted((base, other), key=len)
    if short and re.fullmatch(rf'{re.escape(short)} \S+', long):
        return True
    return any(
        len(one) == len(two) > 1 and sum(map(ne, one, two)) == 1
        for one, two in ((base.split(), other.split()), (base, other))
    )


def _word(base: str, words: Sequence[str]) -> str | None:
    """Find which of some words a name holds, if any."""
    return next((w for w in words if re.search(rf'\b{w}s?\b', base)), None)


def sigma(name: str) -> float:
    """COCO's sigma of a joint of this name, or a usual one."""
    word = _word(split(name).base, [*SIGMAS])
    return SIGMAS[word] if word else USUAL_SIGMA


def is_lower(name: str) -> bool:
    """Whether a keypoint is of the lower half of a body."""
    return _word(split(name).base, LOWER) is not None


def guess_skeleton(names: Sequence[str]) -> list[tuple[int, int]]:
    """Link keypoints whose names are of neighbours in a body.

    Numbered ones, as ``spine1`` and ``spine2``, are linked in order.
    """
    parts = [split(name) for name in names]
    links = []
    for one, other in LIMBS:
        for i, a in enumerate(parts):
            for j, b in enumerate(parts):
                fits = _word(a.base, [one]) and _word(b.base, [other])
                if fits and (a.side == b.side or not a.side or not b.side):
                    links.append((i, j))
    links += [(i, j) for i, j in _pairs(parts) if _word(parts[i].base, ACROSS)]
    return links + _numbered(parts)


def _numbered(parts: Sequence[Name]) -> list[tuple[int, int]]:
    index = {part: i for i, part in enumerate(parts)}
    links = []
    for (side, base), i in index.items():
        number = re.search(r'^(.*)\b(\d+)$', base)
        if number:
            after = f'{number[1]}{int(number[2]) + 1}'
            if Name(side, after) in index:
                links.append((i, index[Name(side, after)]))
    return links
