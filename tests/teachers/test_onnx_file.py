"""Teachers that are ONNX files."""

import copy
import json
import pickle
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from mmpose.codecs import UDPHeatmap
from torch.testing import assert_close as close

from distilpose.deploy.export import export_onnx
from distilpose.heatmaps.frame import HeatmapFrame, heatmap_frame
from distilpose.heatmaps.functional import simulate_heatmaps
from distilpose.teachers.base import make_source
from distilpose.teachers.frozen import FrozenTeacher
from distilpose.teachers.inputs import InputConversion, InputSpec
from distilpose.teachers.onnx_file import OnnxSource
from distilpose.teachers.onnx_session import OnnxInput, open_teacher, run_bound
from distilpose_runtime import ModelError

from .. import exported, onnx_files, shared, toys

MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
NAMES = ['nose', 'left', 'right']
COORDS = torch.tensor([[[0.3, 0.4], [0.51, 0.77], [0.8, 0.2]]])
# As tests feed it: pixels from 0 to 255, in the order that images have.
PIXELS = dict(mean=[0, 0, 0], std=[1, 1, 1], rgb=False)


@pytest.fixture
def file(tmp_path):
    return onnx_files.heatmaps(tmp_path / 'heatmaps.onnx')


def grid(width, height):
    """Coordinates (H, W, 2) of an image's pixels."""
    x, y = torch.arange(width), torch.arange(height)
    return torch.stack(torch.meshgrid(x, y, indexing='xy'), -1)


def drawn(frame, size=(48, 64)):
    """Images (1, 3, H, W) whose every fourth pixel is a target's cell."""
    apart = grid(*size) / 4 - frame.cells(COORDS)[0, :, None, None]
    return 255 * torch.exp(-apart.square().sum(-1) / 8)[None]


def ask(images, **settings):
    """A student of 48 x 64 that takes pixels asks a teacher."""
    settings.setdefault('keypoints_of', NAMES)
    teacher = FrozenTeacher(InputSpec(tuple(images.shape[:1:-1])), **settings)
    teacher.prepare()
    return teacher(images)


def test_heatmaps_lie_where_the_codec_says(file):
    udp = UDPHeatmap(input_size=(48, 64), heatmap_size=(12, 16))
    for codec, frame in (
        (None, HeatmapFrame.msra((12, 16))),
        (dict(type='UDPHeatmap'), heatmap_frame(udp)),
    ):
        output = ask(drawn(frame), onnx=file, codec=codec, **PIXELS)
        close(output.frame.cells(COORDS), frame.cells(COORDS))
        close(output.maps.coords(), COORDS, rtol=0, atol=1e-3)
        peaks = output.maps.peaks()
        assert peaks.shape == (1, 3) and ((peaks > 0.9) & (peaks <= 1)).all()


def test_tensors_are_run_where_they_lie(file):
    """None is copied, and the outputs are those of a plain run."""
    session, images = open_teacher(file), 255 * torch.rand(3, 3, 64, 48)
    (part,) = OnnxInput.of(session, file).batches(images)
    assert part.data_ptr() == images.data_ptr()
    expected = session.run(['heatmaps'], {'images': images.numpy()})
    like = dict(heatmaps=np.empty((1, 3, 16, 12), np.float32))
    found = run_bound(session, file, dict(images=part), like)
    np.testing.assert_array_equal(found['heatmaps'], expected[0])
    with pytest.raises(ModelError, match=r'cannot run .* \(3, 3, 64, 48\)'):
        like = dict(heatmaps=np.empty((1, 3, 16, 11), np.float32))
        run_bound(session, file, dict(images=part), like)


def test_height_of_the_codec(file):
    codec = dict(type='MegviiHeatmap', kernel_size=5)  # of height 255
    images = torch.full((1, 3, 64, 48), 255.0)
    output = ask(images, onnx=file, codec=codec, **PIXELS)
    close(output.maps.peaks(), torch.full((1, 3), 1 / 255))


