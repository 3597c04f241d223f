"""The page in headless Chromium, against the Python runtime."""

import base64
import json
import os
import re
import shutil
import threading
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from PIL import Image

from distilpose.deploy.export import export_onnx
from distilpose_runtime import PoseEstimator, Poses
from distilpose_runtime.detectors import Detector
from distilpose_runtime.follower import Follower
from distilpose_runtime.images import read_image
from distilpose_runtime.named import MODELS
from distilpose_runtime.web import make_server, page_files
from distilpose_runtime.web.server import PAGE

from .. import exported
from ..students import kinds

PHOTO = PAGE / 'example.jpg'
WIDTH, HEIGHT = 640, 425
BOX = 273, 130, 417, 384  # of the man in it
CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser')
OPTIONS = [
    *('--headless', '--no-sandbox', '--disable-gpu', '--disable-quic'),
    *('--no-first-run', '--disable-background-networking'),
    *('--disable-component-update', '--disable-sync'),
]
MODEL = MODELS['distilpose-body17']
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
    wait_for(page, 'People: 1.')  # in the example
    yield page
    page.close()
    server.shutdown()
    server.server_close()
    assert all(
        x.startswith((address, 'data:', f'blob:{address}')) for x in asked
    )
    assert not problems


@pytest.fixture(scope='module')
def only_page(chromium):
    with opened(chromium, page_files(MODEL)) as page:
        yield page


@pytest.fixture
def page(only_page):
    """The page with the package's model, which shows the example."""
    show(only_page, PHOTO)
    return only_page


def draw_box(page, box):
    """With the mouse, on the picture as it is shown."""
    area = page.locator('#picture').bounding_box()
    ratio = area['width'] / WIDTH
    x1, y1, x2, y2 = (value * ratio for value in box)
    page.mouse.move(area['x'] + x1, area['y'] + y1)
    page.mouse.down()
    page.mouse.move(area['x'] + x2, area['y'] + y2, steps=3)
    page.mouse.up()


def draw_boxes(page, *boxes):
    """In the place of those that were found."""
    page.click('#clear')
    for i, box in enumerate(boxes):
        draw_box(page, box)
        wait_for(page, f'People: {i + 1}.')


def drop(page, *files):
    """Drop files on the page."""
    given = [
        (path.name, base64.b64encode(path.read_bytes()).decode())
        for path in files
    ]
    transfer = page.evaluate_handle(
        """given => {
            const transfer = new DataTransfer();
            for (const [name, content] of given) {
                const bytes = Uint8Array.from(atob(content), (x) =>
                    x.charCodeAt(0));
                transfer.items.add(new File([bytes], name));
            }
            return transfer;
        }""",
        given,
    )
    page.dispatch_event('body', 'drop', dict(dataTransfer=transfer))


def wait_for(page, text):
    page.locator('#status', has_text=text).wait_for()


def show(page, photo, text='People: '):
    page.evaluate('document.getElementById("status").textContent = ""')
    page.set_input_files('#file', photo)
    wait_for(page, text)


def people(page):
    return json.loads(page.text_content('#json'))['people']


def picture(page):
    """What the canvas shows, as OpenCV has it."""
    url = page.evaluate('document.getElementById("picture").toDataURL()')
    content = base64.b64decode(url.partition(',')[2])
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)


def expect_same(page, model, photo=PHOTO):
    """Two boxes drawn by hand, one of them over the border."""
    draw_boxes(page, BOX, (260, 100, 430, 420))
    assert 'ms each (WebAssembly' in page.text_content('#status')
    found = people(page)
    boxes = [person['box'] for person in found]
    np.testing.assert_allclose(boxes[0], BOX, atol=1)
    expected = PoseEstimator(model)(cv2.imread(str(photo)), boxes)
    for name in ('keypoints', 'sigmas'):
        values = np.array([person[name] for person in found])
        difference = values - getattr(expected, name)
        # A crop beside its place by a pixel of the input moves all by 1 to 3.
        assert np.abs(difference.mean((0, 1))).max() < 0.1
        assert np.abs(difference).mean() < 0.2
    scores = [person['scores'] for person in found]
    np.testing.assert_allclose(scores, expected.scores, atol=1e-2)


