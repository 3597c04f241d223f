"""From annotation files to a student, by commands."""

import json
import re
import shutil
import sys
import zipfile

import pytest

from .. import shared
from ..own_data.dialects import cvat
from .commands import distilpose, run

pytestmark = pytest.mark.slow


def init(folder, train, images, *options):
    """Write configs of an epoch; give what the command prints."""
    out = distilpose(
        *('init', folder / 'run', '--train', train, '--images', images),
        *('--student', 'tiny', *options),
        cwd=folder,
    )
    shorten(folder)
    return out


def shorten(folder):
    change(folder, r'^(epochs|val_interval) = \d+', r'\1 = 1')
    change(folder, r'^batch_size = \d+', 'batch_size = 4')
    change(folder, 'num_workers=2', 'num_workers=0', 'config')
    change(folder, 'persistent_workers=True,?', '', 'config')


def change(folder, pattern, text, name='settings'):
    file = folder / f'run/{name}.py'
    changed, number = re.subn(pattern, text, file.read_text(), flags=re.M)
    assert number
    file.write_text(changed)


def train(folder, name='config', *options):
    """Train for an epoch; give what the log says of validation."""
    distilpose('train', f'run/{name}.py', *options, cwd=folder)
    logs = folder.glob(f'run/work_dirs/{name}/*/vis_data/scalars.json')
    log = max(logs)
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    assert (log.parents[2] / 'epoch_1.pth').is_file()
    return rows[-1]


@pytest.mark.parametrize('student', ['tiny', 'mobilenetv4-s', 'cspnext-t'])
def test_student_teacher_distilled_tested(student, tmp_path):
    """In the order that the command names."""
    if student.startswith('mobilenet'):
        pytest.importorskip('timm')
    files = cvat(tmp_path / 'files')
    start = [] if student == 'tiny' else ['--start', 'none']
    options = *start, '--student', student
    init(tmp_path, files.train, files.images, *options)
    assert 0 <= train(tmp_path, 'config')['coco/AP'] <= 1
    train(tmp_path, 'teacher')
    (log,) = tmp_path.glob('run/work_dirs/teacher/*/*.log')
    assert 'run/work_dirs/config/epoch_1.pth": ' in log.read_text()
    train(tmp_path, 'distilled')
    out = distilpose(
        'test',
        'run/distilled.py',
        'run/work_dirs/distilled/epoch_1.pth',
        cwd=tmp_path,
    )
    assert 'coco/AP' in out


TEACHER = 'rtmpose-t_8xb256-420e_coco-256x192'


def with_random_weights(folder, name):
    """Let the teacher of a config be untrained, as none can be downloaded."""
    change(
        folder,
        f"teacher='{TEACHER}'",
        f"teacher=dict(config='{TEACHER}', allow_random_weights=True)",
        name,
    )


STOCK = """
import sys
from mmengine.config import Config
config = Config.fromfile('run/config.py')  # has custom_imports
from mmpose.apis import init_model
print(type(init_model(config, sys.argv[1], 'cpu')))
"""


@pytest.mark.parametrize('teacher', [[], ['--teacher', TEACHER]])
def test_rows_from_init_to_predict(teacher, tmp_path):
    """Four steps, four more in a resumed run, and the student in use."""
    files = cvat(tmp_path / 'files')
    options = '--student', 'rtmpose-t', '--start', 'none', *teacher
    init(tmp_path, files.train, files.images, *options)
    if teacher:
        with_random_weights(tmp_path, 'settings')
    last = train(tmp_path)
    assert last['step'] == 1 and 'coco/AP' in last
    change(tmp_path, '^epochs = 1', 'epochs = 2')
    train(tmp_path, 'config', '--resume')
    assert 'resumed epoch: 1' in ''.join(
        x.read_text() for x in tmp_path.glob('run/work_dirs/config/*/*.log')
    )
    # MMPose's own loader of models builds the student.
    weights = 'run/work_dirs/config/epoch_2.pth'
    out = run([sys.executable, '-c', STOCK, weights], tmp_path)
    kind = 'DistilPoseEstimator' if teacher else 'TopdownPoseEstimator'
    assert kind in out
    distilpose(
        *('export', 'run/config.py', weights, 'student.onnx'), cwd=tmp_path
    )
    out = distilpose(
        *('predict', files.images / 'images/default/cam1'),
        *('--model', 'student.onnx', '--boxes', files.train),
        cwd=tmp_path,
    )
    assert '14 people' in out


