"""A teacher answers for its student's keypoints, matched by name."""

import pytest
import torch
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.utils import register_all_modules

from distilpose.keypoints import metainfo
from distilpose.keypoints.metainfo import keypoint_names
from distilpose.teachers.frozen import FrozenTeacher
from distilpose.teachers.inputs import InputSpec

from .. import toys

register_all_modules()  # whose scope a teacher is built in

AP10K = 'td-hm_hrnet-w32_8xb64-210e_ap10k-256x256'
COCO = 'td-hm_hrnet-w48_8xb32-210e_coco-256x192'
COCO_META = parse_pose_metainfo(
    dict(from_file='configs/_base_/datasets/coco.py')
)
COCO_NAMES = keypoint_names(COCO_META)


def frozen(keypoints):
    """A toy that gives the student some of its own keypoints."""
    spec = InputSpec(toys.INPUT_SIZE, (127.5,) * 3, (127.5,) * 3)
    return FrozenTeacher(spec, keypoints=keypoints, **toys.random_teacher())


def test_a_teacher_answers_for_its_students_keypoints():
    teacher = frozen([3, None, 0])
    images = torch.randn(2, 3, 64, 48)
    output = teacher(images)
    own = teacher.source(images)
    assert output.known.tolist() == [1, 0, 1]
    heatmaps, tokens = output.heatmaps, output.tokens.keypoint
    torch.testing.assert_close(heatmaps[:, [0, 2]], own.heatmaps[:, [3, 0]])
    assert not heatmaps[:, 1].any() and tokens[:, 1].isnan().all()
    torch.testing.assert_close(tokens[:, 0], own.tokens.keypoint[:, 3])
    torch.testing.assert_close(output.tokens.visual, own.tokens.visual)


@pytest.mark.parametrize('teacher, student, text', [
    (None, None, "of its own and its student's keypoints are not known"),
    (['a'], None, "of its student's keypoints are not known"),
    (None, ['a'], 'of its own keypoints are not known'),
    (['a'], ['a'], None),
    (['a', 'b'], ['b', 'a'], None),
])  # fmt: skip
def test_a_match_by_index_is_no_secret(teacher, student, text, log):
    asked = frozen(None)
    asked.student_keypoints = student
    asked.source.metainfo = teacher and dict(
        keypoint_id2name=dict(enumerate(teacher))
    )
    asked.prepare()
    warned = [r.message for r in log.records if r.levelname == 'WARNING']
    assert len(warned) == bool(text)
    assert not text or text in warned[0]
    assert not text or 'model.teacher.keypoints' in warned[0]


def test_a_first_use_in_inference_mode():
    """Its tensors are kept for training, where gradients need them."""
    teacher = frozen([None, 4, 2])
    images = torch.zeros(1, 3, 64, 48)
    with torch.inference_mode():
        teacher(images)
    scores = torch.ones(1, 3, requires_grad=True)
    (scores * teacher(images).known).sum().backward()
    assert scores.grad.tolist() == [[0, 1, 1]]


def test_what_the_teacher_lacks_is_learned_from_labels_alone():
    teacher = dict(keypoints=[0, 1, None, 3, 4], **toys.random_teacher())
    model = toys.build(toys.student(teacher=teacher))
    inputs, data = toys.batch(model)
    for sample in data:
        sample.gt_instance_labels.keypoint_weights[:] = 0
        sample.gt_instance_labels.keypoint_weights[:, 2] = 1
    losses = model.loss(inputs, data)
    assert losses['loss_kpt'] > 0
    assert losses['loss_simulated_heatmaps'] == losses['loss_scores'] == 0
    assert losses['loss_keypoint_tokens'].isfinite()


def test_names_are_read_once_and_matched_anew_for_others(monkeypatch):
    """Each training step asks for them."""
    read = []

    def parse(raw):
        read.append(raw)
        return COCO_META

    monkeypatch.setattr(metainfo, 'parse_pose_metainfo', parse)
    teacher = FrozenTeacher(config=COCO, student_keypoints=COCO_NAMES)
    for names in (COCO_NAMES, COCO_NAMES[::-1], COCO_NAMES[:9]):
        teacher.student_keypoints = names
        found = teacher.index or range(17)
        assert [COCO_NAMES[i] for i in found] == names
    assert len(read) == 1


def test_as_many_keypoints_of_another_kind():
    """Of these 17, COCO has the nose alone."""
    teacher = FrozenTeacher(config=AP10K, student_keypoints=COCO_NAMES)
    with pytest.raises(ValueError) as error:
        teacher.index  # noqa: B018
    for part in ('17 keypoints (L_Eye', '17 keypoints (nose', ' 1 of th'):
        assert part in str(error.value)


CONVERTED = dict(type='CocoDataset', pipeline=[dict(type='KeypointConverter')])


@pytest.mark.parametrize('config', [
    toys.teacher(),
    dict(model=toys.teacher(), train_dataloader=None),  # as of a test
    dict(model=toys.teacher(), train_dataloader=dict(dataset=CONVERTED)),
])  # fmt: skip
def test_nothing_is_said_of_unknown_names(config):
    teacher = FrozenTeacher(config=config, student_keypoints=COCO_NAMES)
    assert teacher.source.metainfo is None and teacher.index is None
