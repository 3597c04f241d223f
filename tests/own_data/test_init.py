"""What ``distilpose init`` reads, reports and writes."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.models import build_pose_estimator
from mmpose.registry import DATASETS

from distilpose_cli import main
from distilpose_own_data import init
from distilpose_own_data.students import STUDENTS
from distilpose_own_data.templates import CONFIG

from . import dialects
from .dialects import DIALECTS, Files, cvat, scenes


def start(files: Files, folder, **options):
    options = {'student': 'tiny', 'val': files.val, **options}
    return init(folder, files.train, files.images, **options)


def load(folder, name='train'):
    return json.loads((folder / f'annotations/{name}.json').read_text())


def nothing_written(folder):
    return not folder.exists() and not [*folder.parent.glob('.*')]


def drawn():
    """Drawn people as sorted lists of x, y and whether they are labelled."""
    people = [p.keypoints for scene in scenes() for p in scene.people]
    return sorted(np.c_[k[:, :2], k[:, 2] > 0].tolist() for k in people)


@pytest.mark.parametrize('dialect', DIALECTS)
def test_same_people_from_every_tool(dialect, tmp_path):
    files = dialect(tmp_path / 'files')
    report = start(files, tmp_path / 'run')
    assert not report.errors and not report.warnings
    found = []
    for split in ('train', 'val'):
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
    assert sorted(found) == drawn()


@pytest.mark.parametrize('dialect', DIALECTS)
def test_config_builds_data_and_model(dialect, tmp_path):
    folder = tmp_path / 'run'
    start(dialect(tmp_path / 'files'), folder)
    init_default_scope('mmpose')
    config = Config.fromfile(folder / 'config.py')
    for kind in ('train', 'val'):
        dataset = DATASETS.build(config[f'{kind}_dataloader'].dataset)
        people = load(folder, kind)['annotations']
        assert len(dataset) == len(people) > 0
        assert dataset[0]['inputs'].shape == (3, 96, 64)
    info = dataset.metainfo
    assert [*info['flip_indices'][:5]] == [0, 2, 1, 4, 3]
    assert len(info['skeleton_links']) == 19
    assert info['sigmas'][[0, 5, 16]] == pytest.approx([0.026, 0.079, 0.089])
    model = build_pose_estimator(config.model)
    assert model.neck.num_keypoints == model.head.num_joints == 17
    assert config.model.test_cfg.flip_test
    flips = [t.type for t in config.train_dataloader.dataset.pipeline]
    assert 'RandomFlip' in flips


def test_teacher_and_distilled_student_fit(tmp_path):
    """Same keypoints and input, all the paper's terms, in the right order."""
    start(cvat(tmp_path / 'files'), tmp_path / 'run')
    file = tmp_path / 'run/settings.py'
    file.write_text(file.read_text().replace('epochs = 300', 'epochs = 40'))
    config, teacher, distilled = (
        Config.fromfile(tmp_path / f'run/{name}.py')
        for name in ('config', 'teacher', 'distilled')
    )
    start_of = teacher.model.neck.init_cfg.checkpoint
    assert start_of == f'{config.work_dir}/epoch_40.pth'
    wanted = distilled.model.teacher
    assert wanted.checkpoint == f'{teacher.work_dir}/epoch_40.pth'
    assert Config.fromfile(wanted.config).model == teacher.model
    assert teacher.model.head.out_channels == 17
    assert teacher.model.head.decoder.input_size == (64, 96)
    encoder = teacher.train_dataloader.dataset.pipeline[-2].encoder
    assert encoder == teacher.model.head.decoder
    assert [*distilled.model.distillation] == [
        *('visual_tokens', 'keypoint_tokens', 'simulated_heatmaps', 'scores')
    ]
    assert distilled.model.head.sigmas and distilled.model.head.scores
    assert not config.model.head.sigmas and not config.model.head.scores
    assert len({c.work_dir for c in (config, teacher, distilled)}) == 3
    # What is to be read and changed is short, and the rest always the same.
    settings = tmp_path / 'run/settings.py'
    assert len(settings.read_text().splitlines()) <= 80
    assert (tmp_path / 'run/config.py').read_text() == CONFIG


