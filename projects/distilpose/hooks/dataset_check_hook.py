"""A hook that compares data and model before training begins."""

import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmpose.registry import HOOKS
from torch import nn
from torch.utils.data import Dataset

__all__ = ['DatasetCheckHook']


@HOOKS.register_module()
class DatasetCheckHook(Hook):
    """Compare the datasets' keypoints and images with the model's head.

    A wrong number of keypoints would otherwise show in the middle of the
    first step, or, for validation, after hours. The model is tried on one
    black image as well. For top-down estimators; what is asked of the head's
    codec, of heads that have one.
    """

    def before_train(self, runner: Runner) -> None:
        """Look at the training dataset and, if there is one, validation.

        Raises:
            ValueError: A dataset is empty, has another number of keypoints
                than the head, or images of another size than its codec; or
                the parts of the model do not fit each other.
        """
        model = runner.model
        model = model.module if is_model_wrapper(model) else model
        dataset = runner.train_loop.dataloader.dataset
        self._try(model, self._check('train', dataset, model.head))
        if runner.val_loop is not None:
            dataset = runner.val_loop.dataloader.dataset
            self._check('val', dataset, model.head)

    @staticmethod
    @torch.no_grad()
    def _try(model: nn.Module, shape: torch.Size) -> None:
        """Let the parts of a model raise what they have to say."""
        device = next(model.parameters()).device
        training = model.training
        model.eval()
        model(torch.zeros(1, *shape, device=device), None, mode='tensor')
        model.train(training)

    @staticmethod
    def _check(name: str, dataset: Dataset, head: nn.Module) -> torch.Size:
        """Give the shape (C, H, W) of a dataset's first image, if all fits."""
        keypoints = getattr(head, 'num_joints', None) or head.out_channels
        given = dataset.metainfo['num_keypoints']
        if given != keypoints:
            raise ValueError(
                f'The {name} dataset has {given} keypoints, but the '
                f"model's {type(head).__name__} predicts {keypoints}. Set the "
                "head's and the neck's number of keypoints to the dataset's."
            )
        # Most empty datasets end before, in MMEngine: those of detected boxes
        # or several datasets, not serialized, come this far.
        if not len(dataset):
            where = getattr(dataset, 'ann_file', '') or type(dataset).__name__
            raise ValueError(
                f'The {name} dataset has no annotated person in "{where}". '
                'Give a file in COCO format whose annotations have '
                'keypoints, or, for detected boxes, a bbox_file with boxes.'
            )
        shape = dataset[0]['inputs'].shape
        if head.decoder is not None:
            w, h = head.decoder.input_size
            if shape[-2:] != (h, w):
                raise ValueError(
                    f'The {name} pipeline gives images of {shape[-1]} x '
                    f"{shape[-2]} (width x height), but the model's codec was "
                    f'built for {w} x {h}. Use one codec for pipeline and '
                    'model.'
                )
        return shape
