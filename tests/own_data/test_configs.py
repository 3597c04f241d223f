"""The configs that ``distilpose init`` writes."""

import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.models import build_pose_estimator

from distilpose.zoo.find import read_config
from distilpose_own_data import init
from distilpose_own_data.students import STUDENTS
from distilpose_own_data.templates import CONFIG

TEACHER = 'td-hm_hrnet-w48_8xb32-210e_coco-256x192'


@pytest.fixture(scope='session')
def run(files, tmp_path_factory):
    """Call it with a student's name and options for a folder and a report."""

    def write(student, **options):
        folder = tmp_path_factory.mktemp('runs') / 'run'
        report = init(
            folder, files.train, files.images, student=student, **options
        )
        return folder, report

    return write


def config_of(folder, name='config'):
    return Config.fromfile(folder / f'{name}.py')


def test_teacher_and_distilled_student_fit(run):
    """Same keypoints and input, all the paper's terms, in the right order."""
    folder, _ = run('tiny')
    file = folder / 'settings.py'
    file.write_text(file.read_text().replace('epochs = 300', 'epochs = 40'))
    config, teacher, distilled = (
        config_of(folder, name) for name in ('config', 'teacher', 'distilled')
    )
    start = teacher.custom_hooks[-1]
    assert start.type == 'FineTuneHook'
    assert start.checkpoint == f'{config.work_dir}/epoch_40.pth'
    wanted = distilled.model.teacher
    assert wanted.checkpoint == f'{teacher.work_dir}/epoch_40.pth'
    assert Config.fromfile(wanted.config).model == teacher.model
    assert teacher.model.head.decoder.input_size == (64, 96)
    encoder = teacher.train_dataloader.dataset.pipeline[-2].encoder
    assert encoder == teacher.model.head.decoder
    assert [*distilled.model.distillation] == [
        *('visual_tokens', 'keypoint_tokens', 'simulated_heatmaps', 'scores')
    ]
    assert len({c.work_dir for c in (config, teacher, distilled)}) == 3
    assert (folder / 'config.py').read_text() == CONFIG


ROWS = [name for name in STUDENTS if name.startswith('rtmpose')]
COORDINATES = [name for name in STUDENTS if name not in ROWS]


@pytest.mark.parametrize('name', COORDINATES)
def test_every_student_of_coordinates(name, run):
    """Its configs are there, and are for the keypoints of the data."""
    folder, _ = run(name)
    alone, teacher, distilled = (
        config_of(folder, file).model
        for file in ('config', 'teacher', 'distilled')
    )
    for model in (alone, teacher, distilled):
        neck = model.get('neck')
        assert not neck or neck.num_keypoints == 17
        head = model.head
        assert head.get('num_joints', head.get('out_channels')) == 17
        assert head.decoder.input_size == alone.head.decoder.input_size
    assert alone.type == teacher.type == 'TopdownPoseEstimator'
    assert distilled.type == 'DistilPoseEstimator'
    init_default_scope('mmpose')
    assert not alone.head.sigmas and not alone.head.scores
    assert distilled.head.sigmas and distilled.head.scores
    built = [build_pose_estimator(m) for m in (alone, teacher)]
    names = [[*m.backbone.state_dict()] for m in built]
    assert names[0] == names[1]  # so that all of it is taken over
    assert 'Pretrained' not in str(teacher)  # from no file beside it


@pytest.mark.parametrize('teacher', [None, TEACHER])
@pytest.mark.parametrize('name', STUDENTS)
def test_settings_are_short_and_the_students_own(name, teacher, run):
    """At most 70 lines to read; the rest is the same for everybody."""
    folder, _ = run(name, teacher=teacher)
    assert len((folder / 'settings.py').read_text().splitlines()) <= 70
    config = config_of(folder)
    own = read_config(STUDENTS[name].config, with_mmpose=True)
    assert config.model.data_preprocessor == own.model.data_preprocessor
    hooks = [h for h in config.custom_hooks if h.type != 'FineTuneHook']
    if name in COORDINATES:
        assert sorted(hooks, key=str) == sorted(own.custom_hooks, key=str)


