"""Backbones of timm (PyTorch Image Models).

B: batch. C: channels. H, W: input height and width, pixels.
"""

from collections.abc import Sequence
from typing import Any

from mmengine.model import BaseModule
from mmpose.registry import MODELS
from mmpose.utils.typing import OptMultiConfig
from torch import Tensor, nn

from distilpose_runtime.errors import UserImportError, UserValueError

__all__ = ['TimmBackbone']


@MODELS.register_module()
class TimmBackbone(BaseModule):
    """Any model of timm that gives feature maps.

    Its weights come from timm, too: with ``pretrained=True``, timm downloads
    them. timm's models expect the normalization that their weights were
    trained with, which most share with ImageNet's.

    Args:
        model_name: Name of a model, such as ``'mobilenetv4_conv_small'``;
            ``timm.list_models()`` gives all.
        pretrained: Whether training starts from timm's own weights.
        out_indices: Which feature maps to give, from the largest; -1 is the
            smallest.
        frozen: Names of parts of timm's model that are not trained, such as
            ``('conv_stem', 'bn1', 'blocks.0')``; their normalization layers
            keep their statistics, too. The first parts of a pretrained model
            are few weights, and a large part of a training step.
        init_cfg: MMEngine's initialization, such as a checkpoint of one's
            own to start from, in the place of timm's weights.
        **kwargs: What else ``timm.create_model`` takes.

    Raises:
        ImportError: timm is not installed.
        ValueError: timm has no such model, or the model no feature maps or
            no part of such a name.

    Attributes:
        out_channels: Channels C of each feature map.
        strides: Pixels of the input per cell of each feature map.
    """

    def __init__(
        self,
        model_name: str,
        pretrained: bool = False,
        out_indices: Sequence[int] = (-1,),
        frozen: Sequence[str] = (),
        init_cfg: OptMultiConfig = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(init_cfg)
        try:
            import timm
        except ImportError as error:
            raise UserImportError(
                f'The backbone TimmBackbone(model_name="{model_name}") needs '
                'timm. Install it with `pip install "distilpose[timm]"`.'
            ) from error
        self.pretrained = pretrained
        self._settings = dict(
            model_name=model_name,
            features_only=True,
            out_indices=[*out_indices],
            **kwargs,
        )
        try:
            self.model = timm.create_model(**self._settings)
        except (RuntimeError, AttributeError, IndexError) as error:
            similar = timm.list_models(f'*{model_name.split("_")[0]}*')[:5]
            raise UserValueError(
                f'timm cannot build "{model_name}" with the feature maps '
                f'{tuple(out_indices)}: {error}. Check model_name and '
                f'out_indices of the backbone. Similar: {", ".join(similar)}.'
            ) from error
        info: Any = self.model.feature_info
        self.out_channels: tuple[int, ...] = tuple(info.channels())
        self.strides: tuple[int, ...] = tuple(info.reduction())
        self._frozen = [self._part(name) for name in frozen]
        for part in self._frozen:
            part.requires_grad_(False)

    def _part(self, name: str) -> nn.Module:
        """A part of timm's model, which wrappers may hold."""
        for root in (self.model, getattr(self.model, 'model', self.model)):
            try:
                return root.get_submodule(name)
            except AttributeError:
                continue
        names = ', '.join(name for name, _ in root.named_children())
        raise UserValueError(
            f'TimmBackbone: frozen names "{name}", which '
            f'"{self._settings["model_name"]}" does not have. Its parts are: '
            f'{names}.'
        )

    def train(self, mode: bool = True) -> 'TimmBackbone':
        """Set the mode; frozen parts stay in evaluation mode."""
        super().train(mode)
        for part in self._frozen:
            part.eval()
        return self

    def init_weights(self) -> None:
        """Load timm's weights, if asked for; else leave timm's own start.

        Before training alone: what loads a checkpoint downloads nothing.

        Raises:
            OSError: The weights cannot be downloaded.
        """
        if self.init_cfg:
            super().init_weights()
        if self.init_cfg or not self.pretrained:
            return
        import timm

        try:
            trained = timm.create_model(pretrained=True, **self._settings)
        except OSError as error:  # those of the Hugging Face hub are some
            raise OSError(
                "timm's weights of "
                f'"{self._settings["model_name"]}" cannot be downloaded '
                f'({error}). Try again with a connection, or train from '
                'random weights: --cfg-options '
                'model.backbone.pretrained=False, which `distilpose init '
                '--start none` writes for data of your own.'
            ) from error
        self.model.load_state_dict(trained.state_dict())

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Give feature maps (B, C, H / stride, W / stride) of images."""
        return tuple(self.model(images))