@pytest.mark.parametrize('name', STUDENTS)
def test_every_student(name, tmp_path):
    """Its configs are there, and are for the keypoints of the data."""
    start(cvat(tmp_path / 'files'), tmp_path / 'run', student=name)
    models = [
        Config.fromfile(tmp_path / f'run/{file}.py').model
        for file in ('config', 'teacher', 'distilled')
    ]
    for model in models:
        neck = model.get('neck')
        assert not neck or neck.num_keypoints == 17
        head = model.head
        assert head.get('num_joints', head.get('out_channels')) == 17
        assert head.decoder.input_size == models[0].head.decoder.input_size
    assert [m.type for m in models] == [
        *('TopdownPoseEstimator', 'TopdownPoseEstimator'),
        'DistilPoseEstimator',
    ]
    alone, teacher, distilled = models
    init_default_scope('mmpose')
    assert not alone.head.sigmas and not alone.head.scores
    assert distilled.head.sigmas and distilled.head.scores
    start_of = teacher.backbone.init_cfg
    assert start_of.checkpoint.endswith('work_dirs/config/epoch_300.pth')
    built = [build_pose_estimator(m) for m in (alone, teacher)]
    names = [[*m.backbone.state_dict()] for m in built]
    assert names[0] == names[1]  # so that all of it is taken over


MODERN = ('mobilenetv4-s', 'cspnext-t', 'cspnext-s', 'cspnext-m')


@pytest.mark.parametrize('name', MODERN)
def test_start_of_modern_students(name, tmp_path):
    """From published weights, from random ones, or from a checkpoint."""
    files = cvat(tmp_path / 'files')
    (tmp_path / 'mine.pth').write_bytes(b'')
    found = {}
    for begin in (None, 'none', str(tmp_path / 'mine.pth')):
        folder = tmp_path / f'run{len(found)}'
        start(files, folder, student=name, start=begin)
        found[begin] = Config.fromfile(folder / 'config.py')
    published, random, mine = found.values()
    backbone = published.model.backbone
    timm = backbone.type == 'TimmBackbone'
    assert (
        backbone.pretrained
        if timm
        else backbone.init_cfg.checkpoint.startswith('https://')
    )
    for config in (random, mine):
        assert not {'pretrained', 'init_cfg'} & {*config.model.backbone}
    hooks = [[hook.type for hook in c.custom_hooks] for c in found.values()]
    assert ['FineTuneHook' in types for types in hooks] == [False, False, True]
    assert all('EMAHook' in types for types in hooks)
    assert published.optim_wrapper.optimizer.lr == 7e-4


def test_named_teacher(tmp_path):
    name = 'td-hm_hrnet-w48_8xb32-210e_coco-256x192'
    files = cvat(tmp_path / 'files')
    report = start(files, tmp_path / 'run', teacher=name)
    assert any('17 of 17 keypoints' in fact for fact in report.facts)
    model = Config.fromfile(tmp_path / 'run/config.py').model
    assert model.type == 'DistilPoseEstimator'
    assert model.teacher.config == name
    assert model.teacher.checkpoint.startswith('https://')
    assert [*model.distillation] == ['simulated_heatmaps', 'scores']
    assert not (tmp_path / 'run/teacher.py').exists()


def test_no_split_given(tmp_path):
    """Whole images are set aside, and copies of a photo stay together."""
    files = dialects.roboflow(tmp_path / 'files')
    start(files, tmp_path / 'run', val=None)
    train, val = (load(tmp_path / 'run', kind) for kind in ('train', 'val'))
    sources = [
        {image['file_name'].split('.rf.')[0] for image in part['images']}
        for part in (train, val)
    ]
    assert not sources[0] & sources[1] and len(sources[1]) == 1
    assert len(train['images']) + len(val['images']) == 9


def test_category(tmp_path):
    """Two kinds of things with keypoints of their own: one is chosen."""
    files = cvat(tmp_path / 'files').change(
        lambda c: (
            c['categories'][0].update(keypoints=['top', 'bottom']),
            c['annotations'][0].update(keypoints=[5, 5, 2, 9, 9, 2]),
        )
    )
    with pytest.raises(ValueError, match='"ball" .2 keypoints.*--category'):
        start(files, tmp_path / 'run')
    start(files, tmp_path / 'run', category='ball')
    assert len(load(tmp_path / 'run')['annotations']) == 1


def each(key, value):
    """Change a key of all people of CVAT's file."""

    def change(content):
        for item in content['annotations']:
            if 'keypoints' in item:
                item[key] = value(item) if callable(value) else value

    return change


