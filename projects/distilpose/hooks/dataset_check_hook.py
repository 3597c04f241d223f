"""A hook that compares data and model before training begins."""

import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmpose.registry import HOOKS

__all__ = ['DatasetCheckHook']


@HOOKS.register_module()
class DatasetCheckHook(Hook):
    """Compare the datasets' keypoints and images with the model's head.

    A wrong number of keypoints would otherwise show in the middle of the
    first step, or, for validation, after hours. The model is tried on one
    black image as well. For top-down estimators whose head has a decoder.
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
        self._try(model)
        loops = [('train', runner.train_loop), ('val', runner.val_loop)]
        for name, loop in loops:
            if loop is not None:
                self._check(name, loop.dataloader.dataset, model.head)

    @staticmethod
    @torch.no_grad()
    def _try(model) -> None:
        """Let the parts of a model raise what they have to say."""
        w, h = model.head.decoder.input_size
        device = next(model.parameters()).device
        training = model.training
        model.eval()
        model(torch.zeros(1, 3, h, w, device=device), None, mode='tensor')
        model.train(training)

    @staticmethod
    def _check(name: str, dataset, head) -> None:
        keypoints = getattr(head, 'num_joints', None) or head.out_channels
        given = dataset.metainfo['num_keypoints']
        if given != keypoints:
            raise ValueError(
                f'The {name} dataset has {given} keypoints, but the '
                f"model's {type(head).__name__} predicts {keypoints}. Set the "
                "head's and the neck's number of keypoints to the dataset's."
            )
        if not len(dataset):
            raise ValueError(
                f'The {name} dataset has no annotated person in '
                f'"{dataset.ann_file}". Give a file in COCO format whose '
                'annotations have keypoints, or, for detected boxes, a '
                'bbox_file with boxes.'
            )
        w, h = head.decoder.input_size
        size = tuple(dataset[0]['inputs'].shape[-2:])
        if size != (h, w):
            raise ValueError(
                f'The {name} pipeline gives images of {size[1]} x {size[0]} '
                f"(width x height), but the model's codec was built for "
                f'{w} x {h}. Use one codec for pipeline and model.'
            )
