"""A model whose keypoints are easy to check: where each colour is.

K = 3: keypoint k is the mean position of channel k, where a pixel weighs
exp(value), and its sigmas are the standard deviations. A crop shifted by a
pixel, or channels exchanged, move the keypoints.
"""

import json

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIZE = 48, 64  # width and height
INFO = dict(
    format_version=1,
    model='centroids',
    checkpoint_sha256='',
    versions={},
    input_size=SIZE,
    raw_images=False,
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    to_rgb=True,
    padding=1.25,
    keypoint_names=['red', 'green', 'blue'],
    skeleton=[[0, 1], [1, 2]],
    flip_pairs=[],
    sigma_unit='input pixels',
    flip_test=False,
    precision='float32',
    dataset='colours',
)


def write(file, raw_images=False, **changes):
    """Write the model; with raw_images, it takes bytes in the order BGR."""
    width, height = SIZE
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    positions = np.stack([x, y], -1).reshape(-1, 2).astype(np.float32)
    constants = dict(
        flat=np.array([0, 3, -1], np.int64),
        positions=positions,
        squares=positions**2,
        gain=np.array(2, np.float32),
    )
    nodes = [
        ('Reshape', 'input flat', 'rows'),
        ('Mul', 'rows gain', 'sharp'),
        ('Softmax', 'sharp', 'weights'),
        ('MatMul', 'weights positions', 'coords'),
        ('MatMul', 'weights squares', 'second'),
        ('Mul', 'coords coords', 'squared'),
        ('Sub', 'second squared', 'variances'),
        ('Sqrt', 'variances', 'sigmas'),
        ('ReduceMax', 'rows', 'peaks'),
        ('Sigmoid', 'peaks', 'scores'),
    ]
    shape, kind = ['N', 3, height, width], TensorProto.FLOAT
    if raw_images:
        shape, kind = ['N', height, width, 3], TensorProto.UINT8
        constants.update(
            mean=np.array(INFO['mean'], np.float32)[:, None, None],
            std=np.array(INFO['std'], np.float32)[:, None, None],
            backwards=np.array([2, 1, 0], np.int64),
        )
        nodes = [
            ('Cast', 'images', 'floats'),
            ('Transpose', 'floats', 'planes'),
            ('Gather', 'planes backwards', 'rgb'),
            ('Sub', 'rgb mean', 'centred'),
            ('Div', 'centred std', 'input'),
            *nodes,
        ]
    else:
        nodes = [('Identity', 'images', 'input'), *nodes]
    options = dict(
        Cast=dict(to=TensorProto.FLOAT),
        Transpose=dict(perm=[0, 3, 1, 2]),
        Gather=dict(axis=1),
        Softmax=dict(axis=-1),
        ReduceMax=dict(axes=[-1], keepdims=0),
    )
    graph = helper.make_graph(
        [
            helper.make_node(op, given.split(), [made], **options.get(op, {}))
            for op, given, made in nodes
        ],
        'centroids',
        [helper.make_tensor_value_info('images', kind, shape)],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in (
                ('coords', ['N', 3, 2]),
                ('scores', ['N', 3]),
                ('sigmas', ['N', 3, 2]),
            )
        ],
        [numpy_helper.from_array(v, k) for k, v in constants.items()],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8
    )
    info = {**INFO, 'raw_images': raw_images, **changes}
    helper.set_model_props(model, {'distilpose': json.dumps(info)})
    onnx.save(model, str(file))
    return file
