"""Importing the package registers everything, silently, under any scope."""

import inspect
import subprocess
import sys

import pytest
from mmpose.registry import HOOKS, METRICS, MODELS, TRANSFORMS

import distilpose

CLASSES = [
    name
    for name in distilpose.__all__
    if inspect.isclass(getattr(distilpose, name))
]
CHECK = """
from mmengine.registry import DefaultScope
DefaultScope.get_instance('x', scope_name='mmdet')
import distilpose, importlib
importlib.reload(distilpose)
from mmpose.registry import HOOKS, MODELS
for name in ('StemNet', 'DistilPoseEstimator', 'DatasetCheckHook'):
    registry = HOOKS if name.endswith('Hook') else MODELS
    assert registry.get(name) is getattr(distilpose, name), name
"""


def test_everything_public_can_be_imported():
    assert len({*distilpose.__all__}) == len(distilpose.__all__)
    assert all(hasattr(distilpose, name) for name in distilpose.__all__)


@pytest.mark.parametrize('name', CLASSES)
def test_configs_may_name_it(name):
    """Each public class but for tuples, which are what models return."""
    kind = getattr(distilpose, name)
    registries = [
        registry.get(name) for registry in (HOOKS, METRICS, MODELS, TRANSFORMS)
    ]
    assert (kind in registries) != issubclass(kind, tuple)


@pytest.mark.slow
def test_registers_under_another_scope():
    """Under none, all other tests do."""
    done = subprocess.run(
        [sys.executable, '-c', CHECK], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ''
