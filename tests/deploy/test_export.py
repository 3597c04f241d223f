"""A trained student in PyTorch's own formats for deployment."""

import pytest
import torch
from torch import nn

from distilpose.deploy import deploy, micro_batches

from .. import toys


class Coordinates(nn.Module):
    """From normalized images to coordinates, as one would export."""

    def __init__(self, kind, for_export):
        super().__init__()
        self.student = toys.build(toys.student(type=kind)).eval()
        deploy(self.student, for_export)

    def forward(self, images):
        return self.student.head(self.student.extract_feat(images)).coords


@pytest.fixture(params=['TopdownPoseEstimator', 'DistilPoseEstimator'])
def student(request):
    return Coordinates(request.param, for_export=True).eval()


def images(batch):
    torch.manual_seed(1)
    return torch.randn(batch, 3, *toys.INPUT_SIZE[::-1])


@torch.no_grad()
@pytest.mark.parametrize('traced_with, run_with', [(1, 4), (4, 7)])
def test_trace_holds_for_other_batches(student, traced_with, run_with):
    traced = torch.jit.trace(student, images(traced_with))
    torch.testing.assert_close(
        traced(images(run_with)), student(images(run_with))
    )


@torch.no_grad()
def test_micro_batches_are_not_traced(monkeypatch):
    """Of a model deployed to run here; it would divide other batches alike."""
    monkeypatch.setattr(micro_batches, 'MICRO_BATCH_PIXELS', 1)
    student = Coordinates('TopdownPoseEstimator', for_export=False).eval()
    traced = torch.jit.trace(student, images(5))
    torch.testing.assert_close(traced(images(7)), student(images(7)))


@torch.no_grad()
def test_export_with_a_dynamic_batch(student):
    export = pytest.importorskip('torch.export')
    if not hasattr(torch.compiler, 'is_exporting'):
        pytest.skip('PyTorch 2.7 tells what is exported')
    shapes = {'images': {0: export.Dim('batch', min=2, max=64)}}
    program = export.export(student, (images(4),), dynamic_shapes=shapes)
    torch.testing.assert_close(program.module()(images(7)), student(images(7)))
