# TokenPose-L with patches of 8 x 6: 64 visual tokens instead of 256.
_base_ = ['tokenpose-l_8xb64-300e_coco-256x192.py']

model = dict(neck=dict(patch_size=(8, 6)))
