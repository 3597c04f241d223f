import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample
from torch import nn

from distilpose import DistilPoseHead, TokenPoseHead

from .. import toys

FLIP = [0, 2, 1, 4, 3]


def samples(size=2):
    """Data samples for prediction, whose crop is the whole image."""
    metainfo = dict(
        flip_indices=FLIP,
        input_size=toys.INPUT_SIZE,
        input_center=np.array(toys.INPUT_SIZE) / 2,
        input_scale=np.array(toys.INPUT_SIZE),
    )
    box = dict(bboxes=np.zeros((1, 4)), bbox_scores=np.ones(1))
    out = [PoseDataSample(metainfo=metainfo) for _ in range(size)]
    for sample in out:
        sample.gt_instances = InstanceData(**box)
    return out


@pytest.fixture
def student():
    return toys.build(toys.student()).eval()


@pytest.fixture
def inputs():
    torch.manual_seed(1)
    return torch.randn(2, 3, 64, 48)


def with_mirrored(student, inputs):
    """The mean of a prediction and of its mirror image's: a flip test."""
    own = student(inputs, None, mode='tensor')
    mirrored = student(inputs.flip(-1), None, mode='tensor')
    coords, sigmas, scores = (part[:, FLIP].clone() for part in mirrored)
    coords[..., 0] = 1 - coords[..., 0]
    return [(a + b) / 2 for a, b in zip(own, (coords, sigmas, scores))]


@pytest.mark.parametrize('kind', ['tokens', 'pooled'])
def test_forward(kind, inputs):
    """Five numbers a keypoint: x, y, score and two sigmas, in this order."""
    student = toys.build(toys.student(**toys.students()[kind])).eval()
    feats = student.extract_feat(inputs)
    if kind == 'tokens':
        numbers = student.head.mlp(feats.keypoint)
    else:
        pooled = feats[-1].mean((-1, -2))
        numbers = student.head.fc(pooled).reshape(2, toys.K, 5)
    coords, sigmas, scores = student(inputs, None, mode='tensor')
    torch.testing.assert_close(coords, numbers[..., :2].sigmoid())
    torch.testing.assert_close(scores, numbers[..., 2:3])
    torch.testing.assert_close(
        sigmas, nn.functional.softplus(numbers[..., 3:])
    )


@pytest.mark.parametrize('shape', [(2, 8, 4, 3), (2, 16)])
def test_features_that_cannot_be_pooled(shape):
    student = toys.build(toys.student(**toys.students()['pooled']))
    with pytest.raises(ValueError, match=r'\(B, 16, h, w\), but .* neck'):
        student.head([torch.zeros(1), torch.zeros(shape)])


def test_switched_off_fields_are_none(inputs):
    plain = toys.build(toys.student(head=dict(sigmas=False, scores=False)))
    full = toys.build(toys.student())
    plain.load_state_dict(full.state_dict(), strict=True)
    full.eval(), plain.eval()
    prediction = plain(inputs, None, mode='tensor')
    assert prediction.sigmas is None and prediction.scores is None
    expected = full(inputs, None, mode='tensor').coords
    assert torch.equal(prediction.coords, expected)
    for result in plain.predict(inputs, samples()):
        assert (result.pred_instances.keypoint_scores == 1).all()
        assert result.pred_instances.keypoint_scores.shape == (1, toys.K)
    plain.test_cfg = dict(output_heatmaps=True)
    with pytest.raises(ValueError, match='needs sigmas'):
        plain.predict(inputs, samples())


def test_shared_sigma(student, inputs):
    """One sigma for both axes, the same weights, nothing else changed."""
    round_ = toys.build(toys.student(head=dict(shared_sigma=True))).eval()
    round_.load_state_dict(student.state_dict(), strict=True)
    full = student(inputs, None, mode='tensor')
    found = round_(inputs, None, mode='tensor')
    assert torch.equal(found.sigmas, full.sigmas[..., [0, 0]])
    assert torch.equal(found.coords, full.coords)
    assert torch.equal(found.scores, full.scores)


