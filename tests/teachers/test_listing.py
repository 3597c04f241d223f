"""What the zoo offers as teachers, and what training says of it."""

import re

import pytest
from mmpose.utils import register_all_modules

from distilpose.teachers import listing
from distilpose.teachers.frozen import FrozenTeacher
from distilpose.teachers.listing import ZooTeacher, list_teachers, table
from distilpose.zoo.published import published_data
from distilpose_cli import main


@pytest.fixture(autouse=True)
def mmpose_scope():
    register_all_modules()


def only(word):
    (teacher,) = list_teachers(word)
    return teacher


def test_teacher_with_weights():
    """Its parameters are those of 28.5 M that the HRNet paper gives."""
    name = 'td-hm_hrnet-w32_8xb64-210e_coco-384x288'
    assert only(name) == ZooTeacher(
        name, 'coco', 17, '384x288', 'HeatmapHead', 'MSRAHeatmap', 0.76,
        28_536_113, None, 'COCO',
    )  # fmt: skip


def test_data_that_a_metafile_names():
    assert published_data('rtmpose-t_8xb256-420e_body8-256x192') == (
        'AI Challenger, COCO, CrowdPose, MPII, sub-JHMDB, Halpe, PoseTrack18'
    )
    assert published_data('tokenpose-tiny_1xb32-15e_demo-96x64') == ''


def test_vitpose_is_one():
    pytest.importorskip('mmpretrain')
    name = 'td-hm_ViTPose-small_8xb64-210e_coco-256x192'
    assert only(name.upper()) == ZooTeacher(
        name, 'coco', 17, '256x192', 'HeatmapHead', 'UDPHeatmap', 0.739,
        24_290_193, None, 'COCO',
    )  # fmt: skip


def test_part_that_cannot_do_without_memory():
    """Its backbone reads the numbers that it makes."""
    assert only('swin-t-p4-w7_8xb32-210e_coco-256x192').parameters > 30e6


@pytest.mark.parametrize('name, why_not', [
    ('td-reg_res50_rle-8xb64-210e_coco-256x192', '^RLEHead cannot be'),
    ('rtmo-s_8xb32-600e_coco-640x640',
     '^The teacher must be a TopdownPoseEstimator, but describes a Bo'),
    ('dwpose_l-ll_coco-ubody-256x192', 'but describes a DWPoseDistiller'),
])  # fmt: skip
def test_reason_is_what_training_says(name, why_not):
    found = only(name)
    with pytest.raises((TypeError, ValueError)) as refused:
        FrozenTeacher(config=name, allow_random_weights=True).prepare()
    assert found.why_not == str(refused.value).replace(f' {name}', '')
    assert re.search(why_not, found.why_not)


def test_usable_ones_first_by_dataset_and_ap(monkeypatch):
    given = [
        ZooTeacher('unknown'),
        ZooTeacher('refused', 'a', why_not='no.'),
        ZooTeacher('low', 'coco', ap=0.7),
        ZooTeacher('high', 'coco', ap=0.8),
        ZooTeacher('other', 'AP-10K'),
    ]
    monkeypatch.setattr(
        listing, 'installed_configs',
        lambda with_mmpose: {teacher.name: teacher for teacher in given},
    )  # fmt: skip
    monkeypatch.setattr(listing, '_describe', lambda name, teacher: teacher)
    names = [teacher.name for teacher in list_teachers()]
    assert names == ['other', 'high', 'low', 'unknown', 'refused']


def test_each_reason_is_one_note():
    row = 'a', 'coco', 17, '256x192', 'H', 'C', 0.7, 1_500_000, None
    lines = table(
        [
            ZooTeacher(*row, 'MPII, COCO'),
            ZooTeacher('b', why_not='It is broken.'),
            ZooTeacher('c', why_not='It is old.'),
            ZooTeacher('d', why_not='It is broken.'),
        ]
    ).splitlines()
    expected = 'a coco 17 256x192 H C 0.700 1.5 M yes MPII, COCO'
    assert lines[2].split() == expected.split()
    ends = [line.split()[-2:] for line in lines[3:6]]
    assert ends == [['no', '(1)'], ['no', '(2)'], ['no', '(1)']]
    assert lines[6:] == ['(1) It is broken.', '(2) It is old.']


def test_command(capsys):
    with pytest.raises(SystemExit, match='"xyz" in its name'):
        main(['teachers', 'xyz'])
    main(['teachers', 'tokenpose-stem_8xb64'])
    printed = capsys.readouterr().out
    assert 'TokenPoseHead' in printed and 'no (1)' in printed
    assert '(1) No weights are published for it: give a checkp' in printed
