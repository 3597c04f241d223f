"""Boxes from files, and who is left out."""

import json
from collections import Counter

import numpy as np
import pytest

from distilpose_runtime.frames import Frame
from distilpose_runtime.media import Images
from distilpose_runtime.people import (
    BoxFile,
    People,
    choose,
    image_ids,
    whole_picture,
)

IMAGE = np.zeros((100, 200, 3), np.uint8)
BOXES = np.array(
    [
        [0, 0, 50, 50],
        [10, 10, 10, 40],  # no width
        [-30, -30, 20, 90],  # partly outside
        [300, 10, 340, 60],  # outside
        [np.nan, 0, 10, 10],
        [0, 0, 20, 20],
    ],
    np.float32,
)
SCORES = np.array([0.9, 0.9, 0.5, 0.9, 0.9, 0.2], np.float32)


def frame(name, time=None, number=0):
    return Frame(IMAGE, name, number, time)


def test_choose():
    faults = Counter()
    found = choose(People(BOXES, SCORES), IMAGE, 0.35, None, faults)
    assert found.boxes.tolist() == [[0, 0, 50, 50], [-30, -30, 20, 90]]
    assert found.scores == pytest.approx([0.9, 0.5])
    assert sum(faults.values()) == 3
    assert any('not finite' in fault for fault in faults)


def test_choose_the_largest():
    found = choose(People(BOXES, SCORES), IMAGE, 0.0, 1, Counter())
    assert found.boxes.tolist() == [[-30, -30, 20, 90]]
    scores = np.array([0.9, np.nan, np.inf, 1, 1, 0.9], np.float32)
    found = choose(People(BOXES, scores), IMAGE, 0.0, 2, Counter())
    assert found.boxes.tolist() == [[0, 0, 50, 50], [0, 0, 20, 20]]
    ordered = [[0, 0, 9, 9], [0, 0, 5, 5], [0, 0, 99, 99], [0, 0, 50, 50]]
    four = People(np.array(ordered, np.float32), np.ones(4, np.float32))
    found = choose(four, IMAGE, 0.0, 3, Counter())
    assert found.boxes.tolist() == [ordered[0], *ordered[2:]]
    empty = People(np.empty((0, 4), np.float32), np.empty(0, np.float32))
    assert len(choose(empty, IMAGE, 0.0, 3, Counter()).boxes) == 0


def test_whole_picture():
    people = whole_picture(frame('a'), 0.9)
    assert people.boxes.tolist() == [[0, 0, 200, 100]]
    assert people.scores.tolist() == [1]


def annotations(path):
    data = dict(
        images=[
            dict(id=11, file_name='a.jpg'),
            dict(id=12, file_name='in/b.jpg'),
        ],
        categories=[dict(id=1, name='car'), dict(id=4, name='person')],
        annotations=[
            dict(image_id=11, category_id=4, bbox=[1, 2, 3, 4], iscrowd=0),
            dict(image_id=11, category_id=1, bbox=[9, 9, 9, 9]),
            dict(image_id=11, category_id=4, bbox=[9, 9, 9, 9], iscrowd=1),
            dict(image_id=12, bbox=[5, 6, 7, 8], score=0.5),
        ],
    )
    path.write_text(json.dumps(data))
    return BoxFile(path)


def test_annotation_file(tmp_path):
    boxes = annotations(tmp_path / 'boxes.json')
    assert boxes(frame('a.jpg'), 0).boxes.tolist() == [[1, 2, 4, 6]]
    found = boxes(frame('in/b.jpg'), 0)
    assert found.boxes.tolist() == [[5, 6, 12, 14]]
    assert found.scores.tolist() == [0.5]
    # A folder of which the file knows nothing.
    assert boxes(frame('x/a.jpg'), 0).boxes.tolist() == [[1, 2, 4, 6]]
    assert boxes.unknown == []
    assert len(boxes(frame('12.jpg'), 0).boxes) == 0
    assert boxes.unknown == ['12.jpg']


def boxes_of(path, categories, *annotations, name='a.jpg'):
    content = dict(
        images=[dict(id=1, file_name=name), dict(id=2, file_name='b.jpg')],
        categories=categories,
        annotations=annotations,
    )
    path.write_text(json.dumps(content), encoding='utf-8-sig')
    return BoxFile(path)


