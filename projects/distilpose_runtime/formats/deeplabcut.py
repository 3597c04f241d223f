"""DeepLabCut's tables, CSV or HDF5, which pandas writes as it does there.

F: frames. I: individuals. K: keypoints.
"""

import importlib
from pathlib import Path

import numpy as np

from ..errors import UserImportError, UserValueError
from ..files import written_whole
from .found import Found

__all__ = ['TOO_MANY', 'expect_packages', 'write_deeplabcut']

TOO_MANY = (
    'A file of DeepLabCut holds one person a picture, or people with numbers: '
    'number the people of a video with --track, or take one of each picture '
    'with --largest 1.'
)


def expect_packages(file_name: str) -> None:
    """See that what writes such a file is installed.

    Raises:
        ImportError: It is not.
    """
    try:
        importlib.import_module('pandas')
        if file_name.endswith('.h5'):
            importlib.import_module('tables')
    except ImportError as error:
        raise UserImportError(
            f"DeepLabCut's format needs pandas, and PyTables for HDF5 "
            f'({error}). Install them with `pip install '
            '"distilpose[deeplabcut]"`.'
        ) from error


def write_deeplabcut(found: Found, path: Path) -> list[str]:
    """Write the table of a project with one animal, or with several.

    Row F is frame F of the video, which is NaN where there is no pose; of
    photos, F counts them. People with numbers are the individuals of a
    project with several animals, "person4" and so on. The model's score is
    the likelihood.

    Args:
        found: The results.
        path: The file, ``.h5`` or ``.csv``.

    Returns:
        How many people without a number were left out, if any.

    Raises:
        OSError: It cannot be written.
        ValueError: A picture has several people, and no person has a number.
    """
    import pandas

    rows = [row for _, people in found.pictures for row in people]
    tracks = sorted({x['track_id'] for x in rows if 'track_id' in x})
    levels = {
        'scorer': ['distilpose'],
        'individuals': [f'person{number}' for number in tracks],
        'bodyparts': found.names,
        'coords': ['x', 'y', 'likelihood'],
    }
    if not tracks:
        del levels['individuals']
    columns = pandas.MultiIndex.from_product(
        levels.values(), names=list(levels)
    )
    table = _table(found, tracks)
    data = pandas.DataFrame(table.reshape(len(table), -1), columns=columns)
    with written_whole(path) as partial:
        if path.suffix == '.csv':
            # Of a first row with empty cells, pandas takes the number for a
            # name when it reads the file.
            data.to_csv(partial, na_rep='NaN')
        else:
            data.to_hdf(partial, key='df_with_missing', mode='w')
    left_out = sum('track_id' not in row for row in rows) if tracks else 0
    told = f'lacks {left_out} poses of people who had no number yet.'
    return [f'{path.name} {told}'] if left_out else []


def _table(found: Found, tracks: list[int]) -> np.ndarray:
    """Coordinates and scores (F, I, K, 3) of those who have a number."""
    frames = [
        image.get('frame', count)
        for count, (image, _) in enumerate(found.pictures)
    ]
    # Without tracks, the one person has no number.
    places = {number: place for place, number in enumerate(tracks or [-1])}
    size = max(frames) + 1, len(places), len(found.names), 3
    table = np.full(size, np.nan)
    for frame, (image, people) in zip(frames, found.pictures):
        if len(people) > 1 and not tracks:
            raise UserValueError(
                f'{len(people)} people are in picture {frame}, of '
                f'"{image["file_name"]}". {TOO_MANY}'
            )
        for row in people:
            place = places.get(row.get('track_id', -1))
            if place is not None:
                table[frame, place] = np.reshape(row['keypoints'], (-1, 3))
    return table
