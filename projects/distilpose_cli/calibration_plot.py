"""Stated against observed shares of errors, drawn by matplotlib."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from distilpose_runtime.calibration.fit import Errors
from distilpose_runtime.calibration.report import LEVELS, observed
from distilpose_runtime.files import written_whole

__all__ = ['draw']


def draw(
    file: Path, given: Errors, before: np.ndarray, after: np.ndarray
) -> None:
    """Draw a reliability diagram.

    Args:
        file: The PNG file to write.
        given: Errors of N people.
        before: The model's sigmas of them, (N, K, 2).
        after: The calibrated ones.

    Raises:
        OSError: It cannot be written.
    """
    figure = Figure(figsize=(4.5, 4.2), dpi=150, layout='constrained')
    axis = figure.subplots()
    axis.set(
        xlabel='stated share of errors',
        ylabel='observed share of errors',
        xlim=(0, 1),
        ylim=(0, 1),
        aspect='equal',
    )
    axis.plot([0, 1], [0, 1], color='0.7', label='as stated')
    for sigmas, color, label in (
        (before, '#D55E00', 'before'),
        (after, '#0072B2', 'calibrated'),
    ):
        shares = observed(given, sigmas)
        axis.plot(LEVELS, shares, 'o-', markersize=3, color=color, label=label)
    axis.legend(frameon=False)
    with written_whole(file) as partial:
        figure.savefig(partial, format='png')
