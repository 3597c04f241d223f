"""A transform that decodes every image once."""

import cv2
import numpy as np
import pytest
from mmengine.registry import init_default_scope
from mmpose.registry import TRANSFORMS

from distilpose.data import LoadImageOnce


@pytest.fixture
def photo(tmp_path):
    image = np.random.default_rng(0).integers(0, 255, (5, 7, 3), np.uint8)
    cv2.imwrite(str(tmp_path / 'one.png'), image)
    return str(tmp_path / 'one.png')


def test_as_load_image_but_from_memory(photo):
    init_default_scope('mmpose')
    stock, once = (
        TRANSFORMS.build(dict(type=kind, to_float32=True))
        for kind in ('LoadImage', 'LoadImageOnce')
    )
    expected = stock(dict(img_path=photo))
    first = once(dict(img_path=photo))
    cv2.imwrite(photo, np.zeros((2, 2, 3), np.uint8))
    for found in (first, once(dict(img_path=photo))):
        assert found.keys() == expected.keys()
        assert found['img_shape'] == found['ori_shape'] == (5, 7)
        assert found['img'].dtype == np.float32
        np.testing.assert_array_equal(found['img'], expected['img'])


def test_no_transform_can_change_it_for_later_epochs(photo):
    image = LoadImageOnce()(dict(img_path=photo))['img']
    with pytest.raises(ValueError, match='read-only'):
        image += 1


def test_missing_image(tmp_path):
    missing = dict(img_path=str(tmp_path / 'no.png'))
    with pytest.raises(FileNotFoundError, match=r'no\.png'):
        LoadImageOnce()(missing)
    assert LoadImageOnce(ignore_empty=True)(missing) is None