BAD = {
    'no keypoints': (
        lambda c: [x.pop('keypoints', 0) for x in c['categories']],
        'no category that names keypoints.*"ball", "person"',
    ),
    'names twice': (
        lambda c: c['categories'][1]['keypoints'].__setitem__(3, 'nose'),
        'keypoints twice: nose.*rename them',
    ),
    'empty name': (
        lambda c: c['categories'][1]['keypoints'].__setitem__(3, ' '),
        'keypoints without a name',
    ),
    'no images': (lambda c: c.pop('images'), 'images is missing'),
    'a null among the annotations': (
        lambda c: c['annotations'].append(None),
        'lists of objects .*, but annotations is missing or something else',
    ),
    'size as text': (
        lambda c: c['images'][1].update(width='640'),
        "width of number 2 of its images is '640', expected a number",
    ),
    'id that is a list': (
        lambda c: c['annotations'][0].update(image_id=[1]),
        r"image_id of number 1 of its annotations is '\[1\]'",
    ),
    'names that are no list': (
        lambda c: c['categories'][1].update(keypoints=17),
        "keypoints of number 2 of its categories is '17', expected a list",
    ),
    'names of names': (
        lambda c: c['categories'][1].update(keypoints=[['nose']]),
        'expected a list of names',
    ),
    'name of an image that is a number': (
        lambda c: c['images'][0].update(file_name=7),
        "file_name of number 1 of its images is '7'",
    ),
}


@pytest.mark.parametrize('change, message', BAD.values(), ids=BAD)
def test_file_that_cannot_be_used(change, message, tmp_path):
    files = cvat(tmp_path / 'files').change(change)
    with pytest.raises(ValueError, match=message):
        start(files, tmp_path / 'run')
    assert nothing_written(tmp_path / 'run')


ERRORS = {
    'nobody': (
        lambda c: c.update(annotations=[]),
        'no annotations.\n.*Nobody is left',
    ),
    'nothing labelled': (each('keypoints', [0] * 51), 'Nobody is left'),
    'another length': (
        each('keypoints', lambda p: p['keypoints'][:-3]),
        '14 of 14 people do not have 51 numbers .* of 17. First: 2 with 48 v',
    ),
    'keypoints by name': (
        each('keypoints', dict(nose=[1, 2])),
        "First: 2 with .{'nose'",
    ),
    'one keypoint without boxes': (
        lambda c: (
            c['categories'][1].update(keypoints=['tip'], skeleton=[]),
            each('keypoints', [9, 9, 2])(c),
            each('bbox', [0, 0, 0, 0])(c),
        ),
        'Nobody is left',
    ),
    'ids of images as text in one place': (
        lambda c: [x.update(id=str(x['id'])) for x in c['images']],
        "does not list .ids there: '1', '2', '3', .*First: 2 of image 1,",
    ),
    'ids of categories as text in one place': (
        lambda c: [x.update(id=str(x['id'])) for x in c['categories']],
        "does not list .ids there: '1', '2'.*First: 1 of category 1,",
    ),
    'images without ids': (
        lambda c: [x.update(id=None) for x in c['images']],
        '12 of 12 images lack id or file_name',
    ),
    'shares of the image': (
        each('keypoints', [0.5, 0.5, 2] * 17),
        'within 0..1',
    ),
    'images elsewhere': (
        lambda c: [x.update(file_name='gone.png') for x in c['images']],
        '12 of 12 images are not there.*has 13 files, such as "0000.png"',
    ),
    'id of another image': (
        lambda c: c['images'][3].update(id=1),
        '1 of 12 images have the id of an image of another name',
    ),
    'no names of images': (
        lambda c: c['images'][3].pop('file_name'),
        '1 of 12 images lack id or file_name. First: number 4',
    ),
}


@pytest.mark.parametrize('change, message', ERRORS.values(), ids=ERRORS)
def test_errors_in_the_report(change, message, tmp_path):
    files = cvat(tmp_path / 'files').change(change)
    report = start(files, tmp_path / 'run')
    assert re.search(message, '\n'.join(report.errors))
    assert nothing_written(tmp_path / 'run')


def corners(person):
    x, y, w, h = person['bbox']
    return x, y, x + w, y + h


