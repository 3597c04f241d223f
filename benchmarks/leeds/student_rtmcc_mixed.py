# RTMPose's head, taught by MoveNet about all people, and by the labels of a
# part of them, who come once more instead of a third epoch.
_base_ = ['student_rtmcc_some.py']

model = dict(
    type='DistilPoseEstimator',
    teacher=dict(onnx='data/movenet-thunder.onnx', keypoints_of='coco'),
    keypoint_weighting=dict(unlabelled=True, min_confidence=0.3),
)
train_dataloader = dict(dataset=dict(others=True, length=13_440))
max_epochs = 2
train_cfg = dict(max_epochs=max_epochs)
param_scheduler = [
    _base_.param_scheduler[0],
    dict(_base_.param_scheduler[1], end=max_epochs),
]
