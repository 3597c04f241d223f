"""Detectors are recognised, and their boxes come out in image pixels."""

import hashlib
import pickle
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from distilpose_runtime import detectors
from distilpose_runtime.detector_formats import FORMATS, cells
from distilpose_runtime.detectors import Detector, DetectorError, _best
from distilpose_runtime.images import read_image
from distilpose_runtime.named import NANODET

from .graphs import detector

PHOTO = Path(__file__).parents[2] / 'docs/photos/pedestrian.jpg'
SIZE = (128, 64)
# Twice as wide and as high as the input, so that 1 pixel there is 2 here.
IMAGE = np.zeros((128, 256, 3), np.uint8)
COUNT = 16 * 8 + 8 * 4 + 4 * 2  # cells
# Centre and size; pixels of the input. The second overlaps the first.
BOXES = np.array([[40.0, 30, 20, 40], [41, 30, 20, 40], [90, 20, 10, 16]])
CORNERS = [[60, 20, 100, 100], [170, 24, 190, 56]]  # in the image, NMS done
CHOSEN = [37, 90, 150]  # the cells that give them


def _yolox(decoded: bool) -> np.ndarray:
    """Raw: offsets from the cell in strides, and logarithms."""
    values = np.zeros((1, COUNT, 5 + 3), np.float32)
    maps = cells(SIZE)
    x, y = (np.concatenate([part[i] for part in maps]) for i in (0, 1))
    stride = np.concatenate([np.full(part[0].size, part[2]) for part in maps])
    for i, box, score in zip(CHOSEN, BOXES, (0.9, 0.8, 0.7)):
        values[0, i, :2] = box[:2] / stride[i] - [x[i], y[i]]
        values[0, i, 2:4] = np.log(box[2:] / stride[i])
        if decoded:
            values[0, i, :4] = box
        # The best class is another one; people count.
        values[0, i, 4:] = score, 0.9, 1.0, 0.0
    return values


@pytest.fixture
def opened(tmp_path):
    """Opens a detector that gives the same outputs for every image."""

    def opened(outputs, metadata=None, name='d.onnx', dynamic=False, **given):
        file = detector(tmp_path / name, outputs, metadata, dynamic)
        return Detector(file, **given)

    return opened


def expect_found(found, corners, scores):
    assert np.allclose(found[0], corners, atol=1e-3)
    assert np.allclose(found[1], scores)


@pytest.mark.parametrize('decoded', [False, True])
@pytest.mark.parametrize('dynamic', [False, True])
def test_yolox(opened, decoded, dynamic):
    found = opened(dict(output=_yolox(decoded)), dynamic=dynamic)
    assert found.format == 'yolox'
    expect_found(found(IMAGE), CORNERS, [0.81, 0.63])
    expect_found(found(IMAGE, min_score=0.7), CORNERS[:1], [0.81])


def test_yolov8(opened):
    """The image lies in the middle; the metadata name the class of people."""
    values = np.zeros((1, 4 + 3, COUNT), np.float32)
    for i, box, score in zip(CHOSEN, BOXES, (0.9, 0.8, 0.7)):
        values[0, :, i] = *box, 0.95, 0.1, score
    names = {'names': "{0: 'cat', 1: 'dog', 2: 'person'}"}
    found = opened(dict(output0=values), names)
    assert found.format == 'yolov8'
    expect_found(found(IMAGE), CORNERS, [0.9, 0.7])
    # 64 x 64: as high as the input, 32 pixels from its left side.
    corners = [[0, 10, 18, 50], [53, 12, 63, 28]]
    expect_found(found(np.zeros((64, 64, 3), np.uint8)), corners, [0.9, 0.7])


