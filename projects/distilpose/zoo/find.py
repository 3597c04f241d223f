"""Finding configs by name, ours and MMPose's."""

import difflib
from pathlib import Path

import mmpose
from mmengine.config import Config

from distilpose_runtime.errors import UserFileNotFoundError, UserValueError

from .types import name_types

__all__ = ['find_config', 'input_size', 'installed_configs', 'read_config']

OWN = Path(__file__).parents[1] / '.mim' / 'configs'
MMPOSE = Path(mmpose.__file__).parent / '.mim' / 'configs'


def find_config(name: str, with_mmpose: bool = False) -> Path:
    """Find a config by path, or by its name among those installed.

    Args:
        name: Path of a config, or its name; each with or without ``.py``.
        with_mmpose: Whether to look among MMPose's configs, too.

    Raises:
        FileNotFoundError: There is none; the nearest names are suggested.
    """
    for path in (Path(name), Path(f'{name}.py')):
        if path.is_file():
            return path
    named = installed_configs(with_mmpose)
    wanted = name.removesuffix('.py')
    if wanted in named:
        return named[wanted].resolve()
    word = Path(wanted).name.lower()
    nearest = [
        x for x in sorted(named) if word in x.lower()
    ] or difflib.get_close_matches(word, named, cutoff=0.3)
    raise UserFileNotFoundError(
        f'The config "{name}" is neither a file here nor one of '
        f'distilpose{" or MMPose" if with_mmpose else ""}. '
        f'{"Nearest" if nearest else "Some of these"}: '
        f'{", ".join((nearest or sorted(named))[:9])}.'
    )


def read_config(
    name: str, with_mmpose: bool = False, import_modules: bool = True
) -> Config:
    """Read a config of a model; its types are names, see ``name_types``.

    Args:
        name: Path of a config, or its name, as of ``find_config``.
        with_mmpose: Whether to look among MMPose's configs, too.
        import_modules: Whether to import what its ``custom_imports`` name.

    Raises:
        FileNotFoundError: There is none, or none that it is based on.
        ImportError: A module of its ``custom_imports`` cannot be imported.
        ValueError: It cannot be read, or describes no model.
    """
    path = find_config(name, with_mmpose)
    try:
        config = Config.fromfile(path, import_custom_modules=import_modules)
    except (ImportError, OSError):
        raise
    except Exception as error:  # of many types: a config is a program
        reason = ' '.join(str(error).split())
        raise UserValueError(
            f'The config "{path}", or one that it is based on, cannot be read '
            f'({type(error).__name__}: {reason}). Correct it.'
        ) from error
    if 'model' not in config:
        raise UserValueError(
            f'The config "{path}" describes no model. Name the config of a '
            'model, or base this one on it by _base_.'
        )
    return name_types(config, config.get('default_scope', 'mmpose'))


def input_size(config: Config) -> tuple[int, int]:
    """Width and height, in pixels, of the images that a model was built for.

    Raises:
        ValueError: The config names no such size.
    """
    head = config.model.get('head') or {}
    head = head.get('pose_cfg', head)  # of a VisPredictHead
    for codec in (head.get('decoder'), config.get('codec')):
        if codec and 'input_size' in codec:
            width, height = codec['input_size']
            return width, height
    raise UserValueError(
        f'{config.filename} names no input size, neither in '
        'model.head.decoder nor in codec: it is no top-down estimator.'
    )


def installed_configs(with_mmpose: bool = False) -> dict[str, Path]:
    """All installed configs by name; of equal names, ours.

    Args:
        with_mmpose: Whether MMPose's count, too.
    """
    folders = [MMPOSE, OWN] if with_mmpose else [OWN]
    return {
        path.stem: path  # of equal names, ours
        for folder in folders
        for path in sorted(folder.glob('*_*/**/*.py'))
        if '_base_' not in path.parts
    }
