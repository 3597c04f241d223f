"""Every config of the repository builds, trains, predicts and is what its
name says."""

import copy
import re
from functools import cache
from operator import attrgetter
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.models import build_pose_estimator
from mmpose.testing import get_packed_inputs

from distilpose.zoo.find import find_config
from distilpose.zoo.published import published_weights
from distilpose.zoo.types import name_types

CONFIGS = Path(__file__).parents[1] / 'configs/body_2d_keypoint'
FILES = sorted(CONFIGS.parent.glob('*_2d_keypoint/**/*.py'))

KEYPOINTS = dict(
    CocoDataset=17,
    CrowdPoseDataset=14,
    MpiiDataset=16,
    AP10KDataset=17,
    CocoWholeBodyDataset=133,
    HalpeDataset=26,
)
SECOND_STAGE = 'rtmpose-s_second-stage_8xb64-60e_coco-wholebody-256x192'
# Of the ViT of that name, in MMPreTrain.
HUGE = dict(embed_dims=1280, num_heads=16, feedforward_channels=5120)


@cache
def load(file):
    """Read a config, which no test changes."""
    config = Config.fromfile(file)
    init_default_scope('mmpose')
    return config


def load_teacher(teacher):
    """A file of ours, or a config of MMPose's zoo by its name."""
    if 'onnx' in teacher:  # somebody's file: a stand-in that gives heatmaps
        return load(find_config('td-hm_lite0_1xb64-12e_lsp-extended-128x96'))
    name = teacher if isinstance(teacher, str) else teacher.config
    return load(find_config(name, with_mmpose=True))


def coco(name):
    (file,) = CONFIGS.glob(f'*/coco/{name}_8xb*_coco-256x192.py')
    return load(file)


by_name = attrgetter('stem')
BASES = sorted((CONFIGS.parent / '_base_/models').glob('*.py'))


@pytest.mark.parametrize('file', [*FILES, *BASES], ids=by_name)
def test_number_of_keypoints_is_that_of_the_data(file):
    """Written there once; models take it over."""
    written = r'(num_keypoints|num_joints|out_channels)=(17|14|16|26|133)'
    assert not re.search(written, file.read_text())
    if file in BASES:
        return
    config = load(file)
    number = number_of_keypoints(config)
    assert is_stock(file) or config.num_keypoints == number
    head = config.model.head
    assert head.get('num_joints', head.get('out_channels')) == number
    if config.model.get('neck'):
        assert config.model.neck.num_keypoints == number


def is_stock(file):
    """Whether it is a config of MMPose with a teacher."""
    return file.parents[1].name == 'rtmpose'


def number_of_keypoints(config):
    return KEYPOINTS[config.train_dataloader.dataset.type]


def build(config, num_layers=None):
    """Build the model of a config for a dry run: nothing to download.

    With ``num_layers``, the encoders of student and teacher have no more, nor
    has a teacher that is a ViT.
    """
    model = copy.deepcopy(config.model)
    necks = [model.neck] if model.get('neck') else []
    for part in (model.backbone, *necks):
        part.pop('init_cfg', None)
    model.backbone.pop('pretrained', None)
    if model.get('teacher'):
        teacher = copy.deepcopy(load_teacher(model.teacher))
        teacher.model.backbone.pop('init_cfg', None)
        if teacher.model.get('neck'):
            necks.append(teacher.model.neck)
        if num_layers and teacher.model.backbone.get('arch') == 'huge':
            teacher.model.backbone.arch = dict(HUGE, num_layers=num_layers)
        model.teacher = dict(config=teacher, allow_random_weights=True)
    if num_layers:
        for neck in necks:
            if 'num_layers' in neck:
                neck.num_layers = min(num_layers, neck.num_layers)
    return build_pose_estimator(model)


