# The same, dilated like the demo's in version 0.1.
_base_ = ['student_resnet.py']

model = dict(backbone=dict(strides=(1, 2, 1), dilations=(1, 1, 2)))
