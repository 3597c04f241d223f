"""Finding configs by name, ours and MMPose's, and building their models."""

import copy
import difflib
from pathlib import Path
from typing import Dict, Optional, Tuple

import yaml
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpose.models import build_pose_estimator
from mmpose.utils import register_all_modules
from torch import nn

__all__ = [
    'build_without_weights',
    'find_config',
    'input_size',
    'published_ap',
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
    named = _installed_configs(with_mmpose)
    wanted = name[: -len('.py')] if name.endswith('.py') else name
    if wanted in named:
        return named[wanted].resolve()
    nearest = difflib.get_close_matches(Path(wanted).name, named, cutoff=0.3)
    raise FileNotFoundError(
        f'The config "{name}" is neither a file here nor one of '
        f'distilpose{" or MMPose" if with_mmpose else ""}. Nearest: '
        + ', '.join(nearest or sorted(named)[:9])
    )


def build_without_weights(config: Config) -> nn.Module:
    """Build the model of a config without weights, downloads or teacher.

    Args:
        config: The config, of which ``model`` is read and nothing changed.

    Returns:
        The model in eval mode, on the CPU.
    """
    register_all_modules(init_default_scope=False)
    with DefaultScope.overwrite_default_scope(
        config.get('default_scope', 'mmpose')
    ):
        return build_pose_estimator(copy.deepcopy(config.model)).eval()


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


def published_ap(name: str) -> Tuple[Optional[float], str]:
    """The AP on COCO, in percent, that a metafile states, and whose it is.

    None for a model without such a figure. Other data sets do not count.
    """
    path = find_config(name, with_mmpose=True)
    results = [
        result.get('Metrics', {})
        for metafile in path.parent.glob('*.yml')
        for entry in yaml.safe_load(metafile.read_text())['Models']
        if entry['Name'] == path.stem
        for result in entry.get('Results') or ()
        if result.get('Dataset') == 'COCO'
    ]
    for key, source in SOURCES.items():
        for metrics in results:
            if key in metrics:
                return 100 * metrics[key], source
    return None, ''


def _installed_configs(with_mmpose: bool) -> Dict[str, Path]:
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
