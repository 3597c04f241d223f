"""What ``distilpose init`` reads and reports, and when it writes."""

import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.models import build_pose_estimator
from mmpose.registry import DATASETS

from distilpose_cli import main
from distilpose_own_data import init

from ..cli.one_line import refused
from . import dialects
from .dialects import DIALECTS, KEYPOINTS, scenes
from .runs import SPLITS, load, names_of_images, start


def nothing_written(folder):
    return not folder.exists() and not [*folder.parent.glob('.*')]


def drawn():
    """Drawn people as sorted lists of x, y and whether they are labelled."""
    people = [p.keypoints for scene in scenes() for p in scene.people]
    return sorted(np.c_[k[:, :2], k[:, 2] > 0].tolist() for k in people)


@pytest.mark.parametrize('dialect', DIALECTS)
def test_every_tool(dialect, exported, tmp_path):
    """The same people come from all of them, in configs that build."""
    report = start(exported(dialect), tmp_path / 'run')
    few = 'People to validate on: only 1. Each of them moves the figures '
    assert not report.errors
    assert all(x.startswith(few) for x in report.warnings)
    config = Config.fromfile(tmp_path / 'run/config.py')
    init_default_scope('mmpose')
    found = []
    for split in SPLITS:
        content = load(tmp_path / 'run', split)
        images = {image['id']: image for image in content['images']}
        for person in content['annotations']:
            k = np.array(person['keypoints']).reshape(17, 3)
            found.append(np.c_[k[:, :2], k[:, 2] > 0].tolist())
            assert person['num_keypoints'] == (k[:, 2] > 0).sum() > 0
            image = images[person['image_id']]
            x, y, w, h = person['bbox']
            assert 0 <= x < x + w <= image['width']
            assert 0 <= y < y + h <= image['height']
            assert 0 < person['area'] <= w * h
            seen = k[k[:, 2] > 0, :2]
            assert (seen >= [x, y]).all() and (seen <= [x + w, y + h]).all()
        dataset = DATASETS.build(config[f'{split}_dataloader'].dataset)
        assert len(dataset) == len(content['annotations']) > 0
        assert dataset[0]['inputs'].shape == (3, 96, 64)
    assert sorted(found) == drawn()
    info = dataset.metainfo
    assert [*info['flip_indices'][:5]] == [0, 2, 1, 4, 3]
    assert len(info['skeleton_links']) == 19
    assert info['sigmas'][[0, 5, 16]] == pytest.approx([0.026, 0.079, 0.089])
    model = build_pose_estimator(config.model)
    assert model.neck.num_keypoints == model.head.num_joints == 17
    assert config.model.test_cfg.flip_test
    flips = [t.type for t in config.train_dataloader.dataset.pipeline]
    assert 'RandomFlip' in flips


def test_no_split_given(exported, tmp_path):
    """Whole images are set aside, and copies of a photo stay together."""
    start(exported(dialects.roboflow), tmp_path / 'run', val=None)
    train, val = (names_of_images(tmp_path / 'run', x) for x in SPLITS)
    sources = [{x.split('.rf.')[0] for x in part} for part in (train, val)]
    assert not sources[0] & sources[1] and len(sources[1]) == 1
    assert len(train) + len(val) == 9


def test_category(files, tmp_path):
    """Two kinds of things with keypoints of their own: one is chosen."""

    def change(content):
        content['categories'][0].update(keypoints=['top', 'bottom'])
        content['annotations'][0].update(keypoints=[5, 5, 2, 9, 9, 2])

    files = files.changed(tmp_path / 'two.json', change)
    with pytest.raises(ValueError, match='"ball" .2 keypoints.*--category'):
        start(files, tmp_path / 'run')
    start(files, tmp_path / 'run', category='ball')
    assert len(load(tmp_path / 'run')['annotations']) == 1


# Changes of CVAT's file, whose first annotation is a ball without keypoints,
# whose second is a person, and whose second category is that of people.


