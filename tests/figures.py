"""Where a figure's labels are, in pixels."""

from itertools import combinations

from matplotlib.text import Text


def label_boxes(figure):
    """The boxes of the labels in the only axes, without their leaders."""
    figure.draw_without_rendering()
    (axis,) = figure.axes
    return {
        text.get_text(): Text.get_window_extent(text) for text in axis.texts
    }


def overlapping(boxes):
    """Pairs of labels that overlap."""
    return [
        (one, other)
        for one, other in combinations(boxes, 2)
        if boxes[one].overlaps(boxes[other])
    ]


def on_lines(figure):
    """Labels that lie on lines or on points, which are a line's, too."""
    boxes = label_boxes(figure)
    (axis,) = figure.axes
    pixel = figure.dpi / 72
    found = []
    for label, box in boxes.items():
        for line in axis.lines:
            path = line.get_path().transformed(line.get_transform())
            points = path.vertices
            size = line.get_markersize() / 2 * pixel
            if path.intersects_bbox(box, filled=False) or box.padded(
                size
            ).count_contains(points):
                found.append(label)
    return found
