"""``distilpose predict``, from its arguments to its files."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace

import cv2
import numpy as np
import pytest

import distilpose_cli
from distilpose_cli import main
from distilpose_runtime.detectors import Detector
from distilpose_runtime.images import read_image, write_image
from distilpose_runtime.onnx_entries import entries, with_entry
from distilpose_runtime.people import People

from ..limits import files_of_at_most
from ..runtime.graphs import detector, pose_model
from ..runtime.videos import write_video
from . import one_line

ROOT = Path(distilpose_cli.__file__).parents[1]
PHOTO = Path(__file__).parents[2] / 'docs/photos/pedestrian.jpg'
PEOPLE = [[20, 10, 32, 40], [100, 30, 24, 48]]  # x, y, width, height


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    """A folder with a model, three photos, and boxes for two of them."""
    monkeypatch.chdir(tmp_path)
    pose_model(Path('pose.onnx'))
    for name in ('1.png', '2.png', '3.png'):
        image = np.full((96, 160, 3), 90, np.uint8)
        write_image(Path('photos', name), image)
    boxes('boxes.json', {1: PEOPLE, 3: PEOPLE}, score=0.8)


def boxes(file, people, **keys):
    """Write a list of boxes, of pictures by their ids."""
    rows = [
        dict(image_id=i, category_id=1, bbox=box, **keys)
        for i, boxes in people.items()
        for box in boxes
    ]
    Path(file).write_text(json.dumps(rows))
    return file


def people_at(*rows):
    """A detector of YOLOv8's layout: centre, width, height and score."""
    values = np.zeros((1, 5, 16 * 8 + 8 * 4 + 4 * 2), np.float32)
    for i, row in enumerate(rows):
        values[0, :, 20 * i] = row
    return detector(Path('detector.onnx'), dict(output0=values))


def plain_video(path='a.mp4', count=40):
    images = (np.full((96, 160, 3), i % 256, np.uint8) for i in range(count))
    write_video(Path(path), images)
    return path


def arguments_of(source, *options, **named) -> list[str]:
    """``boxes=x`` is for ``--boxes x``, and so on."""
    named = dict(dict(model='pose.onnx', out='out'), **named)
    given = [f'--{k}={v}' for k, v in named.items() if v is not None]
    return ['predict', *map(str, (source, *given, *options))]


def results(out='out') -> dict:
    return json.loads(Path(out, 'predictions.json').read_text())


def predict(*arguments, out='out', **named) -> dict:
    main(arguments_of(*arguments, out=out, **named))
    return results(out or 'predictions/1')


def predict_whole(*arguments, **named) -> dict:
    """Of one person, who fills the picture."""
    return predict(*arguments, detector='none', **named)


def refused(*arguments, **named) -> str:
    return one_line.refused(*arguments_of(*arguments, **named))


def refused_whole(*arguments, **named) -> str:
    return refused(*arguments, detector='none', **named)


def pictures_in(video, most) -> int:
    """How many of so many can be read."""
    capture = cv2.VideoCapture(video)
    return sum(capture.read()[0] for _ in range(most))


def test_folder_with_boxes(capsys):
    found = predict('photos', boxes='boxes.json', format='csv')
    assert [x['id'] for x in found['images']] == [1, 2, 3]
    assert [x['image_id'] for x in found['annotations']] == [1, 1, 3, 3]
    first = found['annotations'][0]
    assert first['bbox'] == PEOPLE[0]
    # The middle of the crop is that of the box; the crop's corner follows
    # from a padding of 1.25 and the aspect 48 : 64, limited by the width.
    width, height = 32 * 1.25, 32 * 1.25 * 64 / 48
    corner = [36 - width / 2, 30 - height / 2]
    assert first['keypoints'] == pytest.approx(
        [36, 30, 0.9, *corner, 0.5], abs=2e-3
    )
    assert first['keypoint_sigmas'] == pytest.approx([2.5] * 4, abs=1e-3)
    assert first['score'] == pytest.approx(0.7 * 0.8, abs=1e-4)
    info = found['info']
    assert info['complete'] and info['pictures'] == 3 and info['people'] == 4
    assert info['model']['name'] == 'toy'
    table = Path('out/predictions.csv').read_text()
    assert len(table.splitlines()) == 1 + 4 * 2
    drawn = read_image(Path('out/1.png'))
    assert (drawn[28:33, 34:39] != 90).any()
    assert (read_image(Path('out/2.png')) == 90).all()  # nobody there
    said = capsys.readouterr().err
    assert '3 pictures, 4 people' in said and 'poses' in said


