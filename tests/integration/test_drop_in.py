"""MMPose's own entry points on our configs and checkpoints."""

import json

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpose.apis import MMPoseInferencer, inference_topdown, init_model

from distilpose.zoo.build import build_without_weights
from distilpose_demo.dataset import make_dataset

from .commands import CONFIGS, distilpose, mim

CONFIG = (
    CONFIGS / 'distilpose/demo/distilpose-tiny_1xb32-15e_demo-96x64.py'
).resolve()


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A student without training, and a picture of two halves."""
    folder = tmp_path_factory.mktemp('drop-in')
    torch.manual_seed(0)
    model = build_without_weights(Config.fromfile(CONFIG))
    torch.save(dict(state_dict=model.state_dict()), folder / 'student.pth')
    image = np.random.default_rng(0).integers(
        0, 256, (120, 160, 3), dtype=np.uint8
    )
    cv2.imwrite(str(folder / 'image.png'), image)
    return folder


@pytest.fixture
def student(folder):
    return str(CONFIG), str(folder / 'student.pth')


def test_inference_topdown(folder, student):
    """Two boxes: keypoints and simulated heatmaps of each."""
    config, checkpoint = student
    options = dict(model=dict(test_cfg=dict(output_heatmaps=True)))
    model = init_model(config, checkpoint, 'cpu', cfg_options=options)
    boxes = np.array([[0, 0, 80, 120], [80, 0, 160, 120]])
    first, second = inference_topdown(model, str(folder / 'image.png'), boxes)
    for result, (left, right) in ((first, (0, 80)), (second, (80, 160))):
        (keypoints,) = result.pred_instances.keypoints
        assert keypoints.shape == (17, 2)
        assert left < keypoints[:, 0].mean() < right
        assert result.pred_fields.heatmaps.shape == (17, 24, 16)
        # The peak lies at the keypoint: back to the input, to a cell.
        scale = result.metainfo['input_scale']
        origin = result.metainfo['input_center'] - scale / 2
        cells = ((keypoints - origin) / scale * [16, 24]).round()
        for heatmap, (x, y) in zip(result.pred_fields.heatmaps, cells):
            assert heatmap.argmax() == int(y) * 16 + int(x)


def keypoints_of_the_whole(folder, student):
    """Of one person as large as the picture, (17, 2), pixels."""
    model = init_model(*student, 'cpu')
    box = np.array([[0, 0, 160, 120]])
    (found,) = inference_topdown(model, str(folder / 'image.png'), box)
    return found.pred_instances.keypoints[0]


def test_inferencer(folder, student):
    config, checkpoint = student
    inferencer = MMPoseInferencer(
        pose2d=config,
        pose2d_weights=checkpoint,
        det_model='whole_image',
        device='cpu',
        show_progress=False,
    )
    (result,) = inferencer(
        str(folder / 'image.png'), return_vis=True, draw_heatmap=True
    )
    ((person,),) = result['predictions']
    expected = keypoints_of_the_whole(folder, student)
    np.testing.assert_allclose(person['keypoints'], expected, atol=1e-3)
    # The skeleton above, the simulated heatmaps below.
    assert result['visualization'][0].shape == (240, 160, 3)


@pytest.mark.slow
def test_demo_scripts(folder, student):
    config, checkpoint = student
    distilpose(
        *('mmpose', 'inferencer_demo', folder / 'image.png'),
        *('--pose2d', config, '--pose2d-weights', checkpoint),
        *('--det-model', 'whole_image', '--device', 'cpu'),
        *('--draw-heatmap', '--vis-out-dir', 'vis', '--pred-out-dir', 'pred'),
        cwd=folder,
    )
    (person,) = json.loads((folder / 'pred/image.json').read_text())
    expected = keypoints_of_the_whole(folder, student)
    np.testing.assert_allclose(person['keypoints'], expected, atol=1e-3)
    assert cv2.imread(str(folder / 'vis/image.png')).shape == (240, 160, 3)
    distilpose(
        *('mmpose', 'image_demo', folder / 'image.png', config, checkpoint),
        *('--out-file', 'out.png', '--draw-heatmap', '--device', 'cpu'),
        cwd=folder,
    )
    assert cv2.imread(str(folder / 'out.png')).shape == (240, 160, 3)


@pytest.mark.slow
def test_tools(folder, student):
    """MMPose's tools on a checkpoint and a log of ours."""
    config, _ = student
    small = dict(num_train=32, num_val=8, progress=False)
    make_dataset(folder / 'data/demo', **small)
    name = 'distilpose-tiny_no-distill_1xb32-15e_demo-96x64'
    mim(
        *('train', 'mmpose', CONFIG.with_name(f'{name}.py'), '--cfg-options'),
        *('train_cfg.max_epochs=1', 'train_cfg.val_interval=9'),
        cwd=folder,
    )
    trained = folder / 'work_dirs' / name
    distilpose(
        *('mmpose', 'publish_model', trained / 'epoch_1.pth', 'public.pth'),
        cwd=folder,
    )
    (public,) = folder.glob('public-*.pth')
    published = torch.load(public)
    assert published.keys() == {'meta', 'state_dict'}
    (log,) = trained.glob('*/vis_data/scalars.json')
    distilpose(
        *('mmpose', 'analyze_logs', 'plot_curve', log),
        *('--keys', 'loss_kpt', '--out', 'curve.png'),
        cwd=folder,
    )
    assert (folder / 'curve.png').is_file()
    output = distilpose(
        *('mmpose', 'get_flops', config, '--input-shape', 96, 64), cwd=folder
    )
    assert 'Flops:' in output
    distilpose(
        *('mmpose', 'browse_dataset', config, '--not-show', '--mode'),
        *('transformed', '--output-dir', 'browse'),
        *('--max-item-per-dataset', 2),
        cwd=folder,
    )
    assert len([*(folder / 'browse').glob('*.jpg')]) == 2
