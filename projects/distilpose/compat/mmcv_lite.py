"""What MMPose needs of full MMCV and of MMDetection, with mmcv-lite."""

import functools
import importlib
import sys
from types import ModuleType
from typing import Any

from mmengine.registry import Registry

from distilpose_runtime.errors import UserImportError

__all__ = ['OWN_PARTS', 'own_parts_of_mmdet', 'stub_mmcv_ops']

_NO_OPERATORS = (
    'mmcv-lite has no compiled operators; install mmcv '
    '(`make mmcv` builds it from source)'
)

# Parts of MMDetection that MMPose or we have, of the same parameters.
OWN_PARTS = {
    'CSPNeXt',
    'CSPNeXtPAFPN',
    'PipelineSwitchHook',
    'YOLOXHSVRandomAug',
}


def stub_mmcv_ops() -> bool:
    """Let MMPose's models be imported where MMCV has no compiled operators.

    Fault: MMPose up to 1.3.2 imports ``MultiScaleDeformableAttention`` from
    ``mmcv.ops`` (for EDPose alone), unguarded, so that with ``mmcv-lite`` no
    model can be imported. The stand-in for ``mmcv.ops`` holds this one name,
    and building the class is an ImportError. So is importing another operator;
    Python's message then cites the module's ``__file__``, which says what to
    install.
    """
    if 'mmcv.ops' in sys.modules:
        return False
    try:
        importlib.import_module('mmcv.ops')
        return False
    except ModuleNotFoundError as error:
        if error.name != 'mmcv._ext':
            raise
    # MMCV itself looks for the second name and warns where it is missing.
    for name in ('mmcv.ops', 'mmcv.ops.multi_scale_deform_attn'):
        module: Any = ModuleType(name)
        module.__file__ = f'<{_NO_OPERATORS}>'
        module.MultiScaleDeformableAttention = MultiScaleDeformableAttention
        sys.modules[name] = module
        parent, _, child = name.rpartition('.')
        setattr(sys.modules[parent], child, module)
    return True


def own_parts_of_mmdet() -> bool:
    """Let MMPose's configs of RTMPose build without MMDetection.

    Fault: they name MMDetection's CSPNeXt and YOLOXHSVRandomAug, which MMPose
    has too, and its PipelineSwitchHook, which we have. MMDetection's can be
    imported only with MMCV's compiled operators. Where that fails, the parts
    of ``OWN_PARTS`` are taken from MMPose, and those without a package's name
    (``SyncBN``) from where all packages find them.
    """
    get = Registry.get
    if hasattr(get, '__wrapped__'):
        return False

    @functools.wraps(get)
    def get_or_own(self: Registry, key: str) -> type | None:
        try:
            return get(self, key)
        except ImportError:
            package, _, name = key.rpartition('.')
            root = self.root
            if (package or self.scope) == 'mmdet' and name in OWN_PARTS:
                return get(root, f'mmpose.{name}')
            if self.scope == 'mmdet' and name in root.module_dict:
                return get(root, name)
            raise

    Registry.get = get_or_own
    return True


class MultiScaleDeformableAttention:
    """Stands for MMCV's operator where there are none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise UserImportError(
            'MultiScaleDeformableAttention needs the compiled operators of '
            f'`mmcv`: {_NO_OPERATORS}'
        )