REPORTED = {
    'boxes of zero size': (
        each('bbox', [7, 7, 0, 0]),
        'changes',
        '14 of 14 people had no box',
    ),
    'boxes that are none': (
        each('bbox', [None, 'a']),
        'changes',
        '14 of 14 people had no box',
    ),
    'boxes of two corners': (
        each('bbox', corners),
        'warnings',
        'have a box (bbox) that reaches far out of their image',
    ),
    'a box less': (
        lambda c: c['annotations'][1].update(bbox=[0, 0, 0, 0]),
        'changes',
        '1 of 14 people had no box',
    ),
    'crowds': (
        lambda c: c['annotations'][1].update(iscrowd=True),
        'changes',
        '1 of 14 people are crowds',
    ),
    'the same id': (
        lambda c: c['annotations'][3].update(id=2),
        'warnings',
        '1 of 14 annotations have the id of another one',
    ),
    'given twice': (
        lambda c: c['annotations'].append(c['annotations'][1]),
        'changes',
        '1 of 15 people are there twice',
    ),
    'an image less': (
        lambda c: c['images'][0].update(file_name='gone.png'),
        'warnings',
        '1 of 12 images are not there',
    ),
    'outside': (
        lambda c: c['annotations'][1]['keypoints'].__setitem__(0, 999),
        'warnings',
        '1 of 14 people have labelled keypoints outside',
    ),
    'never labelled': (
        each(
            'keypoints',
            lambda p: [*p['keypoints'][:-1], 0],
        ),
        'warnings',
        'Nobody has right_ankle labelled',
    ),
    'areas of something else': (
        each('area', 0.5),
        'changes',
        '14 of 14 people had an area that cannot be that of their box',
    ),
    'a photo under several ids': (
        lambda c: c['images'].append(dict(c['images'][0], id=99)),
        'changes',
        '1 of 13 images are listed under several ids',
    ),
    'a photo in the file of another': (
        lambda c: c['images'][3].update(file_name='cam9/0000.png'),
        'warnings',
        '1 of 12 images would be looked for in the file of another one',
    ),
    'people of missing photos': (
        lambda c: c['images'][0].update(file_name='gone.png'),
        'changes',
        'people are of photos that cannot be used, and left out',
    ),
    'links to nowhere': (
        lambda c: c['categories'][1]['skeleton'].append([1, 99]),
        'changes',
        '1 of 20 links of the skeleton',
    ),
}


@pytest.mark.parametrize(
    'change, kind, message', REPORTED.values(), ids=REPORTED
)
def test_reported_and_written(change, kind, message, tmp_path):
    files = cvat(tmp_path / 'files').change(change)
    report = start(files, tmp_path / 'run')
    assert not report.errors
    assert any(message in text for text in getattr(report, kind))
    assert message in (tmp_path / 'run/report.txt').read_text()


def test_photo_that_cannot_be_read(tmp_path):
    files = cvat(tmp_path / 'files')
    photo = next((tmp_path / 'files').rglob('0003.png'))
    photo.write_bytes(photo.read_bytes()[:5000])
    report = start(files, tmp_path / 'run')
    assert any('1 of 12 images cannot be read' in w for w in report.warnings)


def test_photos_of_equal_names_in_folders_of_splits(pictures, tmp_path):
    """As COCO lays them out, and the demo: 1.jpg is there twice."""
    files = pictures / 'annotations'
    report = init(
        tmp_path / 'run',
        files / 'person_keypoints_train2017.json',
        pictures,
        files / 'person_keypoints_val2017.json',
        student='tiny',
    )
    assert not report.errors
    for kind, number in (('train', 24), ('val', 8)):
        names = [
            i['file_name'] for i in load(tmp_path / 'run', kind)['images']
        ]
        assert {name.split('/')[0] for name in names} == {f'{kind}2017'}
        assert len({*names}) == number


def test_photos_whose_folder_is_unclear(pictures, tmp_path):
    """Not even the file's name tells; an option for each folder does."""
    for kind in ('train', 'val'):
        file = pictures / f'annotations/person_keypoints_{kind}2017.json'
        (tmp_path / f'{kind[0]}.json').write_text(file.read_text())
    given = (tmp_path / 'run', tmp_path / 't.json')
    options = dict(val=tmp_path / 'v.json', student='tiny')
    report = init(*given, pictures, **options)
    assert '8 of 24 images have a name that several' in report.errors[0]
    folders = (pictures / 'train2017', pictures / 'val2017')
    report = init(*given, folders[0], val_images=folders[1], **options)
    assert not report.errors and not report.warnings
    config = Config.fromfile(tmp_path / 'run/config.py')
    assert config.images == f'{pictures}/'
    (name, *_) = [i['file_name'] for i in load(given[0], 'val')['images']]
    assert name.startswith('val2017/')


