"""Boxes from files: of which picture, and which are left out."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from distilpose_runtime.box_file import BoxFile
from distilpose_runtime.frames import Frame
from distilpose_runtime.media import Images

IMAGE = np.zeros((100, 200, 3), np.uint8)
NAMES = {1: 'a.jpg', 2: 'b.jpg'}
ONE = dict(image_id=1, category_id=1, bbox=[1, 2, 3, 4])


@pytest.fixture
def opened(tmp_path):
    """Writes content as JSON, as Windows' editors do, and reads its boxes."""

    def opened(content, source=None):
        path = tmp_path / 'x.json'
        path.write_text(json.dumps(content), encoding='utf-8-sig')
        return BoxFile(path, source)

    return opened


def annotated(*rows, names=NAMES, categories=(dict(id=1, name='person'),)):
    """Annotations of images, whose names are given by their ids."""
    images = [dict(id=i, file_name=name) for i, name in names.items()]
    return dict(images=images, categories=categories, annotations=rows)


def frame(name, time=None, number=0):
    return Frame(IMAGE, name, number, time)


def found(boxes, *of):
    """The boxes of a frame."""
    return boxes.find(frame(*of), 0).boxes.tolist()


def test_annotation_file(opened):
    rows = (
        dict(image_id=11, category_id=4, bbox=[1, 2, 3, 4], iscrowd=0),
        dict(image_id=11, category_id=1, bbox=[9, 9, 9, 9]),
        dict(image_id=11, category_id=4, bbox=[9, 9, 9, 9], iscrowd=1),
        dict(image_id=12, bbox=[5, 6, 7, 8], score=0.5),
    )
    categories = [dict(id=1, name='car'), dict(id=4, name='person')]
    names = {11: 'a.jpg', 12: 'in/b.jpg'}
    boxes = opened(annotated(*rows, names=names, categories=categories))
    assert boxes.left_out == {'is of another category': 1, 'is of a crowd': 1}
    assert found(boxes, 'a.jpg') == [[1, 2, 4, 6]]
    assert found(boxes, 'in/b.jpg') == [[5, 6, 12, 14]]
    assert boxes.find(frame('in/b.jpg'), 0).scores.tolist() == [0.5]
    # A folder of which the file knows nothing.
    assert found(boxes, 'x/a.jpg') == [[1, 2, 4, 6]]
    assert boxes._unknown == []
    assert found(boxes, '12.jpg') == []
    assert boxes._unknown == ['12.jpg']


@pytest.mark.parametrize('categories', [
    [dict(id=0, name='human')],
    [dict(id=5, name='car'), dict(id=0, name='Person')],
    [dict(id=5, name='car'), dict(id=0, name='cow', keypoints=['nose'])],
    [dict(id=i, name=f'{i}', keypoints=['nose']) for i in range(2)],
])  # fmt: skip
@pytest.mark.parametrize('name', ['a.jpg', 'images/a.jpg', 'images\\a.jpg'])
def test_annotations_of_other_tools(opened, categories, name):
    rows = dict(ONE, category_id=0), dict(image_id=2, category_id=0)
    names = {1: name, 2: 'b.jpg'}
    boxes = opened(annotated(*rows, names=names, categories=categories))
    assert found(boxes, 'a.jpg') == [[1, 2, 4, 6]]
    assert boxes._unknown == []
    assert boxes.left_out == {'has no bbox': 1}


@pytest.mark.parametrize('change, message', [
    (dict(image_id=7), 'is of an image that the file lacks'),
    (dict(bbox=None), 'has no bbox'),
    (dict(iscrowd=1), 'is of a crowd'),
    (dict(category_id=5), 'is of another category'),
    (dict(bbox=[0, 0.1, 1, 0.9]), 'lie within 0 and 1, as shares'),
])  # fmt: skip
def test_annotations_that_mean_nobody(opened, change, message):
    with pytest.raises(ValueError, match=message):
        opened(annotated({**ONE, **change}))
    both = [dict(id=0, name='cow'), dict(id=1, name='horse')]
    with pytest.raises(ValueError, match='"cow", "horse". is called "person"'):
        opened(annotated(ONE, categories=both))


def test_letters_of_a_mac(opened):
    given = 'M\u00fcller.jpg', 'Mu\u0308ller.jpg'
    for one, other in (given, given[::-1]):
        assert len(found(opened(annotated(ONE, names={1: one})), other)) == 1


def test_result_file(opened):
    rows = [
        dict(image_id=7, category_id=1, bbox=[1, 2, 3, 4], score=0.25),
        dict(image_id=7, category_id=3, bbox=[1, 2, 3, 4], score=1),
    ]
    boxes = opened(rows)
    assert found(boxes, '000000000007.jpg') == [[1, 2, 4, 6]]
    assert boxes.find(frame('7.jpg'), 0).scores.tolist() == [0.25]
    # Of a video, the number of the frame counts.
    assert found(boxes, '7.mp4', 0.1, 7) == [[1, 2, 4, 6]]
    assert found(boxes, '7.mp4', 0.1, 8) == []


