"""``distilpose init`` where a teacher labels all or some of the people."""

import json
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmpose.registry import DATASETS
from mmpose.utils import register_all_modules

from distilpose.checks.report import Report
from distilpose.keypoints.metainfo import config_metainfo
from distilpose_cli import main
from distilpose_own_data import init
from distilpose_own_data.splits import Split, set_aside

from .dialects import KEYPOINTS
from .runs import load, names_of_images

TEACHER = 'rtmpose-t_8xb256-420e_coco-256x192'
SPLITS = ('unlabelled', 'train')


@pytest.fixture(scope='session')
def made(files, tmp_path_factory):
    """The file of a teacher, whose keypoints have another order."""

    def change(content):
        content['info']['teacher'] = dict(name='/some/folder/a model')
        names = content['categories'][1]['keypoints']
        names[:] = [name.replace('_', ' ') for name in names[::-1]]
        for person in content['annotations']:
            if 'keypoints' in person:
                k = np.reshape(person['keypoints'], (17, 3))[::-1]
                person.update(keypoints=k.ravel().tolist())

    file = tmp_path_factory.mktemp('made') / 'labels.json'
    return files.changed(file, change).train


@pytest.fixture(scope='session')
def boxes(files, tmp_path_factory):
    """Boxes alone, as of a detector."""

    def change(content):
        for category in content['categories']:
            del category['keypoints']
            category['name'] = category['name'].title()
        for person in content['annotations']:
            person.pop('keypoints', None)

    file = tmp_path_factory.mktemp('boxes') / 'boxes.json'
    return files.changed(file, change).train


@pytest.fixture
def run(files, tmp_path):
    """Call it with the file of labels for a report and a config."""

    def start(train, **options):
        report = init(tmp_path / 'run', train, files.images, **options)
        return report, Config.fromfile(tmp_path / 'run/config.py')

    return start


@pytest.mark.parametrize('option', ['train', 'unlabelled'])
def test_labels_of_a_teacher_alone(option, made, run, tmp_path):
    """Rows learn them, and no AP is said to be measured."""
    report, config = run(**(dict(train=None) | {option: made}))
    assert any(
        '(teacher/PCK, teacher/EPE; in videos, how much both jitter)' in x
        for x in report.facts
    )
    assert config.model.head.type == 'RTMCCHead'
    assert config.train_dataloader.dataset.type == 'CocoDataset'
    assert {x.type: x.get('prefix') for x in config.val_evaluator} == dict(
        PCKAccuracy='teacher', EPE='teacher', KeypointJitter=None
    )
    assert config.default_hooks.checkpoint.save_best == 'teacher/PCK'
    assert not (tmp_path / 'run/teacher.py').exists()
    # An exported model says whose labels it learned.
    assert config.training_data == [f'{made.name}, labels of a model']


@pytest.mark.parametrize('left', [0, 1])
def test_labels_that_people_corrected(left, files, run, tmp_path):
    """All of them are as labels of people, but for frames of a video."""

    def change(content):
        content['info']['teacher'] = 'a model'
        for image in content['images'][left:]:
            image['corrected'] = True

    file = files.changed(tmp_path / 'labels.json', change).train
    _, config = run(file)
    best = config.default_hooks.checkpoint.save_best
    assert best == ('teacher/PCK' if left else 'coco/AP')
    assert ('corrected' in config.training_data[0]) == (not left)


def test_labels_of_people_to_validate_on(made, files, run, tmp_path):
    val = files.changed(
        tmp_path / 'val.json',
        lambda c: c['categories'][1].update(
            keypoints=[name.replace('_', ' ') for name in KEYPOINTS[::-1]]
        ),
    ).train
    _, config = run(made, val=val)
    assert config.val_evaluator.type == 'CocoMetric'
    assert config.default_hooks.checkpoint.save_best == 'coco/AP'


