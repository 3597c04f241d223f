"""Tiny ONNX files, whose outputs are known by what is drawn into images."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT


def write(
    file,
    nodes: Sequence,
    outputs: Iterable,
    shape: Sequence = ('n', 3, 64, 48),
    dtype: int = FLOAT,
    metadata: dict[str, str] | None = None,
    constants: Mapping[str, np.ndarray] | None = None,
    image: str = 'images',
) -> str:
    """Write a file with one input, ``image``; outputs are (name, shape)."""
    graph = helper.make_graph(
        list(nodes),
        'graph',
        [helper.make_tensor_value_info(image, dtype, shape)],
        [helper.make_tensor_value_info(n, FLOAT, s) for n, s in outputs],
        [numpy_helper.from_array(v, k) for k, v in (constants or {}).items()],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8
    )
    helper.set_model_props(model, metadata or {})
    onnx.save(model, str(file))
    return str(file)


def heatmaps(file, source: str = 'images', before: Sequence = (), **changes):
    """Each channel of an image, over 255, is a heatmap of a quarter."""
    nodes = [
        *before,
        helper.make_node(
            'AveragePool',
            [source],
            ['pooled'],
            kernel_shape=[1, 1],
            strides=[4, 4],
        ),
        helper.make_node('Div', ['pooled', 'white'], ['heatmaps']),
        helper.make_node('Neg', ['heatmaps'], ['negative']),
    ]
    changes.setdefault('outputs', [('heatmaps', ('n', 3, 16, 12))])
    white = np.array(255, np.float32)
    return write(file, nodes, constants=dict(white=white), **changes)


def channels_last(file, dtype: int, batch='n') -> str:
    """As ``heatmaps``, for integer images (B, H, W, 3)."""
    before = [
        helper.make_node('Cast', ['images'], ['float'], to=FLOAT),
        helper.make_node('Transpose', ['float'], ['first'], perm=[0, 3, 1, 2]),
    ]
    return heatmaps(
        file, 'first', before, shape=(batch, 64, 48, 3), dtype=dtype
    )


def points(file, k: int = 5) -> str:
    """As MoveNet: one image at a time, points (1, 1, K, 3).

    Of point i, (y, x, score) are the channels of pixel (i, 0).
    """
    nodes = [
        helper.make_node(
            'Slice', ['images', 'start', 'end', 'axes'], ['corner']
        ),
        helper.make_node(
            'Transpose', ['corner'], ['points'], perm=[0, 2, 3, 1]
        ),
    ]
    numbers = dict(start=[0, 0], end=[1, k], axes=[2, 3])
    constants = {name: np.array(x) for name, x in numbers.items()}
    return write(
        file,
        nodes,
        [('points', (1, 1, k, 3))],
        shape=(1, 3, 64, 64),
        constants=constants,
    )
