"""What is refused before training, and at the first batch."""

import pytest
import torch
from mmengine.config import Config
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from distilpose.distillation.before_training import check_untrained_outputs
from distilpose.keypoints import metainfo
from distilpose.keypoints.metainfo import keypoint_names
from distilpose.teachers.frozen import FrozenTeacher
from distilpose.teachers.mmpose_model import MMPoseSource
from distilpose.zoo import build as building
from distilpose.zoo.find import find_config

from .. import toys

AP10K = 'td-hm_hrnet-w32_8xb64-210e_ap10k-256x256'
COCO = 'td-hm_hrnet-w48_8xb32-210e_coco-256x192'
COCO_META = parse_pose_metainfo(
    dict(from_file='configs/_base_/datasets/coco.py')
)
COCO_NAMES = keypoint_names(COCO_META)


def distilled(**changes):
    changes.setdefault('teacher', toys.random_teacher())
    return toys.build(toys.student(**changes))


def codec_of(kind, **changes):
    config = toys.convolutional_teacher()
    config['head']['decoder'] = dict(
        type=kind,
        input_size=toys.INPUT_SIZE,
        heatmap_size=toys.HEATMAP_SIZE,
        **changes,
    )
    return config


class TestTeachersHeads:
    @pytest.mark.parametrize(
        'head',
        [
            dict(type='RegressionHead', in_channels=16, num_joints=toys.K),
            dict(type='RLEHead', in_channels=16, num_joints=toys.K),
            dict(type='InternetHead', keypoint_head_cfg=dict(
                in_channels=16, out_channels=64, depth_size=4,
                deconv_out_channels=[16], deconv_kernel_sizes=[4]),
                root_head_cfg=dict(in_channels=16, heatmap_size=4,
                    hidden_dims=[4]),
                hand_type_head_cfg=dict(in_channels=16, num_labels=2,
                    hidden_dims=[4])),
        ],
        ids=lambda head: head['type'],
    )  # fmt: skip
    def test_other_heads_are_named(self, head):
        config = toys.convolutional_teacher()
        config['head'] = head
        model = distilled(teacher=toys.random_teacher(config))
        with pytest.raises(
            TypeError, match=f'{head["type"]} cannot be the head of a teach'
        ):
            model.init_weights()

    def test_combined_udp_is_not_three_times_as_many_keypoints(self):
        config = codec_of(
            'UDPHeatmap', heatmap_type='combined', blur_kernel_size=3
        )
        config['head']['out_channels'] = 3 * toys.K
        model = distilled(
            teacher=toys.random_teacher(config),
            distillation=dict(maps=dict(type='SimulatedHeatmapLoss')),
            head=dict(scores=False),
        )
        model.init_weights()
        losses = model.loss(*toys.batch(model))
        assert 0 < losses['loss_maps'] < 1

    def test_heights_of_255_become_1(self):
        """Or the loss of Megvii's heatmaps is hundreds."""
        config = codec_of('MegviiHeatmap', kernel_size=3)
        torch.manual_seed(0)
        teacher = FrozenTeacher(**toys.random_teacher(config))
        inputs = torch.randn(1, 3, 64, 48)
        expected = teacher.source.model(inputs, None, mode='tensor') / 255
        output = teacher(inputs)
        torch.testing.assert_close(output.heatmaps, expected)
        assert output.frame.offset == (-0.5, -0.5)

    def test_heatmaps_of_another_size_than_the_codec_says(self):
        config = toys.convolutional_teacher()
        config['head']['decoder']['heatmap_size'] = (24, 32)
        model = distilled(teacher=toys.random_teacher(config))
        with pytest.raises(
            ValueError, match=r'\(12, 16\) \(w, h\), .* made for \(24, 32\)'
        ):
            model.init_weights()

    def test_missing_package_is_named(self, monkeypatch):
        find = building.importlib.util.find_spec
        monkeypatch.setattr(
            building.importlib.util,
            'find_spec',
            lambda name: None if name == 'mmpretrain' else find(name),
        )
        config = toys.convolutional_teacher()
        config['backbone'] = dict(type='mmpretrain.VisionTransformer')
        with pytest.raises(ValueError, match='mmpretrain, which is not inst'):
            FrozenTeacher(**toys.random_teacher(config)).prepare()

    def test_what_cannot_be_built_here_is_told_of_the_teacher(
        self, monkeypatch
    ):
        def build(config):
            raise ImportError('nms needs the compiled operators of `mmcv`')

        monkeypatch.setattr(building.MODELS, 'build', build)
        with pytest.raises(ValueError, match='The teacher .* here: nms needs'):
            FrozenTeacher(**toys.random_teacher()).prepare()


