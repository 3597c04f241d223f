"""Sources: what is read, what is skipped, what is refused."""

import io
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from distilpose_runtime.frames import Frame, MediaError, Skipped
from distilpose_runtime.images import write_image
from distilpose_runtime.media import open_source

av = pytest.importorskip('av')

from distilpose_runtime.video import Video, VideoWriter  # noqa: E402

from .videos import copy_video, video_that_ends_early, write_video  # noqa: E402

NOISE = np.random.default_rng(0).integers(0, 255, (60, 48, 64, 3), np.uint8)


def picture(number: int) -> np.ndarray:
    """Grey, brighter with each number."""
    return np.full((48, 64, 3), 3 * number + 60, np.uint8)


def split(source):
    found = list(source)
    source.close()
    return [[x for x in found if isinstance(x, y)] for y in (Frame, Skipped)]


def read(path, every=1):
    return split(open_source(str(path), every))


def test_folder(tmp_path):
    """Images alone, in order of names; what cannot be read is skipped."""
    for name in ('b.png', 'a.PNG', 'c.jpg'):
        write_image(tmp_path / name, picture(len(name)))
    (tmp_path / 'cut.jpg').write_bytes(b'\xff\xd8\xff')
    (tmp_path / 'notes.txt').touch()
    (tmp_path / 'inner').mkdir()
    write_image(tmp_path / 'inner/d.png', picture(1))
    source = open_source(str(tmp_path))
    assert (source.total, source.rate) == (4, None)
    frames, skipped = split(source)
    assert [x.name for x in frames] == ['a.PNG', 'b.png', 'c.jpg']
    assert [x.number for x in frames] == [0, 1, 2]
    assert [x.name for x in skipped] == ['cut.jpg']
    other_files, folders = source.remarks
    assert other_files == '1 other files are no images.'
    assert f'1 folders in "{tmp_path}" are not looked' in folders
    found = open_source(f'{tmp_path}/**/*')  # as it says
    assert found.total == 5 and len(found.remarks) == 1


def test_pattern(tmp_path):
    """Folders in folders keep their names; brackets may be in a name."""
    for name in ('x/a.png', 'x/y/b.png', 'z [1].png'):
        write_image(tmp_path / name, picture(0))
    frames, _ = read(tmp_path / 'x/**/*')
    assert [x.name for x in frames] == ['a.png', 'y/b.png']
    frames, _ = read(tmp_path / 'z [1].png')
    assert [x.name for x in frames] == ['z [1].png']


@pytest.mark.parametrize('name, message', [
    ('none.jpg', 'There is no ".*none.jpg"'),
    ('', 'holds no image'),
    ('*.jpg', 'matches no image'),
    ('77', 'There is no camera 77'),
    ('a.mp4', 'neither an image nor'),
    ('a.txt', 'neither an image'),
    ('a.wav', 'has no pictures'),
])  # fmt: skip
def test_refused(tmp_path, name, message):
    files = {'a.mp4': b'', 'a.txt': b'hello', 'a.wav': _sound()}
    if name in files:
        (tmp_path / name).write_bytes(files[name])
    with pytest.raises(MediaError, match=message) as error:
        open_source(name if name == '77' else str(tmp_path / name))
    assert '\n' not in str(error.value)


def _sound() -> bytes:
    file = io.BytesIO()
    with av.open(file, 'w', format='wav') as container:
        stream = container.add_stream('pcm_s16le', rate=8000, layout='mono')
        frame = av.AudioFrame(format='s16', layout='mono', samples=800)
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file.getvalue()


def test_video(tmp_path):
    """Even of a name that systems take for a text's."""
    write_video(tmp_path / 'a.mp4', map(picture, range(60)))
    file = (tmp_path / 'a.mp4').rename(tmp_path / 'a.ts')
    source = open_source(str(file))
    assert (source.total, source.rate, source.name) == (60, 20.0, 'a.ts')
    frames, skipped = split(source)
    assert not skipped
    assert [x.number for x in frames] == list(range(60))
    for i, frame in enumerate(frames):
        assert frame.time == pytest.approx(i / 20, abs=1e-4)
        assert frame.image.mean() == pytest.approx(3 * i + 60, abs=1.1)
    source = open_source(str(file), every=25)
    assert source.total == 3
    frames, _ = split(source)
    assert [x.number for x in frames] == [0, 25, 50]
    assert [x.time for x in frames] == pytest.approx([0, 1.25, 2.5], abs=1e-4)
    assert source.rate == pytest.approx(0.8)


