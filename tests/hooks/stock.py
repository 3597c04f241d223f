"""MMPose's own top-down configs with data that need no files."""

import copy
from types import SimpleNamespace

import numpy as np
from mmengine.config import Config
from mmengine.model import BaseModule
from mmpose.datasets.datasets.base import BaseCocoStyleDataset
from mmpose.registry import DATASETS, MODELS
from mmpose.utils import register_all_modules
from torch import nn
from torch.nn import functional as F

from distilpose.zoo.build import build_without_weights
from distilpose.zoo.find import MMPOSE

# What makes the labels, without random augmentations.
_TRANSFORMS = (
    *('GetBBoxCenterScale', 'TopdownAffine', 'KeypointConverter'),
    *('SingleHandConverter', 'GenerateTarget', 'PackPoseInputs'),
)


@DATASETS.register_module(force=True)
class OnePerson(BaseCocoStyleDataset):
    """An image with one person, with as many keypoints as the metainfo."""

    def load_data_list(self):
        count = self.metainfo['num_keypoints']
        dims = 3 if self.metainfo['dataset_name'] == 'interhand3d' else 2
        rng = np.random.default_rng(0)
        return [
            dict(
                img=rng.integers(0, 256, (120, 100, 3), dtype=np.uint8),
                img_path='nowhere.jpg',
                **dict(id=1, img_id=1, img_shape=(120, 100), category_id=1),
                bbox=np.array([[10, 10, 90, 100]], 'f4'),
                bbox_score=np.ones(1, 'f4'),
                keypoints=rng.uniform(20, 80, (1, count, dims)).astype('f4'),
                keypoints_visible=np.ones((1, count), 'f4'),
                # of hands in three dimensions
                keypoints_cam=np.ones((1, count, 3), 'f4'),
                **dict(rel_root_depth=np.float32(1), rel_root_valid=1.0),
                hand_type=np.array([[1, 0]], 'f4'),
                **dict.fromkeys(('focal', 'principal_pt'), np.ones(2, 'f4')),
                hand_type_valid=np.ones(1, 'f4'),
            )
        ]


@MODELS.register_module(force=True)
class Pooled(BaseModule):
    """Stands for backbones that need operators; strides 16 and 32."""

    def __init__(self, channels, levels):
        super().__init__()
        self.strides = (16, 32)[-levels:]
        self.layer = nn.Conv2d(3, channels, 1)

    def forward(self, x):
        return tuple(self.layer(F.avg_pool2d(x, s)) for s in self.strides)


def build(cfg):
    """Build a config's model, without weights and operators of MMCV."""
    cfg = copy.deepcopy(cfg)
    backbone, head = cfg.model.backbone, cfg.model.head
    package = backbone.get('_scope_') or backbone.type.split('.')[0]
    if package in ('mmdet', 'mmpretrain'):
        pooled = dict(type='Pooled', channels=head.in_channels)
        pooled['levels'] = 2 if head.type == 'RTMWHead' else 1
        cfg.model.backbone = pooled
        cfg.model.pop('neck', None)
    return build_without_weights(cfg)


def kind(cfg):
    """What tells configs apart: head, codec, datasets."""
    head = cfg.model.head
    head = head.get('pose_cfg', head)
    codec = head.get('decoder', {})
    return (
        cfg.model.head.type,
        head.type,
        codec.get('type'),
        codec.get('heatmap_type'),
        cfg.train_dataloader.dataset.type,
        cfg.val_dataloader.dataset.type,
    )


def topdown_configs():
    """Yield name and config of all of MMPose's top-down configs."""
    register_all_modules()
    for path in sorted(MMPOSE.glob('*_*/**/*.py')):
        if '_base_' in path.parts or 'edpose' in path.parts:
            continue
        cfg = Config.fromfile(path)
        if cfg.get('model', {}).get('type') == 'TopdownPoseEstimator':
            yield path.stem, cfg


def dataset(cfg):
    """Build a config's dataset, with one person in place of each file."""
    register_all_modules()
    return DATASETS.build(_without_files(cfg))


def runner(model, cfg, warnings):
    """What the hook reads of a runner."""

    def loop(loader):
        return SimpleNamespace(
            dataloader=SimpleNamespace(dataset=dataset(loader.dataset)),
            evaluator=SimpleNamespace(metrics=[]),
        )

    return SimpleNamespace(
        model=model,
        train_loop=loop(cfg.train_dataloader),
        val_loop=loop(cfg.val_dataloader),
        logger=SimpleNamespace(warning=warnings.append),
    )


def _without_files(cfg):
    if 'dataset' in cfg:  # repeated
        return dict(cfg, dataset=_without_files(cfg.dataset))
    pipeline = [t for t in cfg.get('pipeline', []) if t.type in _TRANSFORMS]
    found = dict(pipeline=pipeline, test_mode=cfg.get('test_mode', False))
    if 'datasets' in cfg:
        parts = [_without_files(part) for part in cfg.datasets]
        found.update(type=cfg.type, metainfo=cfg.metainfo, datasets=parts)
        return found
    metainfo = cfg.get('metainfo') or DATASETS.get(cfg.type).METAINFO
    if 'subset' in cfg and cfg.type == 'DeepFashionDataset':
        name = f'configs/_base_/datasets/deepfashion_{cfg.subset}.py'
        metainfo = dict(from_file=name)
    return dict(found, type='OnePerson', metainfo=metainfo)
