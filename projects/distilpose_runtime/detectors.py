"""Person detectors in ONNX files, told apart by what they give.

N: people. H, W: height and width of a detector's input, pixels.
"""

import ast
import os
from os import PathLike

import cv2
import numpy as np

from .detector_formats import FORMATS, cells
from .errors import UserValueError
from .frames import Frame
from .images import expect_image, fit, normalized
from .named import find_detector
from .people import Finder, People
from .session import open_session, run_session

__all__ = ['Detector', 'DetectorError']

# Where a detector's file leaves the size of its input open.
USUAL_SIZE = (640, 640)


class DetectorError(UserValueError):
    """A detector that cannot be used; the message says why."""


class Detector(Finder):
    """Finds people in images.

    It can be copied, pickled and sent to other processes, which load the
    file anew.

    Args:
        file: ONNX file of a detector, or the name of the one that comes with
            this package, ``'nanodet'``.
        device: As of ``PoseEstimator``.
        format: A name of ``FORMATS``, or None to recognise it.
        threads: Threads on a CPU. Defaults to the number of cores.
        person: The index of people among the classes, or None for the one
            that the file's metadata call person. Where they name a single
            class, it is this; where they name none, the first.

    Attributes:
        format: The name of the detector's format.
        person: The index of people among the classes.
        size: Width and height of its input.

    Raises:
        OSError: The file cannot be read.
        DetectorError: The format is not recognised or not the one that was
            named, or no class is a person.
        ModelError: ONNX Runtime cannot load the file.
    """

    def __init__(
        self,
        file: 'str | PathLike[str]' = 'nanodet',
        device: str = 'cpu',
        format: str | None = None,
        threads: int | None = None,
        person: int | None = None,
    ) -> None:
        self.file = find_detector(file)
        path = os.path.abspath(self.file)
        self._given = path, device, format, threads, person
        self._session = open_session(str(self.file), device, threads)
        inputs = self._session.get_inputs()
        shape = inputs[0].shape
        if (
            len(inputs) != 1
            or len(shape) != 4
            or shape[1] != 3
            or inputs[0].type not in ('tensor(float)', 'tensor(float16)')
        ):
            given = ', '.join(f'{x.name} {x.shape} {x.type}' for x in inputs)
            raise DetectorError(
                f'The detector "{file}" takes {given}; expected one input of '
                'floats (1, 3, H, W).'
            )
        self._input = inputs[0].name
        self._dtype = np.float16 if '16' in inputs[0].type else np.float32
        fixed = all(isinstance(x, int) for x in shape[2:])
        self.size = tuple(shape[:1:-1]) if fixed else USUAL_SIZE
        self.format = self._recognise(format)
        if person is None:
            person = self._find_class()
        self._is_named = person is not None
        self.person = person or 0
        self.about = {
            'detector': str(file),
            'format': self.format,
            'class': self.person,
        }
        self.nobody = (
            'the detector finds none whose score is high enough. Lower '
            '--box-threshold, or take each picture as one person with '
            '--detector none'
        )

    def __reduce__(self) -> tuple:
        return type(self), self._given

    def __call__(
        self, image: np.ndarray, min_score: float = 0.35
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the people in an image.

        Args:
            image: Array (height, width, 3), BGR, 8 bits.
            min_score: Boxes of lower scores are left out.

        Returns:
            Boxes (N, 4), x1, y1, x2, y2 in pixels of the image, and their
            scores (N,); the best first.

        Raises:
            DetectorError: It gave what no detector of its format gives.
            ValueError: The image is of another kind.
        """
        expect_image(image)
        kind = FORMATS[self.format]
        frame, scale, corner = fit(image, self.size, kind.fill, kind.centered)
        mean, std = (np.array(x, np.float32) for x in (kind.mean, kind.std))
        outputs = self._run(normalized(frame[None], mean, std, kind.to_rgb))
        try:
            boxes, scores = kind.decode(outputs, self.size, self.person)
        except (IndexError, ValueError) as error:
            shapes = [output.shape for output in outputs]
            raise DetectorError(
                f'The detector "{self.file}" gave {shapes}, which is not of '
                f'the format {self.format} ({error}).'
            ) from error
        # NaN is not above the threshold, either.
        boxes, scores = (x[scores >= min_score] for x in (boxes, scores))
        boxes = (boxes - np.tile(corner, 2)) / scale
        boxes = boxes.clip(0, np.tile(image.shape[1::-1], 2))
        kept = _best(boxes, scores, kind.overlap)
        return boxes[kept].astype(np.float32), scores[kept]

    def find(self, frame: Frame, min_score: float) -> People:
        return People(*self(frame.image, min_score))

    def remarks(self) -> list[str]:
        if self._is_named:
            return []
        return [
            f'"{self.file}" does not name its classes: the first is taken for '
            'people.'
        ]

    def _run(self, images: np.ndarray) -> list[np.ndarray]:
        images = images.astype(self._dtype, copy=False)
        found = run_session(
            self._session, str(self.file), {self._input: images}
        )
        return [np.asarray(x, np.float32) for x in found]

    def _find_class(self) -> int | None:
        """The index of people, in files whose metadata name the classes."""
        metadata = self._session.get_modelmeta().custom_metadata_map
        try:
            names = ast.literal_eval(metadata['names'])
            if not isinstance(names, dict):
                names = dict(enumerate(names))
            classes = {str(name).lower(): int(i) for i, name in names.items()}
        except (KeyError, SyntaxError, TypeError, ValueError):
            return None
        if len(classes) == 1:
            return next(iter(classes.values()))
        if 'person' not in classes:
            raise DetectorError(
                f'The detector "{self.file}" knows {", ".join(classes)}, but '
                'no person. Choose a detector of people, or correct "names" '
                'in its metadata.'
            )
        return classes['person']

    def _recognise(self, format: str | None) -> str:
        """Name the format, from the outputs' shapes; or see that it fits."""
        if format not in (None, *FORMATS):
            raise DetectorError(
                f'There is no detector format "{format}"; expected one of '
                f'{", ".join(FORMATS)}.'
            )
        outputs = self._session.get_outputs()
        shapes = [tuple(output.shape) for output in outputs]
        if any(not isinstance(x, int) for shape in shapes for x in shape):
            # The file leaves sizes open: one run tells them.
            images = np.zeros((1, 3, *self.size[::-1]))
            shapes = [found.shape for found in self._run(images)]
        given = ', '.join(
            f'{output.name} {shape}' for output, shape in zip(outputs, shapes)
        )
        count = sum(x.size for x, _, _ in cells(self.size))
        names = [
            name
            for name, kind in FORMATS.items()
            if kind.matches(shapes, count)
        ]
        if format is not None:
            if format not in names:
                raise DetectorError(
                    f'The outputs of the detector "{self.file}" are not of '
                    f'the format {format}: {given}. Name another, or none.'
                )
            return format
        if len(names) > 1:
            # Those whose outputs look alike: the name of the file, or of its
            # folder, tells YOLOX and RTMDet apart.
            path = f'{self.file.resolve().parent.name}/{self.file.name}'
            names = [x for x in names if x.split('-')[0] in path.lower()]
        if len(names) != 1:
            raise DetectorError(
                f'The outputs of the detector "{self.file}" are not '
                f'recognised: {given}. Expected those of YOLOX, RTMDet, '
                f'YOLOv8 or NanoDet. Name the format: {", ".join(FORMATS)}.'
            )
        return names[0]


def _best(
    boxes: np.ndarray, scores: np.ndarray, overlap: float | None
) -> np.ndarray:
    """Indices of the boxes to keep, the best first."""
    if overlap is None or not len(scores):
        return np.argsort(-scores, kind='stable')
    sizes = boxes[:, 2:] - boxes[:, :2]
    kept = cv2.dnn.NMSBoxes(
        np.hstack([boxes[:, :2], sizes]).tolist(),
        scores.tolist(),
        score_threshold=0.0,
        nms_threshold=overlap,
    )
    return np.asarray(kept, int).ravel()
