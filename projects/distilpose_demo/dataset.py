"""Writes synthetic people as a dataset in the layout of COCO.

::

    folder/dataset.json                                  how it was made
    folder/annotations/person_keypoints_train2017.json   likewise val2017
    folder/train2017/000000000001.jpg ...                likewise val2017
"""

import json
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from distilpose_runtime.errors import UserValueError
from distilpose_runtime.files import written_folder

from .body import KEYPOINTS, SKELETON
from .people import Person, draw_scene

__all__ = ['make_dataset']

VERSION = 2  # of the drawings; a change of the pictures raises it
MANIFEST = 'dataset.json'
SPLITS = ('train2017', 'val2017')
JPEG_QUALITY = 92
CATEGORY = dict(
    id=1,
    name='person',
    supercategory='person',
    keypoints=KEYPOINTS,
    skeleton=SKELETON,
)


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
        ValueError: An argument is out of range, or the folder holds something
            else.
        OSError: The folder cannot be written.
    """
    if seed < 0 or num_train < 1 or num_val < 1:
        raise UserValueError(
            f'Given seed={seed}, num_train={num_train} and '
            f'num_val={num_val}, expected a seed of 0 or more and 1 or more '
            'images of each kind.'
        )
    folder = Path(folder)
    manifest = dict(
        generator='distilpose_demo',
        version=VERSION,
        seed=seed,
        num_train=num_train,
        num_val=num_val,
    )
    if not _exists(folder, manifest):
        _write(folder.resolve(), manifest, progress)
    return folder


def _exists(folder: Path, manifest: dict[str, Any]) -> bool:
    """Check whether the dataset is there; raise if something else is."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    file = folder / MANIFEST
    found = file.read_text(encoding='utf-8') if file.is_file() else 'nothing'
    if found != _to_json(manifest):
        raise UserValueError(
            f'{folder} holds something else than the dataset of {manifest}: '
            f'its {MANIFEST} says {found.strip()}. Name another folder, or '
            'remove that one if you need it no longer.'
        )
    return True


def _write(folder: Path, manifest: dict[str, Any], progress: bool) -> None:
    """Write the dataset whole or not at all."""
    bar = tqdm(
        total=manifest['num_train'] + manifest['num_val'],
        desc='Drawing',
        unit=' pictures',
        mininterval=1,
        disable=not progress,
    )
    with bar, written_folder(folder) as partial:
        (partial / 'annotations').mkdir()
        for index, split in enumerate(SPLITS):
            (partial / split).mkdir()
            images: list[dict[str, Any]] = []
            annotations: list[dict[str, Any]] = []
            for i in range(1, manifest[f'num_{split[:-4]}'] + 1):
                rng = np.random.default_rng([manifest['seed'], index, i - 1])
                scene = draw_scene(rng)
                images.append(_write_image(partial / split, i, scene.image))
                for person in scene.people:
                    number = len(annotations) + 1
                    annotations.append(_annotate(person, number, i))
                bar.update()
            file = partial / f'annotations/person_keypoints_{split}.json'
            labels = dict(
                info=dict(
                    description='People drawn by distilpose_demo', **manifest
                ),
                licenses=[],
                images=images,
                annotations=annotations,
                categories=[CATEGORY],
            )
            file.write_text(_to_json(labels), encoding='utf-8')
        text = _to_json(manifest)
        (partial / MANIFEST).write_text(text, encoding='utf-8')


def _write_image(
    folder: Path, image_id: int, image: np.ndarray
) -> dict[str, Any]:
    """Write a picture, (H, W, 3) uint8 in BGR; return its entry."""
    name = f'{image_id:012d}.jpg'
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    _, data = cv2.imencode('.jpg', image, options)
    (folder / name).write_bytes(data.tobytes())
    height, width = image.shape[:2]
    return dict(id=image_id, file_name=name, width=width, height=height)


def _annotate(
    person: Person, annotation_id: int, image_id: int
) -> dict[str, Any]:
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


def _to_json(content: dict[str, Any]) -> str:
    return json.dumps(content) + '\n'
