"""Finding configs by name, ours and MMPose's, and building their models."""

import difflib
from functools import lru_cache
from pathlib import Path
from typing import Dict, List, Optional, Tuple, Union

import yaml
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpose.utils import register_all_modules
from torch import nn

from .building import build_model

__all__ = [
    'build_without_weights',
    'find_config',
    'input_size',
    'installed_configs',
    'published_ap',
    'published_weights',
    'read_config',
]

OWN = Path(__file__).parent / '.mim' / 'configs'

# Whose figure it is that a metafile gives under this name.
SOURCES = {'AP': 'MMPose model zoo', 'AP of the paper': 'DistilPose paper'}


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
    wanted = name[: -len('.py')] if name.endswith('.py') else name
    if wanted in named:
        return named[wanted].resolve()
    word = Path(wanted).name
    nearest = difflib.get_close_matches(word, named, cutoff=0.3) or [
        x for x in sorted(named) if word.lower() in x.lower()
    ]
    raise FileNotFoundError(
        f'The config "{name}" is neither a file here nor one of '
        f'distilpose{" or MMPose" if with_mmpose else ""}. '
        f'{"Nearest" if nearest else "Some of these"}: '
        f'{", ".join((nearest or sorted(named))[:9])}.'
    )


def read_config(
    name: str, with_mmpose: bool = False, import_modules: bool = True
) -> Config:
    """Read a config of a model.

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
        raise ValueError(
            f'The config "{path}", or one that it is based on, cannot be read '
            f'({type(error).__name__}: {reason}). Correct it.'
        ) from error
    if 'model' not in config:
        raise ValueError(
            f'The config "{path}" describes no model. Name the config of a '
            'model, or base this one on it by _base_.'
        )
    return config


def build_without_weights(config: Config) -> nn.Module:
    """Build the model of a config without weights, downloads or teacher.

    Args:
        config: The config, of which ``model`` is read and nothing changed.

    Returns:
        The model in eval mode, on the CPU.

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


def input_size(config: Config) -> Tuple[int, int]:
    """Width and height, in pixels, of the images that a model was built for.

    Raises:
        ValueError: The config names no such size.
    """
    for codec in (
        config.model.get('head', {}).get('decoder'),
        config.get('codec'),
    ):
        if codec and 'input_size' in codec:
            width, height = codec['input_size']
            return width, height
    raise ValueError(
        f'{config.filename} names no input size, neither in '
        'model.head.decoder nor in codec: it is no top-down estimator.'
    )


def published_ap(config: Union[str, Path]) -> Tuple[Optional[float], str]:
    """The AP on COCO, in percent, that a metafile states, and whose it is.

    None for a model without such a figure. Other data sets do not count.

    Args:
        config: Path of a config, or the name of an installed one.

    Raises:
        FileNotFoundError: There is no such config.
    """
    results = [
        result.get('Metrics', {})
        for entry in _published(config)
        for result in entry.get('Results') or ()
        if result.get('Dataset') == 'COCO'
    ]
    for key, source in SOURCES.items():
        for metrics in results:
            if key in metrics:
                return 100 * metrics[key], source
    return None, ''


def published_weights(config: Union[str, Path]) -> Optional[str]:
    """The address of the weights that a metafile names for a config.

    None for a config without published weights.

    Args:
        config: Path of a config, or the name of an installed one.

    Raises:
        FileNotFoundError: There is no such config.
    """
    for entry in _published(config):
        if entry.get('Weights'):
            return entry['Weights']
    return None


def _published(config: Union[str, Path]) -> List[dict]:
    """What the metafiles beside a config say of it.

    By the file that they name: MMPose calls an RTMPose of CrowdPose by the
    name of COCO's, and names folders that are gone.
    """
    path = find_config(str(config), with_mmpose=True)
    return [
        entry
        for metafile in sorted(path.resolve().parent.glob('*.yml'))
        for entry in _models(metafile)
        if Path(entry.get('Config') or '').stem == path.stem
    ]


@lru_cache(maxsize=None)
def _models(metafile: Path) -> List[dict]:
    """The entries of a metafile; none of a file that is something else."""
    try:
        content = yaml.safe_load(metafile.read_text())
    except (yaml.YAMLError, UnicodeError):
        return []
    return content.get('Models') or [] if isinstance(content, dict) else []


def installed_configs(with_mmpose: bool = False) -> Dict[str, Path]:
    """All installed configs by name; of equal names, ours.

    Args:
        with_mmpose: Whether MMPose's count, too.
    """
    folders = [OWN]
    if with_mmpose:
        import mmpose

        folders.append(Path(mmpose.__file__).parent / '.mim' / 'configs')
    return {
        path.stem: path
        for folder in reversed(folders)  # of equal names, ours
        for path in sorted(folder.glob('*_*/**/*.py'))
        if '_base_' not in path.parts
    }
