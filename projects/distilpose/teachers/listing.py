"""What the zoo offers as teachers: a table of configs and what they are."""

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpose.utils import register_all_modules
from tabulate import tabulate
from torch import nn
from tqdm import tqdm

from ..zoo.find import input_size, installed_configs
from ..zoo.published import published_ap, published_data, published_weights
from .mmpose_model import MMPoseSource, build_untrained

__all__ = ['ZooTeacher', 'build_teacher', 'list_teachers', 'table']


class ZooTeacher(NamedTuple):
    """An installed config as a teacher; what is not known is empty or None."""

    name: str
    dataset: str = ''  # what its keypoints are called after
    keypoints: int | None = None
    size: str = ''  # its input as HxW, pixels
    head: str = ''  # class of its head
    codec: str = ''  # class of its codec
    ap: float | None = None  # on COCO, by a metafile, percent
    parameters: int | None = None  # None if it cannot be used
    why_not: str | None = None  # be used by its name alone
    data: str = ''  # that it was trained on, by a metafile


def list_teachers(word: str = '') -> list[ZooTeacher]:
    """Describe MMPose's and our installed configs whose name has a word.

    Each model is built as training would, but without weights and, where it
    can, without memory. That takes two tenths of a second: a progress bar is
    shown. Usable ones come first, by dataset and AP.
    """
    register_all_modules(init_default_scope=False)
    paths = {
        name: path
        for name, path in installed_configs(with_mmpose=True).items()
        if word.lower() in name.lower()
    }
    # No bar but on a terminal.
    bar = tqdm(paths.items(), leave=False, disable=None, unit=' configs')
    found = [_describe(name, path) for name, path in bar]
    return sorted(
        found,
        key=lambda x: (
            x.why_not is not None,
            not x.dataset,
            x.dataset.lower(),
            -(x.ap or 0),
            x.name,
        ),
    )


def table(teachers: list[ZooTeacher]) -> str:
    """The teachers as a table, with notes on those that cannot be used."""
    reasons = [*dict.fromkeys(x.why_not for x in teachers if x.why_not)]
    rows = [
        {
            'name': x.name,
            'dataset': x.dataset,
            'keypoints': x.keypoints,
            'input (HxW)': x.size,
            'head': x.head,
            'codec': x.codec,
            'COCO AP': x.ap,
            'parameters': x.parameters and f'{x.parameters / 1e6:.1f} M',
            'supported': f'no ({reasons.index(x.why_not) + 1})'
            if x.why_not
            else 'yes',
            'trained on': x.data,
        }
        for x in teachers
    ]
    lines = [tabulate(rows, headers='keys', floatfmt='.3f')]
    lines += [f'({i}) {text}' for i, text in enumerate(reasons, start=1)]
    return '\n'.join(lines)


def _describe(name: str, path: Path) -> ZooTeacher:
    teacher = ZooTeacher(
        name, ap=published_ap(path)[0], data=published_data(path)
    )
    try:
        config = Config.fromfile(path)
    except Exception as error:  # of many types, for as many faults
        return teacher._replace(why_not=f'It cannot be read: {error}')
    with suppress(ValueError):  # of one that names no size
        teacher = teacher._replace(size='{1}x{0}'.format(*input_size(config)))
    head = config.model.get('head') or {}
    head = head.get('pose_cfg', head)
    with DefaultScope.overwrite_default_scope('mmpose'):
        source = MMPoseSource(config)
        teacher = teacher._replace(
            dataset=(source.metainfo or {}).get('dataset_name', ''),
            keypoints=len(source.keypoint_names or ()) or None,
            head=head.get('type', ''),
            codec=(head.get('decoder') or {}).get('type', ''),
        )
        try:
            model = build_teacher(config.model, name)
        except (TypeError, ValueError) as error:
            # Without its name, the same reason is one note for all.
            reason = str(error).replace(f' {name}', '')
            return teacher._replace(why_not=reason)
    return teacher._replace(
        parameters=sum(p.numel() for p in model.parameters()),
        why_not=None
        if published_weights(path)
        else 'No weights are published for it: give a checkpoint.',
    )


def build_teacher(config: dict, name: str) -> nn.Module:
    """Build a teacher without weights and, if it can be, without memory.

    MMPose's scope must be the default; errors are ``build_untrained``'s.
    """
    try:
        with torch.device('meta'):
            return build_untrained(config, name)
    except (NotImplementedError, RuntimeError):  # one reads what it makes
        return build_untrained(config, name)
