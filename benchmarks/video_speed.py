"""Videos: rtmlib's PoseTracker and ours, and how far keypoints are apart.

    taskset -c 0,1 python benchmarks/video_speed.py PHOTOS [--people 1 4 8]

PHOTOS is a folder of photos with people. Each video shows as many cut-outs of
them as asked for, which move, turn and change their size. The first table has
frames a second from video to keypoints, of rtmlib and of ours, in turns: the
same video, detector, weights and rate of detection, without numbers of people.
Ours writes predictions.json as well. The second table says how far keypoints
are apart from those with a detection in each frame, and how far they are if
the box is moved at random. The third has `predict` with the video written.
"""

import argparse
import io
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import cv2
import numpy as np
import onnxruntime
from moving_people import cut_outs, pictures, write_video
from rtmlib import PoseTracker, RTMPose
from tabulate import tabulate
from tqdm import tqdm

from distilpose_runtime import Detector, PoseEstimator, Poses
from distilpose_runtime.follower import Follower
from distilpose_runtime.frames import Frame
from distilpose_runtime.named import MODELS
from distilpose_runtime.outputs import Outputs, Settings
from distilpose_runtime.predict import Prediction
from distilpose_runtime.video import Video

PARTS = 'rtmlib', 'distances', 'written'
PROJECTS = Path(__file__).resolve().parents[1] / 'projects'


class SameWeights(RTMPose):
    """rtmlib's class with a file of ours, which decodes in the graph."""

    def __init__(self, model: PoseEstimator) -> None:
        info = model.info
        super().__init__(str(model.file), info.input_size, info.mean, info.std)

    def preprocess(self, img: np.ndarray, bbox: list) -> tuple:
        image, center, scale = super().preprocess(img, bbox)
        return image[..., ::-1], center, scale  # RGB, without a copy

    def postprocess(self, outputs, center, scale, simcc_split_ratio=1.0):
        points = outputs[0] / self.model_input_size * scale
        return points + center - scale / 2, outputs[1]


class Solution:
    """What rtmlib's tracker takes: a detector and a pose estimator."""

    def __init__(self, detector: Detector, model: PoseEstimator, **_) -> None:
        self.det_model = lambda image: detector(image)[0]
        self.det_model.det_mode = 'human'
        self.pose_model = SameWeights(model)


@contextmanager
def networks() -> Iterator[list[tuple[float, float]]]:
    """Note from when to when networks run."""
    spans, run = [], onnxruntime.InferenceSession.run

    def noted(*args, **kwargs):
        start = time.perf_counter()
        try:
            return run(*args, **kwargs)
        finally:
            spans.append((start, time.perf_counter()))

    with mock.patch.object(onnxruntime.InferenceSession, 'run', noted):
        yield spans


def theirs(
    video: Path, detector: Detector, model: PoseEstimator, every: int
) -> Callable[[], int]:
    """rtmlib, as its own example reads a video."""
    with redirect_stdout(io.StringIO()):
        tracker = PoseTracker(
            lambda **given: Solution(detector, model, **given),
            det_frequency=every,
            tracking=False,
        )

    def run() -> int:
        tracker.reset()
        capture, people = cv2.VideoCapture(str(video)), 0
        while True:
            given, image = capture.read()
            if not given:
                return people
            people += len(tracker(image)[0])

    return run


def ours(
    video: Path, detector: Detector, model: PoseEstimator, every: int
) -> Callable[[], int]:
    """`distilpose predict --no-media`."""

    def run() -> int:
        settings = Settings(media=False, overwrite=True, detect_every=every)
        source, folder = Video(video), video.parent / 'out'
        outputs = Outputs(folder, source, detector, model, settings)
        prediction = Prediction(source, detector, model, outputs, settings)
        prediction.run()
        prediction.close()
        source.close()
        return prediction.report.people

    return run


def rounds_of(args: argparse.Namespace, people: int) -> Iterator[int]:
    """The rounds, with a progress bar."""
    name = f'rounds with {people} people'
    return iter(tqdm(range(args.rounds), name, leave=False))


def measure(call: Callable[[], int], frames: int) -> tuple[float, ...]:
    """Frames a second, the share without a network, and poses a frame.

    Args:
        call: Goes through a video and gives the number of poses.
        frames: How many frames the video has.
    """
    with networks() as spans:
        start = time.perf_counter()
        people = call()
        end = time.perf_counter()
    busy, until = 0.0, start
    for begin, finish in sorted(spans):
        busy += max(0.0, finish - max(begin, until))
        until = max(until, finish)
    took = end - start
    return frames / took, 1 - busy / took, people / frames


def against_rtmlib(
    videos: dict[int, Path], folder: Path, args
) -> Iterator[dict]:
    """A row for each video and model."""
    detector = Detector()
    for name in args.models:  # of this package, of the zoo, or a file
        if name not in MODELS and not name.endswith('.onnx'):
            from rtmlib_speed import standing

            name = standing(name, folder)
        model = PoseEstimator(name)
        for people, video in videos.items():
            calls = [
                way(video, detector, model, args.every)
                for way in (theirs, ours)
            ]
            rounds = [
                [measure(call, args.frames) for call in calls]
                for _ in rounds_of(args, people)
            ]
            medians = np.median(rounds, axis=0)
            row: dict[str, object] = {
                'model': Path(name).stem,
                'people': people,
            }
            for who, (rate, rest, seen) in zip(('rtmlib', 'ours'), medians):
                row[f'{who}, frames/s'] = f'{rate:.1f}'
                row[f'{who}, outside networks'] = f'{rest:.0%}'
                row[f'{who}, people'] = f'{seen:.2f}'
            row['ratio'] = f'{medians[1][0] / medians[0][0]:.2f}'
            yield row


