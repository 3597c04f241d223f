"""How many people a detector finds, and the AP of the poses in its boxes.

    python benchmarks/detectors.py COCO TEACHER.onnx [DETECTOR ...]

COCO is a folder in COCO's layout, TEACHER.onnx a pose estimator with COCO's
keypoints. A DETECTOR is an ONNX file or nanodet, the default. The first row
has the true boxes of all people with keypoints. A person is found where a box
has an intersection over union of 0.5 with the true one.
"""

import argparse
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from leeds.other_photos import META, precision, splits
from tabulate import tabulate
from tqdm import tqdm

from distilpose.teachers.estimator import TeacherEstimator
from distilpose_runtime import Detector
from distilpose_runtime.people import People
from distilpose_runtime.results import pose_scores

Finder = Callable[[np.ndarray, People], People]


def photos(folder: Path) -> tuple[dict, dict[int, Path]]:
    """The annotations of all splits, and each photo's file by its id."""
    truth: dict = dict(images=[], annotations=[], categories=[dict(id=1)])
    paths = {}
    for split, content in splits(folder):
        paths.update(
            {x['id']: split / x['file_name'] for x in content['images']}
        )
        truth['images'] += content['images']
        truth['annotations'] += content['annotations']
    return truth, paths


def people_with_keypoints(truth: dict) -> dict[int, People]:
    """By photo, true boxes (N, 4), corners in pixels, and scores of 1."""
    found = defaultdict(list)
    for person in truth['annotations']:
        if person['num_keypoints']:
            x, y, width, height = person['bbox']
            found[person['image_id']].append((x, y, x + width, y + height))
    return {
        image['id']: People(
            np.reshape(found[image['id']], (-1, 4)).astype(np.float32),
            np.ones(len(found[image['id']])),
        )
        for image in truth['images']
    }


def overlaps(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Intersection over union of boxes (M, 4) and (N, 4): (M, N)."""
    low = np.maximum(found[:, None, :2], true[None, :, :2])
    high = np.minimum(found[:, None, 2:], true[None, :, 2:])
    common = (high - low).clip(0).prod(-1)
    areas = [(x[:, 2:] - x[:, :2]).prod(-1) for x in (found, true)]
    return common / (areas[0][:, None] + areas[1] - common)


def row(name: str, find: Finder, estimator, truth: dict, paths: dict) -> dict:
    """Find people and poses in all photos, and compare them with COCO's."""
    expected = people_with_keypoints(truth)
    poses, seen = [], []
    for number, path in tqdm(paths.items(), name, unit='photo'):
        image = cv2.imread(str(path))
        people = find(image, expected[number])
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
        seen += (
            (overlaps(people.boxes, expected[number].boxes) >= 0.5)
            .any(0)
            .tolist()
        )
    return {
        'boxes of': name,
        'boxes': len(poses),
        'people found': f'{sum(seen)} of {len(seen)}',
        **precision(truth, poses, META['sigmas']),
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
    truth, paths = photos(args.coco)
    settings = dict(onnx=args.teacher, keypoints_of='coco')
    teacher = TeacherEstimator(settings, padding=args.padding)
    finders: dict[str, Finder] = {'COCO': lambda image, expected: expected}
    for name in args.detectors:
        detector = Detector(name)
        finders[name] = lambda image, _, detector=detector: People(
            *detector(image, args.box_threshold)
        )
    rows = [row(name, f, teacher, truth, paths) for name, f in finders.items()]
    print(tabulate(rows, 'keys', 'github', floatfmt='.3f'))  # noqa: T201


if __name__ == '__main__':
    main()