def all_of(part, **values):
    """Set keys of all items; of annotations, of those of people."""

    def change(content):
        for item in content[part]:
            if part != 'annotations' or 'keypoints' in item:
                for key, value in values.items():
                    item[key] = value(item) if callable(value) else value

    return change


def one_of(part, number, **values):
    return lambda content: content[part][number].update(values)


people = partial(all_of, 'annotations')
person = partial(one_of, 'annotations', 1)
category = partial(one_of, 'categories', 1)
image = partial(one_of, 'images', 1)


def named(*names):
    """Other names of keypoints, from the fourth on."""
    return category(
        keypoints=[*KEYPOINTS[:3], *names, *KEYPOINTS[3 + len(names) :]]
    )


def both(*changes):
    return lambda content: [change(content) for change in changes]


DEKR = 'dekr_hrnet-w32_8xb10-140e_coco-512x512'
UNKNOWN = {
    'no student.*distilpose-s': dict(student='distilpos-s'),
    'no student.*cspnext-t, cspnext-s, cs': dict(student='cspnext-l'),
    'Nearest: ': dict(teacher='td-hm_hrnet-w99'),
    'describes a BottomupPoseEstimator. `distilpose tea': dict(teacher=DEKR),
    '`distilpose teachers WORD` lists': dict(teacher=''),
    'no category called "cat"': dict(category='cat'),
    'no checkpoint "gone.pth"': dict(start='gone.pth'),
    'no checkpoint "rtmpose-x".*Nearest: ': dict(start='rtmpose-x'),
    'no published': dict(start='tokenpose-stem_8xb64-300e_coco-256x192'),
    '--val, which is not given': dict(val_images=Path('photos')),
}
BAD = {
    'no category that names keypoints.*"ball", "person"': (
        all_of('categories', keypoints=None)
    ),
    'keypoints twice: nose.*rename them': named('nose'),
    'keypoints without a name': named(' '),
    'images is missing': lambda c: c.pop('images'),
    'of objects .*, but annotations is missing or something else': (
        lambda c: c['annotations'].append(None)
    ),
    "width of number 2 of its images is '640', exp": image(width='640'),
    r"image_id of number 2 of its annotat.* '\[1\]'": person(image_id=[1]),
    "of number 2 of its categories is '17', expect": category(keypoints=17),
    'expected a list of names': category(keypoints=[['nose']]),
    "file_name of number 2 of its images is '7'": image(file_name=7),
    'is no JSON file .E': '<annotations/>',
    'is no JSON file': '[' * 100_000,
    'not in COCO format': '[1, 2]',
}
OTHERS = (
    'have 0 of them in common',
    category(keypoints=[*map('k{}'.format, range(17))]),
    dict(teacher='td-hm_hrnet-w48_8xb64-210e_animalpose-256x256'),
)


@pytest.mark.parametrize(
    'message, change, options',
    [(message, change, {}) for message, change in BAD.items()]
    + [(message, person(), options) for message, options in UNKNOWN.items()]
    + [OTHERS],
)
def test_what_cannot_be_used(message, change, options, files, tmp_path):
    bad = files._replace(train=tmp_path / 'bad.json')
    if isinstance(change, str):
        bad.train.write_text(change)
    else:
        files.changed(bad.train, change)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        start(bad, tmp_path / 'run', **options)
    assert nothing_written(tmp_path / 'run')


def corners(person):
    x, y, w, h = person['bbox']
    return x, y, x + w, y + h


