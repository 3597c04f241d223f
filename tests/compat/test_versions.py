"""Versions that cannot work are refused."""

import mmpose
import pytest
import torch

from distilpose import compat


def test_refuses_older_versions_of_torch(monkeypatch):
    monkeypatch.setattr(torch, '__version__', '2.0.1+cu117')
    with pytest.raises(ImportError, match=r'>=2\.1\.0, but PyTorch 2\.0'):
        compat.apply()


@pytest.mark.parametrize('version', ['0.29.0', '1.2.0', '2.0.0'])
def test_refuses_other_versions_of_mmpose(monkeypatch, version):
    monkeypatch.setattr(mmpose, '__version__', version)
    with pytest.raises(ImportError, match=rf'needs MMPose .* {version} is'):
        compat.apply()