def test_keypoints_are_those_of_python(page, tmp_path):
    """Of a transparent picture, the colours as stored."""
    expect_same(page, MODEL)
    photo = tmp_path / 'photo.png'
    image = cv2.imread(str(PHOTO))
    alpha = np.random.default_rng(0).integers(0, 256, image.shape[:2])
    cv2.imwrite(str(photo), np.dstack([image, alpha.astype(np.uint8)]))
    show(page, photo)
    expect_same(page, MODEL, photo)


@pytest.mark.parametrize('kind', ['udp', 'bytes', 'external'])
def test_keypoints_of_other_models(chromium, tmp_path, kind):
    """With crops of UDP, of bytes, and with weights in a further file."""
    model = tmp_path / 'model.onnx'
    if kind == 'udp':
        graph = onnx.load(MODEL)
        (entry,) = graph.metadata_props
        about = dict(json.loads(entry.value), use_udp=True)
        entry.value = json.dumps(about)
        onnx.save(graph, model)
    elif kind == 'bytes':
        model = exported.export(tmp_path, raw_images=True)
    else:
        onnx.save_model(
            onnx.load(MODEL), model, save_as_external_data=True,
            location='my model #1.data',
        )  # fmt: skip
    with opened(chromium, page_files(model)) as page:
        expect_same(page, model)


@pytest.mark.slow
@pytest.mark.parametrize('kind', kinds.KINDS)
def test_any_kind_of_head(chromium, tmp_path, kind):
    """Within a pixel of 250: browsers resample a crop otherwise, and random
    weights make much of it, those of rle the most: 1.014 on one CPU."""
    export_onnx(*kinds.made(kind, tmp_path), tmp_path / 'student.onnx')
    with opened(chromium, page_files(tmp_path / 'student.onnx')) as page:
        draw_boxes(page, BOX)
        (found,) = people(page)
    estimator = PoseEstimator(tmp_path / 'student.onnx')
    expected = estimator(cv2.imread(str(PHOTO)), [found['box']])
    difference = np.array(found['keypoints']) - expected.keypoints[0]
    assert np.median(np.abs(difference)) < (1.1 if kind == 'rle' else 1)
    off = np.abs(found['scores'] - expected.scores[0]).max()
    assert off < 0.03 * np.abs(expected.scores).max()


@pytest.mark.parametrize('turn', [False, True])
def test_people_are_those_of_python(page, tmp_path, turn):
    """Two people, one of them small; in a photo that EXIF turns, too."""
    man, path = cv2.imread(str(PHOTO)), tmp_path / 'two.jpg'
    photo = np.hstack([man, np.zeros_like(man)])
    photo[150:363, 800:1120] = cv2.resize(man[:, ::-1], (320, 213))
    if turn:
        photo = np.rot90(photo)  # EXIF's orientation 6 turns it back
    exif = Image.Exif()
    exif[0x0112] = 6 if turn else 1
    Image.fromarray(photo[..., ::-1]).save(path, exif=exif, quality=95)
    image = read_image(path)
    assert image.shape == (HEIGHT, 2 * WIDTH, 3)
    boxes, scores = Detector()(image)
    assert len(boxes) == 2
    expected = PoseEstimator(MODEL)(image, boxes)
    page.set_input_files('#file', path)
    wait_for(page, 'People: 2.')
    found = people(page)
    rows = page.locator('.person').all_text_contents()
    np.testing.assert_allclose([x['box'] for x in found], boxes, atol=0.3)
    found_scores = [x['score'] for x in found]
    np.testing.assert_allclose(found_scores, scores, atol=0.01)
    difference = [x['keypoints'] for x in found] - expected.keypoints
    assert np.abs(difference).mean() < 0.3
    for i, row in enumerate(rows):
        mean = np.mean(found[i]['scores'])
        assert row == (
            f'Person {i + 1}found {found_scores[i]:.2f}, keypoints {mean:.2f}'
        )


