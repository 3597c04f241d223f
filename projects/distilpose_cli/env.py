"""``distilpose env``: what a bug report should say of the environment."""

import argparse
import importlib
import os
import platform
from collections.abc import Iterator
from importlib import metadata

from .arguments import add_command

__all__ = ['add_env', 'describe']

# By the names that pip knows; of several for one module, all are looked up.
PACKAGES = (
    *('distilpose', 'torch', 'torchvision'),
    *('mmpose', 'mmengine', 'mmcv', 'mmcv-lite', 'mmdet', 'mmpretrain'),
    *('openmim', 'timm', 'numpy', 'scipy', 'xtcocotools'),
    *('opencv-python', 'opencv-python-headless'),
    *('onnx', 'onnxruntime', 'onnxruntime-gpu', 'openvino', 'av', 'trackers'),
)


def add_env(commands) -> None:
    text = 'print versions, operators and devices, for a bug report'
    add_command(commands, 'env', run_env, text)


def run_env(args: argparse.Namespace) -> None:
    found = describe()
    width = max(map(len, found))
    for name, value in found.items():
        print(f'{name:{width}}  {value}')  # noqa: T201


def describe() -> dict[str, str]:
    """Versions, operators and devices, by name.

    Nothing of it needs to be installed, and nothing that fails is an error:
    a broken environment is what this is for.
    """
    found = {
        'Python': platform.python_version(),
        'system': f'{platform.platform()}, {os.cpu_count()} cores',
    }
    found.update((name, _version(name)) for name in PACKAGES)
    for name, look in (
        ('MMCV operators', _mmcv_operators),
        ('PyTorch devices', _torch_devices),
        ('ONNX Runtime providers', _onnxruntime_providers),
    ):
        try:
            found[name] = look()
        except Exception as error:  # of many types: libraries that are broken
            reason = (str(error).splitlines() or [''])[0]
            found[name] = f'none ({type(error).__name__}: {reason})'
    return found


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return '-'


def _mmcv_operators() -> str:
    importlib.import_module('mmcv._ext')
    return 'yes'


def _torch_devices() -> str:
    return '; '.join(_devices(importlib.import_module('torch')))


def _devices(torch) -> Iterator[str]:
    yield f'CPU ({torch.get_num_threads()} threads)'
    for i in range(torch.cuda.device_count()):
        device = torch.cuda.get_device_properties(i)
        yield (
            f'{device.name} ({device.total_memory / 2**30:.0f} GiB, '
            f'compute capability {device.major}.{device.minor})'
        )
    if torch.version.cuda:
        unusable = '' if torch.cuda.is_available() else ', which finds no GPU'
        yield f'built for CUDA {torch.version.cuda}{unusable}'
    if torch.backends.mps.is_available():
        yield 'MPS'


def _onnxruntime_providers() -> str:
    onnxruntime = importlib.import_module('onnxruntime')
    return ', '.join(onnxruntime.get_available_providers())