def samples_for(config, model, size):
    """A batch of the input size."""
    codec = model.head.decoder
    w, h = codec.input_size
    data = get_packed_inputs(
        size,
        num_keypoints=number_of_keypoints(config),
        img_shape=(h, w),
        input_size=(w, h),
        heatmap_size=getattr(codec, 'heatmap_size', (w // 4, h // 4)),
        with_simcc_label=type(codec).__name__ == 'SimCCLabel',
    )
    return model.data_preprocessor(data, training=True)


def train_and_predict(config, model):
    """One step and one prediction."""
    model.init_weights()
    samples = samples_for(config, model, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
    total, logged = model.parse_losses(model(**samples, mode='loss'))
    total.backward()
    optimizer.step()
    assert torch.isfinite(total)
    terms = config.model.get('distillation') or {}
    if 'teacher' in config.model and not terms:
        terms = dict(teacher_labels=True)  # of a head of MMPose
    own = {k.removeprefix('loss_') for k in logged if 'loss_' in k}
    assert own == {'kpt', *(term for term in terms if terms[term])}
    trained = [p.grad for p in model.parameters() if p.requires_grad]
    assert all(gradient is not None for gradient in trained)

    results = model.eval()(**samples, mode='predict')
    keypoints = results[0].pred_instances.keypoints
    assert keypoints.shape == (1, number_of_keypoints(config), 2)


def big(file):
    """With TokenPose-L or an HRNet in it, or as its teacher."""
    return file.parent.name not in ('demo', 'lsp_extended') and not (
        file.stem.startswith(('tokenpose-stem', 'distilpose-s_no-distill'))
    )


@pytest.mark.parametrize('file', [
    pytest.param(x, id=x.stem, marks=[pytest.mark.slow] if big(x) else [])
    for x in FILES
])  # fmt: skip
def test_trains_and_predicts(file):
    """Every variant, with one layer of its encoders."""
    if 'vitpose' in file.stem:
        pytest.importorskip('mmpretrain')
    config = load(file)
    train_and_predict(config, build(config, num_layers=1))


@pytest.mark.parametrize('file', FILES, ids=by_name)
def test_name_agrees_with_content(file):
    config = load(file)
    numbers = r'_(\d)xb(\d+)-(\d+)e_[\w-]+-(\d+)x(\d+)$'
    found = re.search(numbers, file.stem).groups()
    gpus, batch, epochs, h, w = map(int, found)
    assert config.train_dataloader.batch_size == batch
    if not is_stock(file):  # RTMPose's is that of 4 GPUs
        assert config.auto_scale_lr.base_batch_size == batch * gpus
    assert config.train_cfg.max_epochs == epochs
    assert config.param_scheduler[-1].end == epochs
    assert config.model.head.decoder.input_size == (w, h)
    assert ('teacher' in config.model) == (
        file.stem.startswith(('distilpose', 'rtmpose'))
        and '_no-distill_' not in file.stem
    )
    teacher = config.model.get('teacher')
    if isinstance(teacher, str):  # by name, with its published weights
        assert teacher.endswith(f'-{h}x{w}')
        assert published_weights(teacher).startswith('https://')
    elif teacher and 'onnx' not in teacher:
        assert Path(teacher.config).is_file()
        # Where `mim train` of this teacher leaves its last checkpoint.
        last = f'epoch_{load(teacher.config).train_cfg.max_epochs}.pth'
        name = Path(teacher.config).stem
        assert teacher.checkpoint == f'work_dirs/{name}/{last}'
    lines = file.read_text().splitlines()
    assert len(lines) <= 60, 'a config is its difference from its base'


def flatten(value, prefix='', is_deep=False):
    """By dotted keys; ``is_deep``, through lists of dicts as well."""
    if is_deep and isinstance(value, (list, tuple)) and value:
        value = dict(enumerate(value)) if isinstance(value[0], dict) else value
    if isinstance(value, dict):
        return {
            k: v
            for key in value
            for k, v in flatten(value[key], f'{prefix}.{key}', is_deep).items()
        }
    return {prefix[1:]: value}


def differences(one, other):
    """Keys, dotted, at which two configs are not the same."""
    return unequal(*(coco(name).to_dict() for name in (one, other)))


def unequal(*configs):
    one, other = map(flatten, configs)
    return {
        key
        for key in {*one, *other}
        if one.get(key, Path) != other.get(key, Path)  # None is a value
    }


def test_undistilled_differs_by_distillation_alone():
    of_teacher = r'(model\.)?(teacher|distillation)\.|model.backbone.init_cfg'
    for name in ('distilpose-s', 'distilpose-l'):
        assert {
            key
            for key in differences(name, f'{name}_no-distill')
            if not re.match(of_teacher, key)
        } == {'model.type', 'model.head.sigmas', 'model.head.scores'}


NO_OUTPUTS = {'head.sigmas', 'head.scores'}
PATCHES = {'neck.patch_size', 'teacher.config', 'teacher.checkpoint'}
ABLATIONS = {
    **dict.fromkeys(['tokens-only', 'visual-tokens-only'], NO_OUTPUTS),
    'keypoint-tokens-only': NO_OUTPUTS,
    **dict.fromkeys(['simulated-heatmaps-only', 'no-score'], {'head.scores'}),
    'one-sigma': {'head.shared_sigma'},
    **dict.fromkeys(['depth-3', 'depth-6'], {'neck.num_layers'}),
    **dict.fromkeys(['patch-2x3', 'patch-8x6'], PATCHES),
}
REMAINING_TERMS = {
    'tokens-only': {'visual_tokens', 'keypoint_tokens'},
    'visual-tokens-only': {'visual_tokens'},
    'keypoint-tokens-only': {'keypoint_tokens'},
    'simulated-heatmaps-only': {'simulated_heatmaps'},
    'no-score': {'visual_tokens', 'keypoint_tokens', 'simulated_heatmaps'},
}


@pytest.mark.parametrize('name', ABLATIONS)
def test_ablation_differs_by_what_it_says(name):
    different = differences('distilpose-s', f'distilpose-s_{name}')
    assert {
        key.removeprefix('model.')
        for key in different
        if not key.startswith('model.distillation.')
    } == ABLATIONS[name]
    terms = coco(f'distilpose-s_{name}').model.distillation
    every = {*coco('distilpose-s').model.distillation}
    left = {term for term in terms if terms[term]}
    assert left == REMAINING_TERMS.get(name, every)


@pytest.mark.parametrize('teacher', ['hrnet-w48', 'rtmpose-l', 'vitpose-h'])
def test_zoo_teacher_changes_the_teacher_alone(teacher):
    """And leaves out the terms that need its tokens."""
    name = f'distilpose-s_{teacher}'
    assert {
        re.sub(r'(teacher|_tokens)\..*', r'\1', key)
        for key in differences('distilpose-s', name)
    } == {
        'model.teacher',
        'model.distillation.visual_tokens',
        'model.distillation.keypoint_tokens',
    }
    model = coco(name).model
    tokens = ('visual_tokens', 'keypoint_tokens')
    assert [model.distillation[x] for x in tokens] == [None, None]
    assert all(x in model.teacher.lower() for x in teacher.split('-'))


@pytest.mark.parametrize(
    'file',
    [x for x in FILES if is_stock(x) and x.stem != SECOND_STAGE],
    ids=by_name,
)
def test_stock_configs_differ_by_their_teacher_alone(file):
    """And that of the whole body by the smaller backbone."""
    base = re.sub('_[^_]*', '', file.stem, count=1)  # without the teacher
    if 'rtmw' in file.stem:
        base = base.replace('rtmpose-s', 'rtmpose-m')
    base = find_config(base, with_mmpose=True)
    configs = [name_types(load(path).to_dict()) for path in (file, base)]
    backbone = {
        *('backbone.deepen_factor', 'backbone.widen_factor'),
        *('backbone.init_cfg.checkpoint', 'head.in_channels'),
    }
    wanted = {'type', 'teacher', *(backbone if 'rtmw' in file.stem else ())}
    assert unequal(*configs) == {
        *('custom_imports.imports', 'custom_imports.allow_failed_imports'),
        *(f'model.{key}' for key in wanted),
    }


@pytest.mark.slow
def test_second_stage():
    """The teacher alone trains the head, and nothing the backbone."""
    config = load(find_config(SECOND_STAGE))
    torch.manual_seed(0)
    model = build(config)
    model.init_weights()
    before = copy.deepcopy(model.backbone.state_dict())
    batch = samples_for(config, model, 2)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
    losses = []
    for _ in range(3):
        total, parts = model.train().parse_losses(model(**batch, mode='loss'))
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        assert parts['loss_kpt'] == 0
        losses.append(float(total.detach()))
    assert losses[0] > losses[1] > losses[2] > 0
    for key, value in model.backbone.state_dict().items():
        assert torch.equal(value, before[key])


def test_every_ablation_is_in_the_docs():
    pages = [
        (CONFIGS.parents[1] / 'docs' / name).read_text()
        for name in ('training.md', 'students.md')
    ]
    for file in FILES:
        if file.parent.name == 'coco':
            assert any(f'`{file.stem}`' in page for page in pages)


@pytest.mark.parametrize('name', ['distilpose-s', 'tokenpose-l'])
def test_larger_input_changes_what_depends_on_it(name):
    """Nowhere is the smaller size left over."""
    (file,) = CONFIGS.glob(f'*/coco/{name}_8xb*_coco-384x288.py')
    config = load(file)
    parts = ('model', 'train_dataloader', 'test_dataloader')
    values = flatten({key: config[key] for key in parts}, is_deep=True)
    sizes = [v for k, v in values.items() if k.endswith('input_size')]
    assert len(sizes) >= 4 and {*map(tuple, sizes)} == {(288, 384)}
    assert values['test_dataloader.batch_size'] == 32


@pytest.mark.parametrize(
    'name', ['distilpose-s', 'distilpose-l', 'tokenpose-l', 'tokenpose-stem']
)
def test_recipe_of_the_paper(name):
    config = coco(name)
    assert config.optim_wrapper.optimizer == dict(type='Adam', lr=1e-3)
    assert 'clip_grad' not in config.optim_wrapper
    warmup, steps = config.param_scheduler
    assert (warmup.start_factor, warmup.end) == (1e-3, 500)
    assert not warmup.by_epoch
    assert steps.milestones == [200, 260]
    assert steps.get('gamma', 0.1) == 0.1 and steps.get('by_epoch', True)
    pipeline = {t.type: t for t in config.train_dataloader.dataset.pipeline}
    half_body = dict(type='RandomHalfBody', min_total_keypoints=8)
    assert pipeline['RandomHalfBody'] == half_body
    assert pipeline['RandomBBoxTransform'] == dict(
        type='RandomBBoxTransform',
        **dict(shift_prob=0, rotate_factor=90, scale_factor=(0.65, 1.35)),
    )
    test = config.model.test_cfg
    assert test.flip_test
    assert test.get('shift_heatmap', True) and not test.get('shift_coords')
    assert 'AP_H_56' in config.test_dataloader.dataset.bbox_file