def test_example_and_what_is_drawn(page):
    """It fits all widths; a pose, by choice with its box and ellipses."""
    assert page.locator('#credit').is_hidden()
    assert 'For research only' in page.text_content('#license')
    page.click('#example')
    page.locator('#credit').wait_for()
    wait_for(page, 'People: 1.')
    for width in (360, 768, 1280):
        page.set_viewport_size(dict(width=width, height=800))
        assert page.evaluate('document.body.scrollWidth') <= width
    (found,) = people(page)
    shown = picture(page)
    page.fill('#score', '1')
    page.uncheck('#ids')
    plain = picture(page)
    page.fill('#score', '0.3')
    pose = (picture(page) != plain).any(-1)
    zoom = shown.shape[1] / WIDTH
    points = np.array(found['keypoints']) * zoom
    for (x, y), score in zip(points.round().astype(int), found['scores']):
        # Those that are not sure are hollow, and those above 1 never left out.
        assert pose[y, x] == (0.5 <= score < 1)
    assert (shown != picture(page)).any()  # the number
    page.check('#boxes')
    page.check('#sigmas')
    changed = (picture(page) != plain).any(-1)
    x1, y1, x2, y2 = np.multiply(found['box'], zoom).astype(int)
    assert changed[y1:y2, x1 - 1 : x1 + 2].any(-1).all()
    edges = points + np.array(found['sigmas']) * zoom * [1, 0]
    for x, y in edges.round().astype(int):
        assert changed[y, x - 1 : x + 2].any()
    page.uncheck('#boxes')
    page.uncheck('#sigmas')
    page.check('#ids')


def test_files_that_are_dropped(page, tmp_path):
    """Only the last of several that come while one is looked at."""
    empty, bad = tmp_path / 'empty.png', tmp_path / 'bad.jpg'
    cv2.imwrite(str(empty), np.full((300, 500, 3), 90, np.uint8))
    bad.write_text('no picture')
    last = shutil.copy(PHOTO, tmp_path / 'last.jpg')
    (tmp_path / 'student.onnx').write_text('a model')
    problem = page.locator('#problem')
    for file in (PHOTO, bad, empty, last):
        drop(page, file)
    page.locator('[aria-label="last.jpg, people: 1"]').wait_for()
    assert problem.text_content() == ''
    drop(page, empty, last)
    problem.filter(has_text='Only "empty.png" is shown').wait_for()
    wait_for(page, 'No people found')
    assert people(page) == []
    for files, text in (
        ([bad], '"bad.jpg" is not a picture'),
        ([tmp_path / 'student.onnx'], '"student.onnx" is a model'),
        ([], 'This is no file'),
    ):
        drop(page, *files)
        problem.filter(has_text=text).wait_for()
    drop(page, shutil.copy(bad, tmp_path / 'bad.mp4'))
    problem.filter(has_text='"bad.mp4" is not a video').wait_for()
    page.set_input_files('#file', last)
    wait_for(page, 'People: 1.')
    assert problem.text_content() == ''


def test_no_camera_no_webgpu(page):
    """One line each, and the page goes on."""
    problem = page.locator('#problem')
    page.click('#camera')
    problem.filter(has_text='There is no camera').wait_for()
    page.select_option('#backend', 'webgpu')
    problem.filter(has_text='wasm goes on').wait_for()
    assert page.input_value('#backend') == 'wasm'
    draw_boxes(page, BOX)


def test_boxes_by_keys_and_by_taps(page):
    (before,) = people(page)
    page.focus('.person')
    page.keyboard.press('ArrowRight')
    page.keyboard.press('Shift+ArrowDown')
    page.wait_for_function(
        'old => JSON.parse(document.getElementById("json").textContent)'
        '.people[0].keypoints[0][0] != old',
        arg=before['keypoints'][0][0],
    )
    (after,) = people(page)
    x1, y1, x2, y2 = np.subtract(after['box'], before['box'])
    assert x1 == x2 > 1 and y1 == 0 and y2 > 1
    page.keyboard.press('Delete')
    assert people(page) == []
    page.click('#add')
    page.locator('.person:focus').wait_for()
    np.testing.assert_allclose(
        people(page)[0]['box'], [160, 106.25, 480, 318.75]
    )
    page.click('.remove')
    area = page.locator('#picture').bounding_box()
    box = np.array([100, 50, 200, 250])
    for x, y in (box * area['width'] / WIDTH).reshape(2, 2):
        page.mouse.click(area['x'] + x, area['y'] + y)
    wait_for(page, 'People: 1.')
    (found,) = people(page)
    np.testing.assert_allclose(found['box'], box, atol=1)
    assert found['score'] is None


