"""Small ONNX files: a pose model, and detectors that always give the same."""

import json
from pathlib import Path

import numpy as np
from onnx import helper

from ..onnx_files import write

NAMES = ['centre', 'corner']


def pose_model(
    path: Path,
    sigmas: bool = True,
    value: float = 24.0,
    score: float = 0.9,
    sigma: float | np.ndarray = 3.0,
) -> Path:
    """Finds the middle and the upper left corner of each crop, 48 x 64."""
    constants = dict(
        coords_=np.array([[[value, 32.0], [0.0, 0.0]]], np.float32),
        scores_=np.array([[score, 0.5]], np.float32),
        sigmas_=np.full((1, 2, 2), sigma, np.float32),
        one=np.ones((1,), np.int64),
    )
    nodes = [
        helper.make_node('Shape', ['images'], ['n'], start=0, end=1),
        helper.make_node('Concat', ['n', 'one'], ['n2'], axis=0),
        helper.make_node('Concat', ['n2', 'one'], ['n3'], axis=0),
    ]
    shapes = dict(coords=['n', 2, 2], scores=['n', 2], sigmas=['n', 2, 2])
    if not sigmas:
        del shapes['sigmas'], constants['sigmas_']
    for name, shape in shapes.items():
        given = [f'{name}_', f'n{len(shape)}']
        nodes.append(helper.make_node('Expand', given, [name]))
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
    metadata = {'distilpose': json.dumps(about)}
    write(path, nodes, shapes.items(), metadata=metadata, constants=constants)
    return path


def detector(
    path: Path,
    outputs: dict[str, np.ndarray],
    metadata: dict[str, str] | None = None,
    dynamic: bool = False,
) -> Path:
    """Gives the same outputs for every image (1, 3, 64, 128).

    With ``dynamic``, the file leaves the sizes of outputs open.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    nodes = [
        # The image has to be of use, or the graph would not be valid.
        helper.make_node('ReduceMean', ['input'], ['mean'], keepdims=0),
        helper.make_node('Mul', ['mean', 'nothing'], ['zero']),
    ]
    constants = dict(nothing=np.array(0, np.float32))
    shapes = {}
    for name, value in outputs.items():
        constants[f'{name}_'] = value.astype(np.float32)
        nodes.append(helper.make_node('Add', [f'{name}_', 'zero'], [name]))
        open_ = [f'{name}{i}' for i in range(value.ndim)]
        shapes[name] = open_ if dynamic else value.shape
    write(
        *(path, nodes, shapes.items(), (1, 3, 64, 128)),
        metadata=metadata,
        constants=constants,
        image='input',
    )
    return path