@pytest.mark.parametrize('text', [
    '', '{}', '[1]', '{"images": []}', '[{"image_id": 1}]', '3', '[{"a": 1}]',
    '[{"image_id": 1, "bbox": [1, 2]}]',
    '[{"image_id": Infinity, "bbox": [1, 2, 3, 4]}]',
])  # fmt: skip
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
    dict(category_id='1'),
])  # fmt: skip
def test_values_as_other_tools_write_them(opened, changes):
    boxes = opened(annotated({**ONE, **changes}))
    assert found(boxes, 'a.jpg') == [[1, 2, 4, 6]]
    assert boxes.find(frame('a.jpg'), 0).scores.tolist() == [1]
    assert not boxes.left_out
    assert boxes.image_id(frame('a.jpg')) == 1


def test_other_sizes_and_pictures_are_told(opened):
    """The sizes of pictures that were scaled after they were labelled."""
    rows = [dict(ONE, image_id=i) for i in (1, 2, 3)]
    content = annotated(*rows, names={**NAMES, 3: 'c.jpg'})
    content['images'][0].update(width=400, height=200)
    content['images'][1].update(width=200, height=100)
    boxes = opened(content)
    for name in ('a.jpg', 'b.jpg', 'x.jpg'):
        found(boxes, name)
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
def test_corners_are_told(opened, box, told):
    boxes = opened([dict(ONE, bbox=box)])
    found(boxes, '1.jpg')
    assert ['1 of its boxes reach' in x for x in boxes.remarks()] == [1] * told


def with_names(ids, names):
    """Entries that are both images and boxes, each at another place."""
    return [
        dict(id=x, image_id=x, file_name=name, bbox=[i, 2, 3, 4])
        for i, (x, name) in enumerate(zip(ids, names))
    ]


@pytest.mark.parametrize('names, image_id', [
    (['000.jpg', '001.jpg'], '{:03d}'),  # texts
    (['frame_000.jpg', 'frame_001.jpg'], 'frame_{:03d}'),
    (['x/0.jpg', 'x/1.jpg'], 'b7-{}'),
])  # fmt: skip
def test_ids_that_are_texts(opened, names, image_id):
    rows = with_names([image_id.format(i) for i in range(2)], names)
    for content in (rows, dict(images=rows, annotations=rows)):
        boxes = opened(content)
        for i, name in enumerate(names):
            assert found(boxes, name)[0][0] == i
            assert boxes.image_id(frame(name)) == image_id.format(i)


def test_ids_alone_that_are_texts(opened):
    boxes = opened([dict(ONE, image_id=x) for x in ('007', 'b7')])
    for stem, count in (('007', 1), ('7', 0), ('b7', 1), ('c7', 0)):
        assert len(found(boxes, f'{stem}.jpg')) == count


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
def test_frames_of_a_video(opened, name, ids, taken, told, as_list):
    """Each has its own boxes, not its neighbour's."""
    rows = with_names(ids, [name.format(i, x) for i, x in enumerate(ids)])
    content = rows if as_list else dict(images=rows, annotations=rows)
    source = SimpleNamespace(name='a.mp4', rate=20.0, frames=4)
    boxes = opened(content, source)
    for number, i in enumerate(taken):
        own = [box[0] for box in found(boxes, 'a.mp4', number / 20, number)]
        assert own == ([] if i is None else [i])
    told_now = ' '.join(boxes.remarks())
    assert told in told_now and bool(told) == ('counts' in told_now)
    assert len({boxes.image_id(frame('', 1.0, i)) for i in range(8)}) == 8


def test_names_that_two_folders_have(opened):
    """Without the right folder, nobody can know which one is meant."""
    boxes = opened(annotated(ONE, names={0: 'x/a.jpg', 1: 'y/a.jpg'}))
    assert len(found(boxes, 'y/a.jpg')) == 1
    assert len(found(boxes, 'z/a.jpg')) == 0
    assert boxes._unknown == ['z/a.jpg']


@pytest.mark.parametrize('content', [
    annotated(ONE, names={1: '7.jpg'}), annotated(ONE, names={1: 'z/7.jpg'}),
    [dict(ONE, image_id=7)],
])  # fmt: skip
def test_two_pictures_that_would_be_the_same_one(opened, content):
    """Their people would come out as those of one picture."""
    source = Images([Path('x/7.jpg'), Path('y/7.jpg')], Path(), '')
    boxes = opened(content, source)
    assert [found(boxes, name) for name in source.names()] == [[], []]
    frames = [frame(x, None, i) for i, x in enumerate(source.names())]
    assert len({boxes.image_id(x) for x in frames} - {1, 7}) == 2
    assert 'x/7.jpg, y/7.jpg are called as another' in boxes.remarks()[0]


def test_the_whole_name_goes_before_a_name_without_folders(opened):
    source = Images([Path('7.jpg'), Path('y/7.jpg')], Path(), '')
    boxes = opened(annotated(ONE, names={1: '7.jpg'}), source)
    assert found(boxes, '7.jpg') and not found(boxes, 'y/7.jpg')