def test_video_with_a_detector():
    """People of all sizes and scores."""
    rows = (40, 30, 20, 40, 0.9), (90, 20, 10, 16, 0.8), (60, 30, 8, 8, 0.2)
    file, source = people_at(*rows), plain_video('a b.mp4')
    found = predict(source, detector=file)
    assert len(found['images']) == 40
    assert found['images'][7]['time'] == pytest.approx(0.35)
    assert len(found['annotations']) == 80
    capture = cv2.VideoCapture('out/a b.mp4')
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 40
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(20)
    assert capture.read()[1].shape == (96, 160, 3)
    options = ('--no-media', '--box-threshold', 0.85)
    options += ('--every', 10, '--largest', 1, '--limit', 3)
    found = predict(source, *options, detector=file, out='y')
    assert [x['id'] for x in found['images']] == [0, 10, 20]
    sure = [x['bbox_score'] for x in found['annotations']]
    assert sure == pytest.approx([0.9] * 3, abs=1e-4)
    assert found['info']['complete']
    assert os.listdir('y') == ['predictions.json']


@pytest.mark.parametrize(
    'options, searches',
    [((), 8), (('--detect-every', 16), 3), (('--every', 10), 4)],
)
def test_detector_now_and_then(monkeypatch, options, searches):
    """By default four times a second, of 20 frames; or of 2 of them."""
    file = people_at((40, 30, 20, 40, 0.9))
    counted, find = [], Detector.find

    def count(self, frame, min_score):
        counted.append(frame.number)
        return find(self, frame, min_score)

    monkeypatch.setattr(Detector, 'find', count)
    found = predict(plain_video(), *options, detector=file)
    frames = [x['frame'] for x in found['images']]
    assert len(counted) == searches
    assert counted == frames[:: found['info']['detect_every']]
    assert len(found['annotations']) == len(found['images'])
    places = np.array([x['bbox'] for x in found['annotations']])
    assert np.ptp(places, axis=0).max() <= 1


@pytest.mark.parametrize(
    'options, expected', [((), [1, 2, 1]), (('--largest', 1), [1, 1, 1])]
)
def test_whom_a_detector_misses_once(monkeypatch, options, expected):
    """He stays in a video, if there is room for him; photos begin anew."""
    x1, y1, width, height = np.float32(PEOPLE).T
    boxes = np.stack([x1, y1, x1 + width, y1 + height], 1)

    def find(self, frame, min_score):
        one = min(frame.number, 1)
        return People(boxes[one : one + 1], np.ones(1))

    monkeypatch.setattr(Detector, 'find', find)
    video = predict(plain_video(count=3), '--detect-every', 1, *options)
    photos = predict('photos', out='y')
    for found, counts in ((video, expected), (photos, [1, 1, 1])):
        ids = [x['image_id'] for x in found['annotations']]
        assert [ids.count(x['id']) for x in found['images']] == counts


def test_colours_stay_in_a_video(monkeypatch):
    """Though the order of people changes; each photo begins anew."""
    orders = {0: PEOPLE, 1: PEOPLE[::-1], 2: PEOPLE[1:]}
    file, given = boxes('x.json', orders), []

    def draw(image, poses, threshold, parts, numbers):
        given.append(numbers if numbers is None else numbers.tolist())
        return image

    monkeypatch.setattr('distilpose_runtime.stages.draw', draw)
    for source in (plain_video(count=3), 'photos'):
        predict(source, boxes=file, out=f'out/{source}')
    assert given == [[0, 1], [1, 0], [1], None, None, None]


