# Beyond the paper's recipe: the student starts from the teacher's backbone and
# encoder, as DistilPose-L does from its teacher's backbone.
_base_ = ['distilpose-tiny_1xb32-30e_demo-96x64.py']

start = dict(type='Pretrained', checkpoint=_base_.model.teacher.checkpoint)
model = dict(
    backbone=dict(init_cfg=dict(**start, prefix='backbone.')),
    neck=dict(init_cfg=dict(_delete_=True, **start, prefix='neck.')),
)
