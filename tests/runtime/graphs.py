"""Small ONNX files: a pose model, and detectors that always give the same."""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

NAMES = ['centre', 'corner']


def _save(path: Path, nodes, inputs, outputs, constants, metadata) -> Path:
    model = helper.make_model(
        helper.make_graph(
            nodes,
            'test',
            inputs,
            outputs,
            [numpy_helper.from_array(v, k) for k, v in constants.items()],
        ),
        opset_imports=[helper.make_opsetid('', 17)],
        ir_version=8,
    )
    helper.set_model_props(model, metadata)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def pose_model(
    path: Path,
    sigmas: bool = True,
    value: float = 24.0,
    score: float = 0.9,
    sigma: float = 3.0,
) -> Path:
    """Finds the middle and the upper left corner of each crop, 48 x 64."""
    values = np.array([[[value, 32.0], [0.0, 0.0]]], np.float32)
    constants = dict(
        coords_=values,
        scores_=np.array([[score, 0.5]], np.float32),
        sigmas_=np.full((1, 2, 2), sigma, np.float32),
        zero=np.zeros((1,), np.int64),
        one=np.ones((1,), np.int64),
    )
    nodes = [
        helper.make_node('Shape', ['images'], ['n'], start=0, end=1),
        helper.make_node('Concat', ['n', 'one'], ['n2'], axis=0),
        helper.make_node('Concat', ['n2', 'one'], ['n3'], axis=0),
        helper.make_node('Expand', ['coords_', 'n3'], ['coords']),
        helper.make_node('Expand', ['scores_', 'n2'], ['scores']),
        helper.make_node('Expand', ['sigmas_', 'n3'], ['sigmas']),
    ]
    shapes = dict(coords=['N', 2, 2], scores=['N', 2], sigmas=['N', 2, 2])
    if not sigmas:
        del shapes['sigmas'], constants['sigmas_'], nodes[-1]
    about = dict(
        format_version=1,
        model='toy',
        dataset='toy',
        checkpoint_sha256='0' * 64,
        versions=dict(distilpose='0', torch='0', mmpose='0', opset=17),
        input_size=[48, 64],
        raw_images=False,
        mean=[0, 0, 0],
        std=[1, 1, 1],
        to_rgb=False,
        padding=1.25,
        keypoint_names=NAMES,
        skeleton=[[0, 1]],
        flip_pairs=[],
        sigma_unit='input pixels',
        flip_test=False,
        precision='float32',
    )
    return _save(
        path,
        nodes,
        [
            helper.make_tensor_value_info(
                'images', TensorProto.FLOAT, ['N', 3, 64, 48]
            )
        ],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in shapes.items()
        ],
        constants,
        {'distilpose': json.dumps(about)},
    )


def detector(
    path: Path,
    outputs: dict[str, np.ndarray],
    metadata: dict[str, str] | None = None,
    size=(128, 64),
    dynamic: bool = False,
) -> Path:
    """Gives the same outputs for every image (1, 3, H, W).

    Args:
        size: Width and height of the input.
        dynamic: Whether the file leaves the sizes of outputs open.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    nodes = [
        # The image has to be of use, or the graph would not be valid.
        helper.make_node('ReduceMean', ['input'], ['mean'], keepdims=0),
        helper.make_node('Mul', ['mean', 'nothing'], ['zero']),
    ]
    constants = dict(nothing=np.array(0, np.float32))
    given = []
    for name, value in outputs.items():
        constants[f'{name}_'] = value.astype(np.float32)
        nodes.append(helper.make_node('Add', [f'{name}_', 'zero'], [name]))
        shape = [f'{name}{i}' for i in range(value.ndim)]
        given.append(
            helper.make_tensor_value_info(
                name, TensorProto.FLOAT, shape if dynamic else value.shape
            )
        )
    image = helper.make_tensor_value_info(
        'input', TensorProto.FLOAT, [1, 3, size[1], size[0]]
    )
    return _save(path, nodes, [image], given, constants, metadata or {})