def test_camera(monkeypatch):
    """It does not tell its rate, and gives three pictures."""
    left = [(True, picture(i)) for i in range(3)] + [(False, None)]
    camera = SimpleNamespace(
        isOpened=lambda: True,
        get=lambda kind: 0.0,
        read=lambda: left.pop(0),
        release=lambda: left.append('released'),
    )
    monkeypatch.setattr('cv2.VideoCapture', lambda number: camera)
    source = open_source('0', every=2)
    frames, skipped = split(source)
    assert source.rate == 15 and [x.number for x in frames] == [0, 2]
    assert [x.image.mean() for x in frames] == [60, 66]
    assert skipped[0].reason == 'the camera gives no more pictures'
    assert left == ['released']


# a, b, c, d: where x and y of a picture go, x' = a x + c y, y' = b x + d y.
TURNS = [
    ((1, 0, 0, 1), lambda x: x),
    ((0, 1, -1, 0), lambda x: np.rot90(x, -1)),
    ((-1, 0, 0, -1), lambda x: np.rot90(x, 2)),
    ((0, -1, 1, 0), lambda x: np.rot90(x)),
    ((-1, 0, 0, 1), lambda x: x[:, ::-1]),
    ((1, 0, 0, -1), lambda x: x[::-1]),
    ((0, 1, 1, 0), lambda x: x.transpose(1, 0, 2)),
    ((0, -1, -1, 0), lambda x: np.rot90(x, 2).transpose(1, 0, 2)),
]


def foreign_video(path, images, aspect=None, start=0):
    """Of pictures of 64 x 48, as other programs write it."""
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('libx264', rate=20)
        stream.width, stream.height, stream.pix_fmt = 64, 48, 'yuv420p'
        stream.options = {'crf': '1'}
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        for i, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format='bgr24')
            frame.pts, frame.time_base = start + i, Fraction(1, 20)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize('matrix, turned', TURNS)
def test_turned_and_mirrored_as_the_file_says(tmp_path, matrix, turned):
    """As telephones write it, and cameras that face the user."""
    image = np.full((48, 64, 3), 20, np.uint8)
    image[:24, :32], image[:24, 32:], image[24:, :32] = 230, 150, 80
    path = foreign_video(tmp_path / 'a.mp4', [image])
    data = path.read_bytes()
    place = data.index(b'tkhd') + 4 + 40
    a, b, c, d = (x << 16 & 0xFFFFFFFF for x in matrix)
    values = [a, b, 0, c, d, 0, 0, 0, 1 << 30]
    header = b''.join(x.to_bytes(4, 'big') for x in values)
    path.write_bytes(data[:place] + header + data[place + 36 :])
    (frame,), _ = read(path)
    wanted = turned(image)
    assert frame.image.shape == wanted.shape
    middles = np.s_[8::16, 8::16]
    np.testing.assert_allclose(frame.image[middles], wanted[middles], atol=9)


@pytest.mark.parametrize('aspect, shape', [
    (Fraction(2, 1), (48, 128, 3)),
    (Fraction(4, 3), (48, 85, 3)),
    (Fraction(1, 2), (96, 64, 3)),
    (Fraction(1, 1), (48, 64, 3)),
])  # fmt: skip
def test_pixels_that_are_not_square(tmp_path, aspect, shape):
    """Stretched as players do it, or people would be too narrow."""
    image = np.full((48, 64, 3), 20, np.uint8)
    image[:, 32:] = 230
    source = Video(foreign_video(tmp_path / 'a.mp4', [image], aspect))
    (frame,), _ = split(source)
    assert frame.image.shape == shape
    middle = shape[1] // 2
    assert frame.image[:, : middle - 6].max() < 40
    assert frame.image[:, middle + 6 :].min() > 210
    assert ['stretched' in x for x in source.remarks] == [True] * (aspect != 1)


