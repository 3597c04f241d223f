"""Small pictures in one image: which, where, and what is drawn."""

import numpy as np
import pytest

from distilpose_runtime import Poses
from distilpose_runtime.appearance import PEOPLE
from distilpose_runtime.contact_sheet import GAP, LINE, SIDE, ContactSheet
from distilpose_runtime.frames import Frame
from distilpose_runtime.images import read_image

WIDTH, HEIGHT = SIDE + GAP, SIDE + LINE + GAP  # of a cell


# A person of one keypoint in a picture of 1200 x 600.
PERSON = Poses(
    keypoints=np.array([[[300, 150]]], float),
    scores=np.ones((1, 1)),
    sigmas=None,
    boxes=np.array([[0, 0, 1200, 600]], float),
    names=['nose'],
    skeleton=[],
)


def sheet(path, total, name='a.jpg'):
    made = ContactSheet(path, total, ('poses',), 0.3)
    for number in range(total):
        grey = np.full((600, 1200, 3), 50 + number % 200, np.uint8)
        made.add(Frame(grey, name, number), PERSON)
    made.write()
    return made


def test_pictures_in_rows_with_their_poses(tmp_path):
    made = sheet(tmp_path / 'new/sheet.png', 3)
    assert made.every == 1
    image = read_image(made.path)
    assert image.shape == (2 * HEIGHT, 2 * WIDTH, 3)
    # A quarter of the size, in the middle of a cell.
    top = (SIDE + GAP - 150) // 2
    for number, corner in enumerate([(0, 0), (WIDTH, 0), (0, HEIGHT)]):
        left, above = corner[0] + GAP // 2, corner[1] + top
        inside = image[above : above + 150, left : left + SIDE]
        assert (inside[:10] == 50 + number).all()
        assert tuple(inside[37, 75][::-1]) == PEOPLE[0]
        name = image[above + 200 : corner[1] + HEIGHT, left : left + 100]
        assert name.max() > 150
    assert (image[HEIGHT:, WIDTH:] == image[0, 0]).all()


def test_of_many_pictures_some_are_taken(tmp_path):
    made = sheet(tmp_path / 'sheet.png', 401)
    assert made.every == 2
    image = read_image(made.path)  # of 201 pictures
    assert image.shape[:2] == (14 * HEIGHT, 15 * WIDTH)
    assert image[SIDE // 2, WIDTH + GAP, 0] == 52  # the third


@pytest.mark.parametrize(
    'name', ['x' * 200 + '.jpg', 'h\xf6\udce9/\u4eba.jpg']
)
def test_names_of_all_kinds(tmp_path, name):
    image = read_image(sheet(tmp_path / 'sheet.tif', 1, name=name).path)
    assert image.shape == (HEIGHT, WIDTH, 3)
    assert image[-LINE - GAP // 2 :].max() > 150


def test_no_picture_no_file(tmp_path):
    made = ContactSheet(tmp_path / 'sheet.png', 3, ('poses',), 0.3)
    made.write()
    assert not made.path.exists()
