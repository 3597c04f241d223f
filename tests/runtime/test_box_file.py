"""Boxes from files: of which picture, and which are left out."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from distilpose_runtime.box_file import BoxFile
from distilpose_runtime.frames import Frame

IMAGE = np.zeros((100, 200, 3), np.uint8)


def frame(name, time=None, number=0):
    return Frame(IMAGE, name, number, time)


def box_file(folder, content, source=None):
    """Write content as JSON, as Windows' editors do, and read its boxes."""
    path = folder / 'x.json'
    path.write_text(json.dumps(content), encoding='utf-8-sig')
    return BoxFile(path, source)


def annotations(folder):
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
    return box_file(folder, data)


def test_annotation_file(tmp_path):
    boxes = annotations(tmp_path)
    assert boxes.left_out == {
        'is of another category': 1,
        'is of a crowd': 1,
    }
    assert boxes.find(frame('a.jpg'), 0).boxes.tolist() == [[1, 2, 4, 6]]
    found = boxes.find(frame('in/b.jpg'), 0)
    assert found.boxes.tolist() == [[5, 6, 12, 14]]
    assert found.scores.tolist() == [0.5]
    # A folder of which the file knows nothing.
    assert boxes.find(frame('x/a.jpg'), 0).boxes.tolist() == [[1, 2, 4, 6]]
    assert boxes._unknown == []
    assert len(boxes.find(frame('12.jpg'), 0).boxes) == 0
    assert boxes._unknown == ['12.jpg']


def boxes_of(folder, categories, *annotations, name='a.jpg'):
    content = dict(
        images=[dict(id=1, file_name=name), dict(id=2, file_name='b.jpg')],
        categories=categories,
        annotations=annotations,
    )
    return box_file(folder, content)


ONE = dict(image_id=1, category_id=0, bbox=[1, 2, 3, 4])


@pytest.mark.parametrize('categories', [
    [dict(id=0, name='human')],
    [dict(id=5, name='car'), dict(id=0, name='Person')],
    [dict(id=5, name='car'), dict(id=0, name='cow', keypoints=['nose'])],
    [dict(id=i, name=f'{i}', keypoints=['nose']) for i in range(2)],
])  # fmt: skip
@pytest.mark.parametrize('name', ['a.jpg', 'images/a.jpg', 'images\\a.jpg'])
def test_annotations_of_other_tools(tmp_path, categories, name):
    broken = dict(image_id=2, category_id=0)
    boxes = boxes_of(tmp_path, categories, ONE, broken, name=name)
    assert boxes.find(frame('a.jpg'), 0).boxes.tolist() == [[1, 2, 4, 6]]
    assert boxes._unknown == []
    assert boxes.left_out == {'has no bbox': 1}


def test_annotations_that_mean_nobody(tmp_path):
    both = [dict(id=0, name='cow'), dict(id=1, name='horse')]
    with pytest.raises(ValueError, match='"cow", "horse". is called "person"'):
        boxes_of(tmp_path, both, ONE)
    for change, message in (
        (dict(image_id=7), 'is of an image that the file lacks'),
        (dict(bbox=None), 'has no bbox'),
        (dict(iscrowd=1), 'is of a crowd'),
        (dict(category_id=5), 'is of another category'),
        (dict(bbox=[0, 0.1, 1, 0.9]), 'lie within 0 and 1, as shares'),
    ):
        with pytest.raises(ValueError, match=message):
            boxes_of(tmp_path, both[:1], dict(ONE, **change))


def test_letters_of_a_mac(tmp_path):
    given = 'M\u00fcller.jpg', 'Mu\u0308ller.jpg'
    for one, other in (given, given[::-1]):
        row = dict(ONE, category_id=1)
        boxes = boxes_of(tmp_path, [], row, name=one)
        assert len(boxes.find(frame(other), 0).boxes) == 1


def test_result_file(tmp_path):
    rows = [
        dict(image_id=7, category_id=1, bbox=[1, 2, 3, 4], score=0.25),
        dict(image_id=7, category_id=3, bbox=[1, 2, 3, 4], score=1),
    ]
    boxes = box_file(tmp_path, rows)
    found = boxes.find(frame('000000000007.jpg'), 0)
    assert found.boxes.tolist() == [[1, 2, 4, 6]]
    assert found.scores.tolist() == [0.25]
    # Of a video, the number of the frame counts.
    assert len(boxes.find(frame('7.mp4', time=0.1, number=7), 0).boxes) == 1
    assert len(boxes.find(frame('7.mp4', time=0.1, number=8), 0).boxes) == 0


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


@pytest.mark.parametrize('changes', [
    dict(image_id='1'),
    dict(image_id=1.0),
    dict(iscrowd='0'),
    dict(iscrowd=False),
    dict(score=None),
    dict(bbox=['1', '2', '3', '4']),
    dict(category_id='0'),
])  # fmt: skip
def test_values_as_other_tools_write_them(tmp_path, changes):
    boxes = boxes_of(tmp_path, [dict(id=0, name='cow')], dict(ONE, **changes))
    found = boxes.find(frame('a.jpg'), 0)
    assert found.boxes.tolist() == [[1, 2, 4, 6]]
    assert found.scores.tolist() == [1] and not boxes.left_out
    assert boxes.image_id(frame('a.jpg')) == 1


