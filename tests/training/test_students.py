"""Every kind of student trains, resumes, is tested, deployed and exported."""

import json

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config

from distilpose.deploy import deploy
from distilpose.deploy.onnx_file import export_onnx
from distilpose.inference import MMPoseEstimator
from distilpose_runtime import PoseEstimator

from .. import toys
from . import runs

pytestmark = pytest.mark.slow
SIZE = (64, 96)  # (W, H) of the demo's images


def config(kind, pictures, work_dir, **changes):
    """The demo's run, with a toy of this kind in the place of its student."""
    cfg = runs.config(pictures, work_dir, **changes)
    teacher, distillation = cfg.model.teacher, cfg.model.distillation
    k = cfg.model.head.num_joints
    student = toys.student(**toys.students()[kind])
    student.update(type='DistilPoseEstimator', teacher=teacher)
    codec = dict(type='RegressionLabel', input_size=SIZE)
    if 'in_featuremap_size' in student['head']:
        student['head']['in_featuremap_size'] = (16, 24)
        codec = dict(
            type='IntegralRegressionLabel', input_size=SIZE,
            heatmap_size=(16, 24), sigma=2.0,
        )  # fmt: skip
        (target,) = (
            step for step in cfg.train_dataloader.dataset.pipeline
            if step['type'] == 'GenerateTarget'
        )  # fmt: skip
        target['encoder'] = codec
    student['head'].update(num_joints=k, decoder=codec)
    if kind == 'tokens':
        student['neck'].update(
            num_keypoints=k, embed_dims=96, patch_size=(4, 4)
        )
    own = 'DistilPoseHead' in student['head']['type']
    terms = ('simulated_heatmaps', *(['scores'] if own else []))
    student['distillation'] = {term: distillation[term] for term in terms}
    if kind == 'tokens':
        student['head'].update(in_channels=96)
    cfg.model = Config(student)._cfg_dict
    return cfg


@pytest.mark.parametrize('kind', toys.students())
def test_from_training_to_exported_files(kind, pictures, tmp_path):
    first = runs.train(config(kind, pictures, tmp_path))
    resumed = runs.train(
        config(
            kind, pictures, tmp_path,
            **{'resume': True, 'train_cfg.max_epochs': 3},
        )
    )  # fmt: skip
    assert (resumed.epoch, resumed.iter) == (3, 12)
    assert not runs.equal(runs.weights(first), runs.weights(resumed))
    for flip in (False, True):
        resumed.model.test_cfg = resumed.model.head.test_cfg = dict(
            flip_test=flip, shift_coords=False
        )
        assert 'coco/AP' in resumed.test()

    # The checkpoint is that of the plain model.
    state = torch.load(tmp_path / 'epoch_3.pth')['state_dict']
    plain = toys.student(**toys.students()[kind])
    student = dict(resumed.cfg.model, type='TopdownPoseEstimator')
    for key in ('teacher', 'distillation'):
        student.pop(key)
    assert student['backbone'] == plain['backbone']
    model = toys.build(student).eval()
    model.load_state_dict(state, strict=True)

    images = torch.randn(3, 3, 96, 64)
    with torch.no_grad():
        expected = coords(model)(images)
        deploy(model, for_export=True)
        torch.testing.assert_close(
            coords(model)(images), expected, atol=1e-4, rtol=1e-4
        )
        traced = torch.jit.trace(coords(model), images[:2])
        torch.testing.assert_close(
            traced(images), expected, atol=1e-4, rtol=1e-4
        )

    for flip in (False, True):
        resumed.cfg.model.test_cfg.flip_test = flip
        resumed.cfg.dump(tmp_path / 'whole.py')
        compare_with_mmpose(
            tmp_path / 'whole.py', tmp_path / 'epoch_3.pth', pictures, flip
        )


def compare_with_mmpose(file, checkpoint, pictures, flip):
    """On the pictures, by the runtime and by MMPose's own inference."""
    onnx = file.with_suffix('.onnx')
    export_onnx(Config.fromfile(file), str(checkpoint), onnx, flip_test=flip)
    exported = PoseEstimator(onnx)
    mmpose = MMPoseEstimator(str(file), str(checkpoint), 'cpu')
    annotations = json.loads(
        (pictures / 'annotations/person_keypoints_val2017.json').read_text()
    )
    places = []
    for image in annotations['images']:
        pixels = cv2.imread(str(pictures / 'val2017' / image['file_name']))
        boxes = [
            [x, y, x + w, y + h]
            for x, y, w, h in (
                person['bbox']
                for person in annotations['annotations']
                if person['image_id'] == image['id']
            )
        ]
        found, expected = exported(pixels, boxes), mmpose(pixels, boxes)
        assert np.abs(found.keypoints - expected.keypoints).max() < 0.05
        assert np.abs(found.scores - expected.scores).max() < 1e-3
        places.append(found.keypoints - np.array(boxes)[:, None, :2])
    # Not the same place in every box, whatever the picture.
    assert np.ptp(np.concatenate(places), axis=0).max() > 1


class coords(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, images):
        output = self.model.head(self.model.extract_feat(images))
        return output if isinstance(output, torch.Tensor) else output[0]
