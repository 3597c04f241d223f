"""Graphs of ONNX by tracing."""

import inspect
import io
import warnings
from collections.abc import Sequence
from typing import Any

import onnx
import torch
from torch import Tensor, nn

__all__ = ['OPSET', 'trace_onnx']

OPSET = 17
# PyTorch below 2.5 has the exporter that traces alone, and no such option.
_TRACING: dict[str, Any] = (
    dict(dynamo=False)
    if 'dynamo' in inspect.signature(torch.onnx.export).parameters
    else {}
)


def trace_onnx(
    model: nn.Module, example: Tensor, outputs: Sequence[str]
) -> onnx.ModelProto:
    """Make the graph of a model, for any batch, from two or more images.

    The model takes ``images`` and gives a tuple of tensors of these names.
    """
    graph = io.BytesIO()
    with warnings.catch_warnings():
        # PyTorch advises the exporter that writes no opset below 18.
        warnings.simplefilter('ignore')
        torch.onnx.export(
            model,
            (example,),
            graph,  # type: ignore[arg-type]  # PyTorch names paths alone
            input_names=['images'],
            output_names=[*outputs],
            dynamic_axes={name: {0: 'N'} for name in ['images', *outputs]},
            opset_version=OPSET,
            **_TRACING,
        )
    return onnx.load_from_string(graph.getvalue())
