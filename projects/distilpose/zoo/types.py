"""Types in a config, which can be written in four ways."""

from typing import Any, TypeVar

import mmpose.registry
from mmengine.config import Config
from mmengine.registry import Registry

from ..compat import OWN_PARTS

__all__ = ['name_types']

Part = TypeVar('Part')

# What a package is called today.
RENAMED = {'mmcls': 'mmpretrain'}


def name_types(config: Part, scope: str = 'mmpose') -> Part:
    """Write each type in a config, or a part of one, as a name, in place.

    A type may be a class, its name, its name behind a package's
    (``'mmpose.CocoDataset'``), or its name beside ``_scope_``. Afterwards it
    is a name, with that of the package where this is another than the
    ``scope`` around it; an empty scope keeps the package of all names that
    have one. Classes that no registry has stay as they are.
    """
    _name(config, scope, scope, _registered())
    return config


def _name(
    config: Any, scope: str, inner: str, registered: dict[Any, str]
) -> None:
    """Name the types of a part; ``inner`` is the scope that it lies in."""
    if isinstance(config, (list, tuple)):
        for part in config:
            _name(part, scope, inner, registered)
    if not isinstance(config, (dict, Config)):
        return
    outer, inner = inner, config.pop('_scope_', inner)
    inner = RENAMED.get(inner, inner)
    kind = config.get('type')
    if callable(kind):
        kind = registered.get(kind)
    if isinstance(kind, str):
        package, _, name = kind.rpartition('.')
        package = RENAMED.get(package, package)
        if (package or inner) == 'mmdet' and name in OWN_PARTS:
            package, inner = 'mmpose', scope
        prefix = '' if package in ('', inner) else f'{package}.'
        config['type'] = f'{prefix}{name}'
    for value in config.values():
        _name(value, scope, inner, registered)
    if inner != outer:
        config['_scope_'] = inner or 'mmpose'


def _registered() -> dict[Any, str]:
    """The classes of all registries, by name behind their package's."""
    found: dict[Any, str] = {}
    for registry in vars(mmpose.registry).values():
        if not isinstance(registry, Registry):
            continue
        root = registry.parent or registry
        for one in (root, *root.children.values()):
            for name, kind in one.module_dict.items():
                found.setdefault(kind, f'{one.scope}.{name}')
    return found