class TestKeypoints:
    def test_bare_names_are_found(self):
        teacher = FrozenTeacher(config=AP10K)
        assert teacher.source.metainfo['dataset_name'] == 'ap10k'

    def test_same_names_need_no_selection(self):
        teacher = FrozenTeacher(config=COCO, student_keypoints=COCO_NAMES)
        assert teacher.index is None

    def test_names_are_read_once_and_matched_anew_for_others(
        self, monkeypatch
    ):
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

    def test_as_many_keypoints_of_another_kind(self):
        """Of these 17, COCO has the nose alone."""
        teacher = FrozenTeacher(config=AP10K, student_keypoints=COCO_NAMES)
        with pytest.raises(ValueError) as error:
            teacher.index  # noqa: B018
        for part in ('17 keypoints (L_Eye', '17 keypoints (nose', ' 1 of th'):
            assert part in str(error.value)

    def test_nothing_is_said_of_unknown_names(self):
        teacher = FrozenTeacher(
            config=toys.teacher(), student_keypoints=COCO_NAMES
        )
        assert teacher.source.metainfo is None and teacher.index is None

    def test_converted_keypoints_are_unknown(self):
        config = Config.fromfile(find_config(AP10K, with_mmpose=True))
        config.train_dataloader.dataset.pipeline.insert(
            0, dict(type='KeypointConverter', num_keypoints=17, mapping=[])
        )
        assert FrozenTeacher(config=config).source.metainfo is None

    def test_first_batch_tells_by_mirror_images(self, monkeypatch):
        """Without any hook of ours in the config."""
        model = distilled()
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


class TestOutputsThatNothingTrains:
    def test_scores_without_their_term(self):
        terms = {**toys.TERMS, 'scores': None}
        with pytest.raises(ValueError, match=r'scores that nothing trains'):
            distilled(distillation=terms).init_weights()
        distilled(distillation=terms, head=dict(scores=False)).init_weights()

    def test_sigmas_without_their_term(self):
        terms = {**toys.TERMS, 'simulated_heatmaps': None}
        with pytest.raises(ValueError, match=r'model\.head\.sigmas=False'):
            distilled(distillation=terms).init_weights()

    def test_a_weight_of_0_trains_nothing(self):
        off = dict(type='KeypointScoreLoss', loss_weight=0)
        with pytest.raises(ValueError, match='scores that nothing trains'):
            distilled(
                distillation={**toys.TERMS, 'scores': off}
            ).init_weights()

    def test_without_terms(self):
        with pytest.raises(ValueError, match='scores that nothing trains'):
            distilled(distillation={}).init_weights()

    def test_a_term_that_takes_all_of_the_student(self):
        head = toys.build(toys.student()).head
        check_untrained_outputs(head, ['student', 'keypoint_weights'])

    def test_without_distillation(self):
        head = toys.build(toys.student()).head
        with pytest.raises(ValueError, match='scores that nothing trains'):
            check_untrained_outputs(head)
        off = toys.student(head=dict(scores=False, sigmas=False))
        check_untrained_outputs(toys.build(off).head)

    def test_other_heads_are_left_alone(self):
        check_untrained_outputs(toys.build(toys.teacher()).head)


@pytest.mark.parametrize('none', [{}, dict(scores=None)])
def test_terms_that_are_left_out_none_and_empty(none):
    config = toys.student(teacher=toys.random_teacher())
    config.pop('distillation')
    losses = toys.build(config).distillation
    assert [*losses] == [*toys.TERMS]
    off = dict(sigmas=False, scores=False)
    model = distilled(distillation=none, teacher=None, head=off)
    model.init_weights()
    assert set(model.loss(*toys.batch(model))) == {'loss_kpt', 'acc_pose'}


def test_flat_heatmaps_of_invisible_keypoints_are_no_warning(caplog):
    """Of visible ones, the peaks are 1."""
    from mmengine.logging import MMLogger

    model = distilled()
    bias = model.teacher.source.model.head.mlp[-1].bias
    model.teacher.source.model.head.mlp[-1].weight.data.zero_()
    bias.data.fill_(0.0)
    inputs, data = toys.batch(model)
    for sample in data:
        sample.gt_instance_labels.keypoint_weights.zero_()
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    try:
        model.loss(inputs, data)
    finally:
        logger.removeHandler(caplog.handler)
    assert 'peak' not in caplog.text


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
        distilled(distillation={name: term})


def test_terms_called_like_a_loss_of_the_head():
    model = distilled(distillation=dict(kpt=toys.TERMS['keypoint_tokens']))
    with pytest.raises(ValueError, match='called "loss_kpt"'):
        model.loss(*toys.batch(model))


def test_settings_that_are_gone():
    teacher = dict(**toys.random_teacher(), compile=True)
    with pytest.raises(TypeError, match='no setting compile. Its settings ar'):
        distilled(teacher=teacher)


def test_teacher_whose_config_has_no_training_data():
    """As MMEngine dumps configs of tests."""
    config = dict(model=toys.teacher(), train_dataloader=None)
    assert FrozenTeacher(config=config).source.metainfo is None