@pytest.mark.parametrize('name, format', [
    ('rtmdet_m_person/end2end.onnx', 'rtmdet'),
    ('a/RTMDet-nano.onnx', 'rtmdet'),
    ('yolox_tiny_8xb8/end2end.onnx', 'yolox-mmdeploy'),
])  # fmt: skip
def test_mmdeploy(opened, name, format):
    """Without a name, which normalization it wants cannot be known."""
    half = BOXES[:, 2:] / 2
    corners = np.hstack([BOXES[:, :2] - half, BOXES[:, :2] + half])
    dets = np.column_stack([corners, [0.9, 0.8, 0.7]])[None]
    outputs = dict(labels=np.array([[0, 1, 0]]), dets=dets)
    found = opened(outputs, name=name)
    assert found.format == format
    expect_found(found(IMAGE), CORNERS, [0.9, 0.7])
    nameless = partial(opened, outputs, name='x/end2end.onnx')
    with pytest.raises(DetectorError, match='Name the format: .*rtmdet'):
        nameless()
    assert nameless(format=format).format == format
    with pytest.raises(DetectorError, match='no detector format "rtmdat"'):
        nameless(format='rtmdat')


@pytest.mark.parametrize('logits', [False, True])
def test_nanodet(opened, logits):
    """Edges 16 pixels above and left, 24 below and right, of one cell."""
    outputs = {}
    for x, _, stride in cells(SIZE):
        outputs[f'edges{stride}'] = np.zeros((1, x.size, 44))
        outputs[f'classes{stride}'] = np.full(
            (1, x.size, 80), -9.0 if logits else 0.0
        )
    edges = outputs['edges8'].reshape(1, -1, 4, 11)
    cell = 16 * 3 + 5  # column 5, row 3: centre (44, 28)
    edges[0, cell, :2, 2] = edges[0, cell, 2:, 3] = 50
    outputs['classes8'][0, cell, 0] = np.log(3) if logits else 0.75
    found = opened(outputs)
    assert found.format == 'nanodet'
    expect_found(found(IMAGE), [[56, 24, 136, 104]], [0.75])


@pytest.mark.parametrize('dynamic', [False, True])
@pytest.mark.parametrize('format, told', [
    (None, 'not recognised: .*those of YOLOX, RTMDet, YOLOv8 or NanoDet'),
    *((x, f'not of the format {x}: ') for x in FORMATS),
])  # fmt: skip
def test_unknown_outputs(opened, format, told, dynamic):
    """(1, 300, 6), which newer YOLOs give."""
    outputs = dict(what=np.zeros((1, 300, 6)))
    with pytest.raises(DetectorError, match=told) as error:
        opened(outputs, format=format, dynamic=dynamic)
    assert 'what (1, 300, 6)' in str(error.value)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize('names, person, is_told', [
    ("{0: 'bottle', 1: 'Person'}", 1, False),
    ("['Dog', 'PERSON']", 1, False),
    ("{0: 'human'}", 0, False),
    ("{1: 'pedestrian'}", 1, False),
    (None, 0, True),
    ('no list', 0, True),
])  # fmt: skip
def test_class_of_people(opened, names, person, is_told):
    """By its name in any letters; the first, and told, where none is named."""
    values = np.zeros((1, 4 + 2, COUNT), np.float32)
    values[0, :4, CHOSEN[:2]] = BOXES[[0, 2]]
    values[0, 4, CHOSEN[0]] = values[0, 5, CHOSEN[1]] = 0.9
    metadata = {} if names is None else {'names': names}
    found = opened(dict(output=values), metadata)
    expect_found(found(IMAGE), [CORNERS[person]], [0.9])
    assert found.about['class'] == found.person == person
    assert bool(found.remarks()) == is_told
    assert pickle.loads(pickle.dumps(found)).person == person
    assert opened(dict(output=values), metadata, person=0).remarks() == []


def test_no_class_of_people(opened):
    names = {'names': "{0: 'bottle', 1: 'car'}"}
    with pytest.raises(DetectorError, match='knows bottle, car, but no per'):
        opened(dict(output=np.zeros((1, 6, COUNT))), names)


@pytest.mark.parametrize('format, overlap', [
    ('yolox', 0.45), ('yolov8', 0.7), ('nanodet', 0.5),
])  # fmt: skip
def test_overlap_above_which_the_better_box_stays(format, overlap):
    """As in YOLOX's and YOLOv8's own code; two boxes side by side."""
    chosen = FORMATS[format].overlap
    for share, count in ((overlap - 0.01, 2), (overlap + 0.01, 1)):
        # Of two squares, shifted by s of their side: (1 - s) / (1 + s).
        shift = 1000 * (1 - share) / (1 + share)
        boxes = np.array([[0, 0, 1000, 1000], [shift, 0, shift + 1000, 1000]])
        assert len(_best(boxes, np.array([0.9, 0.8]), chosen)) == count


