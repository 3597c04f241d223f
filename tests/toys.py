"""Two-layer students and teachers of 5 keypoints, for images of 48 x 64."""

import torch
from mmpose.registry import MODELS
from mmpose.testing import get_packed_inputs
from mmpose.utils import register_all_modules
from torch import Tensor, nn

from distilpose.losses.paper import PAPER_TERMS as TERMS

K = 5
INPUT_SIZE = (48, 64)  # (W, H)
HEATMAP_SIZE = (12, 16)

_PREPROCESSOR = dict(
    type='PoseDataPreprocessor', mean=[127.5] * 3, std=[127.5] * 3
)
_BACKBONE = dict(
    type='StemNet', stem_channels=8, out_channels=16, num_blocks=1
)


def _head(kind: str, **changes) -> dict:
    decoder = dict(type='RegressionLabel', input_size=INPUT_SIZE)
    config = dict(type=kind, in_channels=16, num_joints=K, decoder=decoder)
    return {**config, **changes}


def neck(**changes) -> dict:
    config = dict(
        type='TokenDistillingEncoder',
        in_channels=16,
        num_keypoints=K,
        patch_size=(4, 3),
        embed_dims=16,
        num_layers=2,
        num_heads=2,
    )
    return {**config, **changes}


def student(**changes) -> dict:
    """A plain student, or a distilled one with ``teacher`` given."""
    kind = 'Topdown'
    if 'teacher' in changes:
        kind = 'Distil'
        changes.setdefault('distillation', TERMS)
    head = {**changes.pop('head', {})}  # a test may change it
    if 'type' not in head:
        head = _head('DistilPoseHead', **head)
    config = dict(
        type=f'{kind}PoseEstimator',
        data_preprocessor=_PREPROCESSOR,
        backbone=_BACKBONE,
        neck=neck(),
        head=head,
        test_cfg=dict(flip_test=True),
    )
    return {**config, **changes}


def students() -> dict:
    """Each kind of student, by a name: what it changes of the first one."""
    pooled = dict(type='GlobalAveragePooling')
    maps = dict(in_featuremap_size=HEATMAP_SIZE, deconv_out_channels=None)
    # By weights, its gradient for a keypoint of weight 0 would be NaN.
    divergence = dict(
        type='MultipleLossWrapper',
        losses=[
            dict(type='SmoothL1Loss', use_target_weight=True),
            dict(type='JSDiscretLoss', use_target_weight=False),
        ],
    )
    timm = dict(type='TimmBackbone', model_name='mobilenetv4_conv_small_035')

    def of(kind: str, **changes) -> dict:
        return dict(neck=None, head=_head(kind, **changes))

    return dict(
        tokens=dict(),
        pooled=of('PooledDistilPoseHead'),
        timm=dict(of('PooledDistilPoseHead', in_channels=336), backbone=timm),
        regression=dict(of('RegressionHead'), neck=pooled),
        rle=dict(of('RLEHead'), neck=pooled),
        integral=of('IntegralRegressionHead', **maps),
        dsnt=of('DSNTHead', loss=divergence, **maps),
    )


def teacher(num_keypoints: int = K, **changes) -> dict:
    """A token-based heatmap teacher."""
    config = dict(
        type='TopdownPoseEstimator',
        data_preprocessor=_PREPROCESSOR,
        backbone=_BACKBONE,
        neck=neck(num_keypoints=num_keypoints),
        head=dict(
            type='TokenPoseHead',
            in_channels=16,
            out_channels=num_keypoints,
            heatmap_size=HEATMAP_SIZE,
            decoder=dict(
                type='MSRAHeatmap',
                input_size=INPUT_SIZE,
                heatmap_size=HEATMAP_SIZE,
                sigma=1,
            ),
        ),
    )
    return {**config, **changes}


def convolutional_teacher() -> dict:
    """A heatmap teacher of MMPose's own parts, without tokens."""
    config = teacher()
    config.pop('neck')
    config['head'] = dict(
        type='HeatmapHead',
        in_channels=16,
        out_channels=K,
        deconv_out_channels=None,
        decoder=config['head']['decoder'],
    )
    return config


def random_teacher(config: dict = None) -> dict:
    """The ``teacher`` argument of a student for a dry run."""
    return dict(config=config or teacher(), allow_random_weights=True)


def build(config: dict, seed: int = 0) -> nn.Module:
    """Build a model under MMPose's scope, with seeded weights."""
    register_all_modules()
    torch.manual_seed(seed)
    return MODELS.build(config)


def distilled(**changes) -> nn.Module:
    """Build a student with a teacher: of random weights, if none is given."""
    return build(student(**{'teacher': random_teacher(), **changes}))


def with_statistics(model: nn.Module) -> nn.Module:
    """Give each normalization layer statistics of its own, in place."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    return model


def batch(
    model: nn.Module, size: int = 2, seed: int = 0
) -> tuple[Tensor, list]:
    """Preprocessed inputs and data samples with labels."""
    data = get_packed_inputs(
        size,
        num_keypoints=K,
        img_shape=INPUT_SIZE[::-1],
        input_size=INPUT_SIZE,
        heatmap_size=HEATMAP_SIZE,
        with_simcc_label=False,
    )
    generator = torch.Generator().manual_seed(seed)
    data['inputs'] = [
        torch.randint(0, 256, x.shape, dtype=x.dtype, generator=generator)
        for x in data['inputs']
    ]
    data = model.data_preprocessor(data, training=True)
    return data['inputs'], data['data_samples']
