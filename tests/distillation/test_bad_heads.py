"""Students that cannot learn from a teacher: one line, before training."""

import pytest
from mmpose.codecs.base import BaseKeypointCodec
from mmpose.registry import KEYPOINT_CODECS

from .. import toys
from ..teachers import heads


@KEYPOINT_CODECS.register_module(force=True)
class UnknownCodec(BaseKeypointCodec):
    """Has what a codec has, but no known labels."""

    auxiliary_encode_keys = set()

    def __init__(self, input_size, **kwargs):
        super().__init__()
        self.input_size = input_size

    def encode(self, keypoints, keypoints_visible=None):
        raise NotImplementedError

    def decode(self, encoded):
        raise NotImplementedError


SIMULATED = dict(maps=dict(type='SimulatedHeatmapLoss'))
TOKENS = dict(tokens=dict(type='TokenDistillationLoss', tokens='visual'))
LABELS = dict(labels=dict(type='TeacherLabelLoss'))
ROWS = dict(rows=dict(type='RowDistillationLoss'))
CELLS = dict(cells=dict(type='HeatmapDistillationLoss'))


def head(kind, **changes):
    return dict(heads.config(kind, toys.K, toys.INPUT_SIZE), **changes)


@pytest.mark.parametrize(
    'head, terms, message',
    [
        (
            head('rtmpose'),
            SIMULATED,
            'term "maps" needs student.sigmas, which the student does not',
        ),
        (head('msra'), TOKENS, 'term "tokens" needs student.tokens'),
        (
            head('msra', decoder=dict(
                type='UnknownCodec', input_size=toys.INPUT_SIZE)),
            LABELS,
            'UnknownCodec',
        ),
        (
            dict(type='AssociativeEmbeddingHead', in_channels=16,
                 num_keypoints=toys.K, deconv_out_channels=None,
                 decoder=head('msra')['decoder']),
            LABELS,
            'AssociativeEmbeddingHead',  # of bottom-up models
        ),
        (
            dict(type='TemporalRegressionHead', in_channels=16,
                 num_joints=toys.K),
            LABELS,
            'TemporalRegressionHead cannot be the head of a student',
        ),
    ],
)  # fmt: skip
def test_refused_before_training(head, terms, message):
    model = toys.build(
        toys.student(
            **dict(neck=None, head=head, distillation=terms),
            teacher=toys.random_teacher(toys.convolutional_teacher()),
        )
    )
    with pytest.raises((TypeError, ValueError), match=message) as error:
        model.init_weights()
    assert '\n' not in str(error.value)


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
    teacher = toys.teacher(neck=None, head=heads.config(other, toys.K, size))
    model = toys.build(
        toys.student(
            **dict(neck=None, head=head(own), distillation=terms),
            teacher=toys.random_teacher(teacher),
        )
    )
    with pytest.raises(ValueError, match=message) as error:
        model.init_weights()
    assert '\n' not in str(error.value)


@pytest.mark.parametrize('terms', [ROWS, CELLS])
def test_of_a_head_that_gives_no_maps(terms):
    model = toys.build(
        toys.student(teacher=toys.random_teacher(), distillation=terms,
                     head=dict(sigmas=False, scores=False))
    )  # fmt: skip
    with pytest.raises(ValueError, match='student.maps, .* of rows .SimCC'):
        model.init_weights()
