# TokenPose-L with patches of 2 x 3: 512 visual tokens instead of 256.
_base_ = ['tokenpose-l_8xb64-300e_coco-256x192.py']

model = dict(neck=dict(patch_size=(2, 3)))
