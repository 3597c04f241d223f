"""A page of photos with two skeletons each, in one file without a server."""

import base64
import json
from collections.abc import Sequence
from html import escape
from string import Template

import cv2
import numpy as np

from distilpose_runtime.images import read_image

from .compare import MEASURES, Photo

__all__ = ['page_text']

# The longer side of a picture, pixels, and what is shown around the people.
LONGEST = 720
MARGIN = 0.15
LESS = ' class="less"'

PAGE = Template("""\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>$title</title>
<style>
body { font: 15px system-ui, sans-serif; margin: 1em; }
main { display: grid; gap: 1em;
       grid-template-columns: repeat(auto-fill, minmax(320px, 1fr)); }
figure { margin: 0; }
figure.large { grid-column: 1 / -1; }
svg { width: 100%; max-height: 95vh; background: #222; cursor: pointer; }
svg line { stroke-width: 2; vector-effect: non-scaling-stroke; }
.labels, .labels line { stroke: #00c8ff; fill: #00c8ff; }
.student, .student line { stroke: #ff8c00; fill: #ff8c00; }
.less { fill: none; }
b.labels { color: #0090c0; } b.student { color: #d07000; }
rect { fill: none; stroke: #fff; vector-effect: non-scaling-stroke; }
figcaption { overflow-wrap: anywhere; }
</style>
<h1>$title</h1>
<p><b class="labels">Labels</b> (rings: less sure) and
<b class="student">student</b>. Numbers are shares of the square root of a
box's area, of the worst person of a photo. A click enlarges.</p>
<p><label>Sort by <select id="measure">$measures</select></label>
<label>of <select id="keypoint">$keypoints</select></label></p>
<main>
$figures
</main>
<script>
const main = document.querySelector('main');
const figures = [...main.children];
const chosen = id => document.getElementById(id).value;
function sort() {
  const value = figure =>
    JSON.parse(figure.dataset.values)[chosen('measure')][chosen('keypoint')];
  for (const figure of figures)
    figure.querySelector('output').textContent = value(figure).toFixed(3);
  main.append(...figures.sort((a, b) => value(b) - value(a)));
}
for (const id of ['measure', 'keypoint'])
  document.getElementById(id).onchange = sort;
for (const figure of figures)
  figure.querySelector('svg').onclick = () => figure.classList.toggle('large');
sort();
</script>
</html>
""")


def page_text(
    title: str,
    photos: Sequence[Photo],
    names: Sequence[str],
    skeleton: Sequence[tuple[int, int]],
) -> str:
    """Make the page.

    Args:
        title: Its title.
        photos: The photos, in the order that it begins with.
        names: Of the K keypoints.
        skeleton: Pairs of their indices.

    Raises:
        OSError: A photo cannot be read.
    """
    return PAGE.substitute(
        title=escape(title),
        measures=_options(MEASURES),
        keypoints=_options(['all, on average', *names]),
        figures='\n'.join(_figure(photo, skeleton) for photo in photos),
    )


def _options(names: Sequence[str]) -> str:
    return ''.join(
        f'<option value="{i}">{escape(name)}</option>'
        for i, name in enumerate(names)
    )


def _figure(photo: Photo, skeleton: Sequence[tuple[int, int]]) -> str:
    values = photo.worst().round(4).tolist()
    image = read_image(photo.path)
    size = np.array(image.shape[1::-1])
    boxes = np.array([person.box for person in photo.people])
    low, high = boxes[:, :2].min(0), boxes[:, 2:].max(0)
    margin = MARGIN * (high - low).max()
    x1, y1 = np.clip(low - margin, 0, size).astype(int).tolist()
    x2, y2 = np.clip(high + margin + 1, 0, size).astype(int).tolist()
    parts = [
        f'<svg viewBox="{x1} {y1} {x2 - x1} {y2 - y1}">'
        f'<image x="{x1}" y="{y1}" width="{x2 - x1}" height="{y2 - y1}" '
        f'href="{_data_uri(image[y1:y2, x1:x2])}"/>'
    ]
    for person in photo.people:
        x, y, width, height = np.append(
            person.box[:2], person.box[2:] - person.box[:2]
        ).round(1)
        unit = max(width, height) / 100
        known = 2 * np.isfinite(person.student).all(1)
        labels = person.labels[:, :2], person.labels[:, 2]
        parts.append(
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}"/>'
            f'<g class="labels">{_skeleton(*labels, skeleton, unit)}</g>'
            '<g class="student">'
            f'{_skeleton(person.student, known, skeleton, unit)}</g>'
        )
    return (
        f'<figure data-values="{escape(json.dumps(values))}">'
        + ''.join(parts)
        + f'</svg><figcaption><output></output> '
        f'{escape(str(photo.item["file_name"]))}</figcaption></figure>'
    )


def _skeleton(
    points: np.ndarray,
    shown: np.ndarray,
    skeleton: Sequence[tuple[int, int]],
    unit: float,
) -> str:
    lines = ''.join(
        '<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>'.format(
            *points[i], *points[j]
        )
        for i, j in skeleton
        if shown[i] and shown[j]
    )
    dots = ''.join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{0.7 * unit:.2f}" '
        f'stroke-width="{0.3 * unit:.2f}"{"" if v > 1 else LESS}/>'
        for (x, y), v in zip(points, shown)
        if v
    )
    return lines + dots


def _data_uri(image: np.ndarray) -> str:
    """A JPEG file in an address, scaled down where it is large."""
    scale = LONGEST / max(image.shape[:2])
    if scale < 1:
        image = cv2.resize(
            image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA
        )
    _, data = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, 85])
    return (
        'data:image/jpeg;base64,' + base64.b64encode(data.tobytes()).decode()
    )
