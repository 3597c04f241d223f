"""What the names of keypoints tell: left and right, limbs, sizes."""

import re
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ['guess_skeleton', 'is_lower', 'mirror_pairs', 'sigma', 'split']

# In front of a word, or behind one of three letters: "leftear", not "bright".
SIDE = re.compile(
    '(?<![a-z])(left|right)|(?<=[a-z]{3})(left|right)(?![a-z])', re.IGNORECASE
)
OPPOSITE = dict(left='right', right='left', l='r', r='l')

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


class Name(NamedTuple):
    """A keypoint's name in parts.

    Attributes:
        side: ``'left'``, ``'right'`` or empty.
        base: Its other words, in lower case, with spaces between.
    """

    side: str
    base: str


def mirror_pairs(
    names: Sequence[str],
) -> tuple[list[tuple[int, int]], list[str]]:
    """Find the keypoints that change places in a mirror image.

    Args:
        names: Names of keypoints, such as ``left_eye``, ``LEye``,
            ``eye-r`` or ``Left Eye``.

    Returns:
        Pairs of indices, left first, and the names that have a side but no
        partner.
    """
    parts = [split(name) for name in names]
    index: dict[Name, int] = {part: i for i, part in enumerate(parts)}
    pairs, alone = [], []
    for i, (side, base) in enumerate(parts):
        if not side:
            continue
        other = index.get(Name(OPPOSITE[side], base))
        if other is None:
            alone.append(names[i])
        elif side == 'left':
            pairs.append((i, other))
    return pairs + _by_one_letter(names, parts), alone


def split(name: str) -> Name:
    """Take a name apart into its side and the rest."""
    text = SIDE.sub(r'_\g<0>_', name)
    words = re.findall(r'[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+', text)
    words = [word.lower() for word in words]
    sides = [i for i, word in enumerate(words) if word in OPPOSITE]
    if len(sides) != 1 or words in (['l'], ['r']):
        return Name('', ' '.join(words))
    side = words.pop(sides[0])
    return Name('left' if side[0] == 'l' else 'right', ' '.join(words))


def _by_one_letter(
    names: Sequence[str], parts: Sequence[Name]
) -> list[tuple[int, int]]:
    """Pairs such as ``lear`` and ``rear``, where both are there."""
    index = {part.base: i for i, part in enumerate(parts) if not part.side}
    pairs = []
    for base, i in index.items():
        for other in ('r' + base[1:], base[:-1] + 'r'):
            letter = base[0] if other[1:] == base[1:] else base[-1]
            if letter == 'l' and len(base) > 3 and other in index:
                pairs.append((i, index[other]))
                break
    return pairs


def _word(base: str, words: Sequence[str]) -> str | None:
    """The one of some words that a name holds."""
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
    pairs, _ = mirror_pairs(names)
    links += [
        (i, j) for i, j in pairs if _word(parts[i].base, ACROSS) is not None
    ]
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
