"""How many people a detector finds, and the AP of the poses in its boxes.

    python benchmarks/detectors.py COCO TEACHER.onnx [DETECTOR ...]

COCO is a folder in COCO's layout, TEACHER.onnx a pose estimator with COCO's
keypoints. A DETECTOR is an ONNX file or nanodet, the default. The first row
has the true boxes of all people with keypoints. A person is found where a box
has an intersection over union of 0.5 with the true one.
"""

import argparse
import contextlib
import io
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from mmpose.datasets.datasets import CocoDataset
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from tabulate import tabulate
from tqdm import tqdm
from xtcocotools.coco import COCO
from xtcocotools.cocoeval import COCOeval

from distilpose.teachers.estimator import TeacherEstimator
from distilpose_runtime import Detector
from distilpose_runtime.people import People
from distilpose_runtime.results import pose_scores

SIGMAS = parse_pose_metainfo(CocoDataset.METAINFO)['sigmas']
Finder = Callable[[np.ndarray, int], People]


def photos(folder: Path) -> tuple[COCO, dict[int, Path]]:
    """The annotations of all splits, and each photo's file by its id."""
    truth: dict = dict(images=[], annotations=[], categories=[dict(id=1)])
    paths = {}
    for file in sorted(folder.glob('annotations/person_keypoints_*.json')):
        content = json.loads(file.read_text())
        split = folder / file.stem.split('_')[-1]
        paths.update(
            {x['id']: split / x['file_name'] for x in content['images']}
        )
        truth['images'] += content['images']
        truth['annotations'] += content['annotations']
    coco = COCO()
    coco.dataset = truth
    coco.createIndex()
    return coco, paths


def people_with_keypoints(coco: COCO, number: int) -> People:
    """The true boxes of a photo (N, 4), corners in pixels, and scores of 1."""
    rows = [x for x in coco.imgToAnns[number] if x['num_keypoints']]
    boxes = np.reshape([x['bbox'] for x in rows], (-1, 4)).astype(np.float32)
    boxes[:, 2:] += boxes[:, :2]
    return People(boxes, np.ones(len(boxes)))


def precision(coco: COCO, found: list[dict]) -> dict[str, float]:
    """AP, AP at an OKS of 0.5, and AR of poses in COCO's format."""
    with contextlib.redirect_stdout(io.StringIO()):
        judged = COCOeval(coco, coco.loadRes(found), 'keypoints', SIGMAS)
        judged.evaluate()
        judged.accumulate()
        judged.summarize()
    ap, ap50, *_, ar = judged.stats[:6]
    return {'AP': ap, 'AP50': ap50, 'AR': ar}


def overlaps(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Intersection over union of boxes (M, 4) and (N, 4): (M, N)."""
    low = np.maximum(found[:, None, :2], true[None, :, :2])
    high = np.minimum(found[:, None, 2:], true[None, :, 2:])
    common = (high - low).clip(0).prod(-1)
    areas = [(x[:, 2:] - x[:, :2]).prod(-1) for x in (found, true)]
    return common / (areas[0][:, None] + areas[1] - common)


def row(name: str, find: Finder, estimator, coco: COCO, paths: dict) -> dict:
    """Find people and poses in all photos, and compare them with COCO's."""
    poses, seen = [], []
    for number, path in tqdm(paths.items(), name, unit='photo'):
        image = cv2.imread(str(path))
        people = find(image, number)
        found = estimator(image, people.boxes)
        for i, score in enumerate(pose_scores(found, people)):
            points = np.column_stack([found.keypoints[i], found.scores[i]])
            poses.append(
                dict(
                    image_id=number,
                    category_id=1,
                    keypoints=points.ravel().tolist(),
                    score=float(score),
                )
            )
        true = people_with_keypoints(coco, number).boxes
        seen += (overlaps(people.boxes, true) >= 0.5).any(0).tolist()
    return {
        'boxes of': name,
        'boxes': len(poses),
        'people found': f'{sum(seen)} of {len(seen)}',
        **precision(coco, poses),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('coco', type=Path, metavar='COCO')
    parser.add_argument('teacher', metavar='TEACHER.onnx')
    parser.add_argument('detectors', nargs='*', default=['nanodet'])
    parser.add_argument('--padding', type=float, default=1.1)
    parser.add_argument('--box-threshold', type=float, default=0.35)
    args = parser.parse_args()
    coco, paths = photos(args.coco)
    settings = dict(onnx=args.teacher, keypoints_of='coco')
    teacher = TeacherEstimator(settings, padding=args.padding)
    finders: dict[str, Finder] = {
        'COCO': lambda image, number: people_with_keypoints(coco, number)
    }
    for name in args.detectors:
        detector = Detector(name)
        finders[name] = lambda image, number, detector=detector: People(
            *detector(image, args.box_threshold)
        )
    rows = [row(name, f, teacher, coco, paths) for name, f in finders.items()]
    print(tabulate(rows, 'keys', 'github', floatfmt='.3f'))  # noqa: T201


if __name__ == '__main__':
    main()
