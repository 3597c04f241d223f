"""Every kind of student, by the head that it has."""

from pathlib import Path

import torch
from mmengine.config import Config
from torch import nn

from .. import exported, toys
from ..teachers import heads

COORDINATES = {k: v for k, v in toys.students().items() if k != 'timm'}
MAPS = (
    *('msra', 'dark', 'udp', 'udp_combined', 'megvii', 'vipnas'),
    *('hourglass', 'mspn', 'visibility', 'simcc', 'rtmpose', 'rtmw'),
)
KINDS = (*COORDINATES, 'tokenpose', *MAPS)


def parts(kind, keypoints=toys.K, size=toys.INPUT_SIZE):
    """Neck and head of a student."""
    if kind in COORDINATES:
        return COORDINATES[kind]
    if kind == 'tokenpose':
        teacher = toys.teacher(keypoints)
        return dict(neck=teacher['neck'], head=teacher['head'])
    head = heads.config(kind, keypoints, size)
    return dict(neck=dict(type='ToyNeck', kind=kind), head=head)


def made(kind: str, folder: Path) -> tuple[Config, str]:
    """A config and a checkpoint of a student, without flip test."""
    test_cfg = dict(flip_test=False)
    config = exported.config(**parts(kind), test_cfg=test_cfg)
    model = tell_images_apart(toys.build(config.model.to_dict()))
    torch.save(dict(state_dict=model.state_dict()), folder / 'student.pth')
    return config, str(folder / 'student.pth')


@torch.no_grad()
def tell_images_apart(model):
    """Give a model weights by which it does, and maps above 0."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1
        if isinstance(module, nn.Linear):
            module.weight *= 5
    model.train().extract_feat(torch.randn(4, 3, *toys.INPUT_SIZE[::-1]))
    for module in model.head.modules():
        if isinstance(module, nn.Conv2d):
            module.weight.normal_(0, module.weight[0].numel() ** -0.5)
            module.bias is None or module.bias.fill_(1)
    return model
