"""What ``distilpose predict`` does; it imports the runtime."""

import argparse
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from distilpose_runtime import PoseEstimator
from distilpose_runtime.box_file import BoxFile
from distilpose_runtime.detectors import Detector
from distilpose_runtime.downloads import DETECTORS, DownloadError, fetch
from distilpose_runtime.errors import UserValueError
from distilpose_runtime.follower import DETECTIONS
from distilpose_runtime.frames import Source
from distilpose_runtime.media import open_source
from distilpose_runtime.named import MODELS, NAMED, NANODET
from distilpose_runtime.outputs import Outputs, Settings
from distilpose_runtime.people import Finder, WholePicture
from distilpose_runtime.poses import Estimator
from distilpose_runtime.predict import Prediction, Report

__all__ = ['interruptible', 'open_finder', 'run', 'say']


def run(args: argparse.Namespace) -> bool:
    """Predict.

    Args:
        args: The arguments of the command.

    Returns:
        Whether it came to the end, or was interrupted.

    Raises:
        ImportError: A package is missing.
        OSError: A file cannot be read or written.
        RuntimeError: The device is not there.
        ValueError: An argument or a file is not what it should be.
    """
    source = open_source(args.source, args.every)
    with ExitStack() as stack:
        stack.callback(source.close)
        args.detect_every = _detect_every(args, source)
        settings = Settings(
            **{x.name: getattr(args, x.name) for x in fields(Settings)}
        )
        # First, as a detector may have to be fetched.
        estimator = _open_model(
            args.model, args.checkpoint, args.device, args.batch
        )
        finder = open_finder(args, source)
        numbering = _open_tracker(source, settings) if args.track else None
        out = args.out or Path('predictions') / Path(source.name).stem
        outputs = Outputs(out, source, finder, estimator, settings)
        prediction = Prediction(
            source, finder, estimator, outputs, settings, numbering
        )
        stack.callback(_tell, prediction.report, outputs)
        stack.callback(prediction.close)
        progress = Progress(source)
        stack.callback(progress.close)
        with interruptible() as stopped:
            prediction.run(stopped, progress)
    if isinstance(finder, BoxFile):
        finder.expect_known(prediction.report.pictures)
    return prediction.report.complete


def _detect_every(args: argparse.Namespace, source: Source) -> int | None:
    given, rate = args.detect_every, source.rate
    if rate is None or args.boxes is not None or args.detector == 'none':
        if given is not None:
            raise UserValueError(
                f'--detect-every {given} is for a detector in a video or the '
                'pictures of a camera. Leave it out.'
            )
        return None
    return given or max(1, round(rate / DETECTIONS))


def open_finder(args: argparse.Namespace, source: Source) -> Finder:
    """Open what finds people, of the arguments that ``add_people`` adds.

    Raises:
        DownloadError: A detector cannot be fetched.
        ValueError: There is no such detector or file, or it cannot be used.
    """
    if args.boxes is not None:
        return BoxFile(args.boxes, source)
    given, device, format = args.detector, args.device, args.detector_format
    if given == 'none':
        return WholePicture()
    if Path(given).is_file():
        return Detector(given, device, format)
    if given != NANODET.stem:
        given = _fetch_detector(given)
    return Detector(given, device, format, person=0)  # as in COCO


def _fetch_detector(name: str) -> str:
    if name not in DETECTORS:
        raise UserValueError(
            f'There is no detector "{name}". Expected an ONNX file, '
            f'{NANODET.stem}, one of {", ".join(DETECTORS)}, or none.'
        )
    try:
        return str(fetch(DETECTORS[name], announce=say))
    except DownloadError as error:
        raise DownloadError(
            f'{error} Or leave --detector out: nanodet comes with this '
            'package.'
        ) from error


def _open_model(
    model: str, checkpoint: str | None, device: str, batch: int
) -> Estimator:
    if model in NAMED or model.lower().endswith('.onnx'):
        if checkpoint is not None:
            raise UserValueError(
                f'"{model}" has its weights inside, so that --checkpoint '
                'has no meaning. Leave it out.'
            )
        return PoseEstimator(model, device, batch)
    if checkpoint is None:
        raise UserValueError(
            f'"{model}" is no .onnx file, and not the model '
            f'{", ".join(MODELS)}. For a config, name its checkpoint with '
            '--checkpoint.'
        )
    from distilpose.students.mmpose_estimator import MMPoseEstimator

    return MMPoseEstimator(model, checkpoint, device, batch)


def _open_tracker(source: Source, settings: Settings) -> Any:
    if source.rate is None:
        raise UserValueError(
            '--track follows people through a video or the pictures of a '
            'camera, not through image files. Leave it out.'
        )
    from distilpose_runtime.tracking import Tracker

    return Tracker(source.rate, settings.box_threshold)


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Let Ctrl-C end the work after the picture in hand; twice, at once.

    So does the system when it asks the process to end.
    """
    pressed: list[int] = []

    def handle(number: int, frame: Any) -> None:
        if pressed:
            raise KeyboardInterrupt
        pressed.append(number)

    signals = signal.SIGINT, signal.SIGTERM
    before = [signal.signal(number, handle) for number in signals]
    try:
        yield lambda: bool(pressed)
    finally:
        for number, handler in zip(signals, before):
            signal.signal(number, handler)


class Progress:
    """A line on the terminal: how far, how fast, where the time goes.

    Args:
        source: Where the pictures come from.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._shown = 0.0
        self._width = 0

    def __call__(self, report: Report) -> None:
        """Show the state of the work, five times a second at most."""
        now = time.monotonic()
        if not sys.stderr.isatty() or now - self._shown < 0.2:
            return
        self._shown = now
        done = report.pictures + sum(x.pictures for x in report.skipped)
        total = f'/{self._source.total}' if self._source.total else ''
        self._write(f'{done}{total} pictures, {report.speed()}')

    def close(self) -> None:
        """Take the line away."""
        if self._width:
            self._write('')

    def _write(self, text: str) -> None:
        text = text[: shutil.get_terminal_size().columns - 1]
        sys.stderr.write(f'\r{text.ljust(self._width)}\r')
        sys.stderr.flush()
        self._width = len(text)


def _tell(report: Report, outputs: Outputs) -> None:
    """Say what was done, and what was not."""
    for sentence in [*report.sentences(), *outputs.notes]:
        say(sentence)
    say('Written: ' + ', '.join(map(str, outputs.files)) + '.')


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201