LESS = one_of('images', 0, file_name='gone.png')
ERRORS = {
    'no annotations.\n.*Nobody is left': lambda c: c.update(annotations=[]),
    'Nobody is left': people(keypoints=[0] * 51),
    '14 of 14 people do not have 51 numbers .* of 17. First: 2 with 48 v': (
        people(keypoints=lambda p: p['keypoints'][:-3])
    ),
    "First: 2 with .{'nose'": people(keypoints={'nose': [1]}),
    'train: Nobody is left to use': both(  # a keypoint makes no box
        category(keypoints=['tip'], skeleton=[]),
        people(keypoints=[9, 9, 2], bbox=[0, 0, 0, 0]),
    ),
    "does not list .ids there: '1', '2', '3', .*First: 2 of image 1,": (
        all_of('images', id=lambda x: str(x['id']))
    ),
    "does not list .ids there: '1', '2'.*First: 1 of category 1,": (
        all_of('categories', id=lambda x: str(x['id']))
    ),
    '12 of 12 images lack id or file_name': all_of('images', id=None),
    'within 0..1': people(keypoints=[0.5, 0.5, 2] * 17),
    '12 of 12 images are not there.*has 13 files, such as ".*0000.png"': (
        all_of('images', file_name='gone.png')
    ),
    '1 of 12 images have the id of an image of another name': (
        one_of('images', 3, id=1)
    ),
    '1 of 12 images lack id or file_name. First: number 4': (
        lambda c: c['images'][3].pop('file_name')
    ),
}


CHANGES = {
    '14 of 14 people had no box': people(bbox=[7, 7, 0, 0]),
    '14 of 14 people had no box, or': people(bbox=[None, 'a']),
    '1 of 14 people had no box': person(bbox=[0, 0, 0, 0]),
    '14 of 14 people had an area that cannot be that': people(area=0.5),
    '1 of 14 people are crowds': person(iscrowd=True),
    '1 of 15 people are there twice': (
        lambda c: c['annotations'].append(c['annotations'][1])
    ),
    'people are of photos that cannot be used, and are left out': LESS,
    '1 of 13 images are listed under several ids': (
        lambda c: c['images'].append(dict(c['images'][0], id=99))
    ),
    '1 of 20 links of the skeleton': (
        lambda c: c['categories'][1]['skeleton'].append([1, 99])
    ),
}
WARNINGS = {
    'have a box .bbox. that reaches far out of their': people(bbox=corners),
    'Nobody has right_ankle labelled': (
        people(keypoints=lambda p: [*p['keypoints'][:-1], 0])
    ),
    '1 of 14 people have labelled keypoints outside': (
        lambda c: c['annotations'][1]['keypoints'].__setitem__(0, 999)
    ),
    '1 of 14 annotations have the id of another one': person(id=4),
    '14 of 28 people have nearly the box of another': (
        lambda c: c['annotations'].extend(
            dict(x, id=99 + x['id'], bbox=[v + 1 for v in x['bbox']])
            for x in c['annotations'][1:]
            if x.get('keypoints')
        )
    ),
    '1 of 13 images have another size than the annotation file': (
        lambda c: c['images'].append(dict(c['images'][0], id=99, width=99))
    ),
    '1 of 12 images are not there': LESS,
    '1 of 12 images would be looked for in the file of another one': (
        one_of('images', 3, file_name='cam9/0000.png')
    ),
}


REPORTED = dict(errors=ERRORS, changes=CHANGES, warnings=WARNINGS)


@pytest.mark.parametrize(
    'kind, message',
    [(kind, text) for kind, cases in REPORTED.items() for text in cases],
)
def test_reported(kind, message, files, tmp_path):
    """With an error, nothing is written; else the report is."""
    change = REPORTED[kind][message]
    report = start(
        files.changed(tmp_path / 'x.json', change), tmp_path / 'run'
    )
    assert re.search(message, '\n'.join(getattr(report, kind)))
    if kind == 'errors':
        assert nothing_written(tmp_path / 'run')
    else:
        assert not report.errors
        assert re.search(message, (tmp_path / 'run/report.txt').read_text())


def test_one_person_one_keypoint(files, tmp_path):
    """K = 1 and one photo, which has to serve for validation, too."""

    def one(content):
        content['categories'][1].update(keypoints=['tip'], skeleton=[])
        person = content['annotations'][1]
        person.update(keypoints=person['keypoints'][:3])
        content['annotations'] = [person]

    files = files.changed(tmp_path / 'one.json', one)
    report = start(files, tmp_path / 'run')
    assert not report.errors
    assert any('There is one image' in text for text in report.warnings)
    config = Config.fromfile(tmp_path / 'run/config.py')
    assert config.num_keypoints == 1 and config.batch_size == 1
    assert config.flip  # a tip stays a tip
    assert load(tmp_path / 'run') == load(tmp_path / 'run', 'val')