def test_pages_and_other_files_are_told(tmp_path):
    """Only the first page is read; the others are counted."""
    pages = [Image.fromarray(picture(i)) for i in range(5)]
    pages[0].save(tmp_path / 'a.tif', save_all=True, append_images=pages[1:])
    (tmp_path / 'a.txt').touch()
    source = open_source(str(tmp_path))
    frames, skipped = split(source)
    assert len(frames) == 1 and source.total == 5
    told = 'only the first of its 5 pictures is read'
    assert skipped == [('a.tif', told, 4)]
    assert source.remarks == ['1 other files are no images.']


@pytest.mark.parametrize('every', [1, 7])
def test_ends_early(tmp_path, every):
    path = tmp_path / 'cut.mp4'
    video_that_ends_early(path, NOISE)
    source = open_source(str(path), every)
    frames, skipped = split(source)
    assert 20 <= every * len(frames) <= 40
    missing = sum(x.pictures for x in skipped)
    assert len(frames) + missing == source.total
    assert 'ends after' in skipped[-1].reason


def test_damaged_in_the_middle(tmp_path):
    path = tmp_path / 'a.mp4'
    write_video(path, NOISE)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 5000] = bytes(5000)
    path.write_bytes(data)
    frames, skipped = read(path)
    assert skipped and len(frames) > 30
    assert len(frames) + sum(x.pictures for x in skipped) == 60
    taken, missed = read(path, every=2)
    assert len(taken) + len(missed) == 30
    assert {x.number for x in taken} <= {x.number for x in frames}


def test_plays_while_it_is_written(tmp_path):
    """What a killed process leaves."""
    path = tmp_path / 'a.mp4'
    writer = VideoWriter(path, 20.0)
    for i in range(200):
        # So little that nothing would be written for lack of space in memory.
        writer.write(Frame(picture(0), '', i, i / 20), picture(0))
    (tmp_path / 'left.mp4').write_bytes(path.read_bytes())
    assert 100 <= len(read(tmp_path / 'left.mp4')[0]) <= 200
    writer.close()
    assert len(read(path)[0]) == 200


def test_another_size_and_odd_sizes(tmp_path):
    """An odd size gains a line; a later size is scaled into the first."""
    sizes = (49, 65), (49, 65), (65, 49)
    images = [np.full((*size, 3), 200, np.uint8) for size in sizes]
    assert write_video(tmp_path / 'a.mp4', images).resized == 1
    frames, _ = read(tmp_path / 'a.mp4')
    assert [x.image.shape for x in frames] == [(50, 66, 3)] * 3
    assert frames[1].image.min() > 190
    assert frames[2].image[:, :10].max() < 20  # beside the upright picture
    assert frames[2].image[:, 30:36].min() > 190


def test_times_that_do_not_increase(tmp_path):
    """A camera's clock; H.264 wants each frame later than the last."""
    times = [0.0, 0.5, 0.5, 0.4]
    write_video(tmp_path / 'a.mp4', map(picture, range(4)), times)
    times = [x.time for x in read(tmp_path / 'a.mp4')[0]]
    assert times == pytest.approx([0, 0.5, 0.5, 0.5], abs=1e-3)


def test_trimmed_without_encoding_anew(tmp_path):
    """What lies before the cut is in the file, and not shown."""
    whole, path = tmp_path / 'whole.mp4', tmp_path / 'a.mp4'
    # A frame that needs no others every 2 seconds.
    write_video(whole, map(picture, range(60)))
    copy_video(whole, path, start=2.5)
    frames, skipped = read(path)
    assert len(frames) == 10 and skipped == []


def test_begins_later(tmp_path):
    """Times count from the first frame on, as in a part cut out."""
    images = map(picture, range(3))
    frames, _ = read(foreign_video(tmp_path / 'a.mkv', images, start=100))
    assert [x.time for x in frames] == pytest.approx([0, 0.05, 0.1], abs=2e-3)


def test_a_video_says_how_its_colours_were_converted(tmp_path):
    """Of 720 lines and more, players expect another conversion."""
    import av

    write_video(tmp_path / 'a.mp4', [np.zeros((720, 1280, 3), np.uint8)])
    with av.open(str(tmp_path / 'a.mp4')) as file:
        codec = file.streams.video[0].codec_context
        assert (codec.colorspace, codec.color_range) == (5, 1)  # BT.601