ONE = dict(image_id=1, category_id=0, bbox=[1, 2, 3, 4])


@pytest.mark.parametrize('categories', [
    [dict(id=0, name='human')],
    [dict(id=5, name='car'), dict(id=0, name='Person')],
    [dict(id=5, name='car'), dict(id=0, name='cow', keypoints=['nose'])],
])  # fmt: skip
@pytest.mark.parametrize('name', ['a.jpg', 'images/a.jpg', 'images\\a.jpg'])
def test_annotations_of_other_tools(tmp_path, categories, name):
    path = tmp_path / 'x.json'
    broken = dict(image_id=2, category_id=0)
    boxes = boxes_of(path, categories, ONE, broken, name=name)
    assert boxes(frame('a.jpg'), 0).boxes.tolist() == [[1, 2, 4, 6]]
    assert boxes.unknown == [] and boxes.without_box == 1


def test_annotations_that_mean_nobody(tmp_path):
    path = tmp_path / 'x.json'
    both = [dict(id=0, name='cow'), dict(id=1, name='horse')]
    with pytest.raises(ValueError, match='"cow", "horse". is called "person"'):
        boxes_of(path, both, ONE)
    with pytest.raises(ValueError, match="of the image '1', but none"):
        boxes_of(path, both[:1], dict(ONE, image_id='1'))
    with pytest.raises(ValueError, match="'bbox' is missing"):
        boxes_of(path, both[:1], dict(image_id=1, category_id=0))


def test_letters_of_a_mac(tmp_path):
    given = 'M\u00fcller.jpg', 'Mu\u0308ller.jpg'
    for one, other in (given, given[::-1]):
        boxes = boxes_of(tmp_path / 'x.json', [], dict(ONE, category_id=1),
                         name=one)  # fmt: skip
        assert len(boxes(frame(other), 0).boxes) == 1


def test_result_file(tmp_path):
    rows = [
        dict(image_id=7, category_id=1, bbox=[1, 2, 3, 4], score=0.25),
        dict(image_id=7, category_id=3, bbox=[1, 2, 3, 4], score=1),
    ]
    (tmp_path / 'boxes.json').write_text(json.dumps(rows))
    boxes = BoxFile(tmp_path / 'boxes.json')
    found = boxes(frame('000000000007.jpg'), 0)
    assert found.boxes.tolist() == [[1, 2, 4, 6]]
    assert found.scores.tolist() == [0.25]
    # Of a video, the number of the frame counts.
    assert len(boxes(frame('7.mp4', time=0.1, number=7), 0).boxes) == 1
    assert len(boxes(frame('7.mp4', time=0.1, number=8), 0).boxes) == 0


@pytest.mark.parametrize(
    'text',
    ['', '{}', '[1]', '{"images": []}', '[{"image_id": 1}]', '3', '[{"a": 1}]',
     '[{"image_id": 1, "bbox": [1, 2]}]',
     '[{"image_id": Infinity, "bbox": [1, 2, 3, 4]}]'],
)  # fmt: skip
def test_no_boxes(tmp_path, text):
    path = tmp_path / 'boxes.json'
    path.write_text(text)
    with pytest.raises(ValueError, match='holds no boxes') as error:
        BoxFile(path)
    assert '\n' not in str(error.value)


def test_image_ids(tmp_path):
    """As in the file of boxes; as COCO names its images; counted."""

    def ids(names, boxes=None):
        source = Images([tmp_path / x for x in names], tmp_path, 'x')
        image_id = image_ids(source, boxes)
        return [
            image_id(frame(name, number=i)) for i, name in enumerate(names)
        ]

    assert ids(['000000000139.jpg', '0285.png']) == [139, 285]
    assert ids(['139.jpg', 'b.jpg']) == [1, 2]
    assert ids(['139.jpg', '0139.jpg']) == [1, 2]
    boxes = annotations(tmp_path / 'boxes.json')
    assert ids(['a.jpg', 'c.jpg', 'in/b.jpg'], boxes) == [11, 14, 12]
    image_id = image_ids(object(), None)
    assert image_id(frame('a.mp4', time=1.0, number=30)) == 30
