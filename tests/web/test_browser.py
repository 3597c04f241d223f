"""The page in headless Chromium, against the Python runtime."""

import base64
import json
import shutil
import threading
import zipfile
from contextlib import contextmanager

import cv2
import numpy as np
import onnx
import pytest

from distilpose.deploy.export import export_onnx
from distilpose_runtime import PoseEstimator
from distilpose_runtime.named import MODELS
from distilpose_runtime.web import make_server, page_files

from .. import exported, shared
from ..students import kinds

PHOTO = 'train2017/000000234748.jpg'  # CC BY
BOX = 273, 130, 417, 384  # of the man in it
CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser')
OPTIONS = [
    *('--headless', '--no-sandbox', '--disable-gpu', '--disable-quic'),
    *('--no-first-run', '--disable-background-networking'),
    *('--disable-component-update', '--disable-sync'),
]
MODEL = MODELS['distilpose-lsp']
SECOND = 1000  # Playwright counts milliseconds
LONGEST = 60 * SECOND


@pytest.fixture(scope='module')
def launch():
    """Starts Chromium with more options; it ends with these tests."""
    playwright = pytest.importorskip(
        'playwright.sync_api', reason='Playwright is not installed'
    )
    if CHROMIUM is None:
        pytest.skip('Chromium is not installed')
    with playwright.sync_playwright() as started:
        yield lambda *more, without='': started.chromium.launch(
            executable_path=CHROMIUM,
            args=[*(x for x in OPTIONS if x != without), *more],
        )


@pytest.fixture(scope='module')
def chromium(launch):
    return launch('--use-fake-ui-for-media-stream')


@contextmanager
def opened(chromium, files):
    """The page on these files; it must load from its own server alone."""
    server = make_server(files, 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f'http://127.0.0.1:{server.server_port}/'
    page = chromium.new_page()
    page.set_default_timeout(LONGEST)
    asked, problems = [], []
    page.on('request', lambda request: asked.append(request.url))
    page.on('pageerror', lambda error: problems.append(str(error)))
    page.on(
        'console',
        lambda line: line.type == 'error' and problems.append(line.text),
    )
    page.goto(address)
    page.wait_for_selector('#controls:enabled')
    yield page
    page.close()
    server.shutdown()
    server.server_close()
    assert all(url.startswith((address, 'data:')) for url in asked), asked
    assert not problems


@pytest.fixture(scope='module')
def photo(tmp_path_factory):
    folder = tmp_path_factory.mktemp('photo')
    with zipfile.ZipFile(shared.file_or_skip('data/coco_mini.zip')) as file:
        return folder / file.extract(f'coco_mini/{PHOTO}', folder)


def draw_box(page, box):
    """With the mouse, on the picture as it is shown."""
    area = page.locator('#picture').bounding_box()
    ratio = area['width'] / page.evaluate(
        'document.getElementById("picture").width'
    )
    x1, y1, x2, y2 = (value * ratio for value in box)
    page.mouse.move(area['x'] + x1, area['y'] + y1)
    page.mouse.down()
    page.mouse.move(area['x'] + x2, area['y'] + y2, steps=3)
    page.mouse.up()


def wait_for(page, text):
    page.locator('#status', has_text=text).wait_for()


def people(page):
    return json.loads(page.text_content('#json'))['people']


def picture(page):
    """What the canvas shows, as OpenCV has it."""
    url = page.evaluate('document.getElementById("picture").toDataURL()')
    content = base64.b64decode(url.partition(',')[2])
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)


@pytest.mark.parametrize(
    'kind', ['plain', 'udp', 'transparent', 'bytes', 'external']
)
def test_keypoints_are_those_of_python(chromium, photo, tmp_path, kind):
    """Two boxes drawn by hand, one of them over the border.

    Of a transparent picture, the colours as stored; by a model that takes
    bytes; and by one whose weights are in a file of their own.
    """
    model = MODEL
    if kind == 'udp':
        graph, model = onnx.load(MODEL), tmp_path / 'udp.onnx'
        (entry,) = graph.metadata_props
        about = dict(json.loads(entry.value), use_udp=True)
        entry.value = json.dumps(about)
        onnx.save(graph, model)
    elif kind == 'bytes':
        model = exported.export(tmp_path, raw_images=True)
    elif kind == 'external':
        model = tmp_path / 'model.onnx'
        onnx.save_model(
            onnx.load(MODEL), model, save_as_external_data=True,
            location='model.data',
        )  # fmt: skip
    elif kind == 'transparent':
        image = cv2.imread(str(photo))
        alpha = np.random.default_rng(0).integers(0, 256, image.shape[:2])
        photo = tmp_path / 'photo.png'
        cv2.imwrite(str(photo), np.dstack([image, alpha.astype(np.uint8)]))
    with opened(chromium, page_files(model)) as page:
        page.set_input_files('#file', photo)
        wait_for(page, 'Draw a box')
        for i, box in enumerate([BOX, (2, 10, 90, 300)]):
            draw_box(page, box)
            wait_for(page, f'People: {i + 1}.')
        found = people(page)
        assert 'ms a person (WebAssembly' in page.text_content('#status')
    boxes = [person['box'] for person in found]
    np.testing.assert_allclose(boxes[0], BOX, atol=1)
    expected = PoseEstimator(model)(cv2.imread(str(photo)), boxes)
    # By UDP's crop, which this model was not trained on, one ankle is unsure.
    typical, atol = (np.median, 1e-2) if kind == 'udp' else (np.mean, 5e-3)
    for name in ('keypoints', 'sigmas'):
        values = np.array([person[name] for person in found])
        difference = values - getattr(expected, name)
        # A crop beside its place by a pixel of the input moves all by 1 to 3.
        assert np.abs(difference.mean((0, 1))).max() < 0.1
        assert typical(np.abs(difference)) < 0.15
    scores = [person['scores'] for person in found]
    np.testing.assert_allclose(scores, expected.scores, atol=atol)


