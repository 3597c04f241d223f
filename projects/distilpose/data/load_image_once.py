"""A transform that decodes every image once."""

from typing import Any

import numpy as np
from mmpose.datasets.transforms import LoadImage
from mmpose.registry import TRANSFORMS

__all__ = ['LoadImageOnce']


@TRANSFORMS.register_module()
class LoadImageOnce(LoadImage):
    """MMPose's ``LoadImage`` that keeps all decoded images in memory.

    For small datasets of small images: every process that loads data keeps
    its own. The images cannot be written to, as later epochs read them again.
    Arguments are those of ``LoadImage``.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._images: dict[str, np.ndarray] = {}

    def transform(self, results: dict) -> dict | None:
        """Load an image, or take it from memory."""
        if 'img' in results:  # MMPose's inference gives the image itself
            return super().transform(results)
        path = results['img_path']
        if path in self._images:
            results['img'] = self._images[path]
        loaded = super().transform(results)
        if loaded is not None and path not in self._images:
            loaded['img'].flags.writeable = False
            self._images[path] = loaded['img']
        return loaded