def test_no_json(tmp_path):
    files = cvat(tmp_path / 'files')
    for text in ('<annotations/>', '[' * 100_000):
        files.train.write_text(text)
        with pytest.raises(ValueError, match='is no JSON file'):
            start(files, tmp_path / 'run')
    files.train.write_text('[1, 2]')
    with pytest.raises(ValueError, match='not in COCO format'):
        start(files, tmp_path / 'run')


def test_one_person_one_keypoint(tmp_path):
    """K = 1 and one photo, which has to serve for validation, too."""

    def one(content):
        content['categories'][1].update(keypoints=['tip'], skeleton=[])
        person = content['annotations'][1]
        person.update(keypoints=person['keypoints'][:3])
        content['annotations'] = [person]

    files = cvat(tmp_path / 'files').change(one)
    report = start(files, tmp_path / 'run')
    assert not report.errors
    assert any('There is one image' in text for text in report.warnings)
    config = Config.fromfile(tmp_path / 'run/config.py')
    assert config.num_keypoints == 1 and config.batch_size == 1
    assert config.flip  # a tip stays a tip
    assert load(tmp_path / 'run') == load(tmp_path / 'run', 'val')


@pytest.mark.parametrize(
    'ears, unsure',
    [
        (('left_ear', 'tail'), 'left_ear'),
        (('FL_ear', 'forepaw'), 'FL_ear, forepaw'),
        (('bras_g', 'bras_d'), 'bras_g, bras_d'),
    ],
)
def test_sides_without_a_sure_partner(ears, unsure, tmp_path):
    """Then nothing is paired, photos are not flipped, and the report says how
    to pair; what else was guessed in part is told, too."""
    files = cvat(tmp_path / 'files').change(
        lambda c: (
            c['categories'][1]['keypoints'].__setitem__(slice(3, 5), ears),
            c['categories'][1].pop('skeleton'),
        )
    )
    report = start(files, tmp_path / 'run')
    (warning,) = [text for text in report.warnings if 'a side may' in text]
    assert f'Of {unsure} a side' in warning and '`swap` in metainfo' in warning
    assert any('keypoints are in none' in text for text in report.facts)
    assert any('Sigmas' in text for text in report.facts)
    config = Config.fromfile(tmp_path / 'run/config.py')
    types = [t.type for t in config.train_dataloader.dataset.pipeline]
    assert 'RandomFlip' not in types and not config.model.test_cfg.flip_test
    assert "'swap': ''" in (info := (tmp_path / 'run/metainfo.py').read_text())
    assert "'swap': 'right_eye'" not in info


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(student='distilpos-s'), 'no student.*distilpose-s'),
        (dict(student='cspnext-l'), 'no student.*cspnext-t, cspnext-s, cs'),
        (dict(teacher='td-hm_hrnet-w99'), 'Nearest: '),
        (dict(teacher='td-hm_hrnet-w48_8xb64-210e_animalpose-256x256'), None),
        (
            dict(teacher='dekr_hrnet-w32_8xb10-140e_coco-512x512'),
            'describes a BottomupPoseEstimator. `distilpose teachers WORD`',
        ),
        (dict(teacher=''), '`distilpose teachers WORD` lists'),
        (dict(category='cat'), 'no category called "cat"'),
        (dict(start='gone.pth'), 'no checkpoint "gone.pth"'),
    ],
)
def test_names_that_do_not_exist(options, message, tmp_path):
    files = cvat(tmp_path / 'files')
    if message is None:
        files = files.change(
            lambda c: c['categories'][1].update(
                keypoints=[f'k{i}' for i in range(17)]
            )
        )
        message = 'have 0 of them in common. Choose a teacher'
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        start(files, tmp_path / 'run', **options)
    assert nothing_written(tmp_path / 'run')


def test_folder_in_use(tmp_path):
    (tmp_path / 'run').mkdir()
    (tmp_path / 'run/mine.txt').write_text('')
    with pytest.raises(FileExistsError, match='holds something already'):
        start(cvat(tmp_path / 'files'), tmp_path / 'run')


def test_folder_that_cannot_be_made(tmp_path):
    files = cvat(tmp_path / 'files')
    with pytest.raises(OSError, match='cannot be written .*json" is a file'):
        start(files, files.train / 'run')
    # MMEngine puts the folder's path into quotes, and encodes it in UTF-8.
    for name in ("Ann's run", 'caf\udce9'):
        with pytest.raises(ValueError, match='Name another folder'):
            start(files, tmp_path / name)
        assert nothing_written(tmp_path / name)


