"""Storing a teacher's outputs for the data that a student trains on."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmpose.registry import KEYPOINT_CODECS, MODELS
from mmpose.utils import register_all_modules
from torch import nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from distilpose_runtime.errors import UserValueError
from distilpose_runtime.parts import Part, Parts

from ..base import teacher_settings
from ..frozen import FrozenTeacher
from ..inputs import InputSpec
from ..output import TeacherOutput
from .crops import Crops
from .folder import StoredOutputs, describe_teacher
from .gaussians import Gaussians
from .rows import add_rows

__all__ = ['store_teacher']


def store_teacher(
    config: Config,
    folder: Path,
    batch_size: int = 32,
    progress: bool = True,
    part: Part = (1, 1),
) -> StoredOutputs | None:
    """Ask a config's teacher about each person of its training data, once.

    What is stored already is kept: a run that was interrupted goes on, with
    as many parts or others.

    Args:
        config: Config of a student with a teacher.
        folder: Where to write.
        batch_size: How many people to ask about at a time.
        progress: Whether to show a progress bar.
        part: Which part of the people, from 1 on, and of how many. Each part
            may be stored by a process of its own; the last to end joins them.

    Returns:
        What is stored, or None if other parts are not done.

    Raises:
        ValueError: The config has no teacher to store, its crops cannot be
            made without augmentation, or the folder holds other outputs.
        OSError: The folder cannot be written, or has no room.
    """
    register_all_modules(init_default_scope=False)
    init_default_scope(config.get('default_scope', 'mmpose'))
    teacher, preprocessor = _teacher(config)
    crops = Crops(config.train_dataloader.dataset)
    work = _Work(folder, Parts(folder / '.parts', part), crops, teacher)
    outputs = work.begun()
    if outputs is not None and outputs.is_complete:
        return outputs  # without a lock, as the folder may be read-only
    with work.parts.held():
        batches = work.batches(batch_size)
        if batches:
            # It answers for its own keypoints; a wrong choice is told now.
            teacher.source.prepare()
            teacher.index  # noqa: B018
            loader: DataLoader = DataLoader(
                crops,
                batch_sampler=[batch.tolist() for batch in batches],
                num_workers=config.train_dataloader.get('num_workers', 0),
                collate_fn=pseudo_collate,
            )
            bar = tqdm(
                total=sum(map(len, batches)),
                unit='crop',
                disable=not progress or part[0] > 1,
            )
            with bar, torch.inference_mode():
                for places, batch in zip(batches, loader):
                    work.add(places, preprocessor(batch))
                    bar.update(len(places))
        return work.joined()


@dataclass
class _Work:
    """A folder, what is stored there, and the part of it that is ours."""

    folder: Path
    parts: Parts
    crops: Crops
    teacher: FrozenTeacher
    is_begun: bool = False  # and of the same, as this part has seen

    def begun(self) -> StoredOutputs | None:
        """What is stored already, if it is of the same."""
        if not (self.folder / 'meta.json').is_file():
            return None
        outputs = StoredOutputs(self.folder)
        outputs.expect_teacher(self.teacher.settings)
        outputs.expect_data(self.crops.files)
        outputs.expect_people(self.crops.keys)
        return outputs

    def batches(self, size: int) -> list[np.ndarray]:
        """Places of the people to ask about: of batches, every n-th.

        The batches are the same for any number of parts. In others, a
        teacher's answers may differ in the last digit.
        """
        done = np.zeros(len(self.crops), bool)
        with self.parts.together():
            self._expect_batches_of(size)
            outputs = self.begun()
            if outputs is not None:
                done = outputs.done(self.parts)
        number, count = self.parts.part
        starts = range((number - 1) * size, len(done), count * size)
        found = [s + np.flatnonzero(~done[s : s + size]) for s in starts]
        return [places for places in found if len(places)]

    def _expect_batches_of(self, size: int) -> None:
        """See that the other parts have them, too, or people are left over."""
        file = self.parts.folder / 'batch_size'
        other = file.read_text() if file.exists() else str(size)
        if other != str(size) and self.parts.running():
            raise UserValueError(
                f'The other parts of "{self.folder}" that are stored now have '
                f'batches of {other}, not of {size}. Give all parts the same '
                '--batch-size.'
            )
        file.write_text(str(size))

    def add(self, places: np.ndarray, batch: dict) -> None:
        """Ask about a batch, and write the answers."""
        samples = batch['data_samples']
        output = self.teacher.with_own_keypoints(batch['inputs'], samples)
        gaussians = Gaussians.of(output.maps)
        if not all(values.isfinite().all() for values in gaussians):
            raise UserValueError(
                "The teacher's heatmaps hold NaN or infinity. Check its "
                'checkpoint: was it trained to its end?'
            )
        if not self.is_begun:
            with self.parts.together():
                if self.begun() is None:
                    self._create(output)
            self.is_begun = True
        meta = [sample.metainfo for sample in samples]
        columns = dict(
            crop=np.array(
                [[*x['input_center'], *x['input_scale']] for x in meta]
            ),
            peak=gaussians.coords.cpu().numpy(),
            height=gaussians.heights.cpu().numpy(),
            sigma=gaussians.sigmas.cpu().numpy(),
        )
        add_rows(self.parts.file('.rows'), places, columns)

    def joined(self) -> StoredOutputs | None:
        """What is stored, as one array if all parts are done."""
        with self.parts.together():
            outputs = self.begun()
            if outputs is not None and not outputs.is_complete:
                outputs = outputs.join(self.parts)
        return outputs

    def _create(self, output: TeacherOutput) -> None:
        teacher, source = self.teacher, self.teacher.source
        mirrored = (source.metainfo or {}).get('flip_indices')
        if teacher.keypoints is not None and not mirrored:
            raise UserValueError(
                f'The teacher {source.name} does not say which of its '
                'keypoints change sides in a mirror image, and '
                "model.teacher.keypoints says that they are not the data's. "
                'Give it as a whole config, with its dataset, or an ONNX file '
                'with keypoints_of.'
            )
        # No part has begun: these are left of a store that was deleted.
        for file in self.parts.files('.rows'):
            file.unlink()
        assert teacher.student is not None
        meta = dict(
            teacher_name=source.name,
            teacher=describe_teacher(teacher.settings),
            data=[
                dict(file=file, sha256=digest)
                for file, digest in self.crops.files.items()
            ],
            frame=output.frame._asdict(),
            input=teacher.student._asdict(),
            keypoints=output.maps.shape[1],
            keypoint_names=source.keypoint_names,
            flip_indices=mirrored,
        )
        StoredOutputs.create(self.folder, self.crops.keys, meta)


def _teacher(config: Config) -> tuple[FrozenTeacher, nn.Module]:
    """A config's teacher, and what makes the images of its student."""
    settings = teacher_settings(config.model.get('teacher'))
    if not settings:
        raise UserValueError(
            'The config names no teacher to store. Set model.teacher of a '
            'DistilPoseEstimator.'
        )
    settings = {k: v for k, v in settings.items() if k != 'stored'}
    preprocessor = MODELS.build(config.model.data_preprocessor)
    preprocessor.to('cuda' if torch.cuda.is_available() else 'cpu')
    codec = KEYPOINT_CODECS.build(config.model.head.decoder)
    return FrozenTeacher(InputSpec.of(preprocessor, codec), **settings), (
        preprocessor
    )
