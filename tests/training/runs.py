"""Short trainings of the tiny family by MMEngine's runner."""

import time
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.runner import Runner

from distilpose.zoo.find import find_config

from .. import toys

NAME = 'distilpose-tiny{}_1xb32-15e_demo-96x64'


def config(pictures, work_dir, kind='', **changes):
    """Two epochs of three steps; ``kind`` such as ``_no-distill``."""
    cfg = Config.fromfile(find_config(NAME.format(kind)))
    annotations = pictures / 'annotations/person_keypoints_val2017.json'
    for split in ('train', 'val', 'test'):
        cfg[f'{split}_dataloader'].dataset.data_root = str(pictures)
        if split != 'train':
            cfg[f'{split}_evaluator'].ann_file = str(annotations)
    cfg.merge_from_dict(
        {
            'work_dir': str(work_dir),
            'train_cfg.max_epochs': 2,
            'train_cfg.val_interval': 2,
            'train_dataloader.batch_size': 8,
            'default_hooks.checkpoint.save_best': None,
            'default_hooks.checkpoint.interval': 1,
            'default_hooks.logger.interval': 1,
            'randomness.seed': 0,
            # MMEngine shares what has one name within a process.
            'visualizer.name': f'{work_dir}',
            'experiment_name': f'{Path(work_dir).name}-{time.time_ns()}',
            **changes,
        }
    )
    if 'teacher' in cfg.model:
        cfg.model.teacher.checkpoint = None
        cfg.model.teacher.allow_random_weights = True
        teacher = Config.fromfile(cfg.model.teacher.config).model
        for part in ('backbone', 'neck'):
            teacher[part].pop('init_cfg')
        cfg.model.teacher.config = teacher
    return cfg


def student_config(changes, pictures, work_dir, **settings):
    """The demo's run with a toy in the place of its student.

    ``changes`` are those of a kind of student, as of ``toys.students``.
    """
    cfg = config(pictures, work_dir, **settings)
    teacher, distillation = cfg.model.teacher, cfg.model.distillation
    k, size = cfg.model.head.num_joints, cfg.codec.input_size
    student = toys.student(**changes)
    student.update(type='DistilPoseEstimator', teacher=teacher)
    codec = dict(type='RegressionLabel', input_size=size)
    if 'in_featuremap_size' in student['head']:
        maps = cfg.heatmap_codec.heatmap_size
        student['head']['in_featuremap_size'] = maps
        codec.update(
            type='IntegralRegressionLabel', heatmap_size=maps, sigma=2.0
        )
        pipeline = cfg.train_dataloader.dataset.pipeline
        (target,) = (x for x in pipeline if x['type'] == 'GenerateTarget')
        target['encoder'] = codec
    student['head'].update(num_joints=k, decoder=codec)
    if 'neck' not in changes:  # tokens
        student['neck'].update(
            num_keypoints=k, embed_dims=96, patch_size=(4, 4)
        )
        student['head'].update(in_channels=96)
    own = 'DistilPoseHead' in student['head']['type']
    terms = ('simulated_heatmaps', *(['scores'] if own else []))
    student['distillation'] = {term: distillation[term] for term in terms}
    cfg.model = Config(student)._cfg_dict
    return cfg


def train(cfg):
    """Train, and give the runner."""
    torch.manual_seed(0)
    runner = Runner.from_cfg(cfg)
    runner.train()
    return runner


def weights(runner):
    model = runner.model
    return {k: v.clone() for k, v in model.state_dict().items()}


def equal(one, other):
    return one.keys() == other.keys() and all(
        torch.equal(one[key], other[key]) for key in one
    )
