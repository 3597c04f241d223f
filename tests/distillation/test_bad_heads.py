"""Students that cannot learn from a teacher: one line, before training."""

import pytest

from .. import toys
from ..teachers import heads

SIMULATED = dict(maps=dict(type='SimulatedHeatmapLoss'))
TOKENS = dict(tokens=dict(type='TokenDistillationLoss', tokens='visual'))
LABELS = dict(labels=dict(type='TeacherLabelLoss'))
ROWS = dict(rows=dict(type='RowDistillationLoss'))
CELLS = dict(cells=dict(type='HeatmapDistillationLoss'))

CODEC = dict(
    type='AssociativeEmbedding',
    input_size=toys.INPUT_SIZE,
    heatmap_size=toys.HEATMAP_SIZE,
)
# Of bottom-up models, and of lifting to three dimensions.
BOTTOM_UP = dict(
    type='AssociativeEmbeddingHead',
    **dict(in_channels=16, num_keypoints=toys.K, deconv_out_channels=None),
)
LIFTING = dict(
    type='TemporalRegressionHead', in_channels=16, num_joints=toys.K
)


def head(kind, size=toys.INPUT_SIZE, **changes):
    return dict(heads.config(kind, toys.K, size), **changes)


def assert_refused(message, terms, teacher, **student):
    teacher = toys.random_teacher(toys.teacher(neck=None, head=teacher))
    model = toys.distilled(distillation=terms, teacher=teacher, **student)
    with pytest.raises((TypeError, ValueError), match=message) as error:
        model.init_weights()
    assert '\n' not in str(error.value)


@pytest.mark.parametrize('own, terms, message', [
    (head('rtmpose'), SIMULATED,
     'term "maps" needs student.sigmas, which the student does not'),
    (head('msra'), TOKENS, 'term "tokens" needs student.tokens'),
    (head('msra', decoder=CODEC), LABELS, 'AssociativeEmbedding is no codec'),
    (dict(BOTTOM_UP, decoder=head('msra')['decoder']), LABELS,
     'AssociativeEmbeddingHead'),
    (LIFTING, LABELS,
     'TemporalRegressionHead cannot be the head of a student'),
])  # fmt: skip
def test_refused_before_training(own, terms, message):
    assert_refused(message, terms, head('msra'), neck=None, head=own)


@pytest.mark.parametrize(
    'own, terms, other, size, message',
    [
        ('msra', ROWS, 'rtmpose', (48, 64),
         'fit model.distillation.rows: .* which the student does not give'),
        ('rtmpose', ROWS, 'msra', (48, 64), 'which the teacher does not give'),
        ('rtmpose', ROWS, 'udp_combined', (48, 64), 'rather than stored'),
        ('rtmpose', ROWS, 'rtmpose', (96, 128),
         'differ: 96 x 128, the input from .* against 192 x 256'),
        ('rtmpose', ROWS, 'rtmpose', (64, 64),  # black margins
         r'against 128 x 128, the input from \(16, 0\) to \(112, 128\)'),
        ('rtmpose', CELLS, 'msra', (48, 64), 'cells, which the student does'),
        ('udp_combined', CELLS, 'udp', (48, 64), 'which the student does not'),
        ('msra', CELLS, 'udp', (48, 64),
         r'cells of student and teacher differ: .* to \(12, 16\), against .* '
         r'to \(11.234, 15.2381\)'),
        ('msra', CELLS, 'rtmpose', (48, 64), 'differ: 12 x 16, .* 96 x 128'),
    ],
)  # fmt: skip
def test_of_another_kind_than_the_teacher(own, terms, other, size, message):
    teacher = head(other, size)
    assert_refused(message, terms, teacher, neck=None, head=head(own))


@pytest.mark.parametrize('terms', [ROWS, CELLS])
def test_of_a_head_that_gives_no_maps(terms):
    none = dict(sigmas=False, scores=False)
    message = 'student.maps, .* of rows .SimCC'
    assert_refused(message, terms, head('msra'), head=none)
