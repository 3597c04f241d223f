"""Writes drawn people as a dataset in the layout of COCO.

::

    folder/dataset.json                                  how it was made
    folder/annotations/person_keypoints_train2017.json   likewise val2017
    folder/train2017/000000000001.jpg ...                likewise val2017
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any, Dict, List, Tuple

import cv2
import numpy as np
from tqdm import tqdm

from .figure import KEYPOINTS, SKELETON
from .people import Person, draw_scene

__all__ = ['make_dataset']

VERSION = 2  # of the drawings; a change of the pictures raises it
MANIFEST = 'dataset.json'
SPLITS = ('train2017', 'val2017')
JPEG_QUALITY = 92


def make_dataset(
    folder: 'str | os.PathLike[str]',
    *,
    seed: int = 0,
    num_train: int = 1000,
    num_val: int = 200,
    progress: bool = True,
) -> Path:
    """Write a dataset, unless the same one is there already.

    The pictures are written to ``.<name>.partial`` beside the folder, which
    gets its name at the end; what an interrupted run left there is removed.
    A picture depends on the seed, the split and its index alone.

    Args:
        folder: Of the dataset; must not exist, or be empty, or hold the
            dataset asked for. Nothing in it is ever overwritten or deleted.
        seed: At least 0.
        num_train: Pictures to train on, at least 1.
        num_val: Pictures to evaluate on, at least 1.
        progress: Whether to show a bar.

    Returns:
        The folder.

    Raises:
        ValueError: An argument is out of range, or the folder holds another
            or an incomplete dataset.
        FileExistsError: The folder holds something else.
        OSError: The folder cannot be written; for example PermissionError
            or NotADirectoryError.
    """
    for name, value, least in (
        ('seed', seed, 0),
        ('num_train', num_train, 1),
        ('num_val', num_val, 1),
    ):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
            raise ValueError(
                f'Given {name}={value!r}, expected an integer. '
                f'Pass {least} or more.'
            )
        if value < least:
            raise ValueError(
                f'Given {name}={value}, expected at least {least}. '
                f'Pass {least} or more.'
            )
    folder = Path(folder)
    manifest = {
        'generator': 'distilpose.demo',
        'version': VERSION,
        'seed': int(seed),
        'num_train': int(num_train),
        'num_val': int(num_val),
    }
    try:
        if not _exists(folder, manifest):
            _write(folder.resolve(), manifest, progress)
    except (FileExistsError, ValueError):
        raise
    except OSError as error:
        # Made from an error number, an OSError takes the fitting subclass.
        raise OSError(
            error.errno,
            f'Given the folder {str(folder)!r}, expected one that can be '
            f'written, but: {error.strerror}. Name a folder in a place where '
            f'you may write and that has room',
            error.filename,
        ) from error
    return folder


def _exists(folder: Path, manifest: Dict[str, Any]) -> bool:
    """Tell whether the dataset is there; raise if something else is."""
    if not os.path.lexists(folder):
        return False
    if not folder.is_dir():
        raise FileExistsError(
            f'Given {str(folder)!r}, expected a folder or a name not yet '
            f'taken, but it is a file. Name another folder.'
        )
    if not any(folder.iterdir()):
        return False
    path = folder / MANIFEST
    if not path.is_file():
        raise FileExistsError(
            f'Given the folder {str(folder)!r}, expected an empty one or a '
            f'dataset made before, but it holds files and no {MANIFEST}. '
            f'Name another folder.'
        )
    try:
        found = json.loads(path.read_text(encoding='utf-8'))
    except ValueError:
        found = None  # no JSON
    advice = 'Delete that folder if you need it no longer, or name another.'
    if found != manifest:
        raise ValueError(
            f'Given the folder {str(folder)!r}, expected a dataset made with '
            f'{manifest}, but its {MANIFEST} says {found}. {advice}'
        )
    for split, count in _counts(manifest):
        pictures = len(list((folder / split).glob('*.jpg')))
        labels = _labels(folder, split).is_file()
        if pictures != count or not labels:
            raise ValueError(
                f'Given the folder {str(folder)!r}, expected {count} pictures '
                f'in {split} and their annotations, but found {pictures} '
                f'pictures and {"the" if labels else "no"} annotations. '
                f'{advice}'
            )
    return True


def _counts(manifest: Dict[str, Any]) -> List[Tuple[str, int]]:
    return list(zip(SPLITS, (manifest['num_train'], manifest['num_val'])))


def _labels(folder: Path, split: str) -> Path:
    return folder / 'annotations' / f'person_keypoints_{split}.json'


def _write(folder: Path, manifest: Dict[str, Any], progress: bool) -> None:
    """Write the dataset beside the folder, then give it its name."""
    partial = folder.with_name(f'.{folder.name}.partial')
    if partial.exists():
        shutil.rmtree(partial)
    (partial / 'annotations').mkdir(parents=True)
    total = manifest['num_train'] + manifest['num_val']
    with tqdm(
        total=total,
        desc='Drawing',
        unit=' pictures',
        mininterval=1,
        disable=not progress,
    ) as bar:
        for index, (split, count) in enumerate(_counts(manifest)):
            (partial / split).mkdir()
            images, annotations = [], []
            for i in range(count):
                rng = np.random.default_rng([manifest['seed'], index, i])
                scene = draw_scene(rng)
                image = _write_image(partial / split, i + 1, scene.image)
                images.append(image)
                for person in scene.people:
                    annotations.append(
                        _annotate(person, len(annotations) + 1, i + 1)
                    )
                bar.update()
            labels = _describe(manifest, images, annotations)
            _write_json(_labels(partial, split), labels)
    _write_json(partial / MANIFEST, manifest)
    if folder.exists():
        folder.rmdir()  # it is empty; Windows cannot rename onto it
    partial.rename(folder)


def _write_image(
    folder: Path, image_id: int, image: np.ndarray
) -> Dict[str, Any]:
    """Write a picture, (H, W, 3) uint8 in BGR; return its entry."""
    name = f'{image_id:012d}.jpg'
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    _, data = cv2.imencode('.jpg', image, options)
    (folder / name).write_bytes(data.tobytes())
    height, width = image.shape[:2]
    return dict(id=image_id, file_name=name, width=width, height=height)


def _annotate(
    person: Person, annotation_id: int, image_id: int
) -> Dict[str, Any]:
    keypoints = []
    for x, y, visibility in person.keypoints.tolist():
        keypoints += [round(x, 2), round(y, 2), int(visibility)]
    return dict(
        id=annotation_id,
        image_id=image_id,
        category_id=1,
        iscrowd=0,
        bbox=person.bbox.tolist(),
        area=person.area,
        segmentation=[],
        keypoints=keypoints,
        num_keypoints=int(np.count_nonzero(person.keypoints[:, 2])),
    )


def _describe(
    manifest: Dict[str, Any],
    images: List[Dict[str, Any]],
    annotations: List[Dict[str, Any]],
) -> Dict[str, Any]:
    """Make the content of an annotation file."""
    return dict(
        info=dict(description='People drawn by distilpose.demo', **manifest),
        licenses=[],
        images=images,
        annotations=annotations,
        categories=[
            dict(
                id=1,
                name='person',
                supercategory='person',
                keypoints=list(KEYPOINTS),
                skeleton=[list(pair) for pair in SKELETON],
            )
        ],
    )


def _write_json(path: Path, content: Dict[str, Any]) -> None:
    path.write_text(json.dumps(content) + '\n', encoding='utf-8')
