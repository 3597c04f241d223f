"""A student whose encoder runs twice in training."""

import copy

import pytest
import torch

from .. import toys


def cycle(**changes):
    config = toys.student(head=dict(sigmas=False, scores=False), **changes)
    config['type'] = 'CyclePoseEstimator'
    return config


def normalized(tokens, name):
    tokens = getattr(tokens, name)
    variance, mean = torch.var_mean(tokens, -1, keepdim=True, correction=0)
    return (tokens - mean) / (variance + 1e-5).sqrt()


def test_both_passes_are_trained_and_the_first_imitates_the_second():
    model = toys.build(cycle(token_weight=0.01)).eval()
    inputs, data = toys.batch(model)
    losses = model.loss(inputs, data)
    feats = model.backbone(inputs)
    first = model.neck(feats)
    second = model.neck.encode_again(first, feats)
    assert losses['loss_kpt'] == model.head.loss(first, data)['loss_kpt']
    assert (
        losses['loss_cycle_kpt'] == model.head.loss(second, data)['loss_kpt']
    )
    for name in ('visual', 'keypoint'):
        difference = normalized(first, name) - normalized(second, name)
        torch.testing.assert_close(
            losses[f'loss_{name}_tokens'], 0.01 * difference.square().mean()
        )
        assert losses[f'loss_{name}_tokens'] > 0
    assert 'acc_pose' in losses and 'acc_cycle_pose' not in losses


def test_a_second_pass_is_a_deeper_encoder():
    """With equal weights in its second half."""
    neck = toys.build(toys.neck())
    deep = toys.build(toys.neck(num_layers=4))
    state = neck.state_dict()
    for i in (0, 1):
        state.update({
            name.replace(f'layers.{i}.', f'layers.{i + 2}.'): value
            for name, value in neck.state_dict().items()
        })  # fmt: skip
    deep.load_state_dict(state)
    feats = torch.randn(2, 16, 16, 12)
    twice = neck.encode_again(neck(feats), feats)
    torch.testing.assert_close(tuple(twice), tuple(deep(feats)))


def test_the_second_pass_is_a_constant_for_the_tokens():
    model = toys.build(cycle())
    inputs, data = toys.batch(model)
    losses = model.loss(inputs, data)
    (grad,) = torch.autograd.grad(
        losses['loss_visual_tokens'], model.neck.layers[1].mlp[2].bias
    )
    feats = model.backbone(inputs)
    first = model.neck(feats)
    with torch.no_grad():
        second = normalized(model.neck.encode_again(first, feats), 'visual')
    own = normalized(first, 'visual')
    (expected,) = torch.autograd.grad(
        1e-2 * (own - second).square().mean(), model.neck.layers[1].mlp[2].bias
    )
    torch.testing.assert_close(grad, expected)


def test_tokens_do_not_grow_without_end():
    """As they do where the first pass imitates a second that adds to it."""
    model = toys.build(cycle(token_weight=1.0))
    inputs, data = toys.batch(model, size=8)
    optimizer = torch.optim.Adam(model.parameters(), lr=6e-3)
    sizes = []
    for _ in range(40):
        total, _ = model.parse_losses(model.loss(inputs, data))
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        sizes.append(model.neck(model.backbone(inputs)).visual.std().item())
    assert sizes[-1] < 10 * sizes[0]


def test_its_checkpoint_is_that_of_the_plain_student():
    model = toys.build(cycle())
    plain = toys.build(toys.student(head=dict(sigmas=False, scores=False)))
    plain.load_state_dict(copy.deepcopy(model.state_dict()), strict=True)
    inputs, data = toys.batch(model)
    for tester in (model.eval(), plain.eval()):
        tester.test_cfg = {}
    a, b = (m.predict(inputs, copy.deepcopy(data)) for m in (model, plain))
    assert (
        a[0].pred_instances.keypoints == b[0].pred_instances.keypoints
    ).all()


def test_it_needs_an_encoder():
    config = cycle()
    config['neck'] = dict(type='GlobalAveragePooling')
    with pytest.raises(TypeError, match='but has a GlobalAveragePooling'):
        toys.build(config)