@pytest.mark.parametrize('numbers', [[7, -1], [-1, -1]])
def test_numbers_of_people(monkeypatch, capsys, numbers):
    """Of a tracker that knows the first of two people, or neither."""
    tracking = ModuleType('tracking')
    tracking.Tracker = lambda rate, score: (
        lambda people, time: np.array(numbers)
    )
    monkeypatch.setitem(sys.modules, 'distilpose_runtime.tracking', tracking)
    given = boxes('x.json', {0: PEOPLE, 1: PEOPLE})
    call = predict if 7 in numbers else refused
    options = dict(boxes=given, format='deeplabcut-csv')
    told = call(plain_video(count=2), '--track', **options)
    if 7 not in numbers:
        assert '2 people are in picture 0, of "a.mp4"' in told
    found = results()
    expected = [x if x >= 0 else None for x in numbers] * 2
    assert [x.get('track_id') for x in found['annotations']] == expected
    assert found['info']['complete']
    said = capsys.readouterr().err
    for text in ('deeplabcut.csv lacks 2 poses', 'out/predictions_deep'):
        assert (text in said) == (7 in numbers)
    assert Path('out/predictions_deeplabcut.csv').exists() == (7 in numbers)


def test_whole_picture():
    """One person each; where nobody says where to write."""
    (row,) = predict_whole('photos/1.png', out=None)['annotations']
    assert row['bbox'] == [0, 0, 160, 96]
    assert Path('predictions/1/1.png').is_file()


def test_contact_sheet(capsys):
    """With the pictures and without; never over a file of the user's."""
    sheet = Path('sheet.jpg')
    predict_whole('photos', '--no-media', sheet=sheet)
    assert read_image(sheet).shape[0] > 2 * 300  # two rows
    assert os.listdir('out') == ['predictions.json']
    assert str(sheet) in capsys.readouterr().err
    sheet.write_bytes(b'mine')
    options = dict(sheet=sheet, out='x')
    assert 'sheet.jpg" exists' in refused_whole('photos', **options)
    told = refused_whole('photos', '--overwrite', sheet='photos/1.png')
    assert 'is a picture itself' in told
    told = refused_whole(plain_video(count=2), **options)
    assert '--sheet shows image files' in told
    assert sheet.read_bytes() == b'mine'


def test_what_is_drawn():
    """The corner of a person's box, and their number beside it."""
    for draw, has_box, has_number in (
        ('poses', False, False),
        ('boxes', True, False),
        ('poses, ids', False, True),
    ):
        predict('photos', boxes='boxes.json', out=draw, draw=draw)
        picture = read_image(Path(draw, '1.png'))
        assert (picture[10:50, 20] != 90).all() == has_box
        assert (picture[5, 21] != 90).all() == has_number
    told = refused('photos', boxes='boxes.json', draw='box')
    assert '"box" cannot be drawn. Expected' in told


def test_a_model_for_research_only(capsys):
    """One line says so, and the results state the license of any model."""
    model = Path('pose.onnx')
    content = model.read_bytes()
    about = json.loads(entries(content)['distilpose'])
    for license in ('CC-BY-4.0', 'for research only'):
        about['license'] = license
        model.write_bytes(with_entry(content, 'distilpose', json.dumps(about)))
        info = predict_whole('photos', out=license)['info']
        assert info['model']['license'] == license
        said = capsys.readouterr().err
        line = 'The license of the model: for research only.'
        for told in (said, info['remarks']):
            assert (line in told) == (license == 'for research only')


def test_people_of_low_scores_are_not_drawn_in_silence(capsys):
    for threshold in (0.95, 0.8):
        options = ('--keypoint-threshold', threshold)
        predict('photos', *options, boxes='boxes.json', out=f'{threshold}')
        told = 'Of 4 of them no keypoint is drawn' in capsys.readouterr().err
        assert told == (threshold == 0.95)


