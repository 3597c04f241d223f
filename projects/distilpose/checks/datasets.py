"""Checks of the files behind a dataset."""

from pathlib import Path
from typing import Any

from mmengine.fileio import exists, get_local_path
from mmpose.datasets.datasets.base import BaseCocoStyleDataset

from distilpose_runtime.errors import (
    UserError,
    UserFileNotFoundError,
    UserValueError,
)

from ..data.wrapped import _transforms, converts
from .annotations import check_people
from .detections import check_detections
from .images import check_images
from .report import Report
from .structure import check_structure, read_json

__all__ = ['check_dataset', 'explain']

# How MMPose's base class reads a file.
_READERS = ('load_data_list', '_load_annotations', 'parse_data_info')


def check_dataset(dataset: Any, pipeline_of: Any = None) -> Report:
    """Check the files of a dataset in COCO format that wraps no others.

    Datasets that read other formats, or read files in their own way, are not
    checked. If only the people are read in another way, ids are checked.

    Args:
        dataset: A dataset, built or not to its end.
        pipeline_of: The dataset around it whose pipeline loads the images, if
            its own does not.

    Returns:
        What is found, each with the name of its file.
    """
    told = Report()
    if not _is(dataset, 'load_data_list', '_load_annotations'):
        return told
    with get_local_path(dataset.ann_file) as path:
        content = read_json(path, dataset.ann_file)
    if not isinstance(content, dict):
        told.errors.append(
            f'annotation file "{dataset.ann_file}" holds a '
            f"{type(content).__name__}, expected COCO's images, annotations "
            'and categories. If it lists detections, give it as bbox_file, '
            'and as ann_file a file that names the images.'
        )
        return told
    findings = Report()
    if check_structure(content, findings) and _is(dataset, 'parse_data_info'):
        _check_contents(dataset, pipeline_of, content, findings)
    told.take(findings, f'annotation file "{dataset.ann_file}"')
    if dataset.bbox_file:
        findings = Report()
        images = content.get('images') or []
        with get_local_path(dataset.bbox_file) as path:
            detections = read_json(path, dataset.bbox_file)
            check_detections(detections, images, findings)
        told.take(findings, f'bbox_file "{dataset.bbox_file}"')
    return told


def explain(dataset: Any, error: Exception) -> UserError | None:
    """Find the fault in a dataset's files that keeps it from being built.

    Args:
        dataset: The dataset, a part of which is there.
        error: What MMPose or MMEngine raised.

    Returns:
        The error that names file and cause. None where the files are right:
        then the dataset's own code has failed.
    """
    name = type(dataset).__name__
    for key in ('ann_file', 'bbox_file'):
        file = getattr(dataset, key, None)
        if file and not exists(file):
            return UserFileNotFoundError(
                f'{name} has {key}="{file}", which does not exist (looked '
                f'from {Path.cwd()}). Put the data there, or set {key} and '
                'data_root of the dataset to where they are.'
            )
    try:
        reasons = check_dataset(dataset).errors
    except UserValueError as fault:
        reasons = [str(fault)]
    except Exception:  # the check may stumble over what MMPose stumbled over
        reasons = []
    where = f'annotation file "{dataset.ann_file}"'
    if not reasons and 'need at least one array' in str(error):
        reasons = [
            f'{where}: bbox_file={dataset.bbox_file!r}, filter_cfg='
            f'{dataset.filter_cfg!r} and sample_interval='
            f'{dataset.sample_interval} leave nobody.'
        ]
    if not reasons and _is(dataset, *_READERS):
        reasons = [f'{where}: {type(error).__name__}: {error}']
    if not reasons:
        return None
    return UserValueError(
        '\n- '.join([f'{name} cannot use its data:', *reasons])
    )


def _check_contents(
    dataset: Any, pipeline_of: Any, content: Any, findings: Report
) -> None:
    images = content.get('images') or []
    annotated = content.get('annotations') or []
    if annotated or not dataset.bbox_file:
        number = dataset.metainfo.get('num_keypoints')
        check_people(content, None if converts(dataset) else number, findings)
        used = {person['image_id'] for person in annotated}
        images = [image for image in images if image['id'] in used]
    loaders = [*_transforms(dataset), *_transforms(pipeline_of)]
    turns = not any(map(_ignores_exif, loaders))
    check_images(images, dataset.data_prefix['img'], turns, findings)


def _ignores_exif(transform: Any) -> bool:
    """Whether a transform loads images without turning them."""
    kind = getattr(transform, 'color_type', '')
    return 'ignore_orientation' in kind or kind == 'unchanged'


def _is(dataset: Any, *methods: str) -> bool:
    """Whether a dataset reads files as MMPose's base class does."""
    return isinstance(dataset, BaseCocoStyleDataset) and all(
        getattr(type(dataset), name) is getattr(BaseCocoStyleDataset, name)
        for name in methods
    )
