"""AP, AR and PCK on photos of COCO of students that were trained on Leeds.

    python benchmarks/leeds/other_photos.py COCO MODEL [MODEL ...]

COCO is a folder in COCO's layout, from which nothing may have been used for
training; its people come in their true boxes. A MODEL is an ONNX file, the
name of a model, or CONFIG:CHECKPOINT. Leeds and COCO have 12 keypoints in
common, from shoulders to ankles: the others are left out on both sides.
"""

import argparse
import contextlib
import io
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from mmpose.datasets.datasets import CocoDataset
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from tabulate import tabulate
from tqdm import tqdm
from xtcocotools.coco import COCO
from xtcocotools.cocoeval import COCOeval

from distilpose.students.mmpose_estimator import MMPoseEstimator
from distilpose_runtime import PoseEstimator

META = parse_pose_metainfo(CocoDataset.METAINFO)
# From shoulders to ankles, COCO's names and sigmas: without the face.
NAMES = [META['keypoint_id2name'][i] for i in range(5, 17)]
SIGMAS = META['sigmas'][5:]


def splits(folder: Path) -> Iterator[tuple[Path, dict]]:
    """The photos' folder and the annotations of each split."""
    for file in sorted(folder.glob('annotations/person_keypoints_*.json')):
        yield folder / file.stem.split('_')[-1], json.loads(file.read_text())


def precision(
    truth: dict, found: list[dict], sigmas: Sequence[float]
) -> dict[str, float]:
    """AP, AP at an OKS of 0.5, and AR of poses, both in COCO's format."""
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = truth
        coco.createIndex()
        judged = COCOeval(coco, coco.loadRes(found), 'keypoints', sigmas)
        judged.evaluate()
        judged.accumulate()
        judged.summarize()
    ap, ap50, *_, ar = judged.stats[:6]
    return dict(AP=ap, AP50=ap50, AR=ar)


def people(folder: Path) -> tuple[dict[str, list[dict]], dict]:
    """Annotations by photo, and all of them as one file with 12 keypoints."""
    by_photo: dict[str, list[dict]] = {}
    truth: dict = dict(images=[], annotations=[], categories=[dict(id=1)])
    for photos, content in splits(folder):
        order = content['categories'][0]['keypoints']
        index = [order.index(name) for name in NAMES]
        paths = {
            x['id']: str(photos / x['file_name']) for x in content['images']
        }
        truth['images'] += content['images']
        for person in content['annotations']:
            points = np.reshape(person['keypoints'], (-1, 3))[index]
            number = int((points[:, 2] > 0).sum())
            person.update(
                id=len(truth['annotations']) + 1,
                keypoints=points.ravel().tolist(),
                num_keypoints=number,
            )
            truth['annotations'].append(person)
            if number and not person['iscrowd']:
                path = paths[person['image_id']]
                by_photo.setdefault(path, []).append(person)
    return by_photo, truth


def accuracy(model: Callable, folder: Path) -> dict[str, float]:
    """AP, AP at an OKS of 0.5, AR and PCK of a model.

    PCK is the share of keypoints within a tenth and a fifth of the box's
    longer side. It and AR need no scores.
    """
    by_photo, truth = people(folder)
    found: list[dict] = []
    distances: list[float] = []
    for path, persons in tqdm(by_photo.items(), unit='photo'):
        boxes = np.array([x['bbox'] for x in persons], float)
        boxes[:, 2:] += boxes[:, :2]
        poses = model(cv2.imread(path), boxes)
        index = [list(poses.names).index(name) for name in NAMES]
        for i, person in enumerate(persons):
            points = np.ones((12, 3))
            points[:, :2] = poses.keypoints[i][index]
            true = np.reshape(person['keypoints'], (-1, 3))
            apart = np.hypot(*(points - true)[true[:, 2] > 0, :2].T)
            distances += (apart / max(person['bbox'][2:])).tolist()
            found.append(
                dict(
                    image_id=person['image_id'],
                    category_id=1,
                    keypoints=points.ravel().tolist(),
                    score=float(poses.scores[i][index].mean()),
                )
            )
    tenth, fifth = (np.mean(np.array(distances) < x) for x in (0.1, 0.2))
    return dict(precision(truth, found, SIGMAS), tenth=tenth, fifth=fifth)


def open_model(name: str) -> Callable:
    """An estimator of a MODEL of the command line."""
    config, is_pair, checkpoint = name.partition(':')
    if is_pair:
        return MMPoseEstimator(config, checkpoint, 'cpu', 32)
    return PoseEstimator(name)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('coco', type=Path, metavar='COCO')
    parser.add_argument('models', nargs='+', metavar='MODEL')
    args = parser.parse_args()
    if not (args.coco / 'annotations').is_dir():
        parser.error(f'{args.coco} has no annotations/')
    rows = [
        dict(model=name, **accuracy(open_model(name), args.coco))
        for name in args.models
    ]
    print(tabulate(rows, 'keys', 'github', floatfmt='.3f'))  # noqa: T201


if __name__ == '__main__':
    main()
