"""An exported file predicts what MMPose predicts, and says what it is."""

import json
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from mmpose.structures import PoseDataSample

from distilpose.deploy import student as export
from distilpose.deploy.export import ExportError, export_onnx, load_student
from distilpose_cli import main
from distilpose_runtime import PoseEstimator

from .. import exported, toys
from ..cli.one_line import refused
from ..models.test_heads import samples
from ..students.kinds import COORDINATES
from ..teachers import heads

W, H = toys.INPUT_SIZE
INT64 = onnx.TensorProto.INT64
STUDENTS = dict(
    COORDINATES, no_score=dict(head=dict(scores=False, sigmas=False))
)


def crops(batch):
    """Smooth pictures, (N, H, W, 3)."""
    noise = np.random.default_rng(batch).integers(0, 256, (batch, 8, 6, 3))
    return np.stack([cv2.resize(x.astype(np.uint8), (W, H)) for x in noise])


def expected(model, images, flip_test):
    """What MMPose predicts of crops that lie at (0, 0) of their images."""
    model.test_cfg['flip_test'] = flip_test
    inputs = [torch.from_numpy(x).permute(2, 0, 1) for x in images]
    data = dict(inputs=inputs, data_samples=samples(len(images)))
    with torch.no_grad():
        found = [x.pred_instances for x in model.test_step(data)]
    return [
        np.concatenate([x[key] for x in found])
        for key in ('keypoints', 'keypoint_scores')
    ]


def loaded(student, folder):
    return load_student(student, str(folder / 'student.pth'))


def run(file, images):
    session = onnxruntime.InferenceSession(str(file))
    return session.run(None, {'images': images})


@pytest.mark.parametrize('flip_test', [False, True])
@pytest.mark.parametrize('kind', STUDENTS)
def test_predicts_what_mmpose_predicts(kind, flip_test, tmp_path):
    """From bytes, at a batch that nobody has tried before."""
    student = exported.config(**STUDENTS[kind])
    options = dict(flip_test=flip_test, raw_images=True)
    file = exported.export(tmp_path, student, **options)
    images = crops(7)
    coords, scores, *sigmas = run(file, images)
    wanted = expected(loaded(student, tmp_path), images, flip_test)
    assert np.ptp(wanted[0], axis=0).max() > 0.1  # the images differ
    np.testing.assert_allclose(coords, wanted[0], rtol=0, atol=1e-3)
    np.testing.assert_allclose(scores, wanted[1], rtol=0, atol=1e-5)
    assert len(sigmas) == (kind in ('tokens', 'pooled', 'rle'))


@pytest.mark.parametrize('kind', ['tokens', 'rle'])
def test_sigmas_are_in_pixels_of_the_input(kind, tmp_path):
    """A student's come from a heatmap at stride 4; RLE's from fractions."""
    student = exported.config(**STUDENTS[kind])
    file = exported.export(tmp_path, student, raw_images=True)
    *_, sigmas = run(file, crops(3))
    model = loaded(student, tmp_path)
    inputs = [torch.from_numpy(x).permute(2, 0, 1) for x in crops(3)]
    data = dict(inputs=inputs, data_samples=[PoseDataSample()] * 3)
    data = model.data_preprocessor(data)
    with torch.no_grad():
        output = model(data['inputs'], None, mode='tensor')
    if kind == 'tokens':
        wanted = 4 * output.sigmas.numpy()
    else:
        wanted = 2**0.5 * output[..., 2:].sigmoid().numpy() * [W, H]
    np.testing.assert_allclose(sigmas, wanted, rtol=1e-4)


def test_mirror_images_change_names_of_sigmas(tmp_path):
    """With the flip test, a picture and its mirror image agree."""
    file = exported.export(tmp_path, flip_test=True, raw_images=True)
    images = crops(2)
    coords, scores, sigmas = run(file, images)
    mirrored = run(file, np.ascontiguousarray(images[:, :, ::-1]))
    coords[..., 0] = W - coords[..., 0]
    for a, b in zip((coords, scores, sigmas), mirrored):
        np.testing.assert_allclose(a[:, exported.FLIPS], b, atol=1e-3)


