"""A video's predictions.json: three people in four of its frames."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np

from distilpose_runtime import Poses
from distilpose_runtime.frames import Frame
from distilpose_runtime.people import People
from distilpose_runtime.results import JsonResults, Predicted

NAMES = ['nose', 'left_knee', 'right_knee']
SKELETON = [(0, 1), (1, 2)]
RATE = 20.0
# Frames 0, 2, 4 and 6 were predicted, and who is in each, by track.
TRACKS = {0: [-1, -1], 2: [3, 8], 4: [], 6: [8]}


def points(frame: int, person: int) -> np.ndarray:
    """Coordinates (3, 2) that no other person has."""
    return 100 * frame + 10 * person + np.arange(6).reshape(3, 2) / 4


def scores(frame: int, person: int) -> np.ndarray:
    return np.round(np.array([0.25, 0.5, 0.75]) + (frame - person) / 100, 2)


def poses(frame: int, count: int, sigmas: bool = True) -> Poses:
    def each(function, *shape):
        found = [function(frame, i) for i in range(count)]
        return np.array(found, np.float32).reshape(count, *shape)

    keypoints = each(points, 3, 2)
    return Poses(
        keypoints,
        each(scores, 3),
        keypoints / 100 + 1 if sigmas else None,
        np.zeros((count, 4), np.float32),
        NAMES,
        SKELETON,
    )


def write_video(
    path: Path,
    tracks: dict[int, list[int]] | None = None,
    numbered: bool = True,
    sigmas: bool = True,
) -> Path:
    """Write the results of a video, frame by frame."""
    about = SimpleNamespace(names=NAMES, skeleton=SKELETON)
    file = JsonResults(path, {}, about)
    image = np.zeros((30, 40, 3), np.uint8)
    for number, found in (TRACKS if tracks is None else tracks).items():
        frame = Frame(image, 'a walk.mp4', number, number / RATE)
        boxes = np.tile(np.array([1, 2, 11, 22], np.float32), (len(found), 1))
        people = People(boxes, np.ones(len(found), np.float32))
        numbers = np.array(found) if numbered else None
        found_poses = poses(number, len(found), sigmas)
        file.add(Predicted(frame, number, people, found_poses, numbers))
    file.close({})
    return path
