"""How much keypoints jitter from frame to frame of a video.

K: keypoints.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from mmengine.evaluator import BaseMetric
from mmpose.registry import METRICS

from distilpose_runtime.follower import matched

__all__ = ['KeypointJitter']

FRAME = re.compile(r'_(\d\d)h(\d\d)m([\d.]+)s_\d+\.\w+$')
"""The end of the names that ``distilpose label`` gives to a video's frames."""

NOBODY = np.empty((0, 2))


class _Person(NamedTuple):
    """One person in one frame."""

    video: str
    seconds: float
    box: np.ndarray  # (4,), pixels of the picture
    keypoints: np.ndarray  # (2, K, 2), the student's and the labels', pixels
    labelled: np.ndarray  # (K,)


@METRICS.register_module()
class KeypointJitter(BaseMetric):
    """The jitter of keypoints in a video, of the student and of the labels.

    A keypoint jitters by its distance from the straight line in time between
    where it is in the frame before and in the frame after. This distance has
    a part that is true, because people do not move in straight lines: the
    labels have it, too. So a student that jitters more than its labels is
    less steady than its teacher was.

    Frames are known by the names that ``distilpose label`` gives them, with
    the video and the time. People are followed by their boxes: in the
    frames before and after, a box must overlap (an IoU of 0.3 or more).

    Returns ``jitter/student`` and ``jitter/labels``: means over the keypoints
    that have a label in all three frames, pixels of the picture. Without
    three frames in a row of one video, it returns nothing.
    """

    default_prefix = 'jitter'

    def process(
        self, data_batch: Any, data_samples: Sequence[dict[str, Any]]
    ) -> None:
        """Keep the people that are in frames of videos."""
        for sample in data_samples:
            path = str(sample['img_path'])
            frame = FRAME.search(path)
            if frame is None:
                # MMEngine warns of a metric that keeps nothing.
                self.results.append(None)
                continue
            hours, minutes, seconds = map(float, frame.groups())
            truth, found = sample['gt_instances'], sample['pred_instances']
            visible = np.asarray(truth['keypoints_visible'])
            person = _Person(
                path[: frame.start()],
                3600 * hours + 60 * minutes + seconds,
                np.asarray(truth['bboxes'])[0],
                np.concatenate([found['keypoints'], truth['keypoints']]),
                visible.reshape(found['keypoints'].shape[1], -1)[:, 0] > 0,
            )
            # MMEngine would make a plain tuple of it.
            self.results.append(person._asdict())

    def compute_metrics(
        self, results: list[dict[str, Any] | None]
    ) -> dict[str, float]:
        """The mean jitter, from the people of all processes."""
        videos: dict[str, dict[float, list[_Person]]] = defaultdict(dict)
        for values in filter(None, results):
            person = _Person(**values)
            frames = videos[person.video]
            frames.setdefault(person.seconds, []).append(person)
        distances = np.concatenate(
            [
                _distances([frames[time] for time in sorted(frames)])
                for frames in videos.values()
            ]
            or [NOBODY]
        )
        if not len(distances):
            return {}
        student, labels = distances.mean(0)
        return dict(student=float(student), labels=float(labels))


def _distances(frames: Sequence[Sequence[_Person]]) -> np.ndarray:
    """Distances from the line between neighbours in time, (number, 2)."""
    known = [
        matched(
            np.stack([person.box for person in now]),
            np.stack([person.box for person in before]),
        )
        for before, now in pairwise(frames)
    ]
    found = [NOBODY]
    for i, (first, then) in enumerate(pairwise(known)):
        for j in np.flatnonzero(then >= 0):
            if first[then[j]] < 0:
                continue
            middle = frames[i + 1][then[j]]
            before, after = frames[i][first[then[j]]], frames[i + 2][j]
            share = (middle.seconds - before.seconds) / (
                after.seconds - before.seconds
            )
            line = before.keypoints + share * (
                after.keypoints - before.keypoints
            )
            apart = np.linalg.norm(middle.keypoints - line, axis=-1)
            both = before.labelled & middle.labelled & after.labelled
            found.append(apart.T[both])
    return np.concatenate(found)