@pytest.mark.parametrize('normalize', [False, True])
def test_rows_of_a_simcc_head(tmp_path, normalize):
    """RTMPose's logits are its labels and a constant; SimCC's, their log."""
    make = onnx_files.helper.make_node
    nodes = [
        make('ReduceMax', ['images'], [f'simcc_{name}'], axes=[i], keepdims=0)
        for name, i in (('x', 2), ('y', 3))
    ]
    outputs = [('simcc_x', ('n', 3, 48)), ('simcc_y', ('n', 3, 64))]
    file = onnx_files.write(tmp_path / 'simcc.onnx', nodes, outputs)
    codec = dict(type='SimCCLabel', sigma=2.5) if normalize else None
    frame = HeatmapFrame((48, 64), (48.0, 64.0), sigma_scale=(4.0, 4.0))
    labels = simulate_heatmaps(COORDS, torch.full((1, 3, 2), 0.625), frame)
    logits = labels.clamp(min=1e-9).log() if normalize else labels - 0.4
    maps = ask(logits, onnx=file, codec=codec, **PIXELS).maps
    assert maps.frame == frame
    # MMPose rounds to bins, and so did the labels' Gaussians not.
    close(maps.coords(), COORDS, rtol=0, atol=2e-3)
    close(maps.peaks(), torch.ones(1, 3), rtol=0, atol=0.1)
    close(maps.logits_x, (1 if normalize else 10) * logits.amax(2))


def test_normalization_is_mmposes_or_what_is_said(tmp_path, file):
    """By the settings, or by our export, which names keypoints, too."""
    assert OnnxSource(file).input == InputSpec((48, 64), MEAN, STD, True)
    about = dict(mean=[1, 2, 3], std=[4, 5, 6])
    expected = InputSpec((48, 64), (1, 2, 3), (4, 5, 6), False)
    assert OnnxSource(file, rgb=False, **about).input == expected
    about.update(to_rgb=False, keypoint_names=NAMES, flip_pairs=[[0, 2]])
    entry = {'distilpose': json.dumps(about)}
    file = onnx_files.heatmaps(tmp_path / 'x.onnx', metadata=entry)
    source = OnnxSource(file)
    assert source.input == expected
    assert source.keypoint_names == NAMES
    assert source.metainfo['flip_indices'] == [2, 1, 0]


@pytest.mark.parametrize('dtype', [
    onnx_files.TensorProto.UINT8, onnx_files.TensorProto.INT32
])  # fmt: skip
@pytest.mark.parametrize('batch', ['n', 1, 2])
def test_integers_channels_last_a_few_at_a_time(tmp_path, file, dtype, batch):
    integers = onnx_files.channels_last(tmp_path / 'x.onnx', dtype, batch)
    assert OnnxSource(integers).input == InputSpec((48, 64), rgb=True)
    # 3 images leave one over; what is no integer is rounded, not cut.
    images = 255 * torch.rand(3, 3, 64, 48) + 0.4
    seen = ask(images.clamp(max=300), onnx=integers, **PIXELS)
    expected = ask(images.round().clamp(max=255), onnx=file, **PIXELS)
    assert seen.maps.shape == (3, 3, 16, 12)
    close(seen.heatmaps, expected.heatmaps)


