# The model that comes with this package as distilpose-body17: COCO's 17
# keypoints without any label of people. MoveNet Thunder labels the photos of
# Leeds Sports Pose Extended, once: benchmarks/leeds/model.sh. The base is the
# larger network that learns Leeds' labels.
_base_ = ['td-hm_lite0_1xb64-12e_lsp-extended-128x96.py']

training_data = 'Leeds Sports Pose Extended, labels of MoveNet Thunder'
num_keypoints = 17
codec = dict(
    _base_.heatmap_codec, input_size=(144, 192), heatmap_size=(36, 48)
)
model = dict(
    backbone=dict(out_indices=(3,)),
    head=dict(
        in_channels=112,
        out_channels=num_keypoints,
        deconv_out_channels=(64, 64),
        deconv_kernel_sizes=(4, 4),
        decoder=codec,
    ),
)

crop = dict(type='TopdownAffine', input_size=codec['input_size'])
load, box, flip, change, _, colours = _base_.augmentation
data = dict(
    type='CocoDataset', ann_file='labels.json', data_prefix=dict(img='images/')
)
train_dataloader = dict(
    drop_last=True,
    dataset=dict(
        **data,
        data_root='work_dirs/leeds-labels/train/',
        # Half bodies, as COCO's photos have many people who are cut.
        pipeline=[
            *(load, box, flip, dict(type='RandomHalfBody'), change, crop),
            colours,
            dict(type='GenerateTarget', encoder=codec),
            dict(type='PackPoseInputs'),
        ],
    ),
)
# How near the student comes to its teacher on photos that it has not seen.
val_dataloader = dict(
    dataset=dict(
        **data,
        data_root='work_dirs/leeds-labels/val/',
        pipeline=[load, box, crop, dict(type='PackPoseInputs')],
    )
)
test_dataloader = val_dataloader
val_evaluator = test_evaluator = _base_.val_evaluator[1:]
train_cfg = dict(val_interval=3)
