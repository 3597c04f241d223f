# RTMPose's head, taught by a head of heatmaps about all synthetic people, and
# by the labels of a part of them, in as many steps.
_base_ = ['student_rtmcc_some.py']

model = dict(
    type='DistilPoseEstimator',
    teacher=dict(config='{{ fileDirname }}/teacher_heatmap.py'),
    keypoint_weighting=dict(unlabelled=True),
)
train_dataloader = dict(dataset=dict(others=True, length=1500))
max_epochs = 10
train_cfg = dict(max_epochs=max_epochs)
param_scheduler = [
    _base_.param_scheduler[0],
    dict(_base_.param_scheduler[1], end=max_epochs),
]