def test_validation_of_other_keypoints(tmp_path):
    files = cvat(tmp_path / 'files')
    content = json.loads(files.train.read_text())
    names = content['categories'][1]['keypoints']
    for change, message in (
        (names[:-1], 'number 17 is "right_ankle" in the one and missing in'),
        (['top', *names[1:]], 'number 1 is "nose" in the one and "top" in'),
    ):
        content['categories'][1]['keypoints'] = change
        val = tmp_path / 'val.json'
        val.write_text(json.dumps(content))
        with pytest.raises(ValueError, match=message):
            start(files, tmp_path / 'run', val=val)


def test_photos_of_a_validation_that_is_not_given(tmp_path):
    files = cvat(tmp_path / 'files')
    with pytest.raises(ValueError, match='--val, which is not given'):
        start(files, tmp_path / 'run', val_images=files.images)


def test_long_names_and_braces(tmp_path):
    """What the file quotes is cut, and does not disturb the report."""
    files = cvat(tmp_path / '{0} files').change(
        lambda c: [i.update(file_name=999 * 'long') for i in c['images']]
    )
    (error, *_) = start(files, tmp_path / 'run').errors
    assert '{0} files' in error and 'longlong...longlong' in error
    assert len(error) < 1200


def test_nothing_half_written(tmp_path, monkeypatch):
    """The disk is full after the first file."""
    files = cvat(tmp_path / 'files')
    texts = {'a.py': '', 'b.py': None}
    monkeypatch.setitem(init.__globals__, '_texts', lambda *_: texts)
    (tmp_path / 'run').mkdir()
    with pytest.raises(TypeError):
        start(files, tmp_path / 'run')
    assert {x.name for x in tmp_path.iterdir()} == {'files', 'run'}
    assert not [*(tmp_path / 'run').iterdir()]


def test_the_folder_that_one_is_in(tmp_path, monkeypatch):
    """It is filled, not replaced: a shell in it sees the files."""
    folder = tmp_path / 'run'
    folder.mkdir()
    number = folder.stat().st_ino
    monkeypatch.chdir(folder)
    files = cvat(tmp_path / 'files')
    report = init(Path('.'), files.train, files.images, student='tiny')
    assert not report.errors
    assert folder.stat().st_ino == number and Path('config.py').is_file()
    assert 'keypoints of run, ' in Path('settings.py').read_text()
    assert not [*tmp_path.glob('.*')]


def test_photos_in_a_linked_folder(tmp_path):
    files = cvat(tmp_path / 'files')
    linked = tmp_path / 'photos'
    linked.mkdir()
    (linked / '2024').symlink_to(files.images)
    (linked / 'above').symlink_to(tmp_path)  # not to be searched
    (files.images / 'circle').symlink_to(linked)
    report = init(tmp_path / 'run', files.train, linked, student='tiny')
    assert not report.errors
    names = [x['file_name'] for x in load(tmp_path / 'run')['images']]
    assert names and all(name.startswith('2024/') for name in names)


def test_letters_of_a_mac(tmp_path):
    """Its file names have accents apart from their letters."""
    files = cvat(tmp_path / 'files').change(
        lambda c: c['images'][0].update(file_name='M\u00fcller.png')
    )
    photo = next(x for x in files.images.rglob('0*.png'))
    photo.rename(photo.with_name('Mu\u0308ller.png'))
    report = start(files, tmp_path / 'run')
    assert not report.errors
    names = [x['file_name'] for x in load(tmp_path / 'run')['images']]
    assert any('Mu\u0308ller' in name for name in names)


def test_command(tmp_path, capsys):
    files = cvat(tmp_path / 'files')
    command = [
        *('init', str(tmp_path / 'run'), '--train', str(files.train)),
        *('--images', str(files.images), '--student', 'tiny'),
    ]
    main(command)
    out = capsys.readouterr().out
    assert '14 people in 12 of 12 images' in out
    assert f'distilpose train {tmp_path}/run/config.py' in out
    with pytest.raises(SystemExit, match='init: .* holds something already'):
        main(command)
    files.change(lambda c: c.update(annotations=[]))
    command[1] = str(tmp_path / 'other')
    with pytest.raises(SystemExit, match='nothing is written'):
        main(command)
    assert 'Nobody is left' in capsys.readouterr().out
