"""A hook that shows what the student makes of its teacher."""

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop, Runner
from mmpose.registry import HOOKS

from distilpose_runtime.errors import UserValueError

from ..distillation import DistilPoseEstimator
from ..heatmaps.functional import simulate_heatmaps
from .drawing import draw_comparison
from .runner import model_of

__all__ = ['DistillationVisualizationHook']


@HOOKS.register_module()
class DistillationVisualizationHook(Hook):
    """Save images of some validation samples, the same every time.

    Each picture shows a crop, the teacher's heatmaps, the student's simulated
    ones and its skeleton, side by side. It goes to MMEngine's visualizer, and
    so to files and to TensorBoard or whatever ``vis_backends`` names, as
    ``distillation_<number of the sample>``. For training runs by epochs.

    Args:
        interval: Epochs between two images of a sample.
        num_samples: How many samples, evenly spread over the dataset.

    Raises:
        ValueError: One of them is less than 1; or, when training begins,
            nothing is distilled, there is no validation data, the teacher was
            stored, or the training does not go by epochs.
    """

    def __init__(self, interval: int = 10, num_samples: int = 4) -> None:
        if interval < 1 or num_samples < 1:
            raise UserValueError(
                'DistillationVisualizationHook: expected 1 or more for '
                f'interval and num_samples, but got interval={interval} and '
                f'num_samples={num_samples}. To draw nothing, remove the hook '
                'from custom_hooks.'
            )
        self.interval = interval
        self.num_samples = num_samples

    def before_train(self, runner: Runner) -> None:
        """See that there is something to show."""
        model = model_of(runner)
        distils = isinstance(model, DistilPoseEstimator) and model.distillation
        if isinstance(runner.train_loop, IterBasedTrainLoop):
            fault = (
                'works by epochs, but this training goes by iterations '
                '(train_cfg.by_epoch=False). Train by epochs'
            )
        elif not distils or runner.val_loop is None:
            fault = (
                'shows validation data to a DistilPoseEstimator and its '
                'teacher; this run lacks one of them. Add them'
            )
        elif model.teacher.source.is_stored:
            fault = (
                'shows validation data to the teacher, but '
                f'"{model.teacher.source.name}" holds its outputs for the '
                'training data alone. Train with the teacher itself'
            )
        else:
            return
        raise UserValueError(
            f'{type(self).__name__} {fault}, or remove the hook from '
            'custom_hooks.'
        )

    def after_train_epoch(self, runner: Runner) -> None:
        """Draw, every ``interval`` epochs."""
        if self.every_n_epochs(runner, self.interval):
            self._draw(runner)

    @master_only
    @torch.no_grad()
    def _draw(self, runner: Runner) -> None:
        model = model_of(runner)
        dataset = runner.val_loop.dataloader.dataset
        number = min(self.num_samples, len(dataset))
        chosen = np.linspace(0, len(dataset) - 1, number).astype(int)
        batch = pseudo_collate([dataset[int(i)] for i in chosen])
        inputs = model.data_preprocessor(batch, training=False)['inputs']
        student, teacher = model.outputs(inputs)
        shown = [teacher.heatmaps]
        if student.sigmas is not None:
            shown.append(
                simulate_heatmaps(
                    student.coords, student.sigmas, teacher.frame
                )
            )
        meta = dataset.metainfo
        for i, sample in enumerate(chosen):
            picture = draw_comparison(
                batch['inputs'][i].permute(1, 2, 0).numpy(),
                [maps[i].float().cpu().numpy() for maps in shown],
                [student.coords[i].cpu().numpy()],
                meta['skeleton_links'],
                meta['skeleton_link_colors'],
            )
            runner.visualizer.add_image(
                f'distillation_{sample}',
                np.ascontiguousarray(picture[..., ::-1]),  # BGR to RGB
                step=runner.epoch + 1,
            )
