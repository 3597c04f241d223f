"""Errors that a user can put right, told in one line."""

import argparse
import traceback
from importlib.metadata import version
from typing import Any
from urllib.error import URLError

__all__ = ['expect_settings', 'read_settings', 'told']

# Where MMEngine says which part of a config it cannot build, and why.
BUILDING = ('mmengine/registry', 'mmengine\\registry')

# What is not installed with the package alone, and the extra that has it.
EXTRAS = dict(
    onnxruntime='runtime',
    onnx='export',
    av='video',
    trackers='tracking',
    timm='timm',
    mmpretrain='vitpose',
    matplotlib='train',
    PIL='train',
    tabulate='train',
    tqdm='train',
    yaml='train',
)

# What a package below says of a setting, and what to do.
OF_SETTINGS = {
    'persistent_workers option needs num_workers > 0': 'A data loader with '
    'num_workers=0 needs persistent_workers=False as well, such as '
    '--cfg-options train_dataloader.num_workers=0 '
    'train_dataloader.persistent_workers=False.',
    'albumentations is not installed': 'albumentations is not installed, '
    "which the transform Albumentation needs, of RTMPose's configs among "
    'others. Install it with `pip install "albumentations<2" "numpy=={}"`; '
    'the second keeps your NumPy.',
}


def told(error: BaseException) -> str | None:
    """Give the message of an error that was written for the user.

    Such are a ``UserError``, the system's about files and a home folder, and
    MMEngine's about a config. Of all others, the traceback is needed.

    Args:
        error: What ended a command.

    Returns:
        The message, or None for an error that may be a fault of the code.
    """
    from distilpose_runtime.errors import UserError

    if isinstance(error, ModuleNotFoundError):
        return _about_module(error)
    # MMEngine raises what a part of the model says once more, at each level.
    outer = error
    while _of_registry(error) and error.__context__ is not None:
        outer, error = error, error.__context__
    # What a process that loads data sends holds a traceback.
    if isinstance(error, UserError) and '\nTraceback' not in str(error):
        return str(error)
    if isinstance(error, OSError) and '\n' not in str(error):
        return _about_file(error)
    # Of pathlib, or of a package that keeps files there.
    if isinstance(error, RuntimeError) and 'home directory' in str(error):
        return (
            f'{str(error).rstrip(".")}. A container may run under a user '
            'without a home folder: set HOME to a folder that can be written.'
        )
    if str(error) in OF_SETTINGS:
        return OF_SETTINGS[str(error)].format(version('numpy'))
    if _of_registry(error):
        text = str(outer.args[0]) if outer.args else str(outer)
        advice = (
            ". A model with a teacher has the type 'DistilPoseEstimator'."
            if "unexpected keyword argument 'teacher'" in text
            else ''
        )
        return f'The config describes what cannot be built. {text}{advice}'
    return None


def _about_module(error: ModuleNotFoundError) -> str | None:
    name = (error.name or '').partition('.')[0]
    if name in EXTRAS:
        return (
            f'{error}. Install what it needs with `pip install '
            f'"distilpose[{EXTRAS[name]}]"`.'
        )
    if name in ('torch', 'torchvision', 'mmengine', 'mmcv', 'mmpose'):
        return (
            f'{error}. With `pip install "distilpose[runtime]"` alone, '
            'exported models run; all else needs PyTorch, MMPose and `pip '
            'install "distilpose[train]"`.'
        )
    return None


def _of_registry(error: BaseException) -> bool:
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and any(
        folder in frames[-1].filename for folder in BUILDING
    )


def _about_file(error: OSError) -> str:
    if isinstance(error, URLError):
        return (
            f'A download failed ({error.reason}). Where weights to start from '
            'cannot be had, set model.backbone.init_cfg=None; `distilpose '
            'init` leaves them out by --start none.'
        )
    if error.strerror is None or error.filename is None:
        return str(error)
    if isinstance(error, FileNotFoundError):
        return (
            f'"{error.filename}" cannot be used: there is no such file or '
            'folder.'
        )
    return (
        f'"{error.filename}" cannot be used ({error.strerror}). Check that '
        'a file to read is there, and that a folder to write to is a folder, '
        'with the right to write and free space.'
    )


def read_settings(
    given: list[str], option: str = '--cfg-options'
) -> dict[str, Any]:
    """Read settings of the form KEY=VALUE, as MMEngine does.

    Raises:
        ValueError: One has another form.
    """
    from mmengine.config import DictAction

    expect_settings([option, *given], option)
    reader = argparse.ArgumentParser()
    reader.add_argument('--options', nargs='*', action=DictAction)
    return reader.parse_args(['--options', *given]).options or {}


def expect_settings(
    arguments: list[str], option: str = '--cfg-options'
) -> None:
    """See that what follows an option is of the form KEY=VALUE.

    Args:
        arguments: Those of a script of MMPose.
        option: The option.

    Raises:
        ValueError: One is not.
    """
    if option not in arguments:
        return
    for text in arguments[arguments.index(option) + 1 :]:
        if text.startswith('--'):
            return
        key, equals, _ = text.partition('=')
        if not key or not equals:
            from distilpose_runtime.errors import UserValueError

            raise UserValueError(
                f'{option} takes settings of the form KEY=VALUE, but was '
                f'given "{text}".'
            )
