"""What ``distilpose review`` does."""

import argparse
import itertools
import shlex
from pathlib import Path

from tqdm import tqdm

from distilpose.checks.report import Report
from distilpose_own_data.annotation_file import read_annotations
from distilpose_own_data.labelling.coco import coco_text
from distilpose_own_data.reviewing.compare import compare, first_photos
from distilpose_own_data.reviewing.files import merged, part_of
from distilpose_own_data.reviewing.page import page_text
from distilpose_runtime import PoseEstimator
from distilpose_runtime.errors import UserValueError
from distilpose_runtime.files import written_whole

from .arguments import expect_file
from .predict_run import say

__all__ = ['merge', 'review']


def review(args: argparse.Namespace) -> None:
    """Write the page, and the annotations of its photos.

    Raises:
        OSError: A file cannot be read or written.
        ValueError: An argument or a file is not what it should be.
    """
    if args.images is None or args.student is None:
        raise UserValueError(
            'A review needs --images FOLDER and --student FILE.onnx; or '
            '--merge FILE, to take corrected labels back.'
        )
    expect_file(args.out, '.html')
    tool = args.out.with_suffix('.json')
    if tool.exists() and tool.samefile(args.labels):
        raise UserValueError(
            f'--out {args.out} would write {tool}, which is the labels. Name '
            'another page.'
        )
    report = Report()
    read = read_annotations(args.labels, report)
    student = PoseEstimator(args.student)
    found = compare(read, args.images, student, report)
    bar = tqdm(found, total=len(read.images), unit=' photos', disable=None)
    photos = [photo for photo in bar if photo is not None]
    if not photos and report.errors:
        raise UserValueError(' '.join(report.errors))
    first = first_photos(photos, args.first)
    title = f'{len(first)} of {len(photos)} photos of {args.labels}'
    with written_whole(args.out) as partial:
        partial.write_text(
            page_text(title, first, read.names, read.skeleton),
            encoding='utf-8',
            errors='replace',
        )
    part = part_of(read.content, {x.item['id'] for x in first})
    old = _replace(tool, ''.join(coco_text(part)))
    if str(report):
        say(f'{report}\n')
    say(
        f'Written: {args.out}, the {len(first)} of {len(photos)} photos '
        'where labels and student differ most, the worst first; and '
        f'{tool}, their labels for an '
        f'annotation tool{f" (as it was: {old})" if old else ""}. When they '
        'are corrected there:\n'
        f'  distilpose review {shlex.quote(str(args.labels))} --merge '
        'CORRECTED.json'
    )


def merge(args: argparse.Namespace) -> None:
    """Put corrected people into the labels; the file as it was is kept.

    Raises:
        OSError: A file cannot be read or written.
        ValueError: The files do not fit.
    """
    report = Report()
    labels = read_annotations(args.labels, Report())
    corrected = read_annotations(args.merge, report)
    content = merged(labels, corrected, report)
    if report.errors:
        raise UserValueError(
            f'"{args.merge}": {" ".join(report.errors)} Nothing is merged.'
        )
    old = _replace(args.labels, ''.join(coco_text(content)))
    if str(report):
        say(f'{report}\n')
    done = sum(bool(x.get('corrected')) for x in content['images'])
    say(
        f'Merged: {len(corrected.images)} photos. {done} of '
        f'{len(content["images"])} are corrected now. {args.labels} as it was '
        f'is kept as {old or args.labels}. To train on it:'
    )
    there = shlex.quote(str(args.labels))
    say(f'  distilpose init FOLDER --train {there} --images FOLDER')


def _replace(file: Path, text: str) -> Path | None:
    """Write a file, and keep what was there; give the place of that."""
    content, old = text.encode(errors='backslashreplace'), None
    if file.exists() and file.read_bytes() != content:
        places = (file.with_suffix(f'.{i}.json') for i in itertools.count(1))
        old = next(place for place in places if not place.exists())
        with written_whole(old) as partial:
            partial.write_bytes(file.read_bytes())
    with written_whole(file) as partial:
        partial.write_bytes(content)
    return old
