import copy
import pickle

import pytest
import torch
from torch.nn.functional import mse_loss

from distilpose import (
    KeypointPrediction,
    KeypointScoreLoss,
    SimulatedHeatmapLoss,
    Tokens,
)

from .. import toys

NO_CONFIG = dict(config='nowhere/teacher.py', checkpoint='x.pth')


@pytest.fixture
def checkpoint(tmp_path):
    """A trained teacher's file, for all that matters here."""
    file = tmp_path / 'teacher.pth'
    model = toys.build(toys.teacher(), seed=7)
    torch.save(dict(state_dict=model.state_dict(), meta={}), file)
    return file


def test_each_term_compares_what_it_says():
    model = toys.distilled().eval()
    inputs, data = toys.batch(model)
    data[0].gt_instance_labels.keypoint_weights[0, 1] = 0
    losses = model.loss(inputs, data)
    feats = model.extract_feat(inputs)
    own = model.head(feats)
    teacher = model.teacher(inputs)
    weights = torch.ones(2, toys.K)
    weights[0, 1] = 0
    given = teacher.heatmaps, weights
    visual, keypoint = map(mse_loss, feats, teacher.tokens)
    simulated = SimulatedHeatmapLoss()(own.coords, own.sigmas, *given)
    scores = KeypointScoreLoss(1.0)(own.scores, own.coords, *given)
    by_hand = dict(
        visual_tokens=(5e-4, visual),
        keypoint_tokens=(5e-4, keypoint),
        simulated_heatmaps=(1.0, simulated),
        scores=(1e-2, scores),
    )
    terms = {k.removeprefix('loss_') for k in losses if 'loss_' in k}
    assert terms == {'kpt', *by_hand}
    for term, (weight, value) in by_hand.items():
        torch.testing.assert_close(losses[f'loss_{term}'], weight * value)
        assert losses[f'{term}/weight'].item() == pytest.approx(weight)
        torch.testing.assert_close(
            losses[f'{term}/unweighted'], value.detach()
        )


class TestTeacherIsNoPartOfTheStudent:
    @pytest.fixture
    def model(self):
        """Of which the teacher is loaded."""
        model = toys.distilled()
        model.loss(*toys.batch(model))
        return model

    def test_state_and_parameters(self, model):
        plain = toys.build(toys.student())
        plain.load_state_dict(model.state_dict(), strict=True)
        other = pickle.loads(pickle.dumps(model))
        assert model.teacher.source._model and not other.teacher.source._model
        for copied in (plain, other):
            assert set(model.state_dict()) == set(copied.state_dict())
        teacher = set(model.teacher.source.model.parameters())
        assert not teacher & set(model.parameters())
        assert model.teacher.source.model not in set(model.modules())

    def test_stays_in_eval_mode_and_frozen(self, model):
        before = copy.deepcopy(model.teacher.source.model.state_dict())
        model.train()
        for _ in range(2):
            model.loss(*toys.batch(model))
        teacher = model.teacher.source.model
        assert not any(module.training for module in teacher.modules())
        after = teacher.state_dict()
        assert all(torch.equal(before[k], after[k]) for k in before)

    def test_follows_the_device_of_its_input(self, model):
        output = model.teacher(torch.zeros(1, 3, 64, 48, device='meta'))
        assert output.heatmaps.is_meta
        assert all(p.is_meta for p in model.teacher.source.model.parameters())


@pytest.mark.parametrize('teacher', [None, {}, NO_CONFIG])
def test_predicts_without_the_teachers_files(teacher):
    model = toys.distilled(teacher=teacher).eval()
    image = torch.zeros(1, 3, 64, 48)
    prediction = model(image, None, mode='tensor')
    assert isinstance(prediction, KeypointPrediction)
    assert isinstance(model.extract_feat(image), Tokens)


def with_decoder(**changes):
    config = toys.teacher()
    decoder = dict(config['head']['decoder'], **changes)
    config['head']['decoder'] = decoder if changes else None
    return toys.random_teacher(config)