def test_nobody_has_a_reason(capsys):
    """A score, a file without boxes, a detector that finds nobody."""
    one = [[1, 2, 30, 40]]
    low = boxes('low.json', {1: one, 2: one}, score=0.2)
    for options, reason in (
        (dict(boxes=low), '2 (has a low score)'),
        (dict(boxes=boxes('no.json', {})), 'has no box for them'),
        (dict(detector=people_at()), 'take each picture as one person with'),
    ):
        info = predict('photos', out=reason, **options)['info']
        said = capsys.readouterr().err
        assert reason in said and 'There is nobody in the pictures' in said
        assert reason.strip('2 ()') in str(info)
    assert 'does not name its classes' in said


def test_one_bad_picture_ends_nothing(monkeypatch, capsys):
    """What a library refuses is skipped, or predicted and not drawn."""
    wide = Path('photos/4.png')
    write_image(wide, np.zeros((1, 66_000, 3), np.uint8))
    wide.rename('photos/4.webp')  # too wide for WebP
    real = cv2.getAffineTransform
    shapes = []

    def transform(source, target):
        shapes.append(1)
        if len(shapes) == 2:
            cv2.resize(np.zeros((2, 2)), (0, 0))
        return real(source, target)

    monkeypatch.setattr(cv2, 'getAffineTransform', transform)
    found = predict_whole('photos')
    assert [x['id'] for x in found['images']] == [1, 3, 4]
    assert found['info']['people'] == 3 and found['info']['complete']
    said = capsys.readouterr().err
    assert 'skipped: 2.png: OpenCV' in said
    assert '4.webp: predicted, but not drawn: OpenCV cannot write' in said


def test_folder_whose_name_is_not_utf8():
    folder = Path('photos').rename('caf\udce9')
    model = Path('pose.onnx').rename(folder / 'pose.onnx')
    options = dict(model=model, out=folder / 'out', format='csv')
    found = predict_whole(folder, **options)
    assert len(found['annotations']) == 3
    assert found['info']['source'].endswith('caf?')


def test_bad_boxes_and_pictures_are_counted(capsys):
    Path('photos/4.jpg').write_bytes(b'\xff\xd8\xff\xe0')
    Path('photos/5.png').touch()
    bad = [[1, 1, 0, 5], [500, 1, 5, 5], [float('nan'), 1, 5, 5]]
    file = boxes('x.json', {1: [*bad, PEOPLE[0]]})
    info = predict('photos', boxes=file)['info']
    assert (info['pictures'], info['people']) == (3, 1)
    assert [x['name'] for x in info['skipped']] == ['4.jpg', '5.png']
    assert sum(info['boxes_left_out'].values()) == 3
    said = capsys.readouterr().err
    assert 'skipped: 4.jpg: ' in said and '5.png: the file is empty' in said
    assert '1 (has no area)' in said


@pytest.mark.parametrize('arguments, message', [
    ('none.jpg', 'There is no "none.jpg"'),
    ('20240101123456', 'There is no "20240101123456"'),
    ('a.heic --detector none', 'no picture that can be read'),
    ('p/1.png --boxes none.json', 'no such file'),
    ('p/1.png --boxes p/1.png', 'holds no boxes'),
    ('p/1.png --detector none.onnx', 'There is no detector'),
    ('p/1.png --detector yolox', 'nanodet, one of yolox-tiny, '),
    ('p/1.png --detector pose.onnx', 'detector'),
    ('p --detector none --track', 'Leave it out'),
    ('p --detector none --format xml', 'no format "xml"'),
    ('p --boxes boxes.json --format deeplabcut-csv', '--track'),
    ('p --detect-every 4', '--detect-every 4 is for a detector'),
    ('p --detector none --out p', 'images themselves'),
    ('p --detector none --device gpu', 'no device "gpu"'),
    ('p --detector none --checkpoint x', '--checkpoint'),
    ('p --detector none --out p/1.png/x', '1.png'),
    ('bad.jpg --detector none', 'no picture that can be read'),
    ('notes.md --detector none', 'neither an image nor a video'),
    ('p/1.png --boxes other.json', 'names such as "a.jpg", but'),
    ('me.png --boxes list.json', 'by numbers, but'),
    ('p/1.png --boxes empty.json', "('images' is missing)"),
    ('p --detector none --out pose.onnx', 'is a folder'),
    ('p --detector none --out /proc/x', '"/proc/x" cannot'),
])  # fmt: skip
def test_refused_in_one_line(arguments, message):
    Path('photos').rename('p')
    shutil.copy('p/1.png', 'me.png')
    other = dict(images=[dict(id=1, file_name='a.jpg')], annotations=[])
    for name, content in (
        ('bad.jpg', 'no'),
        ('a.heic', '\0\0\0\x18ftypheic'),
        ('notes.md', '# Notes'),
        ('other.json', json.dumps(other)),
        ('list.json', '[{"image_id": 7, "bbox": [1, 2, 3, 4]}]'),
        ('empty.json', '{}'),
    ):
        Path(name).write_text(content)
    assert message in refused(*arguments.split())


