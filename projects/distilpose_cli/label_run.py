"""What ``distilpose label`` does."""

import argparse
import hashlib
import shlex
import warnings
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from distilpose_own_data.labelling.coco import table
from distilpose_own_data.labelling.folder import LabelFolder, opened
from distilpose_own_data.labelling.pictures import Pictures
from distilpose_runtime import PoseEstimator
from distilpose_runtime.box_file import BoxFile
from distilpose_runtime.errors import UserFileNotFoundError, UserValueError
from distilpose_runtime.frames import MediaError, Source
from distilpose_runtime.media import Images, open_source
from distilpose_runtime.metadata import ForeignModelError
from distilpose_runtime.named import NAMED
from distilpose_runtime.outputs import Settings
from distilpose_runtime.people import Finder
from distilpose_runtime.poses import Estimator
from distilpose_runtime.predict import Prediction

from .errors import read_settings
from .launcher import OTHER_PARTS, gpu_of, part_of
from .predict_run import interruptible, open_finder, say

__all__ = ['run']


def run(args: argparse.Namespace) -> bool:
    """Label, and say how sure the teacher is, and what comes next.

    Args:
        args: The arguments of the command.

    Returns:
        Whether it came to the end, or was interrupted.

    Raises:
        OSError: A file cannot be read or written.
        ValueError: An argument or a file is not what it should be.
    """
    if args.unsure > args.sure:
        raise UserValueError(
            f'--unsure {args.unsure} is above --sure {args.sure}. Below the '
            'first a keypoint is left out, from the second on it is visible.'
        )
    part, gpu = part_of(args), gpu_of(args)
    if args.device == 'cuda' and gpu is not None:
        args.device = f'cuda:{gpu}'
    source = open_source(args.source, args.every, args.out)
    with ExitStack() as stack:
        stack.callback(source.close)
        estimator = _open_teacher(args)
        finder = open_finder(args, source)
        begun = _begun(args, source, finder, estimator)
        photos = source.folder if isinstance(source, Images) else None
        labels = stack.enter_context(opened(args.out, begun, photos, part))
        if not labels.is_done and not _go_on(
            args, Pictures(source, labels.done, part, args.min_change),
            finder, estimator, labels,
        ):  # fmt: skip
            return False
        tally = labels.labels(args.sure, args.unsure)
    if tally is None:
        say(OTHER_PARTS.format(args.out))
        return True
    there = shlex.quote(str(args.out))
    files = f'{there}/labels.json --images {there}/images'
    say(
        f'\n{table(tally)}\n\nWritten: {labels.file}, {tally.people} people '
        f'in {tally.pictures} pictures, which are in {args.out / "images"}. '
        'To train a student on them:\n'
        f'  distilpose init student --train {files}\n'
        'To see where it differs from them, when it is trained and exported:\n'
        f'  distilpose review {files} --student STUDENT.onnx'
    )
    return True


def _go_on(
    args: argparse.Namespace,
    pictures: Pictures,
    finder: Finder,
    estimator: Estimator,
    labels: LabelFolder,
) -> bool:
    """Label the pictures that are left; tell whether that is all of them."""
    settings = Settings(
        source=args.source,
        box_threshold=args.box_threshold,
        largest=args.largest,
        media=False,
    )
    prediction = Prediction(pictures, finder, estimator, labels, settings)
    report = prediction.report
    # Of those that are left, there may be none, or none that can be read.
    with interruptible() as stopped, suppress(MediaError):
        prediction.run(stopped)
    is_whole = pictures.part == (1, 1) and not labels.done
    if isinstance(finder, BoxFile) and report.complete and is_whole:
        finder.expect_known(report.pictures)
    if pictures.alike:
        report.remarks.append(
            f'{pictures.alike} frames look like the one before, and are left '
            'out.'
        )
    prediction.close()
    for sentence in report.sentences():
        say(sentence)
    return report.complete


def _open_teacher(args: argparse.Namespace) -> Estimator:
    given = read_settings(args.teacher_options, '--teacher-options')
    is_file = args.teacher.lower().endswith('.onnx')
    if is_file and not Path(args.teacher).is_file():
        raise UserFileNotFoundError(
            f'There is no teacher "{args.teacher}" (looked from {Path.cwd()}).'
        )
    if args.teacher in NAMED or (is_file and not given):
        with suppress(ForeignModelError):
            model = PoseEstimator(args.teacher, args.device)
            if args.padding is not None or args.checkpoint is not None:
                raise UserValueError(
                    f'"{args.teacher}" has its padding and weights inside. '
                    'Leave out --padding and --checkpoint.'
                )
            return model
    # Packages warn of each other.
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        from distilpose.teachers.estimator import TeacherEstimator

        given['onnx' if is_file else 'config'] = args.teacher
        if args.checkpoint is not None:
            given['checkpoint'] = args.checkpoint
        return TeacherEstimator(
            given, args.device, padding=args.padding or 1.25
        )


def _begun(
    args: argparse.Namespace,
    source: Source,
    finder: Finder,
    estimator: Estimator,
) -> dict[str, Any]:
    """What must stay the same while a folder is filled."""
    files = source.paths if isinstance(source, Images) else [source.path]
    sizes = [(x.name, x.stat().st_size) for x in files if x is not None]
    people = dict(finder.about)
    if args.boxes is not None:
        people['sha256'] = _sha256(args.boxes.read_bytes())
    teacher = {k: v for k, v in estimator.about.items() if k != 'runs_on'}
    return dict(
        source=dict(name=source.name, sha256=_sha256(repr(sizes).encode())),
        teacher=teacher,
        people_from=people,
        every=args.every,
        min_change=args.min_change,
        box_threshold=args.box_threshold,
        largest=args.largest,
        sigma_unit='image pixels',
        keypoints=estimator.names,
        skeleton=estimator.skeleton,
    )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
