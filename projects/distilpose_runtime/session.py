"""ONNX Runtime on the device that was asked for.

It is imported where it is used: training imports this package without it.
"""

from __future__ import annotations

import os
import re
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import onnxruntime

from .errors import UserRuntimeError, UserValueError
from .images import is_utf8
from .metadata import ModelError

__all__ = [
    'external_files',
    'open_session',
    'run_session',
    'told_as_model_error',
]

# What a device is called, and the execution provider that runs on it.
PROVIDERS = {
    'cpu': 'CPUExecutionProvider',
    'cuda': 'CUDAExecutionProvider',
    'tensorrt': 'TensorrtExecutionProvider',
    'rocm': 'ROCMExecutionProvider',
    'migraphx': 'MIGraphXExecutionProvider',
    'directml': 'DmlExecutionProvider',
    'coreml': 'CoreMLExecutionProvider',
    'openvino': 'OpenVINOExecutionProvider',
    'xnnpack': 'XnnpackExecutionProvider',
}
# An entry of ONNX's TensorProto.external_data: its key, and the length of its
# value.
LOCATION = re.compile(rb'\x0a\x08location\x12([\x01-\x7f])')
NUMBERED = ('cuda', 'tensorrt', 'rocm', 'migraphx', 'directml')

# A process that was forked has no threads of its parent's sessions. The end of
# such a session would wait for them for ever, so that none ends there.
_SESSIONS: weakref.WeakSet = weakref.WeakSet()
_INHERITED: list = []
if hasattr(os, 'register_at_fork'):
    os.register_at_fork(after_in_child=lambda: _INHERITED.extend(_SESSIONS))


def open_session(
    file: str,
    device: str = 'cpu',
    threads: int | None = None,
    content: bytes | None = None,
) -> onnxruntime.InferenceSession:
    """Load a model.

    Args:
        file: The ONNX file.
        device: A name of ``PROVIDERS``; some take a number, as ``cuda:1``.
        threads: Threads of an operator. Defaults to OMP_NUM_THREADS, which
            torchrun sets to 1, or to the number of cores.
        content: What is loaded in place of the file's content, such as the
            same graph with one more output.

    Raises:
        FileNotFoundError: There is no such file.
        ModelError: ONNX Runtime cannot load it.
        ValueError: The device has no such name.
        RuntimeError: This ONNX Runtime, or this machine, has no such device.
    """
    import onnxruntime

    provider, options = _provider(device)
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 3  # errors, which are raised as well
    # Threads that spin between operators take the cores from whatever works
    # beside the network, such as the other stages of `predict`.
    settings.add_session_config_entry('session.intra_op.allow_spinning', '0')
    given = os.environ.get('OMP_NUM_THREADS', '')
    cores = int(given) if given.isdecimal() else 0  # 0 for all of them
    settings.intra_op_num_threads = threads or cores
    with open(file, 'rb') as opened:  # or the system says what is wrong
        if content is None and not is_utf8(file):
            content = opened.read()
    try:
        session = onnxruntime.InferenceSession(
            content or file, settings, providers=[(provider, options)]
        )
    except Exception as error:  # of many types, most of them ONNX Runtime's
        raise ModelError(
            f'ONNX Runtime {onnxruntime.__version__} cannot load "{file}" '
            f'({_reason(error)}). It must be a complete ONNX file of an opset '
            'that this version knows: copy it again, or install a newer '
            'onnxruntime.'
        ) from error
    _SESSIONS.add(session)
    # Where a provider cannot start, ONNX Runtime goes on without it.
    if session.get_providers()[0] != provider:
        raise UserRuntimeError(
            f'ONNX Runtime {onnxruntime.__version__} knows the device '
            f'"{device}", but cannot start {provider} here: its driver or '
            "libraries are missing. Install them, or choose device='cpu'."
        )
    return session


def run_session(
    session: onnxruntime.InferenceSession,
    file: str,
    inputs: dict[str, np.ndarray],
    outputs: list[str] | None = None,
) -> list[np.ndarray]:
    """Run a model.

    Args:
        session: What ``open_session`` gave.
        file: What to call it in a message.
        inputs: The inputs by name.
        outputs: Names of outputs. Defaults to all.

    Raises:
        ModelError: ONNX Runtime cannot run it on these inputs.
    """
    with told_as_model_error(file, inputs):
        return session.run(outputs, inputs)


@contextmanager
def told_as_model_error(file: str, inputs: Mapping[str, Any]) -> Iterator:
    """Turn what ONNX Runtime raises of these inputs into an error of ours."""
    try:
        yield
    except Exception as error:  # of many types, all of them ONNX Runtime's
        import onnxruntime

        given = ', '.join(
            f'{x.dtype} {tuple(x.shape)}' for x in inputs.values()
        )
        raise ModelError(
            f'ONNX Runtime {onnxruntime.__version__} cannot run "{file}" on '
            f'{given} ({_reason(error)}). Export the model again; where '
            'memory is short, take fewer people at a time (batch).'
        ) from error


def external_files(file: Path) -> list[Path]:
    """Files beside an ONNX file that hold weights of it.

    Args:
        file: A file that ``open_session`` can load.
    """
    content = file.read_bytes()
    names = {
        content[found.end() : found.end() + found[1][0]].decode()
        for found in LOCATION.finditer(content)
    }
    return [file.parent / name for name in sorted(names)]


def _provider(device: str) -> tuple[str, dict[str, str]]:
    import onnxruntime

    kind, _, number = device.partition(':')
    if kind not in PROVIDERS or (
        number and (kind not in NUMBERED or not number.isdigit())
    ):
        raise UserValueError(
            f'There is no device "{device}". Expected one of '
            f'{", ".join(PROVIDERS)}, or one with a number such as "cuda:1".'
        )
    available = onnxruntime.get_available_providers()
    if PROVIDERS[kind] not in available:
        raise UserRuntimeError(
            f'The device "{device}" needs {PROVIDERS[kind]}, but this ONNX '
            f'Runtime has {", ".join(available)}. Install the package of '
            'ONNX Runtime for that device (onnxruntime-gpu for CUDA), or '
            "choose device='cpu'."
        )
    return PROVIDERS[kind], {'device_id': number} if number else {}


def _reason(error: Exception) -> str:
    """What went wrong, in one line, of an error that ONNX Runtime raised."""
    text = ' '.join(str(error).split()) or type(error).__name__
    for pattern in (
        r'No Op registered for (?P<operator>\S+)',
        r'(?P<operator>\S+) is not a registered',
        r'Opset (?P<opset>\d+) is under development',
    ):
        unknown = re.search(pattern, text)
        if unknown:
            ((kind, name),) = unknown.groupdict().items()
            return f'its {kind} {name} is not known'
    # Without the place in ONNX Runtime's code.
    text = re.sub(r'^\[ONNXRuntimeError\] : \d+ : \w+ : ', '', text)
    text = re.sub(r'/onnxruntime_src/\S+ .*?\) (?=[A-Z])', '', text)
    return text[:300].rstrip('. ')
