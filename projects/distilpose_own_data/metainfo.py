"""The description of a dataset's keypoints, as MMPose reads it."""

from collections.abc import Sequence
from typing import Any

from distilpose.keypoints.names import (
    guess_skeleton,
    is_lower,
    mirror_pairs,
    sigma,
)

from .render import render
from .report import Report

__all__ = ['describe', 'metainfo_text']

COLORS = dict(left=[0, 255, 0], right=[255, 128, 0], middle=[51, 153, 255])
"""RGB, as in MMPose's own files."""


def describe(
    name: str,
    names: Sequence[str],
    skeleton: Sequence[tuple[int, int]],
    report: Report,
) -> dict[str, Any]:
    """Describe keypoints by what their names tell.

    Args:
        name: Of the dataset.
        names: Of the keypoints.
        skeleton: Links between them by index; guessed where there are none.
        report: Told what was guessed.

    Returns:
        MMPose's ``dataset_info``.
    """
    pairs, alone = mirror_pairs(names)
    sides = {i: 'left' for i, _ in pairs}
    sides.update({i: 'right' for _, i in pairs})
    swap = {i: names[j] for pair in pairs for i, j in (pair, pair[::-1])}
    told = 'from the file' if skeleton else 'guessed from the names'
    links = [*skeleton] or _once(guess_skeleton(names))
    _tell(names, pairs, alone, f'{len(links)} links, {told}', report)
    return dict(
        dataset_name=name,
        keypoint_info={
            i: dict(
                name=keypoint,
                swap=swap.get(i, ''),
                type='lower' if is_lower(keypoint) else 'upper',
                color=COLORS[sides.get(i, 'middle')],
            )
            for i, keypoint in enumerate(names)
        },
        skeleton_info={
            n: dict(
                link=(names[a], names[b]),
                color=COLORS[_side_of_link(sides, a, b)],
            )
            for n, (a, b) in enumerate(links)
        },
        joint_weights=[1.0] * len(names),
        sigmas=[sigma(keypoint) for keypoint in names],
    )


def metainfo_text(info: dict[str, Any]) -> str:
    """The file's text."""
    return (
        '# The keypoints. `swap` names the keypoint that takes the place of '
        'this one in\n# a mirror image, `sigmas` say how exactly people '
        'annotate a keypoint (COCO:\n# 0.025 for eyes, 0.107 for hips) and '
        'enter into AP, `link`s are drawn.\n'
        f'dataset_info = {render(info, before=15, width=110)}\n'
    )


def _once(
    links: Sequence[tuple[int, int]],
) -> list[tuple[int, int]]:
    """Links without those that are there already, either way round."""
    seen: dict[Any, tuple[int, int]] = {}
    for link in links:
        seen.setdefault(frozenset(link), link)
    return [*seen.values()]


def _side_of_link(sides: dict[int, str], a: int, b: int) -> str:
    ends = {sides.get(a, 'middle'), sides.get(b, 'middle')}
    return ends.pop() if len(ends) == 1 else 'middle'


def _tell(
    names: Sequence[str],
    pairs: Sequence[tuple[int, int]],
    alone: Sequence[str],
    skeleton: str,
    report: Report,
) -> None:
    report.facts.append(
        f'{len(names)} keypoints: {", ".join(names[:8])}'
        f'{", ..." if len(names) > 8 else ""}'
    )
    first = ', '.join(f'{names[a]} and {names[b]}' for a, b in pairs[:2])
    report.facts.append(
        f'Mirror pairs, guessed from the names: {len(pairs)}'
        + (f' ({first}{", ..." if len(pairs) > 2 else ""})' if pairs else '')
        + f'. Skeleton: {skeleton}. Correct both in metainfo.py.'
    )
    if alone:
        report.warnings.append(
            f'{", ".join(alone)}: a side, but no keypoint of the other side. '
            'So images are not flipped in training and testing.'
        )
    elif not pairs and len(names) > 1:
        report.warnings.append(
            'No name tells left from right, so images are not flipped in '
            'training and testing. Where some keypoints change places in a '
            "mirror image, name them as each other's `swap` in metainfo.py; "
            'then, or where none does, set flip = True in the config.'
        )
