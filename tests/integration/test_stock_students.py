"""MMPose's own configs as students, two lines changed.

One or two of each kind of head and codec, with their own labels, and a toy
with another head as their teacher.
"""

import math

import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmpose.registry import MODELS
from mmpose.utils import register_all_modules
from torch.nn.utils import clip_grad_norm_

from distilpose import TeacherLabelLoss
from distilpose.teachers.frozen import FrozenTeacher
from distilpose.zoo.find import find_config

from .. import toys
from ..hooks import stock
from ..teachers import heads

TEXT = """
_base_ = ['{}']
custom_imports = dict(imports=['distilpose'], allow_failed_imports=False)
model = dict(type='DistilPoseEstimator', teacher={})
"""
QUICK = 'rtmpose-t_8xb256-420e_coco-256x192'
SWEPT = [
    QUICK,
    'rtmpose-s_8xb256-420e_aic-coco-256x192',
    'rtmw-m_8xb1024-270e_cocktail14-256x192',
    'simcc_mobilenetv2_wo-deconv-8xb64-210e_coco-256x192',
    'simcc_vipnas-mbv3_8xb64-210e_coco-256x192',
    'td-hm_mobilenetv2_8xb64-210e_coco-256x192',
    'td-hm_hrnet-w32_8xb64-210e_coco-256x192',
    'td-hm_res50_dark-8xb64-210e_coco-256x192',
    'td-hm_vipnas-mbv3_8xb64-210e_coco-256x192',
    'cspnext-tiny_udp_8xb256-210e_coco-256x192',
    'td-hm_ViTPose-small_8xb64-210e_coco-256x192',
    'td-hm_hrnet-w32_udp-regress-8xb64-210e_coco-256x192',
    'td-hm-vis_res50_8xb64-210e_coco-aic-256x192-merge',
    'td-hm_rsn18_8xb32-210e_coco-256x192',
    'td-hm_hourglass52_8xb32-210e_coco-256x256',
    'ipr_res50_8xb64-210e_coco-256x256',
    'ipr_res50_dsnt-8xb64-210e_coco-256x256',
    'td-reg_mobilenetv2_rle-pretrained-8xb64-210e_coco-256x192',
    'td-reg_res50_8xb64-210e_coco-256x192',
]
STEPS, STEP = 3, 1e-4


def student(name, folder):
    """A stock config with two lines changed, without downloads."""
    register_all_modules()
    path = find_config(name, with_mmpose=True)
    stock_model = Config.fromfile(path).model
    head = stock_model.head.get('pose_cfg', stock_model.head)
    codec = stock_model.head.get('decoder') or head.decoder
    codec = codec[-1] if isinstance(codec, list) else codec
    k = head.get('num_joints') or head.out_channels
    k //= 3 if codec.get('heatmap_type') == 'combined' else 1
    kind = 'msra' if codec.type == 'SimCCLabel' else 'simcc'
    teacher = toys.teacher(
        neck=None, head=heads.config(kind, k, codec.input_size)
    )
    Config(dict(model=teacher)).dump(folder / 'teacher.py')
    settings = dict(
        config=str(folder / 'teacher.py'), allow_random_weights=True
    )
    (folder / 'student.py').write_text(TEXT.format(path, settings))
    config = Config.fromfile(folder / 'student.py')
    for part in (config.model, config.model.backbone):
        for key in ('init_cfg', 'pretrained'):
            part.pop(key, None)
    return config


@pytest.fixture
def sure_teachers(monkeypatch):
    """Teachers of random weights, as sure as trained ones."""
    ask = FrozenTeacher.__call__

    def asked(self, inputs, samples=None):
        output = ask(self, inputs, samples)
        peaks = output.maps.peaks().clamp(min=1e-6)
        return output._replace(maps=output.maps.scaled(1 / peaks))

    monkeypatch.setattr(FrozenTeacher, '__call__', asked)


@pytest.mark.parametrize(
    'name',
    [
        pytest.param(name, marks=[] if name == QUICK else [pytest.mark.slow])
        for name in SWEPT
    ],
)
@pytest.mark.usefixtures('sure_teachers')
def test_three_steps(name, tmp_path):
    """Finite and falling, the teacher's term as well."""
    if 'ViTPose' in name:
        pytest.importorskip('mmpretrain')
    config = student(name, tmp_path)
    torch.manual_seed(0)
    model = MODELS.build(config.model)  # as the runner does
    assert type(model.distillation['teacher_labels']) is TeacherLabelLoss
    model.init_weights()  # student and teacher fit each other
    data = stock.dataset(config.train_dataloader.dataset)
    batch = pseudo_collate([data[0], data[0]])
    batch = model.data_preprocessor(batch, training=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=1)
    steps = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        total, parts = model.parse_losses(model.loss(**batch))
        total.backward()
        # Losses of heads differ by a factor of 1e5, steps do not.
        norm = clip_grad_norm_(model.parameters(), math.inf)
        optimizer.param_groups[0]['lr'] = STEP / float(norm)
        optimizer.step()
        steps.append(
            {key: float(value.detach()) for key, value in parts.items()}
        )
    assert all(math.isfinite(v) for step in steps for v in step.values())
    assert steps[0]['loss_teacher_labels'] > 0
    totals = [step['loss'] for step in steps]
    assert all(after < before for before, after in zip(totals, totals[1:]))