@pytest.mark.slow
@pytest.mark.parametrize('kind', kinds.KINDS)
def test_any_kind_of_head(chromium, photo, tmp_path, kind):
    """Within a pixel of 250: browsers resample a crop otherwise, and random
    weights make much of it."""
    export_onnx(*kinds.made(kind, tmp_path), tmp_path / 'student.onnx')
    with opened(chromium, page_files(tmp_path / 'student.onnx')) as page:
        page.set_input_files('#file', photo)
        wait_for(page, 'Draw a box')
        draw_box(page, BOX)
        wait_for(page, 'People: 1.')
        (found,) = people(page)
    estimator = PoseEstimator(tmp_path / 'student.onnx')
    expected = estimator(cv2.imread(str(photo)), [found['box']])
    difference = np.array(found['keypoints']) - expected.keypoints[0]
    assert np.median(np.abs(difference)) < 1
    off = np.abs(found['scores'] - expected.scores[0]).max()
    assert off < 0.03 * np.abs(expected.scores).max()


def test_detector_finds_the_man(chromium, photo):
    nanodet = shared.file_or_skip('models/nanodet-416-fp16.onnx')
    with opened(chromium, page_files(MODEL, nanodet)) as page:
        page.set_input_files('#file', photo)
        wait_for(page, 'People: 1.')
        (found,) = people(page)
        x1, y1, x2, y2 = found['box']
        np.testing.assert_allclose(found['box'], BOX, atol=8)
        # Other boxes can be drawn beside it, and all taken away.
        draw_box(page, (20, 200, 200, 350))
        wait_for(page, 'People: 2.')
        page.click('#clear')
        wait_for(page, 'Draw a box')
        assert people(page) == []


def test_example_and_what_is_drawn(chromium):
    """A box, dots and ellipses are on the picture until switched off."""
    with opened(chromium, page_files(MODEL)) as page:
        assert page.locator('#credit').is_hidden()
        page.click('#example')
        wait_for(page, 'Draw a box')
        assert page.locator('#credit').is_visible()
        plain = picture(page)
        x1, y1, x2, y2 = 200, 97, 312, 288
        page.fill('#score', '0')
        draw_box(page, (x1, y1, x2, y2))
        wait_for(page, 'People: 1.')
        shown = picture(page)
        changed = (shown != plain).any(-1)
        assert changed[150:250, x1 - 1 : x1 + 2].any(-1).all()
        (found,) = people(page)
        for (x, y), (a, b) in zip(found['keypoints'], found['sigmas']):
            assert changed[round(y), round(x)]
            assert changed[round(y), round(x + a) - 1 : round(x + a) + 2].any()
            assert changed[round(y - b) - 1 : round(y - b) + 2, round(x)].any()
        page.uncheck('#boxes')
        page.fill('#score', '1')
        again = picture(page)
        np.testing.assert_array_equal(again, plain)


def test_bad_photo_no_camera_no_webgpu(chromium, photo, tmp_path):
    """One line each, and the page goes on."""
    (tmp_path / 'bad.jpg').write_text('no picture')
    with opened(chromium, page_files(MODEL)) as page:
        problem = page.locator('#problem')
        page.set_input_files('#file', tmp_path / 'bad.jpg')
        problem.filter(has_text='"bad.jpg" is not a picture').wait_for()
        page.click('#camera')
        problem.filter(has_text='There is no camera').wait_for()
        page.set_input_files('#file', photo)
        wait_for(page, 'Draw a box')
        assert problem.text_content() == ''
        page.select_option('#backend', 'webgpu')
        draw_box(page, BOX)
        problem.filter(has_text='wasm goes on').wait_for()
        wait_for(page, 'People: 1.')
        assert page.input_value('#backend') == 'wasm'


def test_camera(launch):
    """Chromium's own: a green picture on which something turns."""
    fake = launch(
        '--use-fake-device-for-media-stream',
        '--use-fake-ui-for-media-stream',
    )
    with opened(fake, page_files(MODEL)) as page:
        page.click('#camera')
        wait_for(page, 'Draw a box')
        draw_box(page, (100, 100, 300, 400))
        wait_for(page, 'People: 1.')
        before = page.text_content('#json')
        page.wait_for_function(
            'before => document.getElementById("json").textContent != before',
            arg=before,
        )
        page.get_by_role('button', name='Stop').click()
        page.get_by_role('button', name='Camera').wait_for()


@pytest.mark.slow
def test_webgpu(launch, photo):
    """By Chromium's own software for it, SwiftShader."""
    software = launch(
        '--enable-unsafe-webgpu',
        '--use-webgpu-adapter=swiftshader',
        '--enable-features=Vulkan',
        without='--disable-gpu',
    )
    with opened(software, page_files(MODEL)) as page:
        if not page.evaluate(
            'navigator.gpu?.requestAdapter().then(found => !!found)'
        ):
            pytest.skip('This Chromium has no WebGPU')
        page.set_input_files('#file', photo)
        wait_for(page, 'Draw a box')
        draw_box(page, BOX)
        wait_for(page, 'WebAssembly')
        page.select_option('#backend', 'webgpu')
        wait_for(page, 'WebGPU).')
        (found,) = people(page)
    expected = PoseEstimator(MODEL)(cv2.imread(str(photo)), [found['box']])
    # SwiftShader's sums; how far they are off depends on Chromium's version.
    np.testing.assert_allclose(
        found['keypoints'], expected.keypoints[0], atol=0.3
    )