@pytest.mark.parametrize(
    'ears', [('left_ear', 'tail'), ('FL_ear', 'forepaw'), ('bras_g', 'bras_d')]
)
def test_sides_without_a_sure_partner(ears, files, tmp_path):
    """Then nothing is paired, photos are not flipped, and the report says how
    to pair; what else was guessed in part is told, too."""
    change = both(named(*ears), lambda c: c['categories'][1].pop('skeleton'))
    files = files.changed(tmp_path / 'x.json', change)
    report = start(files, tmp_path / 'run')
    (warning,) = [text for text in report.warnings if 'name a side' in text]
    unsure = ', '.join(x for x in ears if x != 'tail')
    assert f'{unsure} may name a side' in warning
    assert '`swap` in metainfo' in warning
    assert any('keypoints are in none' in text for text in report.facts)
    assert any('Sigmas' in text for text in report.facts)
    config = Config.fromfile(tmp_path / 'run/config.py')
    types = [t.type for t in config.train_dataloader.dataset.pipeline]
    assert 'RandomFlip' not in types and not config.model.test_cfg.flip_test
    assert "'swap': ''" in (info := (tmp_path / 'run/metainfo.py').read_text())
    assert "'swap': 'right_eye'" not in info


def test_folders_that_cannot_be_written(files, tmp_path):
    (tmp_path / 'run').mkdir()
    (tmp_path / 'run/mine.txt').write_text('')
    with pytest.raises(FileExistsError, match='holds something already'):
        start(files, tmp_path / 'run')
    with pytest.raises(OSError, match='cannot be written .*json" is a file'):
        start(files, files.train / 'run')
    # MMEngine puts the folder's path into quotes, and encodes it in UTF-8.
    for name in ("Ann's run", 'caf\udce9'):
        with pytest.raises(ValueError, match='Name another folder'):
            start(files, tmp_path / name)
        assert nothing_written(tmp_path / name)


@pytest.mark.parametrize('names, message', [
    (KEYPOINTS[:-1], 'number 17 is "right_ankle" in the one and missing'),
    (['top', *KEYPOINTS[1:]], 'is "nose" in the one and "top" in the oth'),
])  # fmt: skip
def test_validation_of_other_keypoints(names, message, files, tmp_path):
    change = category(keypoints=[*names])
    val = files.changed(tmp_path / 'val.json', change).train
    with pytest.raises(ValueError, match=message):
        start(files, tmp_path / 'run', val=val)


def test_nothing_half_written(files, tmp_path, monkeypatch):
    """The disk is full after the first file."""
    texts = {'a.py': '', 'b.py': None}
    monkeypatch.setitem(init.__globals__, '_texts', lambda *_: texts)
    (tmp_path / 'run').mkdir()
    with pytest.raises(TypeError):
        start(files, tmp_path / 'run')
    assert [x.name for x in tmp_path.iterdir()] == ['run']
    assert not [*(tmp_path / 'run').iterdir()]


def test_the_folder_that_one_is_in(files, tmp_path, monkeypatch):
    """It is filled, not replaced: a shell in it sees the files."""
    folder = tmp_path / 'run'
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert not start(files, Path('.')).errors
    assert 'keypoints of run, ' in Path('settings.py').read_text()
    assert not [*tmp_path.glob('.*')]


def test_command(files, tmp_path, capsys):
    command = [
        *('init', str(tmp_path / 'run'), '--train', str(files.train)),
        *('--images', str(files.images), '--student', 'tiny'),
    ]
    main(command)
    out = capsys.readouterr().out
    assert '14 people in 12 of 12 images' in out
    assert f'distilpose train {tmp_path}/run/config.py' in out
    assert 'holds something already' in refused(*command)
    change = ERRORS['Nobody is left']
    files = files.changed(tmp_path / 'nobody.json', change)
    command[1:4] = tmp_path / 'other', '--train', files.train
    assert 'nothing is written' in refused(*command)
    assert 'Nobody is left' in capsys.readouterr().out
