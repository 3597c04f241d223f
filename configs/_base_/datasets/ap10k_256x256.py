# AP-10K, 17 keypoints of animals, under data/ap10k/ as in MMPose.
_base_ = ['coco_256x192.py']

num_keypoints = 17
save_best = 'coco/AP'

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

root = 'data/ap10k/'
data = dict(
    type='AP10KDataset',
    data_root=root,
    data_prefix=dict(img='data/'),
)
train_dataloader = dict(
    dataset=dict(
        **data,
        ann_file='annotations/ap10k-train-split1.json',
        pipeline=train_pipeline,
    )
)
val_dataloader = dict(
    dataset=dict(
        **data,
        ann_file='annotations/ap10k-val-split1.json',
        bbox_file=None,
        pipeline=val_pipeline,
    )
)
test_file = 'annotations/ap10k-test-split1.json'
test_dataloader = dict(
    dataset=dict(
        **data, ann_file=test_file, bbox_file=None, pipeline=val_pipeline
    )
)

val_evaluator = dict(ann_file=root + 'annotations/ap10k-val-split1.json')
test_evaluator = dict(ann_file=root + test_file)