@pytest.mark.parametrize('format, color, beside', [
    ('yolox', [10, 100, 200], 114),
    ('yolox-mmdeploy', [10, 100, 200], 114),
    ('rtmdet', [-1.630, -0.285, 1.307], [0.182, -0.040, -0.166]),
    ('yolov8', [0.784, 0.392, 0.039], 0.447),
    ('nanodet', [-1.630, -0.285, 1.307], [-1.804, -2.036, -2.118]),
])  # fmt: skip
def test_what_a_detector_is_given(opened, monkeypatch, format, color, beside):
    """Channels in its order, normalized; and its grey beside the image."""
    given = []

    def run(session, file, inputs):
        given.append(inputs['input'])
        raise DetectorError('enough')

    found = opened(dict(o=_yolox(True)))
    found.format = format
    monkeypatch.setattr(detectors, 'run_session', run)
    with pytest.raises(DetectorError, match='enough'):
        found(np.full((64, 64, 3), (10, 100, 200), np.uint8))
    (batch,) = given
    assert batch.shape == (1, 3, 64, 128) and batch.dtype == np.float32
    np.testing.assert_allclose(batch[0, :, 32, 60], color, atol=1e-3)
    wanted = np.broadcast_to(beside, 3)
    np.testing.assert_allclose(batch[0, :, 32, 120], wanted, atol=1e-3)


def test_raw_and_decoded_sizes_of_yolox(tmp_path):
    """Below 20 they are logarithms: exp(19) strides would be no box."""
    for size, is_raw in ((19.9, True), (20.1, False)):
        values = np.zeros((1, COUNT, 6), np.float32)
        values[0, 37, 2:4] = size
        boxes, _ = FORMATS['yolox'].decode([values], SIZE, 0)
        assert (boxes[37, 2] > 1e6) == is_raw


def test_the_detector_of_this_package(tmp_path, monkeypatch):
    """Of the man in a photo, the box that COCO's annotators drew."""
    found = pickle.loads(pickle.dumps(Detector(threads=1)))
    assert found.format == 'nanodet' and found.size == (416, 416)
    boxes, _ = found(read_image(PHOTO))
    np.testing.assert_allclose(boxes, [[273, 130, 417, 384]], atol=8)
    # The card says what the file is.
    digest = hashlib.sha256(NANODET.read_bytes()).hexdigest()
    assert f'`{digest}`' in NANODET.with_suffix('.md').read_text()
    # A file of its name goes before it.
    monkeypatch.chdir(tmp_path)
    detector(Path('nanodet'), dict(output=_yolox(True)))
    assert Detector().format == 'yolox'


def test_suppression_keeps_the_best_first(opened):
    """Scores out of order or none, and boxes partly outside the image."""
    values = np.zeros((1, 5, COUNT), np.float32)
    values[0, :, 5] = 10, 32, 40, 20, 0.5
    values[0, :, 9] = 100, 32, 20, 20, 0.8
    values[0, :, 12] = 60, 32, 20, 20, np.nan
    found = opened(dict(output0=values))
    corners = [[180, 44, 220, 84], [0, 44, 60, 84]]
    expect_found(found(IMAGE), corners, [0.8, 0.5])
    boxes, scores = found(IMAGE, min_score=0.9)
    assert boxes.shape == (0, 4) and scores.shape == (0,)


@pytest.mark.parametrize('wrong', [
    None, IMAGE[..., 0], IMAGE / 255, IMAGE.astype(np.uint16), IMAGE[:0],
])  # fmt: skip
def test_images_of_another_kind(opened, wrong):
    """Shares of 255 would be cut to 0, so that nobody is found."""
    with pytest.raises(ValueError, match='The image is .* BGR'):
        opened(dict(output=_yolox(decoded=True)))(wrong)