def test_teacher_beside_labels(tmp_path):
    """Labels of a teacher, or a live one about boxes, and labels."""
    files = cvat(tmp_path / 'files')
    made = files.changed(
        tmp_path / 'made.json', lambda c: c['info'].update(teacher={})
    ).train
    for options in (['--unlabelled', made], ['--teacher', TEACHER]):
        options = ['--unlabelled', made, *options]
        init(tmp_path, files.train, files.images, *options)
        if '--teacher' in options:
            with_random_weights(tmp_path, 'settings')
        assert 'coco/AP' in train(tmp_path)
        shutil.rmtree(tmp_path / 'run')


def test_teacher_alone(tmp_path):
    """Agreement with its labels, or none, if it is asked in training."""
    files = cvat(tmp_path / 'files')
    made = files.changed(
        tmp_path / 'made.json', lambda c: c['info'].update(teacher={})
    ).train
    init(tmp_path, made, files.images)
    last = train(tmp_path)
    assert 0 <= last['teacher/PCK'] <= 1 and last['teacher/EPE'] > 1
    assert 'coco/AP' not in last
    assert [*tmp_path.glob('run/work_dirs/config/best_teacher_PCK_*.pth')]
    shutil.rmtree(tmp_path / 'run')
    distilpose(
        *('init', 'run', '--unlabelled', made, '--images', files.images),
        *('--teacher', TEACHER, '--student', 'tiny'),
        cwd=tmp_path,
    )
    shorten(tmp_path)
    with_random_weights(tmp_path, 'settings')
    assert train(tmp_path)['teacher/distance_px'] > 1


@pytest.mark.parametrize('student', ['cspnext-t', 'mobilenetv4-s'])
def test_start_without_a_connection(student, tmp_path, monkeypatch):
    """The last line says which setting to change."""
    if student.startswith('mobilenet'):
        pytest.importorskip('timm')
    monkeypatch.setenv('https_proxy', 'http://127.0.0.1:9')
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'torch'))
    monkeypatch.setenv('HF_HOME', str(tmp_path / 'hf'))
    monkeypatch.setenv('HF_HUB_OFFLINE', '1')  # it would try for a minute
    files = cvat(tmp_path / 'files')
    init(tmp_path, files.train, files.images, '--student', student)
    out = distilpose('train', 'run/config.py', cwd=tmp_path, fails=True)
    last = out.strip().splitlines()[-1]
    assert '--start none' in last
    if student == 'cspnext-t':
        assert 'start = None in settings.py' in last
        change(tmp_path, '^start = .*', 'start = None')
        train(tmp_path)
    else:
        assert 'model.backbone.pretrained=False' in last
        train(
            tmp_path,
            'config',
            '--cfg-options',
            'model.backbone.pretrained=False',
        )


@pytest.mark.parametrize(
    'name, train_file, val_file, keypoints',
    [
        (
            'coco_mini',
            'person_keypoints_train2017',
            'person_keypoints_val2017',
            17,
        ),
        ('lsp_extended', 'train', 'val', 14),
    ],
)
def test_data_as_they_are(name, train_file, val_file, keypoints, tmp_path):
    with zipfile.ZipFile(shared.file_or_skip(f'data/{name}.zip')) as archive:
        archive.extractall(tmp_path)
    annotations = tmp_path / name / 'annotations'
    out = init(
        *(tmp_path, annotations / f'{train_file}.json', tmp_path / name),
        *('--val', annotations / f'{val_file}.json'),
    )
    assert f'{keypoints} keypoints' in out and 'Must be' not in out
    few = [
        f'{kind}_dataloader.dataset.indices=64' for kind in ('train', 'val')
    ]
    assert (
        0 <= train(tmp_path, 'config', '--cfg-options', *few)['coco/AP'] <= 1
    )
