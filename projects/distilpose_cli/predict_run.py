"""What ``distilpose predict`` does; it imports the runtime."""

import argparse
import importlib.metadata
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from distilpose_runtime import PoseEstimator
from distilpose_runtime.detectors import Detector
from distilpose_runtime.downloads import DETECTORS, DownloadError, fetch
from distilpose_runtime.errors import UserValueError
from distilpose_runtime.media import open_source
from distilpose_runtime.named import MODELS
from distilpose_runtime.outputs import Outputs
from distilpose_runtime.people import BoxFile, Finder, image_ids, whole_picture
from distilpose_runtime.predict import Estimator, Report, Settings, predict

__all__ = ['run']

# Of a list of what went wrong, so many items are shown.
SHOWN = 5


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
    out = args.out or Path('predictions') / Path(source.name).stem
    report = Report()
    with ExitStack() as stack:
        stack.callback(source.close)
        # First, as a detector may have to be fetched.
        model, about_model = _open_model(args)
        boxes, finder, about_people = _open_finder(args)
        numbering = _open_tracker(args, source.rate)
        outputs = Outputs(
            *(out, source),
            model(np.zeros((1, 1, 3), np.uint8), np.empty((0, 4), np.float32)),
            _about(args, about_model, about_people),
            media=not args.no_media,
            csv=args.csv,
            tracks=args.track,
            overwrite=args.overwrite,
        )
        stack.callback(_tell, report, outputs, boxes)
        # Its words are not known before the end.
        stack.callback(lambda: outputs.close(report.summary()))
        progress = Progress(source.total)
        stack.callback(progress.close)
        with _interruptible() as stopped:
            predict(
                *(source, finder, model, outputs, image_ids(source, boxes)),
                Settings(
                    box_threshold=args.box_threshold,
                    keypoint_threshold=args.keypoint_threshold,
                    largest=args.largest,
                    limit=args.limit,
                ),
                report,
                numbering,
                stopped,
                progress,
            )
    if not report.pictures and report.complete:
        raise UserValueError(
            f'"{args.source}" has no picture that can be read.'
        )
    if boxes is not None and len(boxes.unknown) == report.pictures > 0:
        first = next(iter(boxes.names), None)
        names = 'numbers' if first is None else f'names such as "{first}"'
        raise UserValueError(
            f'"{boxes.path}" has boxes for none of the pictures. It knows '
            f'pictures by {names}, but these are called as '
            f'"{boxes.unknown[0]}".'
        )
    return report.complete


def _open_finder(
    args: argparse.Namespace,
) -> tuple[BoxFile | None, Finder, dict[str, Any]]:
    """What finds people: a file of boxes or None, the finder, its words."""
    if args.boxes is not None:
        boxes = BoxFile(args.boxes)
        return boxes, boxes, {'boxes': str(args.boxes)}
    if args.detector == 'none':
        return None, whole_picture, {'detector': None}
    file = Path(args.detector)
    if args.detector in DETECTORS and not file.is_file():
        file = _fetch(args.detector)
    elif not file.is_file():
        raise UserValueError(
            f'There is no detector "{args.detector}". Expected an ONNX file, '
            f'one of {", ".join(DETECTORS)}, or none.'
        )
    detector = Detector(file, args.device, args.detector_format)
    about = {'detector': str(file), 'format': detector.format}
    return None, detector.people, about


def _fetch(detector: str) -> Path:
    try:
        return fetch(DETECTORS[detector], announce=_say)
    except DownloadError as error:
        raise DownloadError(
            f'{error} Or give boxes with --boxes FILE.json, another detector '
            'with --detector FILE.onnx or, where each picture shows one '
            'person, --detector none.'
        ) from error


def _open_model(
    args: argparse.Namespace,
) -> tuple[Estimator, dict[str, Any]]:
    """The estimator, and what the results say of it."""
    if args.model in MODELS or args.model.lower().endswith('.onnx'):
        if args.checkpoint is not None:
            raise UserValueError(
                f'"{args.model}" has its weights inside, so that --checkpoint '
                'has no meaning. Leave it out.'
            )
        model = PoseEstimator(args.model, args.device, args.batch)
        about = {
            'file': args.model,
            'name': model.info.model,
            'dataset': model.info.dataset,
            'checkpoint_sha256': model.info.checkpoint_sha256,
            'precision': model.info.precision,
            'flip_test': model.info.flip_test,
            'exported_by': model.info.versions,
            'runs_on': model.provider,
        }
        return model, about
    if args.checkpoint is None:
        raise UserValueError(
            f'"{args.model}" is no .onnx file, and not the model '
            f'{", ".join(MODELS)}. For a config, name its checkpoint with '
            '--checkpoint.'
        )
    from distilpose.students.mmpose_estimator import MMPoseEstimator

    return MMPoseEstimator(
        args.model, args.checkpoint, args.device, args.batch
    ), {
        'config': args.model,
        'checkpoint': args.checkpoint,
        'runs_on': args.device,
    }


