"""From annotation files to a student, by commands."""

import json
import zipfile

import pytest

from .. import shared
from ..own_data.dialects import cvat
from .commands import distilpose

pytestmark = pytest.mark.slow

SHORT = [
    *('--cfg-options', 'train_cfg.max_epochs=1', 'train_cfg.val_interval=1'),
    *('default_hooks.checkpoint.interval=1', 'train_dataloader.num_workers=0'),
    *(
        'train_dataloader.persistent_workers=False',
        'val_dataloader.num_workers=0',
    ),
    'val_dataloader.persistent_workers=False',
]


def init(folder, train, images, *options):
    return distilpose(
        *('init', folder / 'run', '--train', train, '--images', images),
        *('--student', 'tiny', *options),
        cwd=folder,
    )


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
    batch = 'train_dataloader.batch_size=4'
    assert 0 <= train(tmp_path, 'config', batch)['coco/AP'] <= 1
    weights = 'run/work_dirs/{}/epoch_1.pth'.format
    start = [
        f'model.{part}.init_cfg.checkpoint={weights("config")}'
        for part in ('backbone', *(['neck'] if student == 'tiny' else []))
    ]
    train(tmp_path, 'teacher', batch, *start)
    teacher = f'model.teacher.checkpoint={weights("teacher")}'
    train(tmp_path, 'distilled', batch, teacher)
    out = distilpose(
        *('test', 'run/distilled.py', weights('distilled')), cwd=tmp_path
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
    setting = dict(
        **{'cspnext-t': 'model.backbone.init_cfg=None'},
        **{'mobilenetv4-s': 'model.backbone.pretrained=False'},
    )[student]
    assert setting in last
    train(tmp_path, 'config', setting)


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
