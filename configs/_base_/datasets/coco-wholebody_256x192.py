# COCO-WholeBody: 133 keypoints of body, feet, face and hands, on the photos of
# COCO, under data/coco/ as in MMPose.
_base_ = ['coco_256x192.py']

num_keypoints = 133
save_best = 'coco-wholebody/AP'

val_file = 'annotations/coco_wholebody_val_v1.0.json'
train_dataloader = dict(
    dataset=dict(
        type='CocoWholeBodyDataset',
        ann_file='annotations/coco_wholebody_train_v1.0.json',
    )
)
val_dataloader = dict(
    dataset=dict(type='CocoWholeBodyDataset', ann_file=val_file)
)
test_dataloader = val_dataloader

val_evaluator = dict(
    type='CocoWholeBodyMetric', ann_file=_base_.data_root + val_file
)
test_evaluator = val_evaluator
