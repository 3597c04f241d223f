# The model that came with version 0.2 as distilpose-lsp: the small student,
# which starts from its teacher's backbone and imitates its heatmaps.
_base_ = [
    'mmpose::_base_/default_runtime.py',
    '../../../_base_/runtime.py',
    '../../../_base_/models/distilpose-s.py',
    '../../../_base_/models/lite0.py',
    '../../../_base_/datasets/lsp_extended_128x96.py',
    '../../../_base_/schedules/adamw_12e.py',
]

teacher = 'td-hm_lite0_1xb64-12e_lsp-extended-128x96'
checkpoint = f'work_dirs/{teacher}/epoch_12.pth'
model = dict(
    type='DistilPoseEstimator',
    data_preprocessor=_base_.data_preprocessor,
    backbone=dict(
        _base_.backbone,
        init_cfg=dict(
            type='Pretrained', checkpoint=checkpoint, prefix='backbone.'
        ),
    ),
    neck=dict(**_base_.neck, num_keypoints=_base_.num_keypoints),
    head=dict(
        **_base_.head,
        num_joints=_base_.num_keypoints,
        decoder=_base_.codec,
    ),
    teacher=dict(
        config='{{ fileDirname }}/' + f'{teacher}.py',
        checkpoint=checkpoint,
    ),
    distillation=dict(
        simulated_heatmaps=dict(type='SimulatedHeatmapLoss', loss_weight=10),
        scores=_base_.distillation['scores'],
    ),
)

train_cfg = dict(max_epochs=_base_.max_epochs, val_interval=1)
default_hooks = _base_.hooks
custom_hooks = [*_base_.own_hooks, dict(type='ChannelsLastHook')]
