"""Tiny ONNX files, whose outputs are known by what is drawn into images."""

import json
from collections.abc import Sequence

import onnx
from onnx import TensorProto, helper

FLOAT = TensorProto.FLOAT


def write(
    file,
    nodes: Sequence,
    outputs: Sequence,
    shape: Sequence = ('n', 3, 64, 48),
    dtype: int = FLOAT,
    metadata: dict | None = None,
    constants: Sequence = (),
) -> str:
    """Write a file with an input ``images``; outputs are (name, shape)."""
    graph = helper.make_graph(
        list(nodes),
        'graph',
        [helper.make_tensor_value_info('images', dtype, shape)],
        [helper.make_tensor_value_info(n, FLOAT, s) for n, s in outputs],
        list(constants),
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8
    )
    if metadata is not None:
        helper.set_model_props(model, {'distilpose': json.dumps(metadata)})
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
    white = helper.make_tensor('white', FLOAT, [], [255.0])
    return write(file, nodes, constants=[white], **changes)


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
    return write(
        file,
        nodes,
        [('points', (1, 1, k, 3))],
        shape=(1, 3, 64, 64),
        constants=[
            helper.make_tensor(name, TensorProto.INT64, [2], values)
            for name, values in numbers.items()
        ],
    )
