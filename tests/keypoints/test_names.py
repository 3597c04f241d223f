"""What the names of keypoints tell."""

from pathlib import Path

import mmpose
import pytest
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from distilpose.keypoints.names import (
    guess_skeleton,
    is_lower,
    mirror_pairs,
    sigma,
)


@pytest.mark.parametrize('left, right', [
    ('left_eye', 'right_eye'), ('Left Eye', 'Right Eye'), ('LEye', 'REye'),
    ('L_F_Paw', 'R_F_Paw'), ('FL_paw', 'FR_paw'), ('lhpaw', 'rhpaw'),
    ('eye-l', 'eye-r'), ('earL', 'earR'), ('leftear', 'rightear'),
    ('lear', 'rear'), ('wingl', 'wingr'), ('lt.wrist', 'rt.wrist'),
    ('LW', 'RW'), ('toe_left_2', 'toe_right_2'), ('left', 'right'),
    ('linkes Knie', 'rechtes Knie'), ('occhio_sx', 'occhio_dx'),
    ('oreille_gauche', 'oreille_droite'), ('左眼', '右眼'),
    ('ojo izquierdo', 'ojo derecho'),
])  # fmt: skip
def test_mirror_pairs(left, right):
    names = ['nose', right, 'tail_base', left, 'tail_tip']
    assert mirror_pairs(names) == ([(3, 1)], [])


@pytest.mark.parametrize('others, unsure', [
    (['spine1', 'spine2', 'mid_eye', 'eye', 'upper_lip'], 0),
    (['neck', 'tail base', 'skull base', 'dorsal_fin', 'anal_fin'], 0),
    (['left_ear'], 1),
    (['lower_arm'], 1),
    (['forepaw', 'hindpaw'], 2),
    (['bras_g', 'bras_d'], 2),
    (['sol_el', 'sag_el'], 2),
    (['sensorA', 'sensorB'], 2),
    (['gill', 'gill_2'], 2),
    (['face-0', 'face-1', 'face-2'], 3),
    (['paw_ll', 'paw_lr', 'paw_rl', 'paw_rr'], 4),
    (['right_eye'], 3),  # twice: which one is it?
    (['rght_hand'], 1),
])  # fmt: skip
def test_all_or_nothing(others, unsure):
    """With any name that may have a side and no partner, nothing is paired."""
    pairs, left = mirror_pairs(['nose', 'left_eye', 'right_eye', *others])
    assert len(left) == unsure
    assert pairs == ([] if unsure else [(1, 2)])


def test_names_that_are_of_no_side():
    names = ['nose', 'leg1', 'lower_lip', 'rear', 'rib', 'l', 'll', 'bright']
    assert mirror_pairs(names) == ([], [])
    assert mirror_pairs(['left_ear', 'tail']) == ([], ['left_ear'])


def test_datasets_of_mmpose():
    """The pairs of its 55 files, or none: never a part of them."""
    found = 0
    folder = Path(mmpose.__file__).parent / '.mim/configs/_base_/datasets'
    for file in folder.glob('*.py'):
        info = parse_pose_metainfo(dict(from_file=str(file)))
        known = {(i, j) for i, j in enumerate(info['flip_indices']) if i != j}
        pairs, _ = mirror_pairs([*info['keypoint_id2name'].values()])
        both = {pair for i, j in pairs for pair in ((i, j), (j, i))}
        assert both in (known, set()), file.stem
        found += both == known != set()
    assert found >= 33


def test_skeleton_of_a_body():
    names = ['left_hip', 'right_hip', 'left_knee', 'right_knee', 'neck']
    links = {frozenset(link) for link in guess_skeleton(names)}
    assert links == {frozenset(x) for x in ((0, 2), (1, 3), (0, 1))}
    links = guess_skeleton(['spine1', 'tail', 'spine2', 'spine3'])
    assert links == [(0, 2), (2, 3)]


@pytest.mark.parametrize('name, expected, lower', [
    ('L_Shoulder', 0.079, False), ('antenna', 0.05, False),
    ('right knee', 0.087, True), ('shipping', 0.05, False),
])  # fmt: skip
def test_sizes_and_halves(name, expected, lower):
    assert (sigma(name), is_lower(name)) == (expected, lower)
