# RTMPose's head, taught by MoveNet alone: no label of Leeds is read.
_base_ = ['student_rtmcc.py']

model = dict(
    type='DistilPoseEstimator',
    teacher=dict(onnx='data/movenet-thunder.onnx', keypoints_of='coco'),
    keypoint_weighting=dict(unlabelled=True, min_confidence=0.3),
)
train_dataloader = dict(
    drop_last=True,
    dataset=dict(
        type='UnlabelledPeopleDataset',
        metainfo=dict(from_file='configs/_base_/datasets/crowdpose.py'),
    ),
)