@pytest.mark.parametrize('argument', [
    *('--every=0', '--detect-every=0', '--largest=x', '--batch=-1'),
    *('--box-threshold=nan', '--keypoint-threshold=2', '--box-threshold=x'),
])  # fmt: skip
def test_senseless_numbers(argument, capsys):
    with pytest.raises(SystemExit) as ended:
        predict('photos', argument)
    assert ended.value.code == 2
    told = f'argument {argument.replace("=", ": ")} is no '
    assert told in capsys.readouterr().err


@pytest.mark.parametrize('model', ['none.onnx', 'none'])
def test_model_before_the_detector_is_fetched(model, capsys):
    assert 'none' in refused('photos', model=model, detector='yolox-s')
    assert 'Fetching' not in capsys.readouterr().err


def test_no_picture_no_table():
    Path('1.jpg').write_bytes(b'no')
    told = refused_whole('1.jpg', '--no-media', format='csv,openpose')
    assert 'no picture that can be read' in told
    assert os.listdir('out') == ['predictions.json']


def test_finished_predictions_are_kept():
    before = predict_whole('photos')
    assert 'holds predictions already' in refused_whole('photos')
    assert results() == before
    found = predict_whole('photos', '--overwrite', '--limit', 1)
    assert len(found['images']) == 1


@pytest.mark.parametrize('there', ['2.png', 'predictions.csv'])
def test_other_files_are_kept(there):
    file = Path('out', there)
    file.parent.mkdir()
    file.write_text('mine')
    told = refused_whole('photos', format='csv')
    assert f'{there}" exists, and 0 more' in told
    assert os.listdir('out') == [there]
    assert file.read_text() == 'mine'
    predict_whole('photos', '--overwrite', format='csv')
    assert file.read_bytes() != b'mine'


@pytest.mark.parametrize(
    'source, file, kind',
    [('a.MP4', 'a.MP4', 'the video'), ('photos', 'photos/2.png', 'a picture')],
)
def test_source_under_another_name(source, file, kind):
    """By a link, or on a disk that takes A.MP4 and a.mp4 for one."""
    Path(plain_video(count=3)).rename('a.MP4')
    file = Path(file)
    Path('out').mkdir()
    os.link(file, Path('out', file.name.lower()))
    before = file.read_bytes()
    told = refused_whole(source, '--overwrite')
    assert f'{kind} itself, which would be replaced' in told
    assert file.read_bytes() == before


@pytest.fixture
def offline(monkeypatch, tmp_path):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    monkeypatch.setenv('https_proxy', 'http://127.0.0.1:9')


@pytest.mark.usefixtures('offline')
def test_a_photo_without_boxes_and_network(capsys):
    """The detector of this package finds the man, and nobody on grey."""
    shutil.copy(PHOTO, 'photos/4.jpg')
    found = predict('photos')
    (row,) = found['annotations']
    assert row['image_id'] == 4
    assert row['bbox'] == pytest.approx([273, 130, 144, 254], abs=8)
    assert found['info']['people_from']['detector'] == 'nanodet'
    said = capsys.readouterr().err
    assert 'There is nobody in 3 of the pictures.' in said
    assert 'does not name its classes' not in said


