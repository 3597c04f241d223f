"""An ONNX file in ONNX Runtime."""

import difflib
from pathlib import Path
from typing import Any, List, Optional

import torch
from mmengine.logging import MMLogger

__all__ = ['open_session']

CPU, CUDA = 'CPUExecutionProvider', 'CUDAExecutionProvider'


def open_session(file: str, output: Optional[str] = None) -> Any:
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
        raise ImportError(
            'An ONNX teacher needs ONNX Runtime. Install it with `pip install '
            '"distilpose[onnx]"`, or onnxruntime-gpu for CUDA.'
        ) from error
    if not Path(file).is_file():
        raise FileNotFoundError(
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
        raise ValueError(
            f'ONNX Runtime {onnxruntime.__version__} cannot run the teacher '
            f'"{file}": {" ".join(str(error).split())[:300]} It must be a '
            'complete ONNX file of operators that this version knows: copy '
            'or export it again, or install a newer onnxruntime.'
        ) from error
    _log_provider(file, session.get_providers()[0])
    return session


class _UnknownTensorError(ValueError):
    """There is no tensor of this name in the file."""


def _providers(available: List[str]) -> List[Any]:
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
        raise ImportError(
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
