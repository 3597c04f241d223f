import itertools

import cv2
import numpy as np
import pytest
from PIL import Image

from distilpose.checks import images
from distilpose.checks.images import check_images, image_size
from distilpose.checks.report import Report

from . import files


@pytest.fixture
def check(tmp_path):
    content = files.content()
    files.write(tmp_path, content)

    def check(turns=True):
        findings = Report()
        check_images(content['images'], str(tmp_path), turns, findings)
        return findings

    check.images = content['images']
    check.folder = tmp_path
    return check


def turn(path, orientation):
    """Let EXIF data say how an image is to be turned when it is loaded."""
    exif = Image.Exif()
    exif[274] = orientation
    Image.new('RGB', files.SIZE).save(path, exif=exif)


def test_nothing_to_tell(check):
    assert check() == Report()
    (check.folder / '3.png').write_text('no image')
    del check.images[4]['width']
    assert check() == Report()
    for i, orientation in enumerate((1, 3, 4)):  # the size is the same
        turn(check.folder / f'{i}.png', orientation)
    assert check() == Report()


@pytest.mark.parametrize('orientation', [5, 6, 8])
def test_turned_by_exif(check, orientation):
    for i in range(2):
        turn(check.folder / f'{i}.png', orientation)
    (text,) = check().errors
    assert text.startswith('2 of 20 images') and 'as their EXIF' in text
    assert '0.png", 120 x 100 in the annotations and 100 x 120' in text
    assert check(turns=False) == Report()
    for image in check.images[:2]:  # annotated as they are loaded
        image.update(width=100, height=120)
    assert check() == Report()


@pytest.mark.parametrize('suffix', ['jpg', 'png', 'tif', 'webp'])
@pytest.mark.parametrize('orientation', range(1, 9))
def test_sizes_are_those_of_the_loaded_image(tmp_path, suffix, orientation):
    """Of all formats that have EXIF data: some OpenCV turns, some not."""
    file = tmp_path / f'image.{suffix}'
    turn(file, orientation)
    data = np.fromfile(file, np.uint8)  # as MMCV does; imread differs
    height, width = cv2.imdecode(data, cv2.IMREAD_COLOR).shape[:2]
    turned = (width, height) != files.SIZE
    assert image_size(file) == (width, height, turned)
    assert image_size(file, turns=False) == (*files.SIZE, False)


@pytest.mark.parametrize(
    'size, message',
    [((100, 120), 'width and height exchanged'), ((60, 50), 'another size')],
)
def test_sizes(check, size, message):
    check.images[5].update(width=size[0], height=size[1])
    findings = check()
    assert not findings.errors and message in findings.warnings[0]
    check.images[16].update(width=size[0], height=size[1])
    findings = check()  # of all images, whichever they are
    (text,) = findings.errors
    assert text.startswith('2 of 20') and message in text
    assert '5.png' in text and '16.png' in text and not findings.facts


def test_what_training_cannot_read(tmp_path):
    """Pillow reads GIF, OpenCV here does not; then nor can it be used."""
    file = tmp_path / 'image.gif'
    Image.new('RGB', files.SIZE).save(file)
    loads = cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_COLOR)
    assert (image_size(file, decode=True) is None) == (loads is None)


def test_missing_files(check):
    (check.folder / '7.png').unlink()
    (text,) = check().errors
    assert text.startswith('1 of 20 image files')
    assert 'are missing' in text and text.endswith(f'{check.folder}/7.png.')
    for path in check.folder.glob('*.png'):
        path.unlink()
    assert check() == Report()  # they are elsewhere


def test_no_longer_than_there_is_time(check, monkeypatch):
    """It tells how many were compared."""
    clock = itertools.count()
    monkeypatch.setattr(images.time, 'monotonic', lambda: next(clock))
    for image in check.images:
        image.update(width=1)
    findings = check()
    assert findings.errors[0].startswith('3 of 3 images')
    assert findings.facts == [
        'Sizes of 3 of 20 images, chosen by chance, were compared within 2 '
        'seconds.'
    ]
