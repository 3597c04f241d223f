"""Storing a teacher's outputs for the data that a student trains on."""

import copy
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmpose.datasets.transforms import (
    GetBBoxCenterScale,
    LoadImage,
    TopdownAffine,
)
from mmpose.registry import DATASETS, MODELS, TRANSFORMS
from mmpose.structures import PoseDataSample
from mmpose.utils import register_all_modules
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Subset
from tqdm import tqdm

from distilpose_runtime.errors import UserValueError

from ...distillation import DistilPoseEstimator
from ...heatmaps.forms import TeacherHeatmaps
from ...weights.fetch import file_sha256
from ..inputs import InputSpec
from ..output import TeacherOutput
from .folder import StoredOutputs, data_files, describe_teacher, sample_key
from .peak_windows import WindowSpec, measure_windows, take_windows

__all__ = ['store_teacher']

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
    model = _student(config)
    people = _People(config.train_dataloader.dataset)
    settings = {
        k: v
        for k, v in config.model.teacher.items()
        if k not in ('stored', 'keypoints', 'flip_test')
    }
    facts = dict(teacher=describe_teacher(settings), data=people.files)
    outputs: StoredOutputs | None = None
    if (Path(folder) / 'meta.json').is_file():
        outputs = StoredOutputs(folder, writable=True)
        outputs.expect_teacher(settings)
        outputs.expect_data({x['file']: x['sha256'] for x in people.files})
        outputs.expect_people(people.keys)
        outputs.expect_flip_test(model.teacher.flip_test)
    start = 0 if outputs is None else outputs.done
    loader: DataLoader = DataLoader(
        Subset(people, range(start, len(people))),
        batch_size,
        num_workers=config.train_dataloader.get('num_workers', 0),
        collate_fn=pseudo_collate,
    )
    model.teacher.prepare()
    bar = tqdm(
        total=len(people), initial=start, unit='crop', disable=not progress
    )
    with bar, torch.inference_mode():
        for batch in loader:
            batch = model.data_preprocessor(batch)
            output = model.teacher.with_own_keypoints(
                batch['inputs'], batch['data_samples']
            )
            if outputs is None:
                outputs = _create(folder, model, people, output, facts)
            outputs.append(**_columns(outputs, output, batch['data_samples']))
            bar.update(len(batch['data_samples']))
    assert outputs is not None
    return outputs


class _People(Dataset):
    """All people that a config's training data are made of, not augmented.

    Attributes:
        files: Annotation files and their hashes.
        keys: A key for each person.
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
                'The training data of the config have nobody.'
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


def _student(config: Config) -> DistilPoseEstimator:
    settings = config.model.get('teacher')
    if config.model.type != 'DistilPoseEstimator' or not settings:
        raise UserValueError(
            'The config names no teacher to store. Set model.teacher of a '
            'DistilPoseEstimator.'
        )
    if isinstance(settings, str):
        config.model.teacher = dict(config=settings)
    config.model.teacher.pop('stored', None)
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    return MODELS.build(config.model).to(device).eval()


def _create(
    folder: Path,
    model: DistilPoseEstimator,
    people: _People,
    output: TeacherOutput,
    facts: dict[str, Any],
) -> StoredOutputs:
    """Make room for windows as wide as the first ones say."""
    maps, teacher = output.maps, model.teacher
    mirrored = (teacher.source.metainfo or {}).get('flip_indices')
    if teacher.keypoints is not None and not mirrored:
        raise UserValueError(
            f'The teacher {teacher.source.name} does not say which of its '
            'keypoints change sides in a mirror image, and '
            "model.teacher.keypoints says that they are not the data's. "
            'Give it as a whole config, with its dataset, or an ONNX file '
            'with keypoints_of.'
        )
    spec = measure_windows(maps)
    _finite_windows(maps, spec)  # or nothing is written
    meta = dict(
        teacher_name=teacher.source.name,
        frame=spec.frame(maps.frame)._asdict(),
        input=InputSpec.of_model(model)._asdict(),
        keypoints=maps.shape[1],
        keypoint_names=teacher.source.keypoint_names,
        flip_indices=mirrored,
        flip_test=teacher.flip_test,
        step=spec.step,
        window=spec.size,
        **facts,
    )
    return StoredOutputs.create(folder, people.keys, meta)


def _finite_windows(
    maps: TeacherHeatmaps, spec: WindowSpec
) -> tuple[Tensor, Tensor]:
    windows, corners = take_windows(maps, spec)
    if not windows.isfinite().all():
        raise UserValueError(
            "The teacher's heatmaps hold NaN or infinity. Check its "
            'checkpoint: was it trained to its end?'
        )
    return windows, corners


def _columns(
    outputs: StoredOutputs,
    output: TeacherOutput,
    samples: Sequence[PoseDataSample],
) -> dict[str, np.ndarray]:
    """What is stored of a batch."""
    maps = output.maps
    spec = WindowSpec(outputs.meta['step'], outputs.meta['window'])
    windows, corners = _finite_windows(maps, spec)
    heights = windows.amax((-2, -1)).clamp(min=1e-6)
    shares = (255 * windows / heights[..., None, None]).round()
    meta = [sample.metainfo for sample in samples]
    return dict(
        crop=np.array([[*x['input_center'], *x['input_scale']] for x in meta]),
        peak=maps.coords().cpu().numpy(),
        height=heights.cpu().numpy(),
        corner=corners.cpu().numpy(),
        window=shares.clamp(0, 255).cpu().numpy(),
    )