@pytest.mark.usefixtures('offline')
def test_a_detector_that_cannot_be_fetched():
    text = refused('photos', detector='yolox-tiny')
    assert 'yolox_tiny.onnx cannot be downloaded' in text
    assert 'leave --detector out' in text
    assert not Path('out').exists()


@pytest.mark.parametrize('broken', ['value', 'score', 'sigma'])
def test_damaged_weights(broken):
    pose_model(Path('pose.onnx'), **{broken: float('nan')})
    assert 'not finite for 1.png' in refused_whole('photos')
    assert not results()['info']['complete']


def run(source, before=''):
    """In a process of its own, which runs a line of Python ``before``."""
    code = f'{before}\nimport distilpose_cli; distilpose_cli.main()'
    return subprocess.Popen(
        [sys.executable, '-c', code, *arguments_of(source, detector='none')],
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_interrupted(number):
    """Ctrl-C leaves a video that plays, and the JSON of its frames."""
    process, video = run(plain_video(count=1500)), Path('out/a.mp4')
    while not video.exists() or not video.stat().st_size:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    time.sleep(0.3)
    process.send_signal(number)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130, said
    assert 'interrupted. What was predicted until then is written' in said
    assert 'Traceback' not in said
    found = results()
    count = len(found['images'])
    assert 0 < count < 1500
    assert found['info']['complete'] is False
    assert pictures_in('out/a.mp4', count + 1) == count


@pytest.mark.parametrize('kind', ['video', 'images'])
def test_full_disk(kind):
    """The limit on files' size stands for it: what was written stays."""
    source, random = 'photos', np.random.default_rng(0)
    noise = random.integers(0, 255, (384, 640, 3), np.uint8)
    write_image(Path('photos/7.png'), noise)
    if kind == 'video':
        source, images = 'a.mp4', (np.roll(noise, i, 1) for i in range(300))
        write_video(Path(source), (x[:96, :160] for x in images))
    with files_of_at_most(150_000):
        refused_whole(source)
    found = results()
    assert len(found['annotations']) == len(found['images']) > 0
    assert not found['info']['complete']
    if kind == 'images':
        assert len(found['images']) == 3
        written = ['1.png', '2.png', '3.png', 'predictions.json']
        assert sorted(os.listdir('out')) == written
    else:
        assert pictures_in('out/a.mp4', 1) == 1


def test_progress(monkeypatch, capsys):
    """One line, written over; none where nobody looks."""
    from distilpose_cli.predict_run import Progress
    from distilpose_runtime.predict import Report

    report = Report(pictures=30, elapsed=2.0)
    report.seconds.update(read=0.5, people=1.0, poses=0.5)
    progress = Progress(SimpleNamespace(total=120))
    progress(report)
    assert capsys.readouterr().err == ''
    monkeypatch.setattr('sys.stderr.isatty', lambda: True)
    monkeypatch.setenv('COLUMNS', '200')
    progress(report)
    progress(report)  # too soon
    line = '30/120 pictures, 15.0 pictures/s (read 25%, people 50%, poses 25%)'
    assert capsys.readouterr().err == f'\r{line}\r'
    progress.close()
    assert capsys.readouterr().err == '\r' + ' ' * len(line) + '\r'


def test_needs_neither_torch_nor_mmpose():
    missing = 'torch mmpose mmengine mmcv PIL av scipy tqdm distilpose '
    missing += 'matplotlib'
    before = f'import sys; sys.modules |= dict.fromkeys({missing.split()})'
    process = run('photos', before)
    said = process.communicate()[1]
    assert process.returncode == 0, said
    assert len(results()['annotations']) == 3


def test_a_model_by_its_name_in_version_0_2():
    options = '--no-media', '--limit=1', '--detector=none'
    told = predict('photos', *options, model='distilpose-lsp')['info']['model']
    assert told['file'] == 'distilpose-lsp'
