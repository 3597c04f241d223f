"""An ONNX file in ONNX Runtime.

B: batch. W, H: input width and height, pixels.
"""

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from mmengine.logging import MMLogger

from distilpose_runtime.errors import (
    UserFileNotFoundError,
    UserImportError,
    UserValueError,
)

__all__ = ['OnnxInput', 'open_session']

CPU, CUDA = 'CPUExecutionProvider', 'CUDAExecutionProvider'
DTYPES = {
    'tensor(float)': np.float32,
    'tensor(float16)': np.float16,
    'tensor(int32)': np.int32,
    'tensor(uint8)': np.uint8,
}


class OnnxInput(NamedTuple):
    """The images that a file takes.

    Attributes:
        name: What it calls them.
        dtype: Their dtype.
        is_integer: Whether they are pixels from 0 to 255.
        channels_last: Whether they are (B, H, W, 3), not (B, 3, H, W).
        size: Their size (W, H), pixels.
        batch: How many it takes at a time; None for any number.
    """

    name: str
    dtype: Any
    is_integer: bool
    channels_last: bool
    size: tuple[int, int]
    batch: int | None

    @classmethod
    def of(
        cls, session: Any, file: str, size: Sequence[int] | None = None
    ) -> 'OnnxInput':
        """Look at a session's input.

        Args:
            session: The session.
            file: What to call it in a message.
            size: Size (W, H), where the file leaves it open.

        Raises:
            ValueError: It takes no images, or their size is not known.
        """
        first, *others = session.get_inputs()
        shape = first.shape
        if (
            others
            or len(shape) != 4
            or 3 not in (shape[1], shape[3])
            or first.type not in DTYPES
        ):
            given = ', '.join(
                f'{x.name} {x.type} {x.shape}' for x in (first, *others)
            )
            raise UserValueError(
                f'The teacher "{file}" takes {given}, expected one batch of '
                'images, (B, 3, H, W) or (B, H, W, 3), of '
                f'{", ".join(DTYPES)}. Choose a file of a top-down pose '
                'estimator alone.'
            )
        channels_last = shape[1] != 3
        height, width = shape[1:3] if channels_last else shape[2:]
        if isinstance(height, int) and isinstance(width, int):
            size = width, height
        if size is None:
            raise UserValueError(
                f'The teacher "{file}" leaves its input size open ({shape}). '
                'Set model.teacher.input_size to the (width, height) that it '
                'was trained with.'
            )
        dtype = np.dtype(DTYPES[first.type])
        return cls(
            name=first.name,
            dtype=dtype,
            is_integer=dtype.kind in 'iu',
            channels_last=channels_last,
            size=(size[0], size[1]),
            batch=shape[0] if isinstance(shape[0], int) else None,
        )

    def batches(self, images: np.ndarray) -> Iterator[np.ndarray]:
        """Images (B, 3, H, W) as the file takes them, the last repeated."""
        if self.channels_last:
            images = images.transpose(0, 2, 3, 1)
        if self.is_integer:
            images = images.round().clip(0, 255)
        images = np.ascontiguousarray(images, self.dtype)
        size = self.batch or len(images)
        for start in range(0, len(images), size):
            part = images[start : start + size]
            yield np.concatenate([part, *[part[-1:]] * (size - len(part))])


def open_session(file: str, output: str | None = None) -> Any:
    """Load a teacher's file, to run by CUDA where there is a GPU.

    Args:
        file: The ONNX file.
        output: Name of a tensor inside that is to become an output.

    Returns:
        An ``onnxruntime.InferenceSession``.

    Raises:
        FileNotFoundError: There is no such file.
        ImportError: ONNX Runtime is missing, or onnx, which finds tensors.
        ValueError: ONNX Runtime cannot run the file, or there is no such
            tensor inside.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise UserImportError(
            'An ONNX teacher needs ONNX Runtime. Install it with `pip install '
            '"distilpose[export]"`, or onnxruntime-gpu for CUDA.'
        ) from error
    if not Path(file).is_file():
        raise UserFileNotFoundError(
            f'The teacher\'s file "{file}" does not exist (looked from '
            f'{Path.cwd()}). Set model.teacher.onnx.'
        )
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors, which are raised as well
    options.intra_op_num_threads = torch.get_num_threads()
    providers = _providers(onnxruntime.get_available_providers())
    try:
        session = onnxruntime.InferenceSession(file, options, providers)
        known = [x.name for x in session.get_outputs()]
        if output is not None and output not in known:
            model = _with_output(file, output)
            session = onnxruntime.InferenceSession(model, options, providers)
    except (ImportError, _UnknownTensorError):
        raise
    except Exception as error:  # of many types, most of them ONNX Runtime's
        from distilpose_runtime.session import reason

        raise UserValueError(
            f'ONNX Runtime {onnxruntime.__version__} cannot run the teacher '
            f'"{file}" ({reason(error)}). It must be a complete ONNX '
            'file of operators that this version knows: copy or export it '
            'again, or install a newer onnxruntime.'
        ) from error
    _log_provider(file, session.get_providers()[0])
    return session


class _UnknownTensorError(UserValueError):
    """There is no tensor of this name in the file."""


def _providers(available: list[str]) -> list[Any]:
    if not torch.cuda.is_available() or CUDA not in available:
        return [CPU]
    return [(CUDA, dict(device_id=torch.cuda.current_device())), CPU]


def _log_provider(file: str, provider: str) -> None:
    logger = MMLogger.get_current_instance()
    logger.info('The teacher %s: ONNX Runtime runs it by %s', file, provider)
    if torch.cuda.is_available() and provider != CUDA:
        logger.warning(
            'The teacher %s runs on the CPU, though there is a GPU. Install '
            'onnxruntime-gpu in place of onnxruntime, in the version that '
            'fits your CUDA.',
            file,
        )


def _with_output(file: str, output: str) -> bytes:
    """The file's content with a tensor inside as one more output."""
    try:
        import onnx
    except ImportError as error:
        raise UserImportError(
            f'model.teacher.output is "{output}", no output of "{file}". To '
            'look for a tensor inside takes the package onnx: `pip install '
            'onnx`.'
        ) from error
    model = onnx.load(file)
    tensors = [name for node in model.graph.node for name in node.output]
    if output not in tensors:
        named = [x.name for x in model.graph.output]
        near = difflib.get_close_matches(output, tensors, cutoff=0.3)
        raise _UnknownTensorError(
            f'model.teacher.output is "{output}", but "{file}" has no tensor '
            f'of this name. Its outputs are {", ".join(named)}; nearest '
            f'inside: {", ".join(near) or "none"}.'
        )
    model.graph.output.append(onnx.ValueInfoProto(name=output))
    return model.SerializeToString()