def test_normalized_images(tmp_path):
    images = crops(3)
    found = run(exported.export(tmp_path, raw_images=True), images)
    rgb = (images[..., ::-1] - [100.0, 110, 120]) / [50, 60, 70]
    images = rgb.transpose(0, 3, 1, 2).astype(np.float32)
    others = run(exported.export(tmp_path), images)
    for a, b in zip(found, others):
        np.testing.assert_allclose(a, b, atol=1e-4)


def test_metadata(tmp_path):
    file = exported.export(tmp_path, flip_test=True)
    graph = onnx.load(file)
    (entry,) = graph.metadata_props
    about = json.loads(entry.value)
    assert entry.key == 'distilpose'
    assert graph.opset_import[0].version == about['versions'].pop('opset')
    assert {*about.pop('versions')} == {'distilpose', 'torch', 'mmpose'}
    assert len(about.pop('checkpoint_sha256')) == 64
    assert about == dict(
        format_version=1,
        model='model',
        dataset='five',
        input_size=[48, 64],
        padding=1.1,
        use_udp=False,
        mean=[100, 110, 120],
        std=[50, 60, 70],
        to_rgb=True,
        keypoint_names=exported.NAMES,
        skeleton=[[1, 0], [4, 0]],
        flip_pairs=[[1, 2], [3, 4]],
        keypoint_colors=[[10 * i, 0, 255] for i in range(5)],
        skeleton_colors=[[0, 0, 9], [0, 10, 9]],
        sigma_unit='input pixels',
        flip_test=True,
        raw_images=False,
        precision='float32',
    )


def has_half_precision():
    try:
        torch.nn.Conv2d(3, 3, 3).half()(torch.zeros(1, 3, 4, 4).half())
    except RuntimeError:  # PyTorch 2.1
        return False
    return True


def test_without_half_precision(tmp_path, monkeypatch):
    """As where PyTorch has no such convolution: one line, and no file."""

    def fail(self):
        raise RuntimeError('"conv" not implemented for Half')

    monkeypatch.setattr(export.ExportedStudent, 'to_float16', fail)
    with pytest.raises(ExportError, match='in float16 on a CPU .*for Half'):
        exported.export(tmp_path, precision='float16')
    assert not [*tmp_path.glob('*.onnx*')]


@pytest.mark.skipif(
    not has_half_precision(), reason='PyTorch has no half precision on CPUs'
)
def test_float16(tmp_path):
    """Close to float32, smaller, and with a head in float32."""
    images = crops(4)
    file = exported.export(tmp_path, raw_images=True)
    plain, size = run(file, images), file.stat().st_size
    exported.export(tmp_path, raw_images=True, precision='float16')
    found = run(file, images)
    assert file.stat().st_size < 0.8 * size
    assert all(x.dtype == np.float32 for x in found)
    assert 0 < np.abs(found[0] - plain[0]).max() < 0.5
    # Coordinates that float16 could not hold.
    assert (found[0] != found[0].astype(np.float16)).mean() > 0.9
    graph = onnx.load(file)
    assert json.loads(graph.metadata_props[0].value)['precision'] == 'float16'
    weights = {x.name: x.data_type for x in graph.graph.initializer}
    head = [
        weights[name]
        for node in graph.graph.node
        if node.name.startswith('/head/')
        for name in node.input
        if name in weights
    ]
    assert head and not {*head} - {onnx.TensorProto.FLOAT, INT64}


def test_a_file_that_differs_gets_no_name(tmp_path, monkeypatch):
    """And what was there before stays."""
    (tmp_path / 'toy.onnx').write_bytes(b'before')
    own = export.ExportedStudent._in_pixels

    def drift(self, output):  # after what PyTorch gives was asked for
        found = own(self, output)
        return found._replace(coords=found.coords + 0.1)

    monkeypatch.setattr(export.ExportedStudent, '_in_pixels', drift)
    with pytest.raises(ExportError, match='by keypoints 0.1 px'):
        exported.export(tmp_path)
    assert (tmp_path / 'toy.onnx').read_bytes() == b'before'
    assert {x.name for x in tmp_path.iterdir()} == {'student.pth', 'toy.onnx'}


