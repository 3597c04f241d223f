"""From annotation files to a student, by commands."""

import json
import re
import zipfile

import pytest

from .. import shared
from ..own_data.dialects import cvat
from .commands import distilpose

pytestmark = pytest.mark.slow

SHORT = [
    '--cfg-options',
    *(
        f'{kind}_dataloader.{setting}'
        for kind in ('train', 'val')
        for setting in ('num_workers=0', 'persistent_workers=False')
    ),
]


def init(folder, train, images, *options):
    """Write configs of an epoch; give what the command prints."""
    out = distilpose(
        *('init', folder / 'run', '--train', train, '--images', images),
        *('--student', 'tiny', *options),
        cwd=folder,
    )
    change(folder, r'^(epochs|val_interval) = \d+', r'\1 = 1')
    change(folder, r'^batch_size = \d+', 'batch_size = 4')
    return out


def change(folder, pattern, text):
    file = folder / 'run/settings.py'
    changed, number = re.subn(pattern, text, file.read_text(), flags=re.M)
    assert number
    file.write_text(changed)


def train(folder, name='config', *options):
    """Train for an epoch; give what the log says of validation."""
    distilpose('train', f'run/{name}.py', *SHORT, *options, cwd=folder)
    (log,) = folder.glob(f'run/work_dirs/{name}/*/vis_data/scalars.json')
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
    out = distilpose(
        *('train', 'run/config.py', *SHORT), cwd=tmp_path, fails=True
    )
    last = out.strip().splitlines()[-1]
    assert '--start none' in last
    if student == 'cspnext-t':
        assert 'start = None in settings.py' in last
        change(tmp_path, '^start = .*', 'start = None')
        train(tmp_path)
    else:
        assert 'model.backbone.pretrained=False' in last
        train(tmp_path, 'config', 'model.backbone.pretrained=False')


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
    assert 0 <= train(tmp_path, 'config', *few)['coco/AP'] <= 1
