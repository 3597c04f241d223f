"""Every kind of head, converted in every way: docs/teachers.md's matrix.

The teacher's head is made to be right about keypoints of its own input; what
is checked is where the student learns to put them.
"""

import numpy as np
import pytest
import torch
from mmpose.utils import register_all_modules

from distilpose.teachers.frozen import FrozenTeacher
from distilpose.teachers.inputs import InputSpec

from . import heads
from .test_frozen import COCO_NAMES

STUDENT = InputSpec((192, 256), (127.5,) * 3, (127.5,) * 3)
IMAGENET = dict(
    mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True,
)  # fmt: skip
PLAIN = dict(mean=[127.5] * 3, std=[127.5] * 3)

# Those that differ in what has no part in a conversion are left out.
ALIKE = 'dark_stride_2', 'udp_stride_8', 'dsnt_debias', 'visibility_logits'
KINDS = sorted({*heads.KINDS} - {*ALIKE})
# By what a teacher differs from its student; one that does not differ is in
# test_heads.py.
CONVERSIONS = dict(
    square_normalization=dict(size=(256, 256), preprocessor=IMAGENET),
    larger_keypoints=dict(
        size=(288, 384), dataset='CrowdPoseDataset', keypoints=14, known=12
    ),
)


def teacher(name, size=STUDENT.size, preprocessor=PLAIN,
            dataset='CocoDataset', keypoints=17, **settings):  # fmt: skip
    register_all_modules()
    model = dict(
        type='TopdownPoseEstimator',
        data_preprocessor=dict(type='PoseDataPreprocessor', **preprocessor),
        backbone=dict(
            type='StemNet',
            stem_channels=4,
            out_channels=heads.CHANNELS,
            num_blocks=0,
        ),  # fmt: skip
        head=heads.config(name, keypoints, size),
    )
    loader = dict(dataset=dict(type=dataset, pipeline=[]))
    return FrozenTeacher(
        student=STUDENT,
        student_keypoints=COCO_NAMES,
        config=dict(model=model, train_dataloader=loader),
        allow_random_weights=True,
        **settings,
    )


def truth(name, size, count):
    """Keypoints (1, count, 2) that a codec hits, pixels of its input."""
    kind, rng = heads.KINDS[name], np.random.default_rng(3)
    # Where a square teacher sees its student's image, too.
    pixels = rng.uniform(0.2, 0.8, (1, count, 2)) * size
    if kind.finest:
        pixels = np.round(pixels / kind.finest) * kind.finest
    if kind.codec['type'] == 'MegviiHeatmap':
        pixels += kind.finest / 2  # it rounds down
    return pixels


@pytest.mark.parametrize('conversion', CONVERSIONS)
@pytest.mark.parametrize('name', KINDS)
def test_any_head_and_any_conversion(name, conversion):
    changes = dict(CONVERSIONS[conversion])
    known = changes.pop('known', 17)
    frozen = teacher(name, **changes)
    size = changes.get('size', STUDENT.size)
    pixels = truth(name, size, changes.get('keypoints', 17))
    head = frozen.source.model.head
    seen = []

    head.forward = lambda feats: heads.perfect(name, head, pixels)
    frozen.source.model.backbone.register_forward_pre_hook(
        lambda _, args: seen.append(args[0])
    )

    images = torch.rand(1, 3, 256, 192, dtype=torch.float64) * 255
    output = frozen(images / 127.5 - 1)

    assert tuple(seen[0].shape[:1:-1]) == size
    if 'normalization' in conversion:
        mean, std = (
            torch.tensor(IMAGENET[key]).view(3, 1, 1)
            for key in ('mean', 'std')
        )
        inner, expected = seen[0][..., 32:-32], (images.flip(1) - mean) / std
        torch.testing.assert_close(inner, expected, rtol=1e-6, atol=1e-6)
    ratio = min(size[0] / 192, size[1] / 256)
    margin = (np.array(size) - ratio * np.array(STUDENT.size)) / 2
    expected = np.zeros((1, 17, 2))
    index = [*(frozen.index or range(17))]
    taught = np.array([j is not None for j in index])
    places = [j for j in index if j is not None]
    expected[0, taught] = (pixels[0, places] - margin) / ratio
    assert taught.sum() == known
    if known < 17:
        assert torch.equal(output.known > 0, torch.from_numpy(taught))
    found, _ = heads.best_fit(output.maps, STUDENT.size, iterations=60)
    assert np.abs(found - expected)[:, taught].max() < 0.05
    peaks = output.maps.peaks()[:, taught]
    assert peaks.median() == pytest.approx(1, abs=0.07)
