"""A sheet of photos with what models find in them, a row for each model.

    python benchmarks/leeds/photos.py FOLDER SHEET.jpg MODEL [MODEL ...]

FOLDER has COCO's layout. Of each of its photos under CC BY 2.0, the largest
person with many keypoints is cut out, by the true box. MODEL is an exported
file, or the name of one that comes with the package. The credits are printed.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from xtcocotools.coco import COCO

from distilpose_runtime import PoseEstimator, draw

CC_BY = 4  # in COCO's list of licenses
TILE = (170, 240)  # width and height, pixels


def photos_to_show(folder: Path) -> Iterator[tuple[str, Path, list[dict]]]:
    """Give the credit, the file and the people of photos under CC BY 2.0."""
    for split in ('train2017', 'val2017'):
        coco = COCO(folder / f'annotations/person_keypoints_{split}.json')
        for image in coco.loadImgs(coco.getImgIds()):
            if image['license'] == CC_BY:
                people = coco.loadAnns(coco.getAnnIds(image['id']))
                file = folder / split / image['file_name']
                yield image['flickr_url'], file, people


def photos(folder: Path) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Give the credit, the image, and the person's box (4) of each photo."""
    for credit, file, people in photos_to_show(folder):
        boxes = [p['bbox'] for p in people if p['num_keypoints'] > 8]
        if boxes:
            x, y, width, height = max(boxes, key=lambda box: box[2] * box[3])
            box = np.array([x, y, x + width, y + height], np.float32)
            yield credit, cv2.imread(str(file)), box


def tile(image: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Cut a person out, with a margin, to the size of a tile."""
    center, size = (box[:2] + box[2:]) / 2, 1.2 * (box[2:] - box[:2])
    scale = min(TILE / size)
    shift = np.array(TILE) / 2 - scale * center
    matrix = np.hstack([scale * np.eye(2), shift[:, None]])
    return cv2.warpAffine(
        *(image, matrix, TILE), flags=cv2.INTER_AREA, borderValue=(255,) * 3
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('folder', type=Path, metavar='FOLDER')
    parser.add_argument('sheet', type=Path, metavar='SHEET.jpg')
    parser.add_argument('models', nargs='+', metavar='MODEL')
    args = parser.parse_args()
    found = list(photos(args.folder))
    if not found:
        parser.error(f'{args.folder} has no such photo under CC BY 2.0')
    rows = []
    for model in map(PoseEstimator, args.models):
        tiles = []
        for _, image, box in found:
            poses = model(image, box[None])
            drawn = draw(image, poses)
            tiles.append(tile(drawn, box))
        rows.append(np.hstack(tiles))
    cv2.imwrite(str(args.sheet), np.vstack(rows))
    for credit, *_ in found:
        print(credit)  # noqa: T201


if __name__ == '__main__':
    main()
