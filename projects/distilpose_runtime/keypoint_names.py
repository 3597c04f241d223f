"""Left and right in the names of keypoints."""

import re
from functools import lru_cache
from typing import NamedTuple

__all__ = ['Name', 'split']

# Left and right in English, German, Dutch, French, Spanish, Portuguese,
# Italian and Chinese, and what people shorten them to.
LEFT = 'left|links|linke[rsnm]?|gauche|izquierd[oa]|esquerd[oa]|sinistr[oa]'
RIGHT = 'right|rechts|rechte[rsnm]?|droite?|derech[oa]|direit[oa]|destr[oa]'
SIDES = dict(left=f'l|lt|lft|sx|{LEFT}|左', right=f'r|rt|rgt|dx|{RIGHT}|右')
# In front of a word, or behind one of three letters: "leftear", not "bright".
SIDE = re.compile(
    f'(?<![a-z])(?:{LEFT}|{RIGHT})|左|右|'
    f'(?<=[a-z]{{3}})(?:{LEFT}|{RIGHT})(?![a-z])',
    re.IGNORECASE,
)


class Name(NamedTuple):
    """A keypoint's name in parts.

    Attributes:
        side: ``'left'``, ``'right'`` or empty.
        base: Its other words, in lower case, with spaces between.
    """

    side: str
    base: str


@lru_cache(maxsize=1024)  # it is asked for each picture of a video
def split(name: str) -> Name:
    """Take a name apart into its side and the rest."""
    text = SIDE.sub(r'_\g<0>_', name)
    words = re.findall(r'[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+', text)
    words = [word.lower() for word in words]
    sides = {
        i: side
        for i, word in enumerate(words)
        for side, spellings in SIDES.items()
        if re.fullmatch(spellings, word)
    }
    if len(sides) != 1 or words in (['l'], ['r']):
        return Name('', ' '.join(words))
    ((i, side),) = sides.items()
    return Name(side, ' '.join(words[:i] + words[i + 1 :]))
