"""Storing a teacher's outputs for the data that a student trains on."""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock, Timeout
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmpose.datasets.transforms import (
    GetBBoxCenterScale,
    LoadImage,
    TopdownAffine,
)
from mmpose.registry import DATASETS, KEYPOINT_CODECS, MODELS, TRANSFORMS
from mmpose.structures import PoseDataSample
from mmpose.utils import register_all_modules
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset
from tqdm import tqdm

from distilpose_runtime.errors import UserValueError

from ...heatmaps.forms import Heatmaps
from ...weights.fetch import file_sha256
from ..frozen import FrozenTeacher
from ..inputs import InputSpec
from ..output import TeacherOutput
from .folder import StoredOutputs, data_files, describe_teacher, sample_key
from .gaussians import Gaussians

__all__ = ['alone_in', 'store_teacher']

# What makes a crop of a person; the rest is augmentation and labels.
CROPPING = (LoadImage, GetBBoxCenterScale, TopdownAffine)


def store_teacher(
    config: Config, folder: Path, batch_size: int = 32, progress: bool = True
) -> StoredOutputs:
    """Ask a config's teacher about each person of its training data, once.

    What is stored already is kept: a run that was interrupted goes on.

    Args:
        config: Config of a student with a teacher.
        folder: Where to write.
        batch_size: How many people to ask about at a time.
        progress: Whether to show a progress bar.

    Raises:
        ValueError: The config has no teacher to store, its crops cannot be
            made without augmentation, or the folder holds other outputs.
    """
    register_all_modules(init_default_scope=False)
    init_default_scope(config.get('default_scope', 'mmpose'))
    teacher, preprocessor = _teacher(config)
    people = _People(config.train_dataloader.dataset)
    with alone_in(folder):
        outputs = _begun(folder, people, teacher)
        start = 0 if outputs is None else outputs.done
        loader: DataLoader = DataLoader(
            Subset(people, range(start, len(people))),
            batch_size,
            num_workers=config.train_dataloader.get('num_workers', 0),
            collate_fn=pseudo_collate,
        )
        teacher.prepare()
        bar = tqdm(
            total=len(people), initial=start, unit='crop', disable=not progress
        )
        with bar, torch.inference_mode():
            for batch in loader:
                batch = preprocessor(batch)
                samples = batch['data_samples']
                output = teacher.with_own_keypoints(batch['inputs'], samples)
                gaussians = _finite(output.maps)  # or nothing is written
                if outputs is None:
                    outputs = _create(folder, teacher, people, output)
                outputs.append(**_columns(gaussians, samples))
                bar.update(len(samples))
    assert outputs is not None
    return outputs


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep other processes from writing to a folder, too.

    Raises:
        ValueError: One does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / 'lock', timeout=0):
            yield
    except Timeout as error:
        raise UserValueError(
            f'Another process writes to "{folder}" right now. Wait for its '
            'end, or name another folder.'
        ) from error


def _begun(
    folder: Path, people: '_People', teacher: FrozenTeacher
) -> StoredOutputs | None:
    """What is stored already, if it is of the same."""
    if not (folder / 'meta.json').is_file():
        return None
    outputs = StoredOutputs(folder, writable=True)
    outputs.expect_teacher(teacher.settings)
    outputs.expect_data({x['file']: x['sha256'] for x in people.files})
    outputs.expect_people(people.keys)
    return outputs


class _People(Dataset):
    """All people that a config's training data are made of, not augmented.

    It has annotation files with their hashes, and a key for each person.
    """

    def __init__(self, config: dict) -> None:
        files = 'data_root', 'ann_file', 'bbox_file', 'data_prefix'
        people: dict[tuple[str, int], tuple[Any, int]] = {}
        hashes: dict[str, str] = {}
        for leaf in {str(leaf): leaf for leaf in _leaves(config)}.values():
            part = DATASETS.build(leaf)
            for file in data_files(part):
                hashes[file] = hashes.get(file) or file_sha256(file)
            source = str([leaf.get(key) for key in files])
            for i in range(len(part)):
                meta = PoseDataSample(metainfo=part.get_data_info(i))
                # Of two parts with the same files, each may leave out others.
                people.setdefault((source, sample_key(meta)), (part, i))
        self.files = [dict(file=f, sha256=h) for f, h in hashes.items()]
        self._index = [*people.values()]
        self.keys = [key for _, key in people]
        if not self.keys:
            raise UserValueError(
                'The training data of the config have no people.'
            )
        if len({*self.keys}) < len(self.keys):
            raise UserValueError(
                'Two people of the training data have the same id in photos '
                'of the same name. Give each annotation an id of its own: '
                'what is stored is found by it.'
            )

    def __len__(self) -> int:
        return len(self._index)

    def __getitem__(self, index: int) -> dict:
        part, i = self._index[index]
        return part[i]