def test_values_that_are_not_finite(tmp_path):
    def broken(state):
        state['head.mlp.1.bias'][0] = float('nan')

    with pytest.raises(ExportError, match='by keypoints nan px'):
        exported.export(tmp_path, change=broken)


def test_models_that_cannot_be_exported(tmp_path):
    rows = heads.config('simcc', toys.K, toys.INPUT_SIZE)
    rows.update(loss=dict(type='BCELoss'))
    with pytest.raises(TypeError, match='BCELoss.*Expected KLDiscretLoss'):
        exported.export(tmp_path, exported.config(neck=None, head=rows))


def choosing(names):
    """A config of which two keypoints are given; the data names some."""
    student = exported.config()
    student.model.test_cfg = dict(output_keypoint_indices=[3, 1])
    student.test_dataloader.dataset.metainfo = exported.metainfo(names)
    return student


def test_output_keypoint_indices(tmp_path):
    """As MMPose chooses them; the test data names them."""
    student = choosing(['left_foot', 'left_hand'])
    with pytest.raises(ValueError, match='flip test needs all .*metainfo'):
        exported.export(tmp_path, student, flip_test=True)
    student.model.metainfo = exported.metainfo()
    for flip_test in (False, True):
        options = dict(flip_test=flip_test, raw_images=True)
        model = PoseEstimator(exported.export(tmp_path, student, **options))
        assert model.info.names == ['left_foot', 'left_hand']
        found = model.run(crops(3))
        own = loaded(student, tmp_path)
        wanted = expected(own, crops(3), flip_test)
        np.testing.assert_allclose(found['coords'], wanted[0], atol=1e-3)
        np.testing.assert_allclose(found['scores'], wanted[1], atol=1e-5)
        assert found['sigmas'].shape == (3, 2, 2)


def unnamed():
    student = exported.config()
    student.test_dataloader = None
    return student


def with_pipeline(*before, **changes):
    *first, affine, last = exported.PIPELINE
    return exported.config([*before, *first, {**affine, **changes}, last])


@pytest.mark.parametrize('student, message', [
    (choosing(exported.NAMES), 'gives 2 keypoints, .* describes 5'),
    (with_pipeline(input_size=(96, 128)),
     r'crops of \(96, 128\) .* \(48, 64\)'),
    (with_pipeline(type='BottomupResize'), 'no TopdownAffine'),
    (unnamed(), 'Give the whole config'),
    (with_pipeline(dict(type='KeypointConverter')), 'in model.metainfo'),
])  # fmt: skip
def test_data_that_do_not_describe_the_model(student, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        exported.export(tmp_path, student)


def test_a_model_that_describes_itself(tmp_path):
    """Whatever its pipeline makes of the data's keypoints."""
    student = with_pipeline(dict(type='KeypointConverter'))
    student.model.metainfo = exported.metainfo()
    exported.export(tmp_path, student)


@pytest.mark.parametrize('name', ['x.pth', 'folder.onnx', 'x'])
def test_files_that_are_not_written(tmp_path, name):
    """Told before the model is built, let alone traced."""
    (tmp_path / 'folder.onnx').mkdir()
    with pytest.raises(ExportError, match=f'{name}" cannot .*ends in .onnx'):
        export_onnx(exported.config(), 'nowhere.pth', tmp_path / name)


def test_command(tmp_path, capsys):
    student = exported.config()
    student.dump(tmp_path / 'student.py')
    checkpoint = exported.checkpoint(tmp_path, student)
    file = tmp_path / 'new' / 'x.onnx'
    command = ['export', str(tmp_path / 'student.py')]
    main([*command, checkpoint, str(file), '--flip-test', '--raw-images'])
    printed = capsys.readouterr().out
    assert 'opset 17' in printed and 'keypoints ' in printed
    about = json.loads(onnx.load(file).metadata_props[0].value)
    assert about['model'] == 'student'
    assert about['flip_test'] and about['raw_images']
    wanted = Path(checkpoint).with_name('no.pth')
    others = Path(checkpoint).name
    assert f'In that folder: {others}.' in refused(*command, wanted, file)
    (tmp_path / 'file').write_text('')
    assert 'file' in refused(*command, checkpoint, tmp_path / 'file/x.onnx')
