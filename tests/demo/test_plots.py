"""Labels of plots stay apart, wherever lines end and points lie."""

import itertools

import numpy as np
import pytest

from distilpose_demo import plots

from .. import figures


@pytest.mark.parametrize('number', [1, 3, 17])
def test_labels_of_lines(number):
    """Those that end at one place, at the bottom of the axes, too."""
    figure, axis = plots.new_figure('x', 'y')
    axis.plot([0, 1], [0, 1], label='above')
    for i in range(number):
        axis.plot([0, 1], [1, i / 1000], label=f'line {i:02}')
    plots.label_lines(axis, bold=['line 00'])
    boxes = figures.label_boxes(figure)
    assert figures.overlapping(boxes) == []
    upwards = sorted(boxes, key=lambda label: boxes[label].y0)
    assert upwards == [*sorted(boxes)[1:], 'above']
    whole = figure.bbox
    for box in boxes.values():
        assert whole.count_contains(box.corners()) == 4
    bold = [x.get_text() for x in axis.texts if x.get_fontweight() == 'bold']
    assert bold == ['line 00']


def test_label_stays_at_its_line():
    """Where there is room, it is as high as the line's end."""
    figure, axis = plots.new_figure('x', 'y')
    for y in (0, 1, 2):
        axis.plot([0, 1], [0, y], label=str(y))
    plots.label_lines(axis)
    boxes = figures.label_boxes(figure)
    for y in (0, 1, 2):
        _, height = axis.transData.transform((1, y))
        middle = (boxes[str(y)].y0 + boxes[str(y)].y1) / 2
        assert middle == pytest.approx(height, abs=3)


@pytest.mark.parametrize('seed', range(3))
def test_labels_of_a_crowd(seed):
    """A dozen points within a fifth of the axes, and one far away."""
    rng = np.random.default_rng(seed)
    places = [(0, 0), *rng.uniform(0.6, 0.8, (12, 2))]
    figure, axis = plots.new_figure('x', 'y')
    axis.set(xlim=(-0.1, 1.1), ylim=(-0.1, 1.1))
    points = [(f'model {i}', *place) for i, place in enumerate(places)]
    for _, x, y in points:
        axis.plot(x, y, 'o', markersize=5)
    plots.label_points(axis, points)
    boxes = figures.label_boxes(figure)
    assert len(boxes) == 13
    assert figures.overlapping(boxes) == []
    assert figures.on_lines(figure) == []
    far, near = axis.texts[0], axis.texts[1:]
    assert not far.arrow_patch.get_visible()
    assert any(text.arrow_patch.get_visible() for text in near)


@pytest.mark.parametrize(
    'values, ticks',
    [
        ([12.5, 45.9], [10, 20, 30, 50]),
        ([7], [5, 10]),
        ([20, 0.5], [0.3, 0.5, 1, 2, 3, 5, 10, 20, 30]),
    ],
)
def test_ticks_of_a_logarithmic_axis(values, ticks):
    assert plots.log_ticks(values) == ticks


def test_many_lines_differ():
    styles = itertools.islice(plots.line_styles(), 42)
    assert len({tuple(style.items()) for style in styles}) == 42
