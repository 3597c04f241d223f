# MPII, 16 keypoints, under data/mpii/ as in MMPose.
_base_ = ['coco_256x192.py']

num_keypoints = 16
save_best = 'PCK'

codec = dict(input_size=(256, 256))
augmentation = [
    *_base_.augmentation[:-1],
    dict(type='TopdownAffine', **codec),
]
train_pipeline = [
    *augmentation,
    dict(type='GenerateTarget', encoder={**_base_.codec, **codec}),
    dict(type='PackPoseInputs'),
]
val_pipeline = [
    *_base_.val_pipeline[:-2],
    dict(type='TopdownAffine', **codec),
    _base_.val_pipeline[-1],
]

root = 'data/mpii/'
data = dict(
    type='MpiiDataset', data_root=root, data_prefix=dict(img='images/')
)
train_dataloader = dict(
    dataset=dict(
        **data,
        ann_file='annotations/mpii_train.json',
        pipeline=train_pipeline,
    )
)
val_dataloader = dict(
    dataset=dict(
        **data,
        ann_file='annotations/mpii_val.json',
        bbox_file=None,
        headbox_file=root + 'annotations/mpii_gt_val.mat',
        pipeline=val_pipeline,
    )
)
test_dataloader = val_dataloader

val_evaluator = dict(_delete_=True, type='MpiiPCKAccuracy')
test_evaluator = val_evaluator