def test_other_sizes_and_pictures_are_told(tmp_path):
    """The sizes of pictures that were scaled after they were labelled."""
    images = [
        dict(id=1, file_name='a.jpg', width=400, height=200),
        dict(id=2, file_name='b.jpg', width=200, height=100),
        dict(id=3, file_name='c.jpg'),
    ]
    rows = [dict(ONE, image_id=i, category_id=1) for i in (1, 2, 3)]
    boxes = box_file(tmp_path, dict(images=images, annotations=rows))
    for name in ('a.jpg', 'b.jpg', 'x.jpg'):
        boxes.find(frame(name), 0)
    (text,) = boxes.remarks()
    assert 'It lacks x.jpg. It has boxes for 1 other pictures.' in text
    assert 'It gives 1 pictures another size' in text
    boxes.expect_known(3)
    with pytest.raises(ValueError, match='for none of the pictures'):
        boxes.expect_known(1)


@pytest.mark.parametrize('box, told', [
    ([100, 60, 180, 90], True),  # corners, in a picture of 200 x 100
    ([120, 10, 110, 50], True),
    ([10, 60, 50, 60], True),
    ([120, 10, 100, 50], False),  # a fifth of it
    ([-90, 10, 100, 50], False),
])  # fmt: skip
def test_corners_are_told(tmp_path, box, told):
    boxes = box_file(tmp_path, [dict(ONE, category_id=1, bbox=box)])
    boxes.find(frame('1.jpg'), 0)
    assert ['1 of its boxes reach' in x for x in boxes.remarks()] == [1] * told


@pytest.mark.parametrize('names, image_id', [
    (['000.jpg', '001.jpg'], '{:03d}'),  # texts
    (['frame_000.jpg', 'frame_001.jpg'], 'frame_{:03d}'),
    (['x/0.jpg', 'x/1.jpg'], 'b7-{}'),
])  # fmt: skip
def test_ids_that_are_texts(tmp_path, names, image_id):
    rows = [
        dict(ONE, image_id=image_id.format(i), category_id=1, file_name=name,
             bbox=[i, 2, 3, 4])
        for i, name in enumerate(names)
    ]  # fmt: skip
    images = [dict(id=x['image_id'], file_name=x['file_name']) for x in rows]
    for content in (rows, dict(images=images, annotations=rows)):
        boxes = box_file(tmp_path, content)
        for i, name in enumerate(names):
            assert boxes.find(frame(name), 0).boxes[0, 0] == i
            assert boxes.image_id(frame(name)) == image_id.format(i)


def test_ids_alone_that_are_texts(tmp_path):
    boxes = box_file(tmp_path, [dict(ONE, image_id='007', category_id=1)])
    assert len(boxes.find(frame('007.jpg'), 0).boxes) == 1
    assert len(boxes.find(frame('7.jpg'), 0).boxes) == 0


@pytest.mark.parametrize('name, ids, taken, told', [
    ('frame_{:06d}.PNG', [0, 1, 2, 3], [0, 1, 2, 3], ''),
    # Names win over ids.
    ('frame_{:06d}.PNG', [1, 2, 3, 4], [0, 1, 2, 3], ''),
    # 4 of 4 frames: both are counted from 1.
    ('{1}.jpg', [1, 2, 3, 4], [0, 1, 2, 3], 'from 1'),
    ('{1}.jpg', [1, 2, 3], [None, 0, 1, 2], 'from 0, though'),
    # The video's own name says nothing; nor does one that is not each frame's.
    ('a.mp4', [1, 2, 3, 4], [0, 1, 2, 3], 'from 1'),
    ('a.mp4', [0, 2, 3], [0, None, 1, 2], ''),
    ('x7.jpg', ['0', '2', '3'], [0, None, 1, 2], ''),
])  # fmt: skip
@pytest.mark.parametrize('as_list', [False, True])
def test_frames_of_a_video(tmp_path, name, ids, taken, told, as_list):
    """Each has its own boxes, not its neighbour's."""
    images = [
        dict(id=x, image_id=x, file_name=name.format(i, x), bbox=[i, 2, 3, 4])
        for i, x in enumerate(ids)
    ]
    rows = images if as_list else dict(images=images, annotations=images)
    source = SimpleNamespace(name='a.mp4', rate=20.0, frames=4)
    boxes = box_file(tmp_path, rows, source)
    for number, i in enumerate(taken):
        found = boxes.find(frame('a.mp4', number / 20, number), 0).boxes
        assert found[:, 0].tolist() == ([] if i is None else [i])
    told_now = ' '.join(boxes.remarks())
    assert told in told_now and bool(told) == ('counts' in told_now)
    known = [boxes.image_id(frame('', 1.0, i)) for i in range(8)]
    assert len(set(known)) == 8


def test_names_that_two_folders_have(tmp_path):
    """Without the right folder, nobody can know which one is meant."""
    images = [
        dict(id=i, file_name=f'{folder}/a.jpg')
        for i, folder in enumerate('xy')
    ]
    rows = [dict(ONE, image_id=1, category_id=1)]
    boxes = box_file(tmp_path, dict(images=images, annotations=rows))
    assert len(boxes.find(frame('y/a.jpg'), 0).boxes) == 1
    assert len(boxes.find(frame('z/a.jpg'), 0).boxes) == 0
    assert boxes._unknown == ['z/a.jpg']