CONVOLUTIONAL = toys.random_teacher(toys.convolutional_teacher())
NO_FILE = dict(config=toys.teacher(), checkpoint='nowhere/teacher.pth')
RES50 = (
    'mmpose::body_2d_keypoint/topdown_heatmap/coco/'
    'td-hm_res50_8xb64-210e_coco-256x192.py'
)


@pytest.mark.parametrize('changes, error, match', [
    (dict(teacher=None), ValueError, 'has no teacher'),
    (dict(teacher=dict(config=toys.teacher())), ValueError,
     r'no checkpoint.*model\.teacher\.checkpoint'),
    (dict(teacher=NO_FILE), FileNotFoundError,
     '"nowhere/teacher.pth" does not exist .* Train the teacher'),
    (dict(teacher=NO_CONFIG), FileNotFoundError,
     'config "nowhere/teacher.py" does not exist'),
    (dict(teacher=toys.random_teacher(RES50)), ValueError,
     'the student has 5, the teacher mm.* 17'),
    (dict(teacher='td-hm_x'), FileNotFoundError, '"td-hm_x" does not exi'),
    (dict(teacher=toys.random_teacher(toys.teacher(num_keypoints=7))),
     ValueError, 'number of keypoints: the student has 5, the teacher .* 7'),
    (dict(teacher=toys.random_teacher(
        toys.teacher(neck=toys.neck(patch_size=(2, 3))))), ValueError,
     r'n.visual_tokens: .* \(1, 32, 16\), expected \(1, 16, 16\)'),
    # The same encoder, for larger images.
    (dict(teacher=with_decoder(input_size=(96, 128))), ValueError,
     r'n.visual_tokens: .* shape \(1, 64, 16\), expected \(1, 16'),
    (dict(teacher=with_decoder()), ValueError,
     'head of the teacher has no decoder'),
    (dict(head=dict(decoder=None)), ValueError,
     'head of the student has no decoder'),
    (dict(teacher=CONVOLUTIONAL), ValueError,
     r'"visual_tokens" needs teacher.tokens.visual, which the teacher '
     'does not give: that takes a TokenDistillingEncoder'),
    (dict(teacher=toys.random_teacher(toys.student())), TypeError,
     'DistilPoseHead cannot be the head of a teacher'),
    (dict(head=dict(sigmas=False)), ValueError,
     r'"simulated_heatmaps" needs student.sigmas, which the student does not '
     r'give: that takes a DistilPoseHead with sigmas=True'),
    (dict(head=dict(scores=False)), ValueError,
     r'"scores" needs student.scores, which the student does not '
     r'give: that takes a DistilPoseHead with scores=True'),
    (dict(head=dict(num_joints=4)), ValueError,
     'DistilPoseHead: built for 4 keypoint tokens'),
])  # fmt: skip
def test_bad_teachers_are_found_before_training(changes, error, match):
    """By ``init_weights``, which the runner calls at its start."""
    model = toys.distilled(**changes)
    with pytest.raises(error, match=match):
        model.init_weights()


@pytest.mark.parametrize('name, given, message', [
    *((name, 3, rf'model\.{name} is 3, expected a dict, such as dict\(')
      for name in ('teacher', 'distillation', 'keypoint_weighting')),
    ('teacher', dict(config='a.py', weights='b.pth'),
     'has no setting weights. .* checkpoint'),
    ('keypoint_weighting', dict(confident=1), 'has no setting confident'),
])  # fmt: skip
def test_settings_that_cannot_be(name, given, message):
    with pytest.raises(TypeError, match=message):
        toys.distilled(**{name: given})


ANOTHER = r'of another architecture .*'


@pytest.mark.parametrize('content, config, match', [
    ('torn', {}, r'checkpoint ".*teacher\.pth" cannot be read'),
    ([1, 2], {}, 'holds no state dict'),
    (None, toys.convolutional_teacher(),
     ANOTHER + r'Missing key.*head\.final_layer'),
    (None, toys.teacher(neck=toys.neck(num_layers=3)),
     ANOTHER + r'neck\.layers\.2'),
])  # fmt: skip
def test_bad_checkpoints(checkpoint, content, config, match):
    if content == 'torn':
        checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    elif content:
        torch.save(content, checkpoint)
    teacher = dict(config=config or toys.teacher(), checkpoint=str(checkpoint))
    with pytest.raises(ValueError, match=match):
        toys.distilled(teacher=teacher).init_weights()


