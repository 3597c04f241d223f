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


@pytest.mark.parametrize('value', [-0.1, 1, 30])
def test_min_confidence(value):
    terms = dict(labels=dict(type='TeacherLabelLoss', min_confidence=value))
    with pytest.raises(ValueError, match=f'min_confidence is {value}'):
        toys.build(
            toys.student(teacher=toys.random_teacher(), distillation=terms)
        )