def video(path, count):
    """A video whose man moves to the right by two pixels a frame."""
    av = pytest.importorskip('av', reason='PyAV is not installed')
    man = cv2.imread(str(PHOTO))[:424]
    with av.open(str(path), 'w') as file:
        stream = file.add_stream('libvpx', rate=25)
        stream.height, stream.width = man.shape[:2]
        stream.options = {'deadline': 'realtime', 'cpu-used': '8'}
        for i in range(count):
            image = np.roll(man, 2 * i, axis=1)
            frame = av.VideoFrame.from_ndarray(image, format='bgr24')
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return path


def saved(page):
    with page.expect_download() as download:
        page.click('#save-json')
    return json.loads(download.value.path().read_text())


def followed(frames, every):
    """Boxes of Python's follower, of poses as the page has them; and which
    frames a detector looks at. A frame is [{box, keypoints, scores, missed}],
    the last of those whom the detector misses."""

    def values(name, people):
        return np.array([person[name] for person in people])

    def estimate(image, boxes):
        far = np.abs(boxes[:, None] - values('box', frames[t])).sum(2)
        nearest = [frames[t][i] for i in far.argmin(1)]
        poses = [values(x, nearest) for x in ('keypoints', 'scores')]
        return Poses(*poses, None, boxes, ['a'] * 17, [])

    def find():
        looked.append(t)
        seen = [x for x in frames[t] if not x.get('missed')]
        boxes = values('box', seen).astype(np.float32)
        return boxes, np.ones(len(boxes))

    follow, boxes, looked = Follower(estimate, every), [], []
    for t in range(len(frames)):
        image = np.empty((HEIGHT, WIDTH + (t >= 260), 3), np.uint8)
        boxes.append(follow(image, find)[0].boxes)
    return boxes, looked


