"""Models that come with this package, found by their names."""

from os import PathLike, fspath
from pathlib import Path

from .errors import UserFileNotFoundError

__all__ = ['MODELS', 'NAMED', 'NANODET', 'find_detector', 'find_model']

# The model card of each lies beside it: models/README.md.
MODELS = {
    name: Path(__file__).parent / 'models' / f'{name}.onnx'
    for name in ('distilpose-body17', 'distilpose-body17-float16')
}
# Also those of version 0.2: they name the model that took the place of theirs.
NAMED = MODELS | {
    name.replace('body17', 'lsp'): file for name, file in MODELS.items()
}
# Its origin and license: models/nanodet.md.
NANODET = Path(__file__).parent / 'models' / 'nanodet.onnx'


def find_detector(name: 'str | PathLike[str]') -> Path:
    """Give the file of a detector.

    Args:
        name: A file, or ``'nanodet'``. A file of that name goes first.
    """
    file = Path(name)
    is_named = fspath(name) == NANODET.stem and not file.is_file()
    return NANODET if is_named else file


def find_model(name: 'str | PathLike[str]') -> str:
    """Give the file of a model.

    Args:
        name: A file, or one of ``MODELS``. A file of that name goes first.

    Raises:
        FileNotFoundError: There is no such file, and no such model.
    """
    file = fspath(name)
    if Path(file).is_file():
        return file
    if file in NAMED:
        return str(NAMED[file])
    raise UserFileNotFoundError(
        f'There is no model "{file}". Expected an ONNX file that `distilpose '
        f'export` wrote, or one of {", ".join(MODELS)}.'
    )
