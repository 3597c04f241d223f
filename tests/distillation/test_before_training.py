"""What is refused before training, and at the first batch."""

import pytest

from distilpose.distillation.before_training import check_untrained_outputs
from distilpose.teachers.mmpose_model import MMPoseSource

from .. import toys


def test_first_batch_tells_by_mirror_images(monkeypatch):
    """Without any hook of ours in the config."""
    model = toys.distilled()
    inputs, data = toys.batch(model)
    for sample in data:
        sample.set_metainfo(
            dict(flip_indices=[0, 2, 1, 4, 3], dataset_name='people')
        )
    meta = dict(dataset_name='animals', flip_indices=[1, 0, 2, 4, 3])
    monkeypatch.setattr(MMPoseSource, 'metainfo', meta)
    with pytest.raises(ValueError, match=r'animals.*\[1, 0.*\[0, 2'):
        model.loss(inputs, data)
    meta['flip_indices'] = [0, 2, 1, 4, 3]
    model.loss(inputs, data)


SCORES = 'scores that nothing trains'


OFF = dict(sigmas=False, scores=False)


@pytest.mark.parametrize('term, changed, head, text', [
    ('scores', None, 'scores', SCORES),
    ('scores', dict(toys.TERMS['scores'], loss_weight=0), 'scores', SCORES),
    ('simulated_heatmaps', None, 'sigmas', r'model\.head\.sigmas=False'),
])  # fmt: skip
def test_outputs_that_no_term_trains(term, changed, head, text):
    terms = {**toys.TERMS, term: changed}
    with pytest.raises(ValueError, match=text):
        toys.distilled(distillation=terms).init_weights()
    if changed is None:
        model = toys.distilled(distillation=terms, head={head: False})
        model.init_weights()
        losses = model.loss(*toys.batch(model))
        left = {name for name in toys.TERMS if f'loss_{name}' in losses}
        assert left == toys.TERMS.keys() - {term}


def test_outputs_that_nothing_trains():
    """A head of MMPose's has none; a term may take all of the student."""
    head = toys.build(toys.student()).head
    check_untrained_outputs(head, ['student', 'keypoint_weights'])
    for terms in ((), ['student.coords']):
        with pytest.raises(ValueError, match=SCORES):
            check_untrained_outputs(head, terms)
    for config in (toys.student(head=OFF), toys.teacher()):
        check_untrained_outputs(toys.build(config).head)


@pytest.mark.parametrize('none', [{}, dict(scores=None)])
def test_terms_that_are_none_and_empty(none):
    model = toys.distilled(distillation=none, teacher=None, head=OFF)
    model.init_weights()
    assert set(model.loss(*toys.batch(model))) == {'loss_kpt', 'acc_pose'}


@pytest.mark.parametrize(
    'name, term, message',
    [
        ('token_loss', toys.TERMS['scores'], 'without "loss" in it'),
        ('a/b', toys.TERMS['scores'], 'cannot be called "a/b"'),
        ('keys', toys.TERMS['scores'], 'cannot be called "keys"'),
        ('mine', 'KeypointScoreLoss', r"distillation\.mine is 'KeypointScor"),
        ('mine', False, r'distillation\.mine is False, expected a dict'),
    ],
)
def test_terms_that_cannot_be_built(name, term, message):
    with pytest.raises((TypeError, ValueError), match=message):
        toys.distilled(distillation={name: term})


def test_terms_called_like_a_loss_of_the_head():
    kpt = toys.TERMS['keypoint_tokens']
    model = toys.distilled(distillation=dict(kpt=kpt))
    with pytest.raises(ValueError, match='called "loss_kpt"'):
        model.loss(*toys.batch(model))