def _leaves(config: dict, outer: Sequence[dict] = ()) -> Iterator[dict]:
    """Configs of the datasets of files, with pipelines that crop people."""
    pipeline = [*(config.get('pipeline') or []), *outer]
    inner = config.get('datasets') or [config.get('dataset')]
    if inner != [None]:
        for part in inner:
            yield from _leaves(part, pipeline)
        return
    steps = [copy.deepcopy(x) for x in pipeline if _is(x, CROPPING)]
    crops = [step for step in steps if _is(step, (TopdownAffine,))]
    if len(crops) != 1 or crops[0].get('use_udp'):
        raise UserValueError(
            'A stored teacher needs training data whose pipeline has one '
            'TopdownAffine, without use_udp: peaks are moved by its affine '
            'map. Train with the teacher itself.'
        )
    steps.append(dict(type='PackPoseInputs'))
    yield {**config, 'pipeline': steps}


def _is(transform: dict, kinds: tuple[type, ...]) -> bool:
    kind = TRANSFORMS.get(transform['type'])
    return kind is not None and issubclass(kind, kinds)


def _teacher(config: Config) -> tuple[FrozenTeacher, nn.Module]:
    """A config's teacher, and what makes the images of its student."""
    settings = config.model.get('teacher')
    if not settings:
        raise UserValueError(
            'The config names no teacher to store. Set model.teacher of a '
            'DistilPoseEstimator.'
        )
    if isinstance(settings, str):
        settings = dict(config=settings)
    settings = {k: v for k, v in settings.items() if k != 'stored'}
    preprocessor = MODELS.build(config.model.data_preprocessor)
    preprocessor.to('cuda' if torch.cuda.is_available() else 'cpu')
    codec = KEYPOINT_CODECS.build(config.model.head.decoder)
    return FrozenTeacher(InputSpec.of(preprocessor, codec), **settings), (
        preprocessor
    )


def _create(
    folder: Path,
    teacher: FrozenTeacher,
    people: _People,
    output: TeacherOutput,
) -> StoredOutputs:
    source = teacher.source
    mirrored = (source.metainfo or {}).get('flip_indices')
    if teacher.keypoints is not None and not mirrored:
        raise UserValueError(
            f'The teacher {source.name} does not say which of its keypoints '
            'change sides in a mirror image, and model.teacher.keypoints says '
            "that they are not the data's. Give it as a whole config, with "
            'its dataset, or an ONNX file with keypoints_of.'
        )
    assert teacher.student is not None
    meta = dict(
        teacher_name=source.name,
        teacher=describe_teacher(teacher.settings),
        data=people.files,
        frame=output.frame._asdict(),
        input=teacher.student._asdict(),
        keypoints=output.maps.shape[1],
        keypoint_names=source.keypoint_names,
        flip_indices=mirrored,
    )
    return StoredOutputs.create(folder, people.keys, meta)


def _finite(maps: Heatmaps) -> Gaussians:
    gaussians = Gaussians.of(maps)
    if not all(values.isfinite().all() for values in gaussians):
        raise UserValueError(
            "The teacher's heatmaps hold NaN or infinity. Check its "
            'checkpoint: was it trained to its end?'
        )
    return gaussians


def _columns(
    gaussians: Gaussians, samples: Sequence[PoseDataSample]
) -> dict[str, np.ndarray]:
    """What is stored of a batch."""
    meta = [sample.metainfo for sample in samples]
    return dict(
        crop=np.array([[*x['input_center'], *x['input_scale']] for x in meta]),
        peak=gaussians.coords.cpu().numpy(),
        height=gaussians.heights.cpu().numpy(),
        sigma=gaussians.sigmas.cpu().numpy(),
    )
