import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample

from distilpose import DistilPoseHead, TokenPoseHead

from .. import toys

FLIP = [0, 2, 1, 4, 3]


def samples(size=2):
    """Data samples for prediction, whose crop is the whole image."""
    out = []
    for _ in range(size):
        sample = PoseDataSample(
            metainfo=dict(
                flip_indices=FLIP,
                input_size=toys.INPUT_SIZE,
                input_center=np.array(toys.INPUT_SIZE) / 2,
                input_scale=np.array(toys.INPUT_SIZE),
            )
        )
        sample.gt_instances = InstanceData(
            bboxes=np.zeros((1, 4)),
            bbox_scores=np.ones(1),
        )
        out.append(sample)
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


def test_forward(student, inputs):
    """Five numbers a keypoint: x, y, score and two sigmas, in this order."""
    coords, sigmas, scores = student(inputs, None, mode='tensor')
    numbers = student.head.mlp(student.extract_feat(inputs).keypoint)
    torch.testing.assert_close(coords, numbers[..., :2].sigmoid())
    torch.testing.assert_close(scores, numbers[..., 2:3])
    torch.testing.assert_close(
        sigmas, torch.nn.functional.softplus(numbers[..., 3:])
    )


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
    prediction = round_(inputs, None, mode='tensor')
    assert torch.equal(
        prediction.sigmas, full.sigmas[..., :1].expand(-1, -1, 2)
    )
    assert torch.equal(prediction.coords, full.coords)
    assert torch.equal(prediction.scores, full.scores)


def test_predict_decodes_to_pixels(student, inputs):
    student.test_cfg = dict(flip_test=False)
    coords, _, scores = student(inputs, None, mode='tensor')
    results = student.predict(inputs, samples())
    for i, result in enumerate(results):
        keypoints = result.pred_instances.keypoints
        assert keypoints.shape == (1, toys.K, 2)
        np.testing.assert_allclose(
            keypoints[0], coords[i].detach().numpy() * [48, 64], rtol=1e-5
        )
        np.testing.assert_allclose(
            result.pred_instances.keypoint_scores,
            scores[i].detach().numpy().T,
            rtol=1e-5,
        )


def test_flip_test_swaps_coordinates_and_scores(student, inputs):
    """By hand; and a mirrored image gives the mirrored prediction."""
    coords, _, scores = with_mirrored(student, inputs)
    expected = coords.detach().numpy() * [48, 64]
    scores = scores.detach().numpy()
    results = student.predict(inputs, samples())
    back = student.predict(inputs.flip(-1), samples())
    for i in range(2):
        a, b = results[i].pred_instances, back[i].pred_instances
        np.testing.assert_allclose(a.keypoints[0], expected[i], rtol=1e-5)
        np.testing.assert_allclose(
            a.keypoint_scores[0], scores[i, :, 0], rtol=1e-5
        )
        np.testing.assert_allclose(
            b.keypoint_scores[0][FLIP], a.keypoint_scores[0], rtol=1e-4
        )
        np.testing.assert_allclose(
            48 - b.keypoints[0][FLIP, 0], a.keypoints[0][:, 0], rtol=1e-4
        )


def test_simulated_heatmaps_on_request(student, inputs):
    """Gaussians at the prediction, without and with the flip test."""
    own = student(inputs, None, mode='tensor')
    averaged = with_mirrored(student, inputs)
    for flip_test, prediction in ((False, own[:2]), (True, averaged[:2])):
        student.test_cfg = dict(flip_test=flip_test, output_heatmaps=True)
        results = student.predict(inputs, samples())
        for i, result in enumerate(results):
            heatmaps = result.pred_fields.heatmaps
            assert heatmaps.shape == (toys.K, *toys.HEATMAP_SIZE[::-1])
            (x, y), (s_x, s_y) = (p[i, 2].tolist() for p in prediction)
            value = np.exp(
                -((3 - x * 12) ** 2 / s_x**2 + (9 - y * 16) ** 2 / s_y**2) / 2
            )
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


@pytest.mark.parametrize('value', [np.nan, np.inf])
def test_what_is_not_labelled_may_hold_anything(student, value):
    """As pandas writes it; the weight of 0 does not take NaN away."""
    inputs, data = toys.batch(student)
    labels = data[0].gt_instance_labels
    labels.keypoint_weights[0, 2] = 0
    labels.keypoint_labels[0, 2] = 0
    expected = student.loss(inputs, data)
    labels.keypoint_labels[0, 2] = value
    losses = student.loss(inputs, data)
    assert losses['loss_kpt'] == expected['loss_kpt'] > 0
    assert losses['acc_pose'] == expected['acc_pose']
    losses['loss_kpt'].backward()
    assert all(
        p.grad is None or p.grad.isfinite().all() for p in student.parameters()
    )


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


def test_accuracy_can_be_left_out(student):
    student.train_cfg = dict(compute_acc=False)
    assert set(student.loss(*toys.batch(student))) == {'loss_kpt'}


def test_heatmaps_of_any_size():
    head = TokenPoseHead(8, 3, heatmap_size=(10, 7), hidden_channels=None)
    assert len(head.mlp) == 2
    assert head((torch.zeros(2, 3, 8),)).shape == (2, 3, 7, 10)
    hidden = TokenPoseHead(8, 3, heatmap_size=(10, 7), hidden_channels=16)
    assert [m.out_features for m in hidden.mlp[1::2]] == [16, 70]
    # They are read row by row.
    head = TokenPoseHead(4, 1, heatmap_size=(3, 2), hidden_channels=None)
    head.mlp[1].weight.data.zero_()
    head.mlp[1].bias.data = torch.arange(6.0)
    heatmap = head((torch.zeros(1, 1, 4),))[0, 0]
    assert heatmap.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_another_distribution_needs_another_head():
    loss = dict(type='RLELoss', use_target_weight=True)
    with pytest.raises(ValueError, match="no RLELoss: .*MMPose's RLEHead"):
        DistilPoseHead(16, toys.K, loss=loss)