def test_labels_of_people_and_of_a_teacher(made, files, run, tmp_path):
    """Matched by name; not of the validation; both are trained on."""
    folder = tmp_path / 'run'
    names = [*KEYPOINTS[:16], 'tail']
    labels = files.changed(
        tmp_path / 'labels.json',
        lambda c: c['categories'][1].update(keypoints=names, skeleton=[]),
    )
    report, config = run(labels.train, unlabelled=made)
    assert 'unlabelled: It knows 16 of 17 keypoints by name' in report.facts
    val = {*names_of_images(folder, 'val')}
    first, all_names = (
        {*names_of_images(folder, kind)} for kind in ('unlabelled', 'train')
    )
    assert len(val) == 1 and first == all_names and not first & val
    one, other = (
        load(folder, x)['annotations'] for x in ('train', 'unlabelled')
    )
    for a, b in zip(one, other, strict=True):
        k, same = (np.reshape(x['keypoints'], (17, 3)) for x in (a, b))
        assert (k[:16] == same[:16]).all() and not same[16].any()
        assert b['num_keypoints'] == (same[:, 2] > 0).sum() > 9
    assert config.model.type == 'TopdownPoseEstimator'
    assert config.training_data == [
        'labels.json',
        f'{made.name}, labels of a model',
    ]
    data = config.train_dataloader.dataset
    parts = [Path(x.ann_file).stem for x in data.datasets]
    assert parts == ['unlabelled', 'train']
    assert data.sample_ratio_factor == [1, 1]


@pytest.mark.parametrize('seen', [0, 1])
def test_people_of_whom_a_teacher_knows_nothing(seen, made, files, tmp_path):
    """They have labels, but none of the keypoints that are learned."""
    content = json.loads(made.read_text())
    people = [x for x in content['annotations'] if 'keypoints' in x]
    for i, person in enumerate(people):
        # The file of the teacher has the keypoints in reverse order.
        person['keypoints'][-3:] = [9, 9, 2] if i < seen else [0, 0, 0]
    other = tmp_path / 'other.json'
    other.write_text(json.dumps(content))

    def one(content):
        content['categories'][1].update(keypoints=['nose'], skeleton=[])
        for person in content['annotations']:
            if 'keypoints' in person:
                person['keypoints'] = person['keypoints'][:3]

    labels = files.changed(tmp_path / 'one.json', one).train
    report = init(tmp_path / 'run', labels, files.images, unlabelled=other)
    told = f'{len(people) - seen} of {len(people)} people have none of these'
    assert any(told in x for x in report.changes)
    assert len(report.errors) == (not seen)


def test_how_often_labels_of_people_come(made, files, run, tmp_path):
    """Half as often as those of a teacher, if there are few."""

    def few(content):
        content['annotations'] = content['annotations'][:5]

    labels = files.changed(tmp_path / 'few.json', few).train
    _, config = run(labels, unlabelled=made)
    data = config.train_dataloader.dataset
    people = [len(load(tmp_path / 'run', x)['annotations']) for x in SPLITS]
    ratio = data.sample_ratio_factor[1]
    assert ratio == round(people[0] / people[1] / 2) > 1
    number = people[0] + ratio * people[1]
    text = (tmp_path / 'run/settings.py').read_text().replace('\n# ', ' ')
    assert f'{number} people are few' in text
    register_all_modules(init_default_scope=True)
    built = DATASETS.build(data)
    assert len(built) == number
    seen = [built[i]['data_samples'].metainfo['id'] for i in range(number)]
    ids = [x['id'] for x in load(tmp_path / 'run', 'train')['annotations']]
    assert {*seen[people[0] :]} == {*ids}


@pytest.mark.parametrize('student', ['rtmpose-t', 'tiny'])
def test_boxes_and_a_teacher_alone(student, boxes, run):
    """It is asked in training; there is nothing to validate on."""
    options = dict(unlabelled=boxes, teacher=TEACHER, student=student)
    report, config = run(None, **options)
    assert any('no labels to validate on' in x for x in report.facts)
    assert report.facts[0] == 'unlabelled: 14 people in 12 of 12 images'
    assert config.train_dataloader.dataset.type == 'UnlabelledPeopleDataset'
    assert config.model.teacher == TEACHER
    assert config.model.keypoint_weighting == dict(unlabelled=True)
    terms = config.model.get('distillation', {})
    assert 'labels' in terms or student == 'rtmpose-t'
    assert config.val_dataloader is config.val_cfg is config.test_cfg is None
    assert config.default_hooks.checkpoint.save_best is None
    names = config_metainfo(config)['keypoint_id2name'].values()
    assert (*names,) == KEYPOINTS


