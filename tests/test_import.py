"""Importing the package registers everything, silently, under any scope."""

import subprocess
import sys

import distilpose

CHECK = """
import sys
from mmengine.registry import DefaultScope
{setup}
import distilpose, importlib
importlib.import_module('distilpose')
importlib.reload(distilpose)
from mmengine.config import Config
Config.fromstring(
    "custom_imports = dict(imports=['distilpose'],"
    "allow_failed_imports=False)", '.py')
from mmpose.registry import HOOKS, MODELS
for name in {names}:
    registry = HOOKS if name.endswith('Hook') else MODELS
    assert registry.get(name) is getattr(distilpose, name), name
"""
NAMES = [
    'DatasetCheckHook',
    'DistilPoseEstimator',
    'DistilPoseHead',
    'HRNet3Stage',
    'KeypointScoreLoss',
    'PeakedHeatmapLoss',
    'SimulatedHeatmapLoss',
    'StemNet',
    'TokenDistillationLoss',
    'TokenDistillingEncoder',
    'TokenPoseHead',
]


def test_registers_under_any_scope():
    """Under none, all other tests do."""
    setup = 'DefaultScope.get_instance("x", scope_name="mmdet")'
    code = CHECK.format(setup=setup, names=NAMES)
    done = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ''


def test_everything_public_can_be_imported():
    assert set(NAMES) <= set(distilpose.__all__)
    assert all(hasattr(distilpose, name) for name in distilpose.__all__)
