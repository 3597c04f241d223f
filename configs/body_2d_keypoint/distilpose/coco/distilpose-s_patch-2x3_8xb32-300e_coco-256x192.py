# Patches of 2 x 3, 512 visual tokens instead of 256, for student and teacher.
_base_ = ['distilpose-s_8xb32-300e_coco-256x192.py']

model = dict(
    neck=dict(patch_size=(2, 3)),
    teacher=dict(
        config='{{ fileDirname }}/../../tokenpose/coco/'
        'tokenpose-l_patch-2x3_8xb64-300e_coco-256x192.py',
        checkpoint='work_dirs/tokenpose-l_patch-2x3_8xb64-300e_coco-256x192/'
        'epoch_300.pth',
    ),
)
