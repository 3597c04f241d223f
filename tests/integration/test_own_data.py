"""From annotation files to a student, by commands."""

import json
import re
import shutil
import sys

import pytest

from .. import shared
from ..own_data.dialects import cvat
from .commands import distilpose, run

pytestmark = pytest.mark.slow

TEACHER = 'rtmpose-t_8xb256-420e_coco-256x192'


@pytest.fixture
def files(tmp_path):
    return cvat(tmp_path / 'files')


@pytest.fixture
def made(files, tmp_path):
    """Labels that a teacher made."""
    file = tmp_path / 'made.json'
    return files.changed(file, lambda x: x['info'].update(teacher={})).train


def init(folder, images, *options):
    """Write configs of an epoch; give what the command prints."""
    out = distilpose(
        *('init', folder / 'run', '--images', images, '--student', 'tiny'),
        *options,
        cwd=folder,
    )
    change(folder, r'^(epochs|val_interval) = \d+', r'\1 = 1')
    change(folder, r'^batch_size = \d+', 'batch_size = 4')
    change(folder, 'num_workers=2', 'num_workers=0', 'config')
    change(folder, 'persistent_workers=True,?', '', 'config')
    if TEACHER in options:  # untrained, as none can be downloaded
        teacher = f"dict(config='{TEACHER}', allow_random_weights=True)"
        change(folder, f"teacher='{TEACHER}'", f'teacher={teacher}')
    return out


def change(folder, pattern, text, name='settings'):
    file = folder / f'run/{name}.py'
    changed, number = re.subn(pattern, text, file.read_text(), flags=re.M)
    assert number
    file.write_text(changed)


def train(folder, name='config', *options):
    """Train for an epoch; give what the log says of validation."""
    distilpose('train', f'run/{name}.py', *options, cwd=folder)
    log = max(folder.glob(f'run/work_dirs/{name}/*/vis_data/scalars.json'))
    assert (log.parents[2] / 'epoch_1.pth').is_file()
    return json.loads(log.read_text().splitlines()[-1])


@pytest.mark.parametrize('student', ['tiny', 'mobilenetv4-s', 'cspnext-t'])
def test_student_teacher_distilled_tested(student, files, tmp_path):
    """In the order that the command names."""
    if student.startswith('mobilenet'):
        pytest.importorskip('timm')
    start = [] if student == 'tiny' else ['--start', 'none']
    options = '--train', files.train, '--student', student, *start
    init(tmp_path, files.images, *options)
    assert 0 <= train(tmp_path)['coco/AP'] <= 1
    train(tmp_path, 'teacher')
    (log,) = tmp_path.glob('run/work_dirs/teacher/*/*.log')
    assert 'run/work_dirs/config/epoch_1.pth": ' in log.read_text()
    train(tmp_path, 'distilled')
    weights = 'run/work_dirs/distilled/epoch_1.pth'
    out = distilpose('test', 'run/distilled.py', weights, cwd=tmp_path)
    assert 'coco/AP' in out


STOCK = """
import sys
from mmengine.config import Config
config = Config.fromfile('run/config.py')  # has custom_imports
from mmpose.apis import init_model
print(type(init_model(config, sys.argv[1], 'cpu')))
"""


@pytest.mark.parametrize('teacher', [[], ['--teacher', TEACHER]])
def test_rows_from_init_to_predict(teacher, files, tmp_path):
    """Four steps, four more in a resumed run, and the student in use."""
    options = '--student', 'rtmpose-t', '--start', 'none', *teacher
    init(tmp_path, files.images, '--train', files.train, *options)
    last = train(tmp_path)
    assert last['step'] == 1 and 'coco/AP' in last
    change(tmp_path, '^epochs = 1', 'epochs = 2')
    train(tmp_path, 'config', '--resume')
    logs = tmp_path.glob('run/work_dirs/config/*/*.log')
    assert 'resumed epoch: 1' in ''.join(x.read_text() for x in logs)
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


@pytest.mark.parametrize('teacher', [[], ['--teacher', TEACHER]])
def test_teacher_beside_labels(teacher, files, made, tmp_path):
    """Labels of a teacher, or a live one about boxes, and labels."""
    options = '--train', files.train, '--unlabelled', made, *teacher
    init(tmp_path, files.images, *options)
    assert 'coco/AP' in train(tmp_path)


def test_teacher_alone(files, made, tmp_path):
    """Agreement with its labels, or none, if it is asked in training."""
    init(tmp_path, files.images, '--train', made)
    last = train(tmp_path)
    assert 0 <= last['teacher/PCK'] <= 1 and last['teacher/EPE'] > 1
    assert 'coco/AP' not in last
    assert [*tmp_path.glob('run/work_dirs/config/best_teacher_PCK_*.pth')]
    shutil.rmtree(tmp_path / 'run')
    init(tmp_path, files.images, '--unlabelled', made, '--teacher', TEACHER)
    assert train(tmp_path)['teacher/distance_px'] > 1


@pytest.mark.parametrize('student', ['cspnext-t', 'mobilenetv4-s'])
def test_start_without_a_connection(student, files, tmp_path, monkeypatch):
    """The last line says which setting to change."""
    if student.startswith('mobilenet'):
        pytest.importorskip('timm')
    monkeypatch.setenv('https_proxy', 'http://127.0.0.1:9')
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'torch'))
    monkeypatch.setenv('HF_HOME', str(tmp_path / 'hf'))
    monkeypatch.setenv('HF_HUB_OFFLINE', '1')  # it would try for a minute
    init(tmp_path, files.images, '--train', files.train, '--student', student)
    out = distilpose('train', 'run/config.py', cwd=tmp_path, fails=True)
    last = out.strip().splitlines()[-1]
    assert '--start none' in last
    if student == 'cspnext-t':
        assert 'start = None in settings.py' in last
        change(tmp_path, '^start = .*', 'start = None')
        train(tmp_path)
    else:
        setting = 'model.backbone.pretrained=False'
        assert setting in last
        train(tmp_path, 'config', '--cfg-options', setting)


@pytest.mark.parametrize('name, file, keypoints', [
    ('coco_mini', 'person_keypoints_{}2017', 17), ('lsp_extended', '{}', 14),
])  # fmt: skip
def test_data_as_they_are(name, file, keypoints, tmp_path):
    shared.unpack(name, tmp_path)
    annotations = f'{tmp_path}/{name}/annotations/{file}.json'
    files = [annotations.format(part) for part in ('train', 'val')]
    options = '--train', files[0], '--val', files[1]
    out = init(tmp_path, tmp_path / name, *options)
    assert f'{keypoints} keypoints' in out and 'Must be' not in out
    few = [
        f'{part}_dataloader.dataset.indices=64' for part in ('train', 'val')
    ]
    last = train(tmp_path, 'config', '--cfg-options', *few)
    assert 0 <= last['coco/AP'] <= 1