@pytest.mark.parametrize('flip_test', [False, True])
def test_predicts_in_pixels(flip_test, student, inputs):
    """Keypoints and scores; on request, Gaussians around the keypoints.

    By hand, which for the flip test is the mean with the mirror image's.
    """
    student.test_cfg = dict(flip_test=flip_test, output_heatmaps=True)
    wanted = student(inputs, None, mode='tensor')
    if flip_test:
        wanted = with_mirrored(student, inputs)
    coords, sigmas, scores = (x.detach().numpy() for x in wanted)
    for i, result in enumerate(student.predict(inputs, samples())):
        found = result.pred_instances
        assert found.keypoints.shape == (1, toys.K, 2)
        np.testing.assert_allclose(
            found.keypoints[0], coords[i] * [48, 64], rtol=1e-5
        )
        np.testing.assert_allclose(
            found.keypoint_scores, scores[i].T, rtol=1e-5
        )
        heatmaps = result.pred_fields.heatmaps
        assert heatmaps.shape == (toys.K, *toys.HEATMAP_SIZE[::-1])
        offset = ([3, 9] - coords[i, 2] * [12, 16]) / sigmas[i, 2]
        value = np.exp(-np.square(offset).sum() / 2)
        assert heatmaps[2, 9, 3].item() == pytest.approx(value, rel=1e-4)
        assert not heatmaps.requires_grad


@pytest.mark.parametrize('build', [toys.student, toys.teacher])
def test_predicts_under_bf16(build, inputs):
    model = toys.build(build()).eval()
    model.test_cfg = dict(flip_test=True)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        results = model.predict(inputs, samples())
    assert np.isfinite(results[0].pred_instances.keypoints).all()


def test_loss_by_hand(student):
    inputs, data = toys.batch(student)
    data[1].gt_instance_labels.keypoint_weights[0, 2] = 0
    coords = student(inputs, None, mode='tensor').coords
    labels = torch.cat([d.gt_instance_labels.keypoint_labels for d in data])
    error = (coords - labels).square() / 2  # below 1, smooth L1 is quadratic
    error[1, 2] = 0
    losses = student.loss(inputs, data)
    torch.testing.assert_close(losses['loss_kpt'], error.mean())


def test_accuracy_counts_what_is_within_a_twentieth(student):
    inputs, data = toys.batch(student)
    coords = student(inputs, None, mode='tensor').coords.detach()
    for sample, own in zip(data, coords):
        labels = sample.gt_instance_labels
        own[:, 0] += torch.tensor([0, 0.04, 0.06, 0.2, -0.04])
        labels.keypoint_labels = own[None]
        labels.keypoint_weights[:] = 1
    assert student.loss(inputs, data)['acc_pose'].item() == pytest.approx(0.6)
    for sample in data:
        sample.gt_instance_labels.keypoint_weights[0, 3] = 0
    assert student.loss(inputs, data)['acc_pose'].item() == pytest.approx(0.75)
    student.train_cfg = dict(compute_acc=False)
    assert set(student.loss(inputs, data)) == {'loss_kpt'}


def test_heatmaps_of_any_size():
    hidden = TokenPoseHead(8, 3, heatmap_size=(10, 7), hidden_channels=16)
    assert [m.out_features for m in hidden.mlp[1::2]] == [16, 70]
    assert hidden((torch.zeros(2, 3, 8),)).shape == (2, 3, 7, 10)
    # They are read row by row.
    head = TokenPoseHead(4, 1, heatmap_size=(3, 2), hidden_channels=None)
    assert len(head.mlp) == 2
    head.mlp[1].weight.data.zero_()
    head.mlp[1].bias.data = torch.arange(6.0)
    heatmap = head((torch.zeros(1, 1, 4),))[0, 0]
    assert heatmap.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_another_distribution_needs_another_head():
    loss = dict(type='RLELoss', use_target_weight=True)
    with pytest.raises(ValueError, match="no RLELoss: .*MMPose's RLEHead"):
        DistilPoseHead(16, toys.K, loss=loss)
