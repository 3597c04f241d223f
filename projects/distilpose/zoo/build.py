"""Building a model whose parts other packages have."""

import copy
import importlib.util
import logging
import re
from pathlib import Path

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.registry import DefaultScope
from mmpose.registry import MODELS
from mmpose.utils import register_all_modules
from torch import nn

from distilpose_runtime.errors import UserValueError

from ..weights.read import load_weights, read_checkpoint
from .types import name_types

__all__ = ['build_model', 'build_without_weights', 'load_model']

# What installs a package whose parts a config names.
INSTALLED_BY = {
    'mmdet': 'mim install "mmdet>=3.0.0"',
    'mmpretrain': 'pip install "distilpose[vitpose]"',
}


def build_model(config: dict, name: str) -> nn.Module:
    """Build a model, or name the package that is missing.

    The config is not changed. The name, such as ``'The teacher x'``, is for
    messages.

    Raises:
        ValueError: A package or one of MMCV's operators is missing, or a
            class that the config names, or one of its arguments.
    """
    config = name_types(copy.deepcopy(dict(config)), scope='')
    scopes = re.findall(r"'(?:type|_scope_)': '(\w+)(?:\.|')", str(config))
    missing = [
        scope
        for scope in INSTALLED_BY
        if scope in scopes and importlib.util.find_spec(scope) is None
    ]
    if missing:
        raise UserValueError(
            f'{name} is made of parts of {", ".join(missing)}, '
            'which is not installed. Install it with '
            + ' and '.join(f'`{INSTALLED_BY[scope]}`' for scope in missing)
            + ', or choose another model.'
        )
    try:
        return MODELS.build(config)
    # MMCV's operators, which mmcv-lite lacks, a class of no package, or one
    # of another version of its package.
    except (ImportError, KeyError, TypeError) as error:
        reason = ' '.join(map(str, error.args))
        raise UserValueError(
            f'{name} cannot be built here: {reason}'
        ) from error


def build_without_weights(config: Config) -> nn.Module:
    """Build the model of a config without weights, downloads or teacher.

    It is in eval mode, on the CPU. The config is not changed.

    Raises:
        ValueError: Something that the model is made of is not installed, or
            is not there.
    """
    name = f'The model {Path(config.filename or "").stem}'.rstrip()
    register_all_modules(init_default_scope=False)
    with DefaultScope.overwrite_default_scope(
        config.get('default_scope', 'mmpose')
    ):
        return build_model(config.model, name).eval()


def load_model(config: Config, checkpoint: str | Path) -> nn.Module:
    """Build the model of a config, and load a checkpoint: a path or address.

    It is in eval mode, on the CPU. ``build_without_weights`` has more errors.

    Raises:
        FileNotFoundError: There is no such checkpoint.
        CheckpointError: It cannot be read, or is of another model.
    """
    model = build_without_weights(config)
    found = read_checkpoint(checkpoint)
    load_weights(model, found.state, checkpoint)
    # The text of the config: name=False, or 'name': False.
    trained_by = str(found.meta.get('cfg'))
    untrained = [
        name
        for name in ('sigmas', 'scores')
        if getattr(getattr(model, 'head', None), name, None) is True
        and re.search(rf'\b{name}\W{{1,3}}False\b', trained_by)
    ]
    if untrained:
        print_log(
            f'The checkpoint "{checkpoint}" is of a run that trained no '
            f'{" and no ".join(untrained)}: what the model gives as such is '
            'noise. Take the config that the run was trained with.',
            'current',
            logging.WARNING,
        )
    return model
