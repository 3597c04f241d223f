# The student, taught by MoveNet alone: no label of Leeds is read.
_base_ = [
    '../../configs/body_2d_keypoint/distilpose/lsp_extended/'
    'distilpose-lite0_movenet_1xb64-3e_lsp-extended-128x96.py'
]

model = dict(
    distillation=dict(coordinates=dict(type='TeacherLabelLoss')),
    keypoint_weighting=dict(unlabelled=True, min_confidence=0.3),
)
train_dataloader = dict(
    dataset=dict(
        type='UnlabelledPeopleDataset',
        metainfo=dict(from_file='configs/_base_/datasets/crowdpose.py'),
    )
)
