"""The style of all plots: width, colours, a legend beside the axes.

Matplotlib comes with MMPose, and with the extra "train".
"""

from collections.abc import Iterator, Sequence
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = ['add_legend', 'line_styles', 'new_figure']

# Okabe and Ito's colours, but for the yellow, which is pale on white.
COLORS = (
    *('#0072B2', '#D55E00', '#009E73', '#CC79A7'),
    *('#E69F00', '#56B4E9', '#000000'),
)
# Of another number than the colours, so that pairs of both repeat late.
MARKERS = 'os^DvX'


def new_figure(
    xlabel: str, ylabel: str, height: float = 4.2
) -> tuple[Figure, Axes]:
    """A figure as wide as a page, 7 inches, and its axes with a light grid.

    Args:
        xlabel: Label of the x axis, with its unit.
        ylabel: Label of the y axis, with its unit.
        height: Height of the figure, inches.
    """
    figure = Figure(figsize=(7, height), dpi=150, layout='constrained')
    axis = figure.subplots()
    axis.set(xlabel=xlabel, ylabel=ylabel, axisbelow=True)
    axis.grid(color='0.9')
    axis.spines[['top', 'right']].set_visible(False)
    return figure, axis


def line_styles() -> Iterator[dict]:
    """Colour and marker of one line after the other, without an end."""
    for color, marker in zip(cycle(COLORS), cycle(MARKERS)):
        yield dict(color=color, marker=marker, markersize=5)


def add_legend(axis: Axes, bold: Sequence[str] = ()) -> None:
    """Write the lines' labels to the right of the axes, the highest end first.

    Args:
        axis: Axes with all their lines.
        bold: Labels in bold type.
    """
    lines = sorted(
        axis.get_lines(),
        key=lambda line: float(np.asarray(line.get_ydata())[-1]),
        reverse=True,
    )
    legend = axis.legend(
        handles=lines,
        loc='upper left',
        bbox_to_anchor=(1, 1),
        frameon=False,
        fontsize=9,
    )
    for text in legend.get_texts():
        if text.get_text() in bold:
            text.set_fontweight('bold')
