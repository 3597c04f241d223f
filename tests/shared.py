"""Files that lie beside the repository on some machines and are no part of
it: in the folder ``DISTILPOSE_SHARED``, or ``../shared``."""

import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from mmpose.registry import DATASETS
from mmpose.utils import register_all_modules

FOLDER = Path(
    os.environ.get('DISTILPOSE_SHARED', Path(__file__).parents[2] / 'shared')
)


def file_or_skip(name: str) -> Path:
    """Give a shared file's path; skip the test where there is none."""
    if not (FOLDER / name).is_file():
        pytest.skip(f'{FOLDER / name} is not on this machine')
    return FOLDER / name


def unpack(name: str, folder: Path) -> None:
    """Unpack an archive of data; skip the test where there is none."""
    with zipfile.ZipFile(file_or_skip(f'data/{name}.zip')) as archive:
        archive.extractall(folder)


def people(folder: Path, size: tuple[int, int]) -> Any:
    """The people of coco_mini's validation photos, in crops of a size."""
    unpack('coco_mini', folder)
    register_all_modules()
    return DATASETS.build(
        dict(
            type='CocoDataset',
            data_root=str(folder / 'coco_mini'),
            ann_file='annotations/person_keypoints_val2017.json',
            data_prefix=dict(img='val2017/'),
            test_mode=True,
            pipeline=[
                dict(type='LoadImage'),
                dict(type='GetBBoxCenterScale'),
                dict(type='TopdownAffine', input_size=size),
                dict(type='PackPoseInputs'),
            ],
        )
    )