def _open_tracker(args: argparse.Namespace, rate: float | None) -> Any:
    if not args.track:
        return None
    if rate is None:
        raise UserValueError(
            '--track follows people through a video or the pictures of a '
            'camera, not through image files. Leave it out.'
        )
    from distilpose_runtime.tracking import Tracker

    return Tracker(rate, args.box_threshold)


def _about(
    args: argparse.Namespace, model: dict[str, Any], people: dict[str, Any]
) -> dict[str, Any]:
    """The header of the results."""
    versions = {}
    for name in ('distilpose', 'numpy', 'onnxruntime', 'opencv-python'):
        with suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return {
        'description': 'predictions of distilpose predict',
        'date_created': datetime.now(timezone.utc).isoformat('T', 'seconds'),
        'source': args.source,
        'model': model,
        'people_from': people,
        'box_threshold': args.box_threshold,
        'largest': args.largest,
        'every': args.every,
        'sigma_unit': 'image pixels',
        'versions': versions,
        'complete': False,
    }


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
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
        total: How many pictures there are, or None.
    """

    def __init__(self, total: int | None) -> None:
        self._total = f'/{total}' if total else ''
        self._shown = 0.0
        self._width = 0

    def __call__(self, report: Report) -> None:
        """Show the state of the work, five times a second at most."""
        now = time.monotonic()
        if not sys.stderr.isatty() or now - self._shown < 0.2:
            return
        self._shown = now
        done = report.pictures + sum(x.pictures for x in report.skipped)
        self._write(f'{done}{self._total} pictures, {_speed(report)}')

    def close(self) -> None:
        """Take the line away."""
        if self._width:
            self._write('')

    def _write(self, text: str) -> None:
        text = text[: shutil.get_terminal_size().columns - 1]
        sys.stderr.write(f'\r{text.ljust(self._width)}\r')
        sys.stderr.flush()
        self._width = len(text)


def _speed(report: Report) -> str:
    rate = report.pictures / report.elapsed if report.elapsed else 0.0
    return f'{rate:.1f} pictures/s ({_shares(report)})'


def _shares(report: Report) -> str:
    whole = sum(report.seconds.values()) or 1.0
    return ', '.join(
        f'{part} {seconds / whole:.0%}'
        for part, seconds in report.seconds.items()
    )


def _tell(report: Report, outputs: Outputs, boxes: BoxFile | None) -> None:
    """Say what was done, and what was not."""
    _say(
        f'{report.pictures} picture{"s" * (report.pictures != 1)}, '
        f'{report.people} {"person" if report.people == 1 else "people"}, '
        f'{_speed(report)}.'
    )
    _say_some('skipped', [f'{x.name}: {x.reason}' for x in report.skipped])
    _say_some(
        'boxes left out',
        [f'{n} {fault}' for fault, n in report.boxes_left_out.items()],
    )
    if boxes is not None and boxes.without_box:
        _say(f'{boxes.without_box} annotations in {boxes.path} have no bbox.')
    if boxes is not None and boxes.unknown:
        _say_some(f'without boxes in {boxes.path}', boxes.unknown)
    if report.undrawn:
        _say(
            f'Of {report.undrawn} of them no keypoint is drawn: the scores '
            'are all below --keypoint-threshold.'
        )
    resized = getattr(outputs.media, 'resized', 0)
    if resized:
        _say(
            f'{resized} pictures have another size than the first; the video '
            'shows them scaled, the results are in their own pixels.'
        )
    _say('Written: ' + ', '.join(map(str, outputs.files)) + '.')


def _say_some(what: str, items: list[str]) -> None:
    if items:
        more = len(items) - SHOWN
        rest = f'; and {more} more' if more > 0 else ''
        _say(f'{what}: ' + '; '.join(items[:SHOWN]) + rest + '.')


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201
