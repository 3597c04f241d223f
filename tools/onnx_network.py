"""Any top-down estimator with its network in ONNX Runtime.

To compare models of others, whose coordinates our exporter cannot compute in
the graph: what follows the network stays MMPose's own code.
"""

from pathlib import Path
from typing import Any

import onnx
import torch
from mmpose.models import TopdownPoseEstimator
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from distilpose.deploy.tracing import trace_onnx
from distilpose_runtime.session import open_session

__all__ = ['run_in_onnx_runtime']


def run_in_onnx_runtime(
    model: TopdownPoseEstimator,
    size: tuple[int, int],
    file: Path,
    threads: int | None = None,
) -> TopdownPoseEstimator:
    """Replace an estimator's backbone, neck and head's layers, in place.

    The flip test, decoding and all else of ``predict`` stay as they are. The
    estimator is on the CPU, deployed for export or as it is; afterwards it
    takes images of this size (W, H) alone. The graph is written to the file.
    """
    network = _Network(model)
    example = torch.zeros(2, 3, *size[::-1])
    with torch.no_grad():
        found, structure = pytree.tree_flatten(network.outputs(example))
    present = [value is not None for value in found]
    names = [f'output{i}' for i in range(sum(present))]
    onnx.save(trace_onnx(network, example, names), file)
    session = open_session(str(file), threads=threads)

    def forward(images: Tensor) -> Any:
        values = iter(session.run(names, {'images': images.numpy()}))
        return pytree.tree_unflatten(
            [torch.from_numpy(next(values)) if x else None for x in present],
            structure,
        )

    model.extract_feat = lambda images: images  # type: ignore[assignment]
    model.head.forward = forward
    return model


class _Network(nn.Module):
    """From images to what a head gives, as a flat tuple of tensors."""

    def __init__(self, model: TopdownPoseEstimator) -> None:
        super().__init__()
        self.model = model

    def outputs(self, images: Tensor) -> Any:
        return self.model.head(self.model.extract_feat(images))

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        values, _ = pytree.tree_flatten(self.outputs(images))
        return tuple(value for value in values if value is not None)
