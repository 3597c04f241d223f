"""What metafiles say of configs: published weights and AP."""

from functools import cache
from pathlib import Path

import yaml

from .find import find_config

__all__ = ['published_ap', 'published_data', 'published_weights']

# The source of the figure that a metafile gives under this name.
SOURCES = {'AP': 'MMPose model zoo', 'AP of the paper': 'DistilPose paper'}


def published_ap(config: str | Path) -> tuple[float | None, str]:
    """The AP on COCO, 0 to 1, that a metafile states, and whose it is.

    None for a model without such a figure. Other data sets do not count. The
    config is a path, or the name of an installed one.

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
                return metrics[key], source
    return None, ''


def published_data(config: str | Path) -> str:
    """The names of the data that a metafile says a model was trained on.

    Nothing for a model without them. A path, or an installed name.

    Raises:
        FileNotFoundError: There is no such config.
    """
    for entry in _published(config):
        names = (entry.get('Metadata') or {}).get('Training Data')
        if names:
            return names if isinstance(names, str) else ', '.join(names)
    return ''


def published_weights(config: str | Path) -> str | None:
    """The address of the weights that a metafile names for a config.

    None for one without published weights. A path, or an installed name.

    Raises:
        FileNotFoundError: There is no such config.
    """
    for entry in _published(config):
        if entry.get('Weights'):
            return entry['Weights']
    return None


def _published(config: str | Path) -> list[dict]:
    """What the metafiles beside a config say of it.

    Entries are found by the file that they name: MMPose calls an RTMPose of
    CrowdPose by the name of COCO's, and names folders that are gone.
    """
    path = find_config(str(config), with_mmpose=True)
    return [
        entry
        for metafile in sorted(path.resolve().parent.glob('*.yml'))
        for entry in _models(metafile)
        if Path(entry.get('Config') or '').stem == path.stem
    ]


@cache
def _models(metafile: Path) -> list[dict]:
    """The entries of a metafile; none of a file that is something else."""
    try:
        content = yaml.safe_load(metafile.read_text(encoding='utf-8'))
    except (yaml.YAMLError, UnicodeError):
        return []
    return content.get('Models') or [] if isinstance(content, dict) else []