@pytest.mark.parametrize('every, missed', [(40, 0), (8, 0.4)])
def test_people_are_followed_as_in_python(page, every, missed):
    """Two, of whom one is lost, scene by scene, in each of the ways, and
    missed by the detector in some frames."""
    rng, frames = np.random.default_rng(0), []
    first, other = np.array([[60, 60, 150, 260], [330, 90, 430, 300]])
    shape = rng.uniform(0, 1, (2, 17, 2))
    for end, score, power in (
        (first, 0.3, 1),
        ([90, 120, 120, 190], 1, 1),  # shrinks
        ([0, 0, 250, 500], 1, 1),  # grows
        ([-75, 60, 15, 260], 1, 1),  # leaves
        (other + 3, 1, 1),
        ([200, 60, 290, 260], 1, 9),  # jumps at the end
        (first + 10, 1, 1),  # while the picture changes its size
    ):
        for share in (np.arange(40) / 39) ** power:
            boxes = np.array([first + share * (end - first), other])
            low, high = boxes[:, None, :2], boxes[:, None, 2:]
            points = low + (high - low) * rng.normal(shape, 0.01)
            scores = (1 - share * (1 - score)) * shape[..., 0]
            people = zip(boxes.tolist(), points.tolist(), scores.tolist())
            names = 'box', 'keypoints', 'scores'
            frames.append([dict(zip(names, person)) for person in people])
            frames[-1][0]['missed'] = bool(rng.random() < missed)
    expected, looked = followed(frames, every)
    found = page.evaluate(
        """async ([frames, width, height, every]) => {
            const { Picture } = await import('/picture.js');
            const boxes = [], looked = [];
            const far = (a, b) =>
                a.reduce((sum, x, i) => sum + Math.abs(x - b[i]), 0);
            const nearest = (box, [one, two]) =>
                far(box, one.box) <= far(box, two.box) ? one : two;
            let t = 0;
            const picture = new Picture({
                show: () => ({ width: width + (t >= 260), height }),
                estimate: (boxes) => ({
                    poses: boxes.map((box) => nearest(box, frames[t])),
                }),
                detect: () => {
                    looked.push(t);
                    return frames[t].filter(({ missed }) => !missed);
                },
            });
            for (; t < frames.length; t++) {
                const earlier = picture.people;
                await picture.show();
                await picture.find(earlier, t % every === 0);
                boxes.push(picture.people.map(({ box }) => box));
            }
            return [boxes, looked];
        }""",
        [frames, WIDTH, HEIGHT, every],
    )
    assert found[1] == looked
    assert missed or len({t // 40 for t in looked if t % 40}) == 7
    stay = [len(expected[t]) - 1 for t in looked if frames[t][0]['missed']]
    assert not missed or 4 < sum(stay) < len(stay) - 4, stay
    assert [len(x) for x in found[0]] == [len(x) for x in expected]
    for given, boxes in zip(found[0], expected):
        np.testing.assert_allclose(given, boxes, atol=1e-3)


def test_video(page, tmp_path):
    """Each frame, with the man in it; and a longer one, which is stopped."""
    page.set_input_files('#file', video(tmp_path / 'a.webm', 8))
    wait_for(page, 'Frame 8')
    page.locator('#stop').wait_for(state='hidden')
    frames = saved(page)['frames']
    times = [frame['time'] for frame in frames]
    np.testing.assert_allclose(times, np.arange(8) / 25, atol=1e-3)
    assert [x['number'] for f in frames for x in f['people']] == [1] * 8
    left = [frame['people'][0]['box'][0] for frame in frames]
    assert 10 < left[-1] - left[0] < 18  # 14 pixels further on
    boxes, _ = followed([frame['people'] for frame in frames], 7)
    given = [[x['box'] for x in frame['people']] for frame in frames]
    np.testing.assert_allclose(given, boxes, atol=1e-3)
    scores = [frame['people'][0]['score'] for frame in frames]
    assert len(set(scores[:7])) == 1 and scores[7] != scores[6]
    page.set_input_files('#file', video(tmp_path / 'b.webm', 100))
    wait_for(page, re.compile(r'Frame \d\d,'))
    page.check('#boxes')  # the page is not frozen
    page.uncheck('#boxes')
    page.click('#stop')
    page.locator('#stop').wait_for(state='hidden')
    assert 10 <= len(saved(page)['frames']) < 100
    page.click('#example')
    page.locator('[aria-label="example.jpg, people: 1"]').wait_for()
    assert 'people' in saved(page)


def test_camera(launch):
    """Chromium's own: a green picture on which something turns."""
    fake = launch(
        '--use-fake-device-for-media-stream',
        '--use-fake-ui-for-media-stream',
    )
    with opened(fake, page_files(MODEL)) as page:
        page.click('#camera')
        wait_for(page, 'Frame 3')
        page.keyboard.press('Escape')
        page.locator('#stop').wait_for(state='hidden')
        draw_boxes(page, BOX)


@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_accessibility(page, scheme):
    """By axe-core, at the width of a phone and of a desk."""
    axe = os.environ.get('DISTILPOSE_AXE')
    if axe is None:
        pytest.skip(
            'no axe-core: `npm pack axe-core` gives it; its axe.min.js is to '
            'be named by DISTILPOSE_AXE'
        )
    page.emulate_media(color_scheme=scheme)
    page.locator('summary').click()
    page.evaluate(Path(axe).read_text())
    for width in (360, 1280):
        page.set_viewport_size(dict(width=width, height=800))
        found = page.evaluate('axe.run()')['violations']
        assert not [(x['id'], x['nodes'][0]['html']) for x in found]


@pytest.mark.slow
def test_webgpu(launch):
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
        found = []
        for name, shown in (('webgpu', 'WebGPU)'), ('wasm', 'WebAssembly, ')):
            page.select_option('#backend', name)
            wait_for(page, shown)
            found += people(page)
    # The same photo, decoded by the same browser: only the sums differ.
    np.testing.assert_allclose(
        *(x['keypoints'] for x in found), rtol=0, atol=0.05
    )