@pytest.mark.parametrize('name', ['mobilenetv4-s', 'cspnext-t'])
def test_start(name, run, tmp_path):
    """From published weights, from random ones, or from a checkpoint."""
    mine = tmp_path / 'mine.pth'
    mine.write_bytes(b'')
    starts = {}
    for begin in (None, 'none', str(mine)):
        folder, report = run(name, start=begin)
        warned = any('random weights' in x for x in report.facts)
        assert warned == (begin == 'none')
        config = config_of(folder)
        hooks = {hook.type: hook for hook in config.custom_hooks}
        starts[begin] = hooks.get('FineTuneHook', {}).get('checkpoint')
        backbone = config.model.backbone
        assert 'init_cfg' not in backbone
        timm = backbone.type == 'TimmBackbone'
        assert backbone.get('pretrained', False) == (timm and begin is None)
        assert config.optim_wrapper.optimizer.lr == 7e-4
    assert starts.pop(str(mine)) == str(mine)
    assert starts.pop('none') is None
    if timm:
        assert starts.pop(None) is None
    else:
        assert starts.pop(None).startswith('https://')


@pytest.mark.parametrize('teacher', [None, TEACHER])
@pytest.mark.parametrize('name', ROWS)
def test_rows(name, teacher, run):
    """RTMPose as MMPose has it, with our pipeline and own keypoints."""
    folder, _ = run(name, teacher=teacher)
    assert not (folder / 'teacher.py').exists()
    config = config_of(folder)
    assert 'lbumentation' not in str(config.train_dataloader)
    size = name[-1]
    start = config.custom_hooks[-1].checkpoint
    assert start == f'rtmpose-{size}_8xb256-420e_body8-256x192'
    init_default_scope('mmpose')
    model = build_pose_estimator(config.model)
    stock = f'rtmpose-{size}_8xb256-420e_coco-256x192'
    own = read_config(stock, with_mmpose=True).model
    del own.backbone.init_cfg
    shapes = {k: v.shape for k, v in model.state_dict().items()}
    stock = build_pose_estimator(own).state_dict()
    assert shapes == {k: v.shape for k, v in stock.items()}
    assert model.head.loss_module.beta == own.head.loss.beta == 10
    if teacher:
        assert config.model.teacher == teacher
        (term,) = model.distillation.values()
        assert type(term).__name__ == 'TeacherLabelLoss'


@pytest.mark.parametrize(
    'size, config',
    [
        ((192, 256), 'rtmpose-m_8xb256-420e_coco-256x192'),
        ((288, 384), 'rtmpose-m_8xb256-420e_aic-coco-384x288'),
    ],
)
def test_rows_of_another_input_size(size, config, run):
    """One line changes it; sigmas and feature map follow as in MMPose."""
    folder, _ = run('rtmpose-m')
    file = folder / 'settings.py'
    text = file.read_text().replace('input_size = (192, 256)', 'input_size = ')
    file.write_text(text.replace('input_size = ', f'input_size = {size}', 1))
    head = config_of(folder).model.head
    stock = read_config(config, with_mmpose=True).model.head
    assert head.decoder.sigma == pytest.approx(stock.decoder.sigma, abs=0.01)
    for part in (head, head.decoder):
        assert part.input_size == size
        assert part.simcc_split_ratio == 2
    assert head.in_featuremap_size == stock.in_featuremap_size


def test_named_teacher(run):
    folder, report = run('distilpose-s', teacher=TEACHER)
    assert any('17 of 17 keypoints' in fact for fact in report.facts)
    assert any('weights https://' in fact for fact in report.facts)
    model = config_of(folder).model
    assert model.type == 'DistilPoseEstimator' and model.teacher == TEACHER
    assert [*model.distillation] == ['simulated_heatmaps', 'scores']
    assert model.head.sigmas and model.head.scores
    assert not (folder / 'teacher.py').exists()
