"""What ``distilpose label`` does."""

import argparse
import hashlib
import shlex
import warnings
from contextlib import ExitStack, suppress
from typing import Any

from distilpose_own_data.labelling.coco import table
from distilpose_own_data.labelling.folder import LabelFolder, opened
from distilpose_own_data.labelling.pictures import Pictures
from distilpose_runtime import PoseEstimator
from distilpose_runtime.box_file import BoxFile
from distilpose_runtime.errors import UserValueError
from distilpose_runtime.frames import MediaError, Source
from distilpose_runtime.media import Images, open_source
from distilpose_runtime.metadata import ForeignModelError
from distilpose_runtime.named import MODELS
from distilpose_runtime.outputs import Settings
from distilpose_runtime.people import Finder
from distilpose_runtime.poses import Estimator
from distilpose_runtime.predict import Prediction

from .errors import read_settings
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
    source = open_source(args.source, args.every, args.out)
    with ExitStack() as stack:
        stack.callback(source.close)
        estimator = _open_teacher(args)
        finder = open_finder(args, source)
        begun = _begun(args, source, finder, estimator)
        photos = source.folder if isinstance(source, Images) else None
        labels = stack.enter_context(
            opened(args.out, begun, photos, args.part)
        )
        if not labels.journal.complete and not _go_on(
            args, source, finder, estimator, labels
        ):
            return False
        content = labels.labels(args.sure, args.unsure)
    if content is None:
        say('labels.json is written when all parts are done.')
        return True
    there = shlex.quote(str(args.out))
    files = f'{there}/labels.json --images {there}/images'
    say(
        f'\n{table(content)}\n\nWritten: {labels.file}, '
        f'{len(content["annotations"])} people in {len(content["images"])} '
        f'pictures, which are in {args.out / "images"}. To train a student on '
        f'them:\n  distilpose init student --train {files}\n'
        'To see where it differs from them, when it is trained and exported:\n'
        f'  distilpose review {files} --student STUDENT.onnx'
    )
    return True


def _go_on(
    args: argparse.Namespace,
    source: Source,
    finder: Finder,
    estimator: Estimator,
    labels: LabelFolder,
) -> bool:
    """Label the pictures that are left; tell whether that is all of them."""
    done = {picture['file_name'] for picture in labels.journal.pictures}
    pictures = Pictures(source, done, args.part, args.min_change)
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
    if isinstance(finder, BoxFile) and report.complete and not done:
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
    if args.teacher in MODELS or (is_file and not given):
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
