"""Poses that supervision takes and draws."""

import sys

import numpy as np
import pytest
import supervision

from distilpose_runtime import to_supervision

from .predictions import poses


def test_fields():
    found = to_supervision(poses(1, 2))
    assert found.xy.tolist() == poses(1, 2).keypoints.tolist()
    assert found.keypoint_confidence.tolist() == poses(1, 2).scores.tolist()
    assert found.class_id.tolist() == [0, 0]
    covariance = found.data['covariance']
    assert covariance.shape == (2, 3, 2, 2)
    assert np.sqrt(np.diagonal(covariance, axis1=2, axis2=3)) == pytest.approx(
        poses(1, 2).sigmas
    )
    assert (covariance[..., 0, 1] == 0).all()
    assert len(found[found.keypoint_confidence.max(1) > 0.75]) == 1


@pytest.mark.parametrize('name', ['Area', 'Outline', 'Halo'])
def test_annotators_draw_the_sigmas(name):
    """An ellipse that is twice as wide as it is high."""
    found = poses(1, 1)
    found.keypoints[:] = (60, 40)
    found.sigmas[:] = (20, 10)
    image = np.zeros((80, 120, 3), np.uint8)
    kind = getattr(supervision, f'VertexEllipse{name}Annotator')
    annotator = kind(sigma=1.0, color=supervision.Color.WHITE)
    drawn = annotator.annotate(image, to_supervision(found))
    y, x = np.nonzero(drawn.any(axis=2))
    assert x.mean() == pytest.approx(60, abs=1)
    assert y.mean() == pytest.approx(40, abs=1)
    assert np.ptp(x) / np.ptp(y) == pytest.approx(2, abs=0.2)


def test_without_sigmas_and_without_people():
    assert 'covariance' not in to_supervision(poses(1, 1, False)).data
    nobody = to_supervision(poses(1, 0))
    assert len(nobody) == 0
    image = np.zeros((8, 8, 3), np.uint8)
    annotator = supervision.VertexEllipseAreaAnnotator()
    assert not annotator.annotate(image, nobody).any()


def test_skeleton_of_the_docstring():
    found = poses(0, 1)
    found.keypoints[:] = [(10, 10), (50, 10), (50, 50)]
    edges = [(i + 1, j + 1) for i, j in found.skeleton]
    image = np.zeros((60, 60, 3), np.uint8)
    annotator = supervision.EdgeAnnotator(edges=edges)
    drawn = annotator.annotate(image, to_supervision(found))
    assert drawn[10, 30].any() and drawn[30, 50].any()
    assert not drawn[30, 30].any()


@pytest.mark.parametrize('version', [None, object()])
def test_without_the_package(monkeypatch, version):
    """Or with an old one, which has no such annotators."""
    monkeypatch.setitem(sys.modules, 'supervision', version)
    with pytest.raises(ImportError, match=r'distilpose\[supervision\]'):
        to_supervision(poses(0, 1))
