"""The description of a dataset's keypoints, as MMPose reads it."""

from collections.abc import Sequence
from typing import Any

from distilpose.checks.report import Report
from distilpose.keypoints.names import (
    USUAL_SIGMA,
    guess_skeleton,
    is_lower,
    mirror_pairs,
    sigma,
)
from distilpose_runtime.few import few

__all__ = ['describe', 'may_flip', 'metainfo_text']

COLORS = dict(left=[0, 255, 0], right=[255, 128, 0], middle=[51, 153, 255])
"""RGB, as in MMPose's own files."""


def describe(
    name: str,
    names: Sequence[str],
    skeleton: Sequence[tuple[int, int]],
    report: Report,
) -> dict[str, Any]:
    """Describe keypoints from their names.

    Args:
        name: Of the dataset.
        names: Of the keypoints.
        skeleton: Links between them by index; guessed where there are none.
        report: What was guessed is added here.

    Returns:
        MMPose's ``dataset_info``.
    """
    pairs, unsure = mirror_pairs(names)
    sides, swaps = ['middle'] * len(names), [''] * len(names)
    for a, b in pairs:
        sides[a], sides[b] = 'left', 'right'
        swaps[a], swaps[b] = names[b], names[a]
    links = [*skeleton]
    if not links:  # each once, either way round
        guessed = guess_skeleton(names)
        ends = [frozenset(link) for link in guessed]
        links = [x for i, x in enumerate(guessed) if ends[i] not in ends[:i]]
    _tell(names, pairs, unsure, report)
    _tell_guesses(names, links, bool(skeleton), report)
    return dict(
        dataset_name=name,
        keypoint_info={
            i: dict(
                name=keypoint,
                swap=swaps[i],
                type='lower' if is_lower(keypoint) else 'upper',
                color=COLORS[sides[i]],
            )
            for i, keypoint in enumerate(names)
        },
        skeleton_info={
            n: dict(
                link=(names[a], names[b]),
                color=COLORS[sides[a] if sides[a] == sides[b] else 'middle'],
            )
            for n, (a, b) in enumerate(links)
        },
        joint_weights=[1.0] * len(names),
        sigmas=[sigma(keypoint) for keypoint in names],
    )


def metainfo_text(info: dict[str, Any]) -> str:
    """The file's text."""
    parts = [
        f'    {part}={{\n'
        + ''.join(f'        {i}: {x!r},\n' for i, x in info[part].items())
        + '    },\n'
        for part in ('keypoint_info', 'skeleton_info')
    ]
    return (
        '# The keypoints. `swap` names the keypoint that takes the place of '
        'this one in\n# a mirror image, `sigmas` say how exactly people '
        'annotate a keypoint (COCO:\n# 0.025 for eyes, 0.107 for hips) and '
        'enter into AP, `link`s are drawn.\n'
        f'dataset_info = dict(\n    dataset_name={info["dataset_name"]!r},\n'
        f'{"".join(parts)}'
        f'    joint_weights={info["joint_weights"]},\n'
        f'    sigmas={info["sigmas"]},\n)\n'
    )


def _tell(
    names: Sequence[str],
    pairs: Sequence[tuple[int, int]],
    unsure: Sequence[str],
    report: Report,
) -> None:
    """Say what the keypoints are, and which change places."""
    first = few([f'{names[a]} and {names[b]}' for a, b in pairs], 2)
    report.facts += [
        f'{len(names)} keypoints: {few(names, 8)}',
        f'Mirror pairs, guessed from the names: {len(pairs)}'
        + (f' ({first})' if pairs else '')
        + '. Correct them in metainfo.py.',
    ]
    if unsure or not may_flip(names):
        why = 'No name tells left from right'
        if unsure:
            why = f'{few(unsure, 8)} may name a side, but no partner is sure'
        report.warnings.append(
            f'{why}. So no keypoints are paired, and images are not flipped '
            'in training and testing. If some change places in a mirror '
            "image, name them as each other's `swap` in metainfo.py. Then, or "
            'if none does, set flip = True in settings.py.'
        )


def _tell_guesses(
    names: Sequence[str],
    links: Sequence[tuple[int, int]],
    given: bool,
    report: Report,
) -> None:
    """Say what is known of skeleton and sigmas, and what is not."""
    apart = {*range(len(names))} - {i for link in links for i in link}
    told = 'from the file' if given else 'guessed from the names'
    if apart:
        told += f'; {len(apart)} keypoints are in none'
    report.facts.append(
        f'Skeleton, which is drawn: {len(links)} links, {told}'
    )
    usual = [name for name in names if sigma(name) == USUAL_SIGMA]
    if usual:
        report.facts.append(
            f'Sigmas, which AP depends on: {USUAL_SIGMA} for {few(usual, 8)}, '
            "COCO's for the others. Correct them in metainfo.py."
        )


def may_flip(names: Sequence[str]) -> bool:
    """Whether it is known which keypoints change places in a mirror image."""
    pairs, unsure = mirror_pairs(names)
    return bool(pairs) or (len(names) == 1 and not unsure)