def distances(videos: dict[int, Path], every: list[int]) -> Iterator[dict]:
    """How far keypoints are apart from those of a detection in each frame.

    In shares of the root of the box's area, over keypoints of a score above
    0.3 of people whom both have.
    """
    detector, model = Detector(), PoseEstimator('distilpose-body17')
    rng = np.random.default_rng(0)
    for people, video in videos.items():
        images = [x.image for x in Video(video) if isinstance(x, Frame)]
        found = [detector(image) for image in images]
        expected = [model(x, y[0]) for x, y in zip(images, found)]
        row: dict[str, object] = {'people': people}
        for n in every:
            follow = Follower(model, n)
            other = [
                follow(image, lambda x=x: x)[1]
                for image, x in zip(images, found)
            ]
            row[f'detection every {n}'] = apart(expected, other)
        for share in (0.03, 0.05):
            moved = []
            for image, poses in zip(images, expected):
                sides = np.tile(poses.boxes[:, 2:] - poses.boxes[:, :2], 2)
                noise = rng.normal(0, share, sides.shape) * sides
                moved.append(model(image, poses.boxes + noise))
            row[f'edges moved by {share:.0%}'] = apart(expected, moved)
        yield row


def apart(expected: list[Poses], given: list[Poses]) -> str:
    """Median and mean distance, in percent."""
    found = [np.empty(0)]
    for one, other in zip(expected, given):
        if not len(other):
            continue
        middle = [x.boxes.reshape(-1, 2, 2).mean(1) for x in (one, other)]
        away = np.linalg.norm(middle[0][:, None] - middle[1], axis=-1)
        sides = one.boxes[:, 2:] - one.boxes[:, :2]
        for i, j in enumerate(away.argmin(1)):
            if away[i, j] < sides[i].min() / 2:
                lines = one.keypoints[i] - other.keypoints[j]
                far = np.linalg.norm(lines, axis=1)[one.scores[i] > 0.3]
                found.append(far / np.sqrt(sides[i].prod()))
    values = 100 * np.concatenate(found)
    return f'{np.median(values):.1f}, {values.mean():.1f} %'


def written(videos: dict[int, Path], args) -> Iterator[dict]:
    """`predict` as a user calls it; frames a second, the video written."""
    calls = {
        'a detection in each frame': ['--detect-every', '1'],
        'by default': [],
    }
    for people, video in videos.items():
        rates: dict[str, list[float]] = {name: [] for name in calls}
        for _ in rounds_of(args, people):
            for name, options in calls.items():
                done = subprocess.run(
                    [sys.executable, '-c', 'import distilpose_cli as cli; '
                     'cli.main()', 'predict', str(video), '--overwrite',
                     '--detector', str(Detector().file), '--out',
                     str(video.parent / 'written'), *options],
                    env={**os.environ, 'PYTHONPATH': str(PROJECTS)},
                    capture_output=True, text=True, check=True,
                )  # fmt: skip
                (rate,) = re.findall(r'([\d.]+) pictures/s', done.stderr)
                rates[name].append(float(rate))
        row: dict[str, object] = {'people': people}
        medians = {name: np.median(x) for name, x in rates.items()}
        row |= {name: f'{x:.1f}' for name, x in medians.items()}
        first, *_, last = medians.values()
        yield row | {'ratio': f'{last / first:.2f}'}


def main(argv: list[str] | None = None) -> None:
    """Measure; ``argv`` defaults to the command line's arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('photos', type=Path)
    add('--parts', nargs='+', default=PARTS, choices=PARTS)
    add('--models', nargs='+', default=['distilpose-body17', 'rtmpose-t'])
    add('--people', type=int, nargs='+', default=[1, 4, 8])
    add('--frames', type=int, default=300)
    add('--every', type=int, default=8)
    add('--rounds', type=int, default=3)
    args = parser.parse_args(argv)
    with TemporaryDirectory() as name:
        folder = Path(name)
        people, videos = cut_outs(args.photos, Detector()), {}
        for count in args.people:
            videos[count] = folder / f'{count}.mp4'
            write_video(videos[count], pictures(people, count, args.frames))
        tables: dict[str, Callable[[], Iterator[dict]]] = {
            'rtmlib': lambda: against_rtmlib(videos, folder, args),
            'distances': lambda: distances(videos, [4, 8, 15]),
            'written': lambda: written(videos, args),
        }
        for part in args.parts:
            rows = list(tables[part]())
            table = tabulate(rows, 'keys', 'github', disable_numparse=True)
            print(f'{table}\n', flush=True)  # noqa: T201
    cores = len(os.sched_getaffinity(0))
    print(  # noqa: T201
        f'{cores} cores, {args.frames} frames of 1280x720, a detection in '
        f'every {args.every}th; medians of {args.rounds} rounds'
    )


if __name__ == '__main__':
    main()
