"""Image files as people have them."""

from contextlib import ExitStack
from pathlib import Path
from unittest.mock import Mock

import cv2
import numpy as np
import pytest
from mmpose.datasets.transforms import LoadImage
from PIL import Image, ImageOps

from distilpose_runtime.images import (
    count_pictures,
    fit,
    quiet_opencv,
    read_image,
    write_image,
)

# Four quarters: red, green; blue, brown. RGB.
PICTURE = np.zeros((60, 80, 3), np.uint8)
PICTURE[:30, :40], PICTURE[:30, 40:] = (255, 0, 0), (0, 255, 0)
PICTURE[30:, :40], PICTURE[30:, 40:] = (0, 0, 255), (200, 150, 100)
BGR = PICTURE[..., ::-1]


def test_every_kind_looks_the_same(tmp_path):
    image = Image.fromarray(PICTURE)
    image.save(tmp_path / 'a.png')
    image.save(tmp_path / 'a.bmp')
    image.save(tmp_path / 'a.webp', lossless=True)
    image.quantize(4).save(tmp_path / 'palette.png')
    image.convert('CMYK').save(tmp_path / 'cmyk.jpg', quality=100)
    image.convert('CMYK').save(tmp_path / 'cmyk.tif')
    cv2.imwrite(str(tmp_path / '16.png'), BGR.astype(np.uint16) * 257)
    cv2.imwrite(str(tmp_path / '16.tif'), BGR.astype(np.uint16) * 257)
    middles = np.s_[15::30, 20::40]
    for path in tmp_path.iterdir():
        found = read_image(path)
        assert found.dtype == np.uint8
        off = found[middles].astype(int) - BGR[middles]
        assert np.abs(off).max() <= 3, path
    image.convert('L').save(tmp_path / 'grey.png')
    found = read_image(tmp_path / 'grey.png')
    assert found.shape == (60, 80, 3)
    assert found[5, 5].tolist() == [76] * 3


@pytest.mark.parametrize('suffix', ['jpg', 'tif', 'png'])
@pytest.mark.parametrize('orientation', range(1, 9))
def test_turned_as_exif_says(tmp_path, suffix, orientation):
    """As a telephone held upright writes it; of PNG, a transparent one."""
    exif = Image.Exif()
    exif[0x112] = orientation
    path = tmp_path / f'a.{suffix}'
    alpha = np.full((60, 80, 1), 99, np.uint8)
    stored = np.dstack([PICTURE, alpha]) if suffix == 'png' else PICTURE
    Image.fromarray(stored).save(path, exif=exif)
    shown = ImageOps.exif_transpose(Image.open(path)).convert('RGB')
    found, expected = read_image(path), np.array(shown)[..., ::-1]
    assert found.shape == expected.shape
    inner = np.s_[5::10, 5::10]
    np.testing.assert_allclose(found[inner], expected[inner], atol=3)


@pytest.mark.parametrize('dtype', ['uint8', 'uint16'])
def test_transparent_as_in_training(tmp_path, dtype):
    """MMPose takes the colours as stored, whatever is transparent."""
    alpha = np.full((60, 80), 255)
    alpha[:30], alpha[30:, 40:] = 0, 51
    factor = 257 if dtype == 'uint16' else 1
    image = (np.dstack([BGR, alpha]) * factor).astype(dtype)
    cv2.imwrite(str(tmp_path / 'a.png'), image)
    found = read_image(tmp_path / 'a.png')
    np.testing.assert_array_equal(found, BGR)
    trained = LoadImage()(dict(img_path=str(tmp_path / 'a.png')))['img']
    np.testing.assert_array_equal(found, trained)


@pytest.mark.parametrize('suffix', ['tif', 'webp', 'png'])
def test_pages_are_counted(tmp_path, suffix):
    path = tmp_path / f'a.{suffix}'
    pages = [Image.fromarray(PICTURE // (i + 1)) for i in range(5)]
    pages[0].save(path, save_all=True, append_images=pages[1:])
    assert count_pictures(path) == 5
    pages[0].save(path)
    assert count_pictures(path) == 1
    # OpenCV ends the process at such a name.
    assert count_pictures(path.rename(tmp_path / 'caf\udce9.png')) == 1


def test_too_large_for_its_format(tmp_path):
    with pytest.raises(ValueError, match='.jpg files of 66000 x 2 pixels'):
        write_image(tmp_path / 'a.jpg', np.zeros((2, 66000, 3), np.uint8))
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize('suffix', ['jpg', 'png', 'webp', 'tif', 'bmp'])
@pytest.mark.parametrize('share', [0.5, 0.99])
def test_cut_off_is_an_error(tmp_path, suffix, share):
    """Not a picture that is grey below."""
    noise = np.random.default_rng(0).integers(0, 255, (200, 300, 3), np.uint8)
    path = tmp_path / f'a.{suffix}'
    Image.fromarray(noise).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ValueError, match='cut off, damaged, or of a format'):
        read_image(path)


def test_empty_missing_or_heic(tmp_path):
    for name, content, message in (
        ('a.jpg', b'', 'the file is empty'),
        ('a.HEIC', b'\0\0\0\x18ftypheic', 'convert it to JPEG'),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=message):
            read_image(tmp_path / name)
    with pytest.raises(OSError):
        read_image(tmp_path / 'b.jpg')


@pytest.mark.parametrize(
    'name, more', [("Größe 写真 [1] %d/a'b .c #.png", ''), ('a.tif', '.png')]
)
def test_odd_names_and_unwritten_suffixes(tmp_path, name, more):
    path = write_image(tmp_path / name, BGR)
    assert path == tmp_path / f'{name}{more}'
    assert (read_image(path) == BGR).all()


def test_no_half_picture(tmp_path, monkeypatch):
    """A full disk leaves the file that was there."""
    path = write_image(tmp_path / 'a.png', BGR)
    monkeypatch.setattr(Path, 'write_bytes', Mock(side_effect=OSError(28)))
    with pytest.raises(OSError):
        write_image(path, BGR[::-1])
    assert (read_image(path) == BGR).all()
    assert [x.name for x in tmp_path.iterdir()] == ['a.png']


def test_opencv_is_quiet_until_the_last_thread_is_done():
    """One that reads and one that writes need not end in order."""
    logging = getattr(cv2.utils, 'logging', cv2)
    before = logging.getLogLevel()
    reading, writing = ExitStack(), ExitStack()
    reading.enter_context(quiet_opencv())
    writing.enter_context(quiet_opencv())
    reading.close()
    assert logging.getLogLevel() == 0 < before
    writing.close()
    assert logging.getLogLevel() == before


def test_fit():
    frame, scale, corner = fit(BGR, (40, 40), fill=7)
    assert (scale, corner) == (0.5, (0, 0))
    assert frame.shape == (40, 40, 3)
    assert (frame[30:] == 7).all()
    assert frame[25, 5].tolist() == [255, 0, 0]
    frame, scale, corner = fit(BGR, (40, 40), fill=7, centered=True)
    assert (scale, corner) == (0.5, (0, 5))
    assert (frame[:5] == 7).all() and (frame[35:] == 7).all()
    # A line of pixels does not vanish.
    assert fit(BGR[:1, :], (8, 8))[0].shape == (8, 8, 3)
