"""What plots share: a page's width, colours, and labels that do not overlap.

Lines and points are labelled where they are, rather than in a legend.
Matplotlib comes with MMPose, and with the extra "train".
"""

from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import NamedTuple, cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.path import Path
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox

__all__ = [
    'FONT_SIZE',
    'GREY',
    'VERMILLION',
    'label_lines',
    'label_points',
    'line_styles',
    'log_ticks',
    'new_figure',
]

# Okabe and Ito's colours, but for the yellow, which is pale on white.
VERMILLION, GREY = '#D55E00', '#5F6B75'
COLORS = (
    *('#0072B2', VERMILLION, '#009E73', '#CC79A7'),
    *('#E69F00', '#56B4E9', '#000000'),
)
# Of another number than the colours, so that pairs of both repeat late.
MARKERS = 'os^DvX'

FONT_SIZE = 9  # points, of labels

# From a point to its label, the best ones first.
DIRECTIONS = (
    *((1, 0), (-1, 0), (0, 1), (0, -1)),
    *((0.8, 0.8), (-0.8, 0.8), (0.8, -0.8), (-0.8, -0.8)),
)


def new_figure(
    xlabel: str, ylabel: str, height: float = 4.2
) -> tuple[Figure, Axes]:
    """A figure as wide as a page, 7 inches, and its axes with a light grid.

    Args:
        xlabel: What is to the right, with its unit.
        ylabel: What is upwards, with its unit.
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


def log_ticks(values: Sequence[float]) -> list[float]:
    """Ticks of a logarithmic axis, 1, 2, 3 and 5 of each power of ten.

    Args:
        values: What is drawn, numbers above 0.

    Returns:
        Ticks from the last below the values to the first above.
    """
    steps = [
        float(f'{digit}e{power}')
        for power in range(-9, 10)
        for digit in (1, 2, 3, 5)
    ]
    first = max(i for i, step in enumerate(steps) if step < min(values))
    last = min(i for i, step in enumerate(steps) if step > max(values))
    return steps[first : last + 1]


def label_lines(axis: Axes, bold: Sequence[str] = ()) -> None:
    """Write each line's label to the right of the axes, at its last point.

    Labels that would overlap are moved apart.

    Args:
        axis: Axes whose limits stay as they are from here on.
        bold: Labels in bold type.
    """
    cast(Figure, axis.figure).draw_without_rendering()
    to_axes = axis.transData + axis.transAxes.inverted()
    lines = sorted(
        ((np.asarray(x.get_xydata())[-1], x) for x in axis.get_lines()),
        key=lambda end_and_line: end_and_line[0][1],
    )
    # 72 points in an inch; a line of text is 1.4 times as high as its font.
    axis_height = axis.bbox.height / axis.figure.dpi * 72
    places = _spread(
        [to_axes.transform(end)[1] for end, _ in lines],
        1.4 * FONT_SIZE / axis_height,
    )
    for (end, line), place in zip(lines, places):
        label = str(line.get_label())
        axis.annotate(
            label,
            tuple(end),
            (1.03, place),
            textcoords='axes fraction',
            annotation_clip=False,
            verticalalignment='center',
            fontsize=FONT_SIZE,
            fontweight='bold' if label in bold else 'normal',
            arrowprops=dict(
                arrowstyle='-',
                color=line.get_color(),
                linewidth=0.8,
                relpos=(0, 0.5),
            ),
        )


def _spread(places: Sequence[float], gap: float) -> np.ndarray:
    """Move sorted places apart by a gap, within 0 to 1 as far as they fit."""
    steps = gap * np.arange(len(places))
    free = places - steps  # labels that touch have equal ones
    pushed_up = np.maximum.accumulate(free)
    pushed_down = np.minimum.accumulate(free[::-1])[::-1]
    return steps + ((pushed_up + pushed_down) / 2).clip(0, 1 - steps[-1])


def label_points(
    axis: Axes,
    points: Sequence[tuple[str, float, float]],
    bold: Sequence[str] = (),
) -> None:
    """Write a label beside each point, clear of labels, points and lines.

    Where there is no room beside a point, the label is farther off, with a
    line to its point.

    Args:
        axis: Axes whose limits stay as they are from here on.
        points: Labels, and the points' coordinates.
        bold: Labels in bold type.
    """
    texts = [
        axis.annotate(
            label,
            (x, y),
            (0, 0),
            textcoords='offset points',
            horizontalalignment='center',
            verticalalignment='center',
            fontsize=FONT_SIZE,
            fontweight='bold' if label in bold else 'normal',
            arrowprops=dict(
                arrowstyle='-', color=GREY, linewidth=0.6, shrinkB=6
            ),
        )
        for label, x, y in points
    ]
    cast(Figure, axis.figure).draw_without_rendering()
    spots = [_spots(axis, text, texts) for text in texts]
    chosen = [min(of_text, key=lambda spot: spot.cost) for of_text in spots]
    for _ in range(5):
        for i, of_text in enumerate(spots):
            others = chosen[:i] + chosen[i + 1 :]
            chosen[i] = min(
                of_text,
                key=lambda spot: spot.cost + sum(map(spot.collides, others)),
            )
    for text, spot in zip(texts, chosen):
        text.xyann = spot.offset
        if spot.leader is None and text.arrow_patch is not None:
            text.arrow_patch.set_visible(False)


class _Spot(NamedTuple):
    """Where a label may be: all but its offset in pixels of the figure."""

    offset: tuple[float, float]  # of its middle from its point, points
    box: Bbox
    leader: Path | None
    cost: float

    def collides(self, other: '_Spot') -> int:
        """Of two labels, what one covers of the other."""
        cost = 8 * self.box.overlaps(other.box)
        for one, two in ((self, other), (other, self)):
            if one.leader is not None:
                cost += 4 * one.leader.intersects_bbox(two.box, filled=False)
        return cost


def _spots(
    axis: Axes, text: Annotation, texts: Sequence[Annotation]
) -> list[_Spot]:
    """Places around a label's point, and what would be covered there."""
    pixel = axis.figure.dpi / 72
    size = np.array(Text.get_window_extent(text).size)  # without the leader
    point = axis.transData.transform(text.xy)
    points = [axis.transData.transform(x.xy) for x in texts if x is not text]
    others = [Bbox([point, point]).padded(5 * pixel) for point in points]
    found = []
    for ring, distance in enumerate((7, 16, 28, 42)):
        for x, y in DIRECTIONS:
            offset = distance * pixel * np.array([x, y])
            offset += np.sign([x, y]) * size / 2
            middle = point + offset
            box = Bbox([middle - size / 2, middle + size / 2])
            cost = 1.0 * ring
            cost += 8 * (axis.bbox.count_contains(box.corners()) < 4)
            cost += 8 * box.count_overlaps(others)
            # Beside another point, it would be taken for that one's.
            cost += 2 * box.padded(4 * pixel).count_overlaps(others)
            for line in axis.get_lines():
                path = line.get_path().transformed(line.get_transform())
                wide = box.padded(line.get_linewidth() * pixel)
                cost += 4 * path.intersects_bbox(wide, filled=False)
            leader = Path([point, middle]) if ring else None
            if leader is not None:
                cost += 2 * sum(
                    leader.intersects_bbox(other, filled=False)
                    for other in others
                )
            found.append(_Spot(tuple(offset / pixel), box, leader, cost))
    return found
