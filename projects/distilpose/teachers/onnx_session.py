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
from torch import Tensor

from distilpose_runtime.errors import (
    UserFileNotFoundError,
    UserImportError,
    UserRuntimeError,
    UserValueError,
)
from distilpose_runtime.metadata import ModelError
from distilpose_runtime.session import open_session, told_as_model_error

__all__ = ['OnnxInput', 'open_teacher', 'run_bound']

DTYPES = {
    'tensor(float)': np.float32,
    'tensor(float16)': np.float16,
    'tensor(int32)': np.int32,
    'tensor(uint8)': np.uint8,
}


class OnnxInput(NamedTuple):
    """The images that a file takes."""

    name: str
    dtype: Any
    is_integer: bool  # pixels from 0 to 255
    channels_last: bool  # (B, H, W, 3), not (B, 3, H, W)
    size: tuple[int, int]  # (W, H), pixels
    batch: int | None  # how many at a time; None for any number

    @classmethod
    def of(
        cls, session: Any, file: str, size: Sequence[int] | None = None
    ) -> 'OnnxInput':
        """Look at a session's input; ``size`` is for one that is open.

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

    def batches(self, images: Tensor) -> Iterator[Tensor]:
        """Images (B, 3, H, W) as the file takes them, the last repeated."""
        if self.channels_last:
            images = images.permute(0, 2, 3, 1)
        if self.is_integer:
            images = images.round().clamp(0, 255)
        images = images.to(getattr(torch, self.dtype.name)).contiguous()
        size = self.batch or len(images)
        for part in images.split(size):
            missing = size - len(part)
            yield (
                torch.cat([part, *[part[-1:]] * missing]) if missing else part
            )


def run_bound(
    session: Any, file: str, inputs: dict[str, Tensor], like: dict[str, Any]
) -> dict[str, Tensor]:
    """Run a session on tensors where they lie; nothing is copied.

    A session on CUDA takes tensors of CUDA or of the CPU, any other those of
    the CPU. On CUDA this has neither been run nor been measured.

    Args:
        session: What ``open_teacher`` gave.
        file: What to call it in a message.
        inputs: Its inputs by name, contiguous; the first axis is the batch.
        like: Arrays that have the outputs' dtypes and, but for the batch,
            their shapes, by name.

    Raises:
        ModelError: ONNX Runtime cannot run it on these inputs.
    """
    (images,) = inputs.values()
    outputs = {
        name: images.new_empty(
            (len(images), *x.shape[1:]), dtype=getattr(torch, x.dtype.name)
        )
        for name, x in like.items()
    }
    binding = session.io_binding()
    for bind, tensors in (
        (binding.bind_input, inputs),
        (binding.bind_output, outputs),
    ):
        for name, x in tensors.items():
            place = x.device.type, x.device.index or 0
            dtype = np.dtype(str(x.dtype).removeprefix('torch.'))
            bind(name, *place, dtype, tuple(x.shape), x.data_ptr())
    if images.is_cuda:  # ONNX Runtime has a stream of its own
        torch.cuda.current_stream(images.device).synchronize()
    with told_as_model_error(file, inputs):
        session.run_with_iobinding(binding)
        binding.synchronize_outputs()
    return outputs


def open_teacher(file: str, output: str | None = None) -> Any:
    """Load a teacher's file, to run by CUDA where there is a GPU.

    ``output`` is the name of a tensor inside that is to become an output.

    Raises:
        FileNotFoundError: There is no such file.
        ImportError: ONNX Runtime is missing, or onnx, which finds tensors.
        ValueError: ONNX Runtime cannot run the file, or there is no such
            tensor inside.
    """
    if not Path(file).is_file():
        raise UserFileNotFoundError(
            f'The teacher\'s file "{file}" does not exist (looked from '
            f'{Path.cwd()}). Set model.teacher.onnx.'
        )
    try:
        session = _open(file)
        known = [x.name for x in session.get_outputs()]
        if output is not None and output not in known:
            session = _open(file, _with_output(file, output))
    except ModuleNotFoundError as error:
        raise UserImportError(
            f'An ONNX teacher needs the package {error.name}. Install it with '
            '`pip install "distilpose[export]" onnx`, or onnxruntime-gpu for '
            'CUDA. onnx is needed where model.teacher.output is no output of '
            'the file, but a tensor inside.'
        ) from error
    except ModelError as error:
        raise UserValueError(f'The teacher: {error}') from error
    MMLogger.get_current_instance().info(
        'The teacher %s: ONNX Runtime runs it by %s',
        file,
        session.get_providers()[0],
    )
    return session


def _open(file: str, content: bytes | None = None) -> Any:
    threads = torch.get_num_threads()
    if torch.cuda.is_available():
        device = f'cuda:{torch.cuda.current_device()}'
        try:
            return open_session(file, device, threads, content)
        except UserRuntimeError as error:
            MMLogger.get_current_instance().warning(
                'The teacher %s runs on the CPU, though there is a GPU: %s '
                'Install onnxruntime-gpu in place of onnxruntime, in the '
                'version that fits your CUDA.',
                file,
                error,
            )
    return open_session(file, 'cpu', threads, content)


def _with_output(file: str, output: str) -> bytes:
    """The file's content with a tensor inside as one more output."""
    import onnx

    model = onnx.load(file)
    tensors = [name for node in model.graph.node for name in node.output]
    if output not in tensors:
        named = [x.name for x in model.graph.output]
        near = difflib.get_close_matches(output, tensors, cutoff=0.3)
        raise UserValueError(
            f'model.teacher.output is "{output}", but "{file}" has no tensor '
            f'of this name. Its outputs are {", ".join(named)}; nearest '
            f'inside: {", ".join(near) or "none"}.'
        )
    model.graph.output.append(onnx.ValueInfoProto(name=output))
    return model.SerializeToString()