def test_teacher_from_files(tmp_path):
    """Its norms are in its convolutions, its outputs what they were."""
    config, checkpoint = tmp_path / 'teacher.py', tmp_path / 'teacher.pth'
    config.write_text(f'model = {toys.teacher()!r}')
    own = toys.with_statistics(toys.build(toys.teacher(), seed=7)).eval()
    torch.save(own.state_dict(), checkpoint)
    files = dict(config=str(config), checkpoint=str(checkpoint))
    model = toys.distilled(teacher=files)
    model.init_weights()
    inputs, _ = toys.batch(model)
    torch.testing.assert_close(
        model.teacher(inputs).heatmaps, own(inputs, None, mode='tensor')
    )
    teacher = model.teacher.source.model
    assert 'BatchNorm2d(' not in str(teacher)
    assert not any(p.requires_grad for p in teacher.parameters())


def test_images_of_one_channel():
    colours = dict(type='PoseDataPreprocessor', mean=[127.5], std=[127.5])
    gray = dict(
        backbone=dict(toys.student()['backbone'], in_channels=1),
        data_preprocessor=colours,
    )
    teacher = toys.random_teacher(toys.teacher(**gray))
    toys.distilled(teacher=teacher, **gray).init_weights()


def test_teacher_in_half_precision():
    """On request; its outputs come back in the student's type."""
    teacher = toys.random_teacher()
    full = toys.distilled(teacher=teacher)
    half = toys.distilled(teacher=dict(**teacher, dtype='bfloat16'))
    inputs, _ = toys.batch(full)
    outputs = []
    for model in (full, half):
        torch.manual_seed(0)  # of the teacher, which is built now
        outputs.append(model.teacher(inputs))
    expected, found = outputs
    assert half.teacher.source.model.head.mlp[1].weight.dtype == torch.bfloat16
    assert found.heatmaps.dtype == found.tokens.visual.dtype == torch.float32
    torch.testing.assert_close(
        found.heatmaps, expected.heatmaps, rtol=0.05, atol=0.05
    )
    with pytest.raises(ValueError, match='"half", expected one of'):
        toys.distilled(teacher=dict(**teacher, dtype='half'))


@pytest.mark.parametrize('dtype', [None, 'float32'])
def test_teacher_of_a_type_of_its_own_is_left_alone_by_amp(dtype):
    model = toys.distilled(teacher=dict(**toys.random_teacher(), dtype=dtype))
    inputs, _ = toys.batch(model)
    expected = model.teacher(inputs).heatmaps
    with torch.autocast('cpu', torch.bfloat16):
        heatmaps = model.teacher(inputs).heatmaps
    assert torch.equal(heatmaps, expected) == (dtype == 'float32')
    # Half-precision inputs do not round its weights.
    assert model.teacher(inputs.half()).heatmaps.dtype == torch.float16
    assert torch.equal(model.teacher(inputs).heatmaps, expected)


def test_teacher_outputs_serve_any_loss():
    """What inference mode gives cannot be kept for gradients."""
    model = toys.distilled()
    output = model.teacher(toys.batch(model)[0])
    for tensor in (output.heatmaps, *output.tokens):
        parameter = torch.ones_like(tensor).requires_grad_()
        (parameter * tensor).sum().backward()
        assert torch.equal(parameter.grad, tensor)


@pytest.mark.parametrize('training', [True, False])
def test_checking_the_teacher_leaves_the_mode(training, monkeypatch):
    """Even where the head fails."""
    model = toys.distilled().train(training)
    model.init_weights()
    assert {module.training for module in model.modules()} == {training}
    monkeypatch.setattr(model.head, 'forward', lambda feats: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        model.outputs(torch.zeros(1, 3, 64, 48))
    assert {module.training for module in model.modules()} == {training}
