"""Lines differ, and the legend is within the picture."""

import itertools

from distilpose_demo import plots


def test_legend():
    """All of it is in the picture, in the order of the lines' ends."""
    figure, axis = plots.new_figure('x', 'y')
    for i in range(12):
        axis.plot([0, 1], [9, i], label=f'line {i:02}')
    plots.add_legend(axis, bold=['line 03'])
    figure.draw_without_rendering()
    legend = axis.get_legend()
    corners = legend.get_window_extent().corners()
    assert figure.bbox.count_contains(corners) == 4
    assert legend.get_window_extent().x0 > axis.bbox.x1
    texts = legend.get_texts()
    assert [x.get_text() for x in texts] == [
        f'line {i:02}' for i in reversed(range(12))
    ]
    bold = [x.get_text() for x in texts if x.get_fontweight() == 'bold']
    assert bold == ['line 03']


def test_many_lines_differ():
    styles = itertools.islice(plots.line_styles(), 42)
    assert len({tuple(style.items()) for style in styles}) == 42
