# Halpe: body, head and feet, the first 26 of its 136 keypoints, under
# data/halpe/ and, for the photos to test on, data/coco/.
_base_ = ['coco_256x192.py']

num_keypoints = 26
save_best = 'coco/AP'

first = dict(
    num_keypoints=num_keypoints, mapping=[(i, i) for i in range(num_keypoints)]
)
data = dict(
    type='HalpeDataset',
    data_root='data/',
    metainfo=dict(from_file='configs/_base_/datasets/halpe26.py'),
)
train_dataloader = dict(
    dataset=dict(
        **data,
        ann_file='halpe/annotations/halpe_train_v1.json',
        data_prefix=dict(img='halpe/hico_20160224_det/images/train2015/'),
        pipeline=[
            dict(type='KeypointConverter', **first),
            *_base_.train_pipeline,
        ],
    )
)
val_file = 'halpe/annotations/halpe_val_v1.json'
val_dataloader = dict(
    dataset=dict(
        **data,
        ann_file=val_file,
        bbox_file=None,
        data_prefix=dict(img='coco/val2017/'),
        pipeline=[
            dict(type='KeypointConverter', **first),
            *_base_.val_pipeline,
        ],
    )
)
test_dataloader = val_dataloader

val_evaluator = dict(
    ann_file='data/' + val_file,
    gt_converter=dict(type='KeypointConverter', **first),
)
test_evaluator = val_evaluator
