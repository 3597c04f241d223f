"""A student that learns real people from MoveNet's ONNX file, no labels.

MoveNet is asked once about the training crops, and stored. The student is the
demo's, with an input of 96 x 128.
"""

import copy

import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.runner import Runner
from mmpose.registry import DATASETS

from distilpose.teachers.frozen import FrozenTeacher
from distilpose.teachers.inputs import InputSpec
from distilpose.teachers.stored.write import store_teacher

from .. import shared
from .commands import CONFIGS

pytestmark = pytest.mark.slow

SIZE = (96, 128)
SURE = 0.3
CONFIG = """
_base_ = [
    'mmpose::_base_/default_runtime.py',
    '{bases}/runtime.py',
    '{bases}/models/distilpose-s.py',
    '{bases}/models/tiny.py',
]
codec = dict(type='RegressionLabel', input_size=(192, 256))
model = dict(
    type='DistilPoseEstimator',
    backbone=_base_.backbone,
    neck=dict(**_base_.neck, num_keypoints=17),
    head=dict(in_channels=96, num_joints=17, decoder=codec),
    teacher=dict(onnx='{movenet}', keypoints_of='coco'),
    distillation=dict(
        coordinates=dict(type='TeacherLabelLoss'),
        simulated_heatmaps=dict(type='SimulatedHeatmapLoss'),
        scores=dict(type='KeypointScoreLoss'),
    ),
    keypoint_weighting=dict(unlabelled=True, min_confidence={sure}),
)
train_dataloader = dict(
    batch_size=8,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='UnlabelledPeopleDataset',
        data_root='{data}',
        ann_file='annotations/person_keypoints_train2017.json',
        data_prefix=dict(img='train2017/'),
        pipeline=[
            dict(type='LoadImageOnce'),
            dict(type='GetBBoxCenterScale'),
            dict(type='RandomFlip', direction='horizontal'),
            dict(
                type='RandomBBoxTransform',
                shift_prob=0,
                rotate_factor=20,
                scale_factor=(0.85, 1.15),
            ),
            dict(type='TopdownAffine', input_size=codec['input_size']),
            dict(type='GenerateTarget', encoder=codec),
            dict(type='PackPoseInputs'),
        ],
    ),
)
train_cfg = dict(max_epochs={epochs}, val_interval=1000)
val_dataloader = val_evaluator = val_cfg = None
test_dataloader = test_evaluator = test_cfg = None
optim_wrapper = dict(optimizer=dict(type='AdamW', lr=2e-3))
param_scheduler = [
    dict(
        type='CosineAnnealingLR',
        begin=0,
        end={epochs},
        convert_to_iter_based=True,
    )
]
default_hooks = dict(checkpoint=dict(save_best=None))
custom_hooks = _base_.own_hooks
randomness = dict(seed=0)
work_dir = '{folder}/work'
"""


def distance(model, teacher, people):
    """Mean distance to the teacher where it is sure, pixels of the input."""
    model.eval()
    found = []
    for sample in (people[i] for i in range(len(people))):
        batch = model.data_preprocessor(pseudo_collate([sample]))
        with torch.no_grad():
            student = model(batch['inputs'], None, mode='tensor')
        maps = teacher(batch['inputs']).maps
        apart = (student.coords - maps.coords()) * torch.tensor(SIZE)
        found.append(apart.norm(dim=-1)[maps.peaks() > SURE])
    return float(torch.cat(found).mean())


def write_config(folder, epochs):
    """And unpack its data; give the people to validate with."""
    text = CONFIG.format(
        bases=CONFIGS.parent / '_base_',
        movenet=shared.file_or_skip('models/movenet-thunder.onnx'),
        data=f'{folder}/coco_mini',
        **dict(folder=folder, sure=SURE, epochs=epochs),
    )
    (folder / 'config.py').write_text(text)
    return shared.people(folder, SIZE)


def test_it_moves_towards_movenet(tmp_path):
    people = write_config(tmp_path, epochs=20)
    config = Config.fromfile(tmp_path / 'config.py')
    movenet = dict(config.model.teacher)
    # Large crops for MoveNet, small ones for the student.
    stored = store_teacher(config, tmp_path / 'stored', progress=False)
    assert stored.count == 142  # 86 of them have labels, which are not read
    config.model.teacher.stored = str(stored.folder)
    config.merge_from_dict(
        {
            'model.head.decoder.input_size': SIZE,
            'train_dataloader.dataset.pipeline.4.input_size': SIZE,
            'train_dataloader.dataset.pipeline.5.encoder.input_size': SIZE,
        }
    )
    runner = Runner.from_cfg(config)
    online = FrozenTeacher(InputSpec.of_model(runner.model), **movenet)
    crops = copy.deepcopy(config.train_dataloader.dataset)
    crops.pipeline = [x for x in crops.pipeline if 'Random' not in x['type']]
    parts = [DATASETS.build(dict(crops, indices=50)), people]
    before = [distance(runner.model, online, part) for part in parts]
    runner.train()
    after = [distance(runner.model, online, part) for part in parts]
    # Of 32 photos without labels, and of 20 that it has never seen.
    for share, first, last in zip((0.5, 0.6), before, after):
        assert last < share * first, (before, after)
