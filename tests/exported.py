"""The toy student with a whole config, and its exported files."""

from collections.abc import Sequence
from pathlib import Path

import torch
from mmengine.config import Config
from torch import nn

from distilpose.deploy.export import export_onnx

from . import toys
from .teachers import heads

NAMES = ['nose', 'left_hand', 'right_hand', 'left_foot', 'right_foot']
FLIPS = [0, 2, 1, 4, 3]
LINKS = [('left_hand', 'nose'), ('right_foot', 'nose')]
PIPELINE = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale', padding=1.1),
    dict(type='TopdownAffine', input_size=toys.INPUT_SIZE),
    dict(type='PackPoseInputs'),
]


def metainfo(names: Sequence[str] = NAMES) -> dict:
    """Of some of five keypoints, as MMPose's dataset configs describe them."""
    links = [link for link in LINKS if {*link} <= {*names}]
    swaps = {NAMES[i]: NAMES[j] for i, j in enumerate(FLIPS) if i != j}
    return dict(
        dataset_name='five',
        keypoint_info={
            i: dict(
                name=name,
                id=i,
                color=[10 * i, 0, 255],
                type='',
                swap=swaps[name] if swaps.get(name) in names else '',
            )
            for i, name in enumerate(names)
        },
        skeleton_info={
            i: dict(link=link, id=i, color=[0, 10 * i, 9])
            for i, link in enumerate(links)
        },
        joint_weights=[1.0] * len(names),
        sigmas=[0.1] * len(names),
    )


def config(pipeline=PIPELINE, **changes) -> Config:
    """A config of the toy student; ``changes`` are of its model."""
    preprocessor = dict(
        type='PoseDataPreprocessor',
        mean=[100, 110, 120],
        std=[50, 60, 70],
        bgr_to_rgb=True,
    )
    changes = {'data_preprocessor': preprocessor, **changes}
    dataset = dict(
        type='CocoDataset',
        ann_file='nowhere.json',
        metainfo=metainfo(),
        pipeline=pipeline,
    )
    return Config(
        dict(
            model=toys.student(**changes),
            test_dataloader=dict(dataset=dataset),
        )
    )


def unchanged(state: dict) -> None:
    pass


def checkpoint(folder: Path, config: Config, change=unchanged) -> str:
    """Write seeded weights, with statistics in all normalization layers.

    ``change`` is called with the state dict.
    """
    model = toys.with_statistics(toys.build(config.model.to_dict()))
    for module in model.modules():
        if isinstance(module, nn.Linear):
            module.weight.data *= 5  # or all images would look alike
    change(model.state_dict())
    file = folder / 'student.pth'
    torch.save(dict(state_dict=model.state_dict()), file)
    return str(file)


def export(
    folder: Path, student: Config = None, change=unchanged, **options
) -> Path:
    """Export a student, the toy one by default, into a folder."""
    student = student or config()
    weights, file = checkpoint(folder, student, change), folder / 'toy.onnx'
    export_onnx(student, weights, file, **options)
    return file


def udp(folder: Path, flip_test: bool = False) -> tuple[str, str, Path]:
    """Export a student of UDP's crops and heatmaps, of an odd size.

    Gives its config, its checkpoint and the exported file.
    """

    def positive(state: dict) -> None:
        # Some cell is above 0, or MMPose would refine one that is not there.
        state['head.final_layer.weight'].abs_()
        state['head.final_layer.bias'].zero_()

    size = (45, 61)
    pipeline = [dict(step) for step in PIPELINE]
    pipeline[2].update(input_size=size, use_udp=True)
    head = heads.config('udp', toys.K, toys.INPUT_SIZE)
    head['decoder'].update(input_size=size)
    student = config(
        pipeline, neck=None, head=head, test_cfg=dict(flip_test=flip_test)
    )
    student.dump(folder / 'udp.py')
    file = export(folder, student, positive, flip_test=flip_test)
    return str(folder / 'udp.py'), str(folder / 'student.pth'), file
