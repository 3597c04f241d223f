"""The pose estimator.

N: people. K: keypoints. H, W: height and width of a crop, pixels.
"""

import os
from collections.abc import Sequence
from os import PathLike

import numpy as np

from .boxes import box_faults, crops, frames
from .errors import UserValueError
from .images import expect_image, normalized
from .metadata import ModelError, ModelInfo
from .named import find_model
from .poses import Poses
from .session import open_session, run_session

__all__ = ['PoseEstimator']


class PoseEstimator:
    """Finds the keypoints of people whose boxes are known.

    Args:
        file: A model that ``distilpose export`` wrote, or the name of one
            that comes with this package, as ``'distilpose-body17'``.
        device: ``'cpu'``, ``'cuda'``, ``'cuda:1'``, ``'coreml'`` or another
            of ONNX Runtime's devices. It runs there or not at all.
        batch: The largest number of people in one run of the model. Of more
            people, one run follows another.
        threads: Threads on a CPU. Defaults to the number of cores.

    It can be copied, pickled and sent to other processes, which load the
    file anew.

    Attributes:
        info: What the file says of the model.
        provider: ONNX Runtime's name of what runs the model.
        about, names, skeleton: As of every ``Estimator``.

    Raises:
        FileNotFoundError: There is no such file, and no such model.
        ModelError: The file is no model that ``distilpose export`` wrote.
        ValueError: The device has no such name, or batch is below 1.
        RuntimeError: The device is not there.
    """

    def __init__(
        self,
        file: 'str | PathLike[str]',
        device: str = 'cpu',
        batch: int = 32,
        threads: int | None = None,
    ) -> None:
        if batch < 1:
            raise UserValueError(f'batch is {batch}, expected 1 or more.')
        self.file = find_model(file)
        self.batch = batch
        self._given = os.path.abspath(self.file), device, batch, threads
        self._session = open_session(self.file, device, threads)
        self.provider: str = self._session.get_providers()[0]
        self.info = ModelInfo.read(
            self.file, self._session.get_modelmeta().custom_metadata_map
        )
        self._outputs = [out.name for out in self._session.get_outputs()]
        self.names, self.skeleton = self.info.names, self.info.skeleton
        k = len(self.names)
        self._shapes = dict(coords=(k, 2), scores=(k,), sigmas=(k, 2))
        self._check_graph()
        self.about = {
            'file': os.fspath(file),
            **self.info.about(),
            'runs_on': self.provider,
        }

    def __reduce__(self) -> tuple:
        return type(self), self._given

    def __repr__(self) -> str:
        return (
            f'PoseEstimator({self.info.model}, {len(self.names)} keypoints of '
            f'{self.info.dataset}, {self.info.precision}, on {self.provider})'
        )

    def __call__(
        self, image: np.ndarray, boxes: np.ndarray | Sequence
    ) -> Poses:
        """Find the keypoints of all people in an image.

        Args:
            image: Image (height, width, 3), BGR, 8 bits, as OpenCV reads it.
            boxes: The people's boxes (N, 4), (x1, y1, x2, y2), pixels of the
                image. None of them, no poses.

        Returns:
            The poses, in pixels of the image.

        Raises:
            ValueError: The image is of another kind, or a box holds no part
                of it (``box_faults`` tells which).
        """
        expect_image(image)
        boxes = _check_boxes(image, boxes)
        size = self.info.input_size
        centers, scales = frames(boxes, size, self.info.padding)
        parts = crops(
            image, centers, scales, size, self.batch, self.info.use_udp
        )
        nobody = {
            name: np.empty((0, *self._shapes[name]), np.float32)
            for name in self._outputs
        }
        found = [nobody, *(self.run(self.normalize(part)) for part in parts)]
        joined = {
            name: np.concatenate([x[name] for x in found]) for name in nobody
        }
        ratio = (scales / size).astype(np.float32)[:, None]
        corners = (centers - scales / 2).astype(np.float32)[:, None]
        sigmas = joined.get('sigmas')
        if sigmas is not None and self.info.sigma_calibration is not None:
            sigmas = self.info.sigma_calibration(sigmas, joined['scores'])
        return Poses(
            keypoints=joined['coords'] * ratio + corners,
            scores=joined['scores'],
            sigmas=None if sigmas is None else sigmas * ratio,
            boxes=boxes,
            names=self.names,
            skeleton=self.skeleton,
            keypoint_colors=self.info.keypoint_colors,
            skeleton_colors=self.info.skeleton_colors,
        )

    def run(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Run the model on inputs that are ready.

        Args:
            inputs: What ``normalize`` gives.

        Returns:
            ``coords`` (N, K, 2), (x, y), in pixels of the crops, ``scores``
            (N, K) and, where the model predicts them, ``sigmas`` (N, K, 2) in
            pixels of the crops, not calibrated.

        Raises:
            ModelError: ONNX Runtime cannot run the model on them.
        """
        found = run_session(
            self._session, self.file, {'images': inputs}, self._outputs
        )
        return dict(zip(self._outputs, found))

    def normalize(self, crops: np.ndarray) -> np.ndarray:
        """Turn crops (N, H, W, 3), BGR, 8 bits, into the model's input.

        That is (N, 3, H, W), float32, or the crops themselves for a model
        that normalizes them.
        """
        if self.info.raw_images:
            return crops
        info = self.info
        return normalized(crops, info.mean, info.std, info.to_rgb)

    def _check_graph(self) -> None:
        """See that the graph is what its metadata say."""
        inputs = {x.name: x.type for x in self._session.get_inputs()}
        kind = 'uint8' if self.info.raw_images else 'float'
        if inputs != {'images': f'tensor({kind})'} or not (
            {'coords', 'scores'} <= {*self._outputs} <= {*self._shapes}
        ):
            raise ModelError(
                f'"{self.file}" takes {inputs} and gives {self._outputs}, '
                f'expected images of {kind} and coords, scores, sigmas. '
                'Export the model again.'
            )
        width, height = self.info.input_size
        images = (height, width, 3) if kind == 'uint8' else (3, height, width)
        wanted = dict(self._shapes, images=images)
        for x in (*self._session.get_inputs(), *self._session.get_outputs()):
            if not _fits(x.shape, ('N', *wanted[x.name])):
                raise ModelError(
                    f'"{self.file}" has {x.name} of shape {x.shape}, but its '
                    f'metadata say {["N", *wanted[x.name]]}. Export the '
                    'model again.'
                )


def _fits(shape: Sequence, wanted: Sequence) -> bool:
    """Whether a shape can be the wanted one; names stand for any size."""
    return len(shape) == len(wanted) and all(
        str in map(type, pair) or pair[0] == pair[1]
        for pair in zip(shape, wanted)
    )


def _check_boxes(
    image: np.ndarray, boxes: np.ndarray | Sequence
) -> np.ndarray:
    """Boxes as float32 (N, 4)."""
    array = np.asarray(boxes, np.float32)
    if array.size == 0:
        return np.empty((0, 4), np.float32)
    if array.ndim != 2 or array.shape[1] != 4:
        raise UserValueError(
            f'The boxes are an array of shape {array.shape}, expected (N, 4): '
            'x1, y1, x2, y2 of each.'
        )
    for i, fault in box_faults(image, array).items():
        raise UserValueError(
            f'Box {i}, {array[i].tolist()}, {fault}. Leave it out, or correct '
            'it: x1, y1, x2, y2 in pixels of the image.'
        )
    return array
