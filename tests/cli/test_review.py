"""``distilpose review``: the page, the file for a tool, and back."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from distilpose.checks.report import Report
from distilpose_cli import main
from distilpose_own_data.annotation_file import read_annotations
from distilpose_runtime.images import write_image

from ..runtime.graphs import pose_model
from ..web.test_browser import launch  # noqa: F401  (a fixture)
from .one_line import refused

BOX = [20, 10, 32, 40]
SIZE = (32 * 40) ** 0.5
# What the model says of the box: its middle, and the corner of its crop.
MIDDLE, CORNER = (36, 30), (16, 30 - 32 * 1.25 * 64 / 48 / 2)


@pytest.fixture
def work(tmp_path, monkeypatch):
    """Labels of four photos; of the third one, the student is furthest off.

    Distances of the middle are 0, 5 and 10 pixels, and of the corner 12 and
    0; the corner of the third and all of the fourth are not labelled.
    """
    monkeypatch.chdir(tmp_path)
    pose_model(Path('pose.onnx'))
    apart = [((0, 0), (0, 12)), ((3, 4), (0, 0)), ((6, 8), None), (None, None)]
    for i in range(4):
        image = np.full((96, 160, 3), 60 * i, np.uint8)
        write_image(Path(f'images/d/{i}.png'), image)
    people = []
    for i, moved in enumerate(apart):
        points = [
            [0, 0, 0] if by is None else [x + by[0], y + by[1], 1 + k]
            for k, ((x, y), by) in enumerate(zip((MIDDLE, CORNER), moved))
        ]
        people.append(
            dict(id=7 + i, image_id=i, category_id=5, bbox=BOX, area=640,
                 iscrowd=0, num_keypoints=2 - moved.count(None),
                 keypoints=sum(points, []), keypoint_scores=[0.7, 0.6])
        )  # fmt: skip
    write(
        'labels.json',
        info=dict(description='mine'),
        images=[
            dict(id=i, file_name=f'd/{i}.png', width=160, height=96)
            for i in range(4)
        ],
        annotations=people,
        categories=[
            dict(id=5, name='person', keypoints=['centre', 'corner'],
                 skeleton=[[1, 2]])
        ],
    )  # fmt: skip


def write(name, **content):
    Path(name).write_text(json.dumps(content))


def read(name):
    return json.loads(Path(name).read_text())


def shown():
    return re.findall(r'd/\d.png', Path('r.html').read_text())


def by_teacher():
    return read_annotations(Path('labels.json'), Report()).by_teacher


def review(*arguments):
    main(['review', 'labels.json', *map(str, arguments)])


PAGE = ('--images', 'images', '--student', 'pose.onnx', '--out', 'r.html')


def test_page_and_file_for_a_tool(work, capsys):
    review(*PAGE, '--first', 2)
    text = Path('r.html').read_text()
    assert shown() == ['d/2.png', 'd/0.png']
    values = [
        json.loads(x.replace('&quot;', '"'))
        for x in re.findall('data-values="(.*?)"', text)
    ]
    # The mean, the middle, the corner: differences, and sigmas of 2.5.
    wide = round(2.5 / SIZE, 4)
    expected = [
        [[10, 10, 0], [wide * SIZE, wide * SIZE, 0]],
        [[6, 0, 12], [wide * SIZE] * 3],
    ]
    np.testing.assert_allclose(
        np.array(values) * SIZE, expected, atol=0.01, rtol=1e-3
    )
    assert 'http' not in text.replace('data:image/jpeg;base64', '')
    # Both skeletons of the second photo; of the first, two dots have no line.
    assert text.count('<line') == 1 + 2 and text.count('class="less"') == 2
    found, labels = read('r.json'), read('labels.json')
    for part in ('images', 'annotations'):
        assert found[part] == labels[part][:3:2]
    assert '--merge CORRECTED.json' in capsys.readouterr().err


def test_sorted_in_a_browser(work, launch):  # noqa: F811
    """No request, no error; by the corner, the first photo is the worst."""
    review(*PAGE)
    page = launch().new_page()
    asked, problems = [], []
    page.on('request', lambda request: asked.append(request.url))
    page.on('pageerror', lambda error: problems.append(str(error)))
    page.goto(Path('r.html').resolve().as_uri())
    captions = page.locator('figcaption').all_inner_texts
    assert [x[-7:] for x in captions()] == ['d/2.png', 'd/0.png', 'd/1.png']
    page.select_option('#keypoint', label='corner')
    assert captions()[0] == f'{12 / SIZE:.3f} d/0.png'
    before = page.locator('image').first.bounding_box()['width']
    page.locator('svg').first.click()
    assert page.locator('figure.large').count() == 1
    after = page.locator('image').first.bounding_box()['width']
    assert after > 1.3 * before
    assert not problems
    assert all(url.startswith(('file:', 'data:')) for url in asked)


def test_corrected_labels_are_merged(work, capsys):
    """From a tool with numbers, folders and an order of its own."""
    content = read('labels.json')
    content['info']['teacher'] = 'a model'
    write('labels.json', **content)
    before = Path('labels.json').read_bytes()
    person = dict(category_id=1, bbox=BOX, area=640, iscrowd=0)
    write(
        'corrected.json',
        images=[
            dict(id=21, file_name='upload/2.png', width=160, height=96),
            dict(id=20, file_name='0.png', width=160, height=96),
        ],
        annotations=[
            dict(person, id=1, image_id=21, keypoints=[1, 2, 2, 3, 4, 1]),
            dict(person, id=7, image_id=21, keypoints=[5, 6, 2, 0, 0, 0]),
        ],
        categories=[dict(id=1, name='x', keypoints=['corner', 'centre'])],
    )
    review('--merge', 'corrected.json')
    found = read('labels.json')
    rows = [
        (x['id'], x['image_id'], x['category_id'], x['keypoints'])
        for x in found['annotations']
    ]
    # Nobody is left in the first photo. Of others, all is as it was.
    kept = json.loads(before)['annotations']
    assert [x for x in found['annotations'] if x['id'] < 11] == kept[1::2]
    assert rows[2:] == [
        (11, 2, 5, [3, 4, 1, 1, 2, 2]),
        (12, 2, 5, [0, 0, 0, 5, 6, 2]),
    ]
    corrected = [x['id'] for x in found['images'] if x.get('corrected')]
    assert corrected == [0, 2]
    assert Path('labels.1.json').read_bytes() == before
    assert '2 of 4 are corrected now' in capsys.readouterr().err
    # The next review leaves them out, the next merge keeps one more file.
    review(*PAGE)
    assert shown() == ['d/1.png']
    assert by_teacher()
    review('--merge', 'r.json')
    assert Path('labels.2.json').is_file()
    # Of the fourth photo, no keypoint is labelled: people corrected all.
    assert not by_teacher()


@pytest.mark.parametrize('change', [
    lambda x: x['annotations'][1].update(id='seven'),
    lambda x: [row.pop('id') for row in x['annotations']],
    lambda x: x['annotations'][1].pop('image_id'),
    lambda x: x['images'][1].pop('id'),
    lambda x: x['images'][1].pop('file_name'),
    lambda x: x['images'][0].pop('width'),
    lambda x: x['images'][0].update(width=None),
    lambda x: x['categories'].insert(0, dict(id=1, name='dog')),
    lambda x: x['categories'].insert(0, dict(x['categories'][0], id=2)),
    lambda x: x['annotations'][0].update(keypoint_sigmas=[1, 2, 3]),
    lambda x: x['categories'][0].update(keypoints=['centre ', 'corner']),
])  # fmt: skip
def test_odd_labels_are_shown_and_merged(work, change):
    """Of the first photo, the person is replaced, and the dog stays."""
    content = read('labels.json')
    change(content)
    dog = dict(id=30, image_id=0, category_id=1, bbox=[1, 2, 3, 4])
    content['annotations'].append(dog)
    content['categories'].append(dict(id=1, name='dog'))
    write('labels.json', **content)
    review(*PAGE)
    part = read('r.json')
    part['images'] = [x for x in part['images'] if x.get('id') == 0]
    part['annotations'] = [
        dict(x, keypoints=[7, 8, 2, 9, 9, 2])
        for x in part['annotations']
        if x.get('image_id') == 0 and x['category_id'] == 5
    ]
    write('r.json', **part)
    review('--merge', 'r.json')
    *others, person = read('labels.json')['annotations']
    assert person['keypoints'] == [7, 8, 2, 9, 9, 2]
    assert person['image_id'] == 0 and person['category_id'] == 5
    assert others == content['annotations'][1:]


@pytest.mark.parametrize(
    'out', ['labels.html', 'labels.json', 'pose.onnx', 'images', '', 'page']
)
def test_no_file_of_the_user_is_written_over(work, out):
    def files():
        return {x: x.read_bytes() for x in Path().rglob('*.*') if x.is_file()}

    before = files()
    assert 'Name a' in refused('review', 'labels.json', *PAGE[:-1], out)
    assert files() == before


def test_a_file_that_was_corrected_in_its_place_is_kept(work, capsys):
    review(*PAGE)
    review(*PAGE)  # the same file again
    assert not Path('r.1.json').exists()
    Path('r.json').write_text('corrected')
    capsys.readouterr()
    review(*PAGE)
    assert Path('r.1.json').read_text() == 'corrected'
    assert 'r.1.json' in capsys.readouterr().err


@pytest.mark.parametrize('box', [None, [20, 10, 0, 0]])
def test_people_without_boxes(box, work):
    """As SLEAP writes them: boxes are made of two labels or more."""
    content = read('labels.json')
    for row in content['annotations']:
        del row['bbox']
        row.update(dict(bbox=box) if box else {})
    write('labels.json', **content)
    review(*PAGE)
    assert sorted(shown()) == ['d/0.png', 'd/1.png']


def test_a_damaged_photo_is_left_out(work, monkeypatch, capsys):
    """If it is none of those that are looked at before."""
    monkeypatch.setattr('distilpose_own_data.photos.DECODED', 1)
    photo = np.random.default_rng(0).integers(0, 256, (96, 160, 3), np.uint8)
    content = write_image(Path('cut.jpg'), photo).read_bytes()
    Path('images/d/2.png').write_bytes(content[: len(content) // 2])
    review(*PAGE)
    assert shown() == ['d/0.png', 'd/1.png']
    said = capsys.readouterr().err
    assert 'd/2.png" is left out: the file is cut off' in said


@pytest.mark.parametrize('labels, corrected, unknown', [
    ('d/0 d/1', 'd/0 upload/0', 'upload/0'),
    ('d/0 d/1', 'upload/0 d/0', 'd/0'),
    ('d/0 e/0', 'upload/0 e/0', 'upload/0'),
    ('d/0 e/0', '0 e/0', '0'),
    ('0 e/0', '0 e/0', '0'),
    ('d/0 e/1', 'e/0 e/1', 'e/0'),  # the first may be one of another folder
    ('d/0 e/0', 'e/0 d/0', None),
    ('d/0 e/1', '1 upload/0', None),
])  # fmt: skip
def test_photos_of_one_name_are_not_mixed_up(work, labels, corrected, unknown):
    content = read('labels.json')
    for file, names in (('other', corrected), ('labels', labels)):
        for i, name in enumerate(names.split()):
            content['images'][i]['file_name'] = f'{name}.png'
            content['annotations'][i]['keypoints'][:2] = [40 + i, 30]
        part = dict(content, images=content['images'][:2])
        part['annotations'] = part['annotations'][:2]
        write(f'{file}.json', **part)
    if unknown:
        message = f'has 1 images .* twice: {unknown}.png. .* Give each'
        with pytest.raises(SystemExit, match=message):
            review('--merge', 'other.json')
        return
    review('--merge', 'other.json')  # in the other order
    rows = read('labels.json')['annotations']
    x = {row['image_id']: row['keypoints'][0] for row in rows}
    assert x == {0: 41, 1: 40}


@pytest.mark.parametrize('names', [('cat', 'dog'), ('dog', 'cat')])
def test_kinds_of_animals_stay_what_they_are(names, work):
    """A tool numbers categories anew; one that is new is not guessed."""
    content = read('labels.json')
    (kind,) = content['categories']
    for i, row in enumerate(content['annotations']):
        row['category_id'] = 5 + i % 2
    kinds = [dict(kind, id=5, name='cat'), dict(kind, id=6, name='dog')]
    write('labels.json', **dict(content, categories=kinds))
    for i, row in enumerate(content['annotations']):
        row['category_id'] = names.index(('cat', 'dog')[i % 2])
    kinds = [dict(kind, id=i, name=name) for i, name in enumerate(names)]
    write('corrected.json', **dict(content, categories=kinds))
    review('--merge', 'corrected.json')
    rows = read('labels.json')['annotations']
    assert [x['category_id'] for x in rows] == [5, 6, 5]
    kinds[1]['name'] = 'horse'
    write('corrected.json', **dict(content, categories=kinds))
    message = 'has people of horse, expected cat, dog'
    assert message in refused(
        'review', 'labels.json', '--merge', 'corrected.json'
    )


@pytest.mark.parametrize('part, change, message', [
    ('images', dict(width=96, height=160),  # as stored, not as shown
     '"d/0.png", 96 x 160, and 160 x 96 in the labels'),
    ('categories', dict(keypoints=['a', 'corner']),
     'has the keypoints a, corner, expected centre, corner'),
    ('images', dict(file_name='z.png'),
     'has 1 images that the labels have not'),
    ('annotations', dict(keypoints=[1, 2]), 'do not have 6 numbers'),
    ('images', dict(id=[]), 'id of number 1 of its images'),
])  # fmt: skip
def test_nothing_is_merged_of_what_does_not_fit(work, part, change, message):
    before = Path('labels.json').read_bytes()
    content = read('labels.json')
    content[part][0].update(change)
    write('other.json', **content)
    merge = ('labels.json', '--merge', 'other.json')
    assert message in refused('review', *merge)
    assert Path('labels.json').read_bytes() == before
    assert not Path('labels.1.json').exists()


@pytest.mark.parametrize('images, student, message', [
    ('images', (), 'needs --images FOLDER and --student'),
    ('images', ('--student', 'none.onnx'), 'none.onnx'),
    ('images', ('--student', 'distilpose-lsp'), 'the same keypoints'),
    ('none', PAGE[2:], 'There is no folder "none"'),
    ('empty', PAGE[2:], 'images are not there'),
])  # fmt: skip
def test_refused_in_one_line(work, images, student, message):
    Path('empty').mkdir()
    given = ('labels.json', '--images', images, *student)
    assert message in refused('review', *given)
    assert not Path('r.html').exists()
