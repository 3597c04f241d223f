# Patches of 8 x 6, 64 visual tokens instead of 256, for student and teacher.
_base_ = ['distilpose-s_8xb32-300e_coco-256x192.py']

model = dict(
    neck=dict(patch_size=(8, 6)),
    teacher=dict(
        config='{{ fileDirname }}/../../tokenpose/coco/'
        'tokenpose-l_patch-8x6_8xb64-300e_coco-256x192.py',
        checkpoint='work_dirs/tokenpose-l_patch-8x6_8xb64-300e_coco-256x192/'
        'epoch_300.pth',
    ),
)