@pytest.mark.parametrize('category, people', [('Ball', 12), ('Dog', 14)])
def test_boxes_of_a_category(category, people, boxes, run):
    """Beside people, who are taken else."""
    options = dict(unlabelled=boxes, teacher=TEACHER, category=category)
    report, _ = run(None, **options)
    assert report.facts[0].startswith(f'unlabelled: {people} people in')
    told = 'unlabelled: There is no category "Dog": Person is taken.'
    assert (told in report.warnings) == (category == 'Dog')


def test_boxes_a_teacher_and_labels(boxes, files, run):
    """Boxes have no labels, and the teacher is asked about all."""
    _, config = run(files.train, unlabelled=boxes, teacher=TEACHER)
    assert config.model.type == 'DistilPoseEstimator'
    assert config.model.keypoint_weighting.unlabelled
    types = [x.type for x in config.train_dataloader.dataset.datasets]
    assert types == ['UnlabelledPeopleDataset', 'CocoDataset']
    assert config.val_evaluator.type == 'CocoMetric'


def test_frames_of_videos():
    """The last tenth of each, and a tenth of single photos by chance."""
    names = [f'a_00h00m{i:02d}.500s_{i:07d}.jpg' for i in range(40)]
    names += [f'b/{i}.png' for i in range(10, 30)]
    names += [f'{x}.png' for x in 'abcdefghij']
    images = [dict(id=i, file_name=x) for i, x in enumerate(names)]
    parts = set_aside(Split(images, []), Report(), videos=True)
    kept = {image['file_name'] for image in parts['val'].images}
    assert {*names[36:40], 'b/28.png', 'b/29.png'} <= kept
    assert len(kept & {*names[60:]}) == 1 and len(kept) == 7
    parts = set_aside(Split(images, []), Report())
    kept = {image['file_name'] for image in parts['val'].images}
    assert len(kept) == 7 and not {*names[36:40]} <= kept


def test_what_cannot_be_used(made, boxes, files, run, tmp_path):
    things = tmp_path / 'things.json'
    things.write_text(boxes.read_text().replace('Person', 'Thing'))
    names = dict(keypoints=[f'k{i}' for i in range(17)])
    others = files.changed(
        tmp_path / 'others.json', lambda c: c['categories'][1].update(names)
    ).train
    names = dict(keypoints=[f'k{i + 5}' for i in range(17)])
    later = files.changed(  # k5 of more keypoints may be another one
        tmp_path / 'later.json', lambda c: c['categories'][1].update(names)
    ).train
    asked = dict(teacher=TEACHER)
    of_things = dict(asked, unlabelled=things)
    for train, options, message in (
        (None, {}, 'nothing to train on. Give labels'),
        (None, asked, 'nothing to train on'),
        (None, dict(unlabelled=boxes), 'no category that names.*--teacher'),
        (None, of_things, '"Ball", "Thing".* called "person"'),
        (others, dict(unlabelled=made), 'no names are equal'),
        (others, dict(unlabelled=later), 'no names are equal'),
    ):
        with pytest.raises(ValueError, match=message):
            run(train, **options)
    for options in (dict(unlabelled=boxes, **asked), dict(unlabelled=made)):
        train = files.train if options['unlabelled'] == made else None
        options['val'] = files.train  # of the same photos
        report = init(tmp_path / 'run', train, files.images, **options)
        assert report.errors == ['unlabelled: Nobody is left to use.']
    nobody = files.changed(
        tmp_path / 'nobody.json', lambda c: c.update(annotations=[])
    ).train
    options = dict(unlabelled=nobody, teacher=TEACHER)
    report = init(tmp_path / 'run', None, files.images, **options)
    assert any('Nobody is left' in error for error in report.errors)
    assert not (tmp_path / 'run').exists()


def test_command(made, files, tmp_path, capsys):
    main(
        [
            *('init', str(tmp_path / 'run'), '--train', str(files.train)),
            *('--unlabelled', str(made), '--images', str(files.images)),
        ]
    )
    out = capsys.readouterr().out
    assert f'distilpose train {tmp_path}/run/config.py' in out
    assert 'best_*.pth' in out and 'teacher.py' not in out
