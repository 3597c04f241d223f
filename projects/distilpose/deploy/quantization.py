"""Exported graphs in 8 bits.

What is behind backbone and neck stays in float32: the head, and what turns its
numbers into pixels. One 8-bit scale for coordinates, scores and sigmas would
ruin all three.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, NodeProto
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

__all__ = ['to_int8']

# How the exporter's names begin, after the modules that nodes come from.
BODY = ('/backbone/', '/neck/')


def to_int8(graph: ModelProto, inputs: np.ndarray) -> ModelProto:
    """Quantize convolutions and linear layers of backbone and neck.

    Weights have 7 bits and a scale for each channel, activations 8 bits and
    a scale that calibration images give. Products of attention, softmax,
    normalization layers and the head stay in float32, and so does what comes
    out of a linear layer.

    Args:
        graph: A float32 graph.
        inputs: Calibration images, as the graph takes them, one after another.

    Returns:
        The quantized graph.
    """
    with tempfile.TemporaryDirectory() as folder:
        prepared, quantized = (
            str(Path(folder, name)) for name in ('prepared', 'quantized')
        )
        # Folds constants and removes what does nothing, so that weights and
        # biases are found.
        quant_pre_process(graph, prepared, skip_symbolic_shape=True)
        # By its path: ONNX Runtime 1.19 loses weights of a graph in memory.
        quantize_static(
            prepared,
            quantized,
            _Images(inputs),
            op_types_to_quantize=['Conv', 'MatMul', 'Gemm'],
            nodes_to_quantize=_layers(onnx.load(prepared)),
            per_channel=True,
            # 7 bits: without VNNI, x86 processors add two products of 8 bits
            # in 16, which overflows and gives nonsense.
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            extra_options=dict(
                # Measured: faster and closer to float32 than with.
                OpTypesToExcludeOutputQuantization=['MatMul', 'Gemm']
            ),
        )
        return onnx.load(quantized)


def _layers(graph: ModelProto) -> list[str]:
    """Names of the layers of backbone and neck that multiply by a weight."""
    weights = {tensor.name for tensor in graph.graph.initializer}
    return [
        node.name
        for node in graph.graph.node
        if node.op_type in ('Conv', 'MatMul', 'Gemm')
        and _in_body(node)
        and node.input[1] in weights
    ]


def _in_body(node: NodeProto) -> bool:
    return node.name.startswith(BODY)


class _Images(CalibrationDataReader):
    """Calibration images one by one, as ONNX Runtime asks for them."""

    def __init__(self, inputs: np.ndarray) -> None:
        self._inputs: Iterator[np.ndarray] = iter(inputs)

    def get_next(self) -> dict[str, np.ndarray] | None:
        image = next(self._inputs, None)
        return None if image is None else dict(images=image[None])