def test_coordinates_as_movenets_are_drawn(tmp_path):
    """(y, x, score) become Gaussians; a square teacher sees a margin."""
    file = onnx_files.points(tmp_path / 'points.onnx')
    images = torch.zeros(2, 3, 64, 64)
    torch.manual_seed(0)
    y, x, score = (torch.rand(2, 5) for _ in range(3))
    images[:, :, 0, :5] = torch.stack([y, x, score], dim=1)
    maps = ask(images, onnx=file, keypoints_of=None, **PIXELS).maps
    assert maps.frame == HeatmapFrame((16, 16), (16.0, 16.0))
    # Half a cell beyond the last one, the parabola is cut off.
    inner = torch.stack([x, y], -1).clamp(0, 15.5 / 16)
    close(maps.coords(), inner, rtol=0, atol=1e-3)
    centre = 16 * torch.stack([x, y], -1)[:, :, None, None]
    # Sigma 2 for an input of 256, so 0.5 for one of 64.
    expected = score[..., None, None] * torch.exp(
        -(grid(16, 16) - centre).square().sum(-1) / (2 * 0.5**2)
    )
    close(maps.formed(), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize('has_sigmas', [True, False])
def test_what_an_exported_student_predicts_is_drawn(tmp_path, has_sigmas):
    """With its sigmas; else with 2 pixels, as for an input of 64."""
    student = exported.config(head=dict(sigmas=has_sigmas))
    file = str(tmp_path / 'x.onnx')
    export_onnx(student, exported.checkpoint(tmp_path, student), Path(file))
    images = 255 * torch.rand(2, 3, 64, 48)
    given = InputConversion(InputSpec((48, 64)), OnnxSource(file).input)
    feed = dict(images=given.images(images).numpy())
    found = onnxruntime.InferenceSession(file).run(None, feed)
    coords, scores, *sigmas = map(torch.from_numpy, found)
    sigmas = sigmas[0] if has_sigmas else torch.full_like(coords, 2)
    scores = scores.clamp(0, 1)
    x = torch.arange(12)
    expected = scores[..., None] * torch.exp(
        -(4 * x - coords[..., :1]).square() / (2 * sigmas[..., :1] ** 2)
    )
    maps = ask(images, onnx=file, keypoints_of=None).maps
    assert scores.max() > 0
    close(maps.rows, expected, rtol=1e-3, atol=1e-4)
    end = torch.tensor([12.0, 16.0])  # behind the last cell
    close(maps.frame.coords(end), torch.ones(2))
    graph = onnx.load(file)
    (entry,) = graph.metadata_props
    entry.value = json.dumps({**json.loads(entry.value), 'use_udp': True})
    onnx.save(graph, file)
    maps = ask(images, onnx=file, keypoints_of=None).maps
    close(maps.frame.coords(end), torch.tensor([47 / 48, 63 / 64]))


def test_keypoints_by_the_name_of_a_dataset(file):
    names = OnnxSource(file, keypoints_of='coco').keypoint_names
    assert names[:2] == ['nose', 'left_eye'] and len(names) == 17
    source = OnnxSource(file, keypoints_of=NAMES)
    assert source.keypoint_names == NAMES
    assert source.metainfo['flip_indices'] == [0, 2, 1]
    assert OnnxSource(file).keypoint_names is None


def test_a_tensor_inside_and_what_is_logged(file, log):
    images = 255 * torch.rand(1, 3, 64, 48)
    expected = ask(images, onnx=file, **PIXELS)
    inside = ask(images, onnx=file, output='pooled', **PIXELS)
    close(inside.heatmaps, 255 * expected.heatmaps)
    ask(images, onnx=file)
    assert 'ONNX Runtime runs it by CPUExecutionProvider' in log.text
    assert 'its output heatmaps (heatmaps of MSRAHeatmap)' in log.text
    assert f'RGB of mean {MEAN}' in log.text


def test_a_student_learns_from_it(tmp_path):
    teacher = dict(onnx=onnx_files.points(tmp_path / 'points.onnx'))
    terms = {x: toys.TERMS[x] for x in ('simulated_heatmaps', 'scores')}
    model = toys.build(toys.student(teacher=teacher, distillation=terms))
    model.init_weights()
    losses = model.loss(*toys.batch(model))
    assert losses['loss_simulated_heatmaps'].isfinite()
    # The session takes no part in copies.
    pickle.loads(pickle.dumps(model))
    assert copy.deepcopy(model).teacher is model.teacher


def of_one_node(file, kind, output, shape):
    node = onnx_files.helper.make_node(kind, ['images'], [output])
    return onnx_files.write(file, [node], [(output, shape)])


operator = partial(
    of_one_node, kind='Unheard', output='heatmaps', shape=('n', 3, 16, 12)
)
flat = partial(
    of_one_node, kind='Flatten', output='features', shape=('n', 9216)
)
of_any_size = partial(onnx_files.heatmaps, shape=('n', 3, 'h', 'w'))


def damaged(file):
    file.write_bytes(b'no model')
    return str(file)


def of_two_inputs(file):
    model = onnx.load(onnx_files.heatmaps(file))
    extra = ('boxes', onnx_files.FLOAT, ['n', 4])
    model.graph.input.append(onnx.helper.make_tensor_value_info(*extra))
    onnx.save(model, file)
    return str(file)


@pytest.mark.parametrize('make, settings, text', [
    (None, dict(onnx='no.onnx'), 'file "no.onnx" does not exist'),
    (operator, {}, 'teacher: .*cannot load .*operator Unheard is not .*newer'),
    (damaged, {}, r'The teacher: .*cannot load .*copy it again'),
    (of_any_size, {}, 'leaves its input size open.*input_size'),
    (of_two_inputs, {}, r'takes images .* boxes .*expected'),
    (flat, {}, r'gives features \(1, 9216\), of which none'),
    (flat, dict(output='feature'), r'no tensor of this name. .* features;'),
    (flat, dict(output='no'), 'has no tensor of this name'),
    (onnx_files.heatmaps, dict(keypoints_of='cocoo'),
     'no dataset of this name'),
    (onnx_files.heatmaps, dict(mean=[1, 2]), r'mean is \[1, 2\], expected'),
    (onnx_files.heatmaps, dict(codec=dict(type='UDPHeatmapp')),
     'codec does not describe'),
    (onnx_files.heatmaps, dict(codec=dict(type='MegviiHeatmap')),
     'codec does not describe.*kernel_size'),
])  # fmt: skip
def test_bad_files_and_settings(tmp_path, make, settings, text):
    if make is not None:
        settings = dict(onnx=make(tmp_path / 'x.onnx'), **settings)
    with pytest.raises((ValueError, FileNotFoundError), match=text) as error:
        FrozenTeacher(**settings).prepare()
    assert '\n' not in str(error.value)


def test_settings_of_a_base_that_are_none(file):
    """A config cannot delete them on the command line."""
    source = make_source(dict(onnx=file, config=None, checkpoint=None))
    assert isinstance(source, OnnxSource)
    with pytest.raises(TypeError, match='has no setting checkpoint'):
        make_source(dict(onnx=file, checkpoint='x.pth'))
    with pytest.raises(ValueError, match='both config and onnx'):
        make_source(dict(onnx=file, config='x'))


def test_movenet_is_right_about_most_keypoints(tmp_path):
    """On MMPose's crops of 192 x 256, which it sees with margins."""
    movenet = shared.file_or_skip('models/movenet-thunder.onnx')
    people = shared.people(tmp_path, (192, 256))
    student = InputSpec((192, 256))
    teacher = FrozenTeacher(student, onnx=str(movenet), keypoints_of='coco')
    right = []
    for sample in [people[i] for i in range(0, len(people), 5)]:
        output = teacher(sample['inputs'][None].float())
        truth = sample['data_samples'].gt_instances
        meta = sample['data_samples'].metainfo
        centre = np.asarray(meta['input_center'])
        scale = np.asarray(meta['input_scale'])
        found = output.maps.coords()[0].numpy() * scale + centre - scale / 2
        distance = np.linalg.norm(found - truth.keypoints[0], axis=-1)
        x1, y1, x2, y2 = truth.bboxes[0]
        seen = truth.keypoints_visible[0] > 0
        right += [*(distance < 0.1 * max(x2 - x1, y2 - y1))[seen]]
    assert len(right) > 100
    assert np.mean(right) > 0.6
