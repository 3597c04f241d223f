# CrowdPose, 14 keypoints, under data/crowdpose/ as in MMPose.
_base_ = ['coco_256x192.py']

num_keypoints = 14
save_best = 'crowdpose/AP'

root = 'data/crowdpose/'
data = dict(
    type='CrowdPoseDataset', data_root=root, data_prefix=dict(img='images/')
)
test_file = 'annotations/mmpose_crowdpose_test.json'
train_dataloader = dict(
    dataset=dict(**data, ann_file='annotations/mmpose_crowdpose_trainval.json')
)
val_dataloader = dict(
    dataset=dict(
        **data,
        ann_file=test_file,
        bbox_file=root + 'annotations/det_for_crowd_test_0.1_0.5.json',
    )
)
test_dataloader = val_dataloader

# The annotations have no areas.
val_evaluator = dict(
    ann_file=root + test_file,
    use_area=False,
    iou_type='keypoints_crowd',
    prefix='crowdpose',
)
test_evaluator = val_evaluator
