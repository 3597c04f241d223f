"""RLE as the loss of the student's head."""

import numpy as np
import pytest
import torch
from mmpose.models.losses import RLELoss

from distilpose.distillation.before_training import check_untrained_outputs

from .. import toys

RLE = dict(type='RLELoss', use_target_weight=True)


def build(**head):
    return toys.build(toys.student(head=dict(loss=RLE, scores=False, **head)))


def test_sigmas_are_fractions_of_the_input():
    """MMPose's own loss, given what MMPose's RLEHead would give it."""
    model = build()
    inputs, data = toys.batch(model)
    prediction = model.head(model.extract_feat(inputs))
    labels = torch.cat([d.gt_instance_labels.keypoint_labels for d in data])
    weights = torch.cat([d.gt_instance_labels.keypoint_weights for d in data])
    sigmas = prediction.sigmas * 4 / torch.tensor([48, 64])
    rle = RLELoss(use_target_weight=True)
    rle.load_state_dict(model.head.loss_module.state_dict())
    expected = rle(
        prediction.coords, (sigmas / (1 - sigmas)).log(), labels,
        weights[..., None],
    )  # fmt: skip
    losses = model.loss(inputs, data)
    torch.testing.assert_close(losses['loss_kpt'], expected)
    losses['loss_kpt'].backward()
    assert model.head.mlp[1].weight.grad[3:].abs().sum() > 0  # the sigmas'


def test_sigmas_start_as_wide_as_the_first_errors():
    """A fifth of the input: from 0.7 cells, the first loss is thousands."""
    model = build()
    model.init_weights()
    inputs, data = toys.batch(model)
    sigmas = model.head(model.extract_feat(inputs)).sigmas * 4
    fifth = torch.tensor([48, 64]).expand_as(sigmas) / 5
    torch.testing.assert_close(sigmas, fifth, rtol=0.2, atol=0)
    assert model.loss(inputs, data)['loss_kpt'] < 50


def test_sigmas_of_a_checkpoint_are_kept(tmp_path):
    model = build()
    torch.nn.init.constant_(model.head.mlp[1].bias, 0.5)
    torch.save(model.head.state_dict(), tmp_path / 'head.pth')
    start = dict(type='Pretrained', checkpoint=str(tmp_path / 'head.pth'))
    model = build(init_cfg=start)
    model.init_weights()
    assert (model.head.mlp[1].bias == 0.5).all()


def test_sigmas_stand_in_for_scores():
    """As MMPose's codec scores the four numbers of its RLEHead."""
    model = build().eval()
    inputs, data = toys.batch(model)
    feats = model.extract_feat(inputs)
    prediction = model.head(feats)
    sigmas = prediction.sigmas * 4 / torch.tensor([48, 64])
    encoded = torch.cat([prediction.coords, sigmas], dim=-1)
    _, expected = model.head.decoder.decode(encoded.detach().numpy())
    found = model.head.predict(feats, data)
    scores = [x.keypoint_scores[0] for x in found]
    np.testing.assert_allclose(scores, expected, rtol=1e-6)
    assert np.std(scores) > 0


def test_own_scores_come_first():
    model = toys.build(toys.student(head=dict(loss=RLE)))
    prediction = model.head(model.extract_feat(toys.batch(model)[0]))
    found = model.head.confidences(prediction)
    assert torch.equal(found, prediction.scores[..., 0])


def test_huge_sigmas_stay_finite():
    model = build()
    model.head.mlp[1].bias.data[3:] = 1000
    losses = model.loss(*toys.batch(model))
    assert losses['loss_kpt'].isfinite()
    prediction = model.head(model.extract_feat(toys.batch(model)[0]))
    assert (model.head.confidences(prediction) == 0).all()
    losses['loss_kpt'].backward()
    assert all(
        p.grad.isfinite().all() for p in model.parameters()
        if p.grad is not None
    )  # fmt: skip


def test_it_trains_the_sigmas():
    check_untrained_outputs(build().head)
    with pytest.raises(ValueError, match='gives scores that nothing trains'):
        check_untrained_outputs(
            toys.build(toys.student(head=dict(loss=RLE))).head
        )


@pytest.mark.parametrize('head', [dict(sigmas=False), dict(decoder=None)])
def test_without_sigmas_or_codec(head):
    with pytest.raises(ValueError, match='RLELoss trains the sigmas'):
        build(**head)
