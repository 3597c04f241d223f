"""Outputs of a teacher that are stored, and used in its place."""

import copy
import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmpose.datasets.transforms import LoadImage
from mmpose.registry import DATASETS, MODELS

from distilpose.heatmaps.forms import DenseHeatmaps
from distilpose.heatmaps.frame import HeatmapFrame
from distilpose.heatmaps.functional import simulate_heatmaps
from distilpose.losses.paper import SimulatedHeatmapLoss
from distilpose.teachers import mmpose_model
from distilpose.teachers.base import TEACHERS, TeacherSource
from distilpose.teachers.frozen import FrozenTeacher
from distilpose.teachers.inputs import InputSpec
from distilpose.teachers.output import TeacherOutput
from distilpose.teachers.stored.crops import Crops
from distilpose.teachers.stored.folder import StoredOutputs, describe_teacher
from distilpose.teachers.stored.write import store_teacher
from distilpose.zoo.find import find_config
from distilpose_cli import main
from distilpose_runtime.parts import Parts

from ... import toys
from ...cli.one_line import refused
from ...limits import files_of_at_most
from ...training import runs

SIZE = (64, 96)
FRAME = HeatmapFrame((32, 48), (32.0, 48.0))


class IdealSource(TeacherSource):
    """Draws the paper's Gaussians at the labels of whatever crop it sees."""

    name, input, metainfo = 'ideal', InputSpec(SIZE), None
    asked = 0

    def __init__(self, ideal, height=0.9):
        self.height = height

    def prepare(self):
        pass

    def before(self):
        """Called when it is asked; tests put something in its place."""

    def __call__(self, images, samples=None):
        self.before()
        IdealSource.asked += len(images)
        coords = torch.zeros(len(images), 17, 2)
        for i, sample in enumerate(samples or ()):
            coords[i] = places(sample)
        maps = simulate_heatmaps(coords, torch.full_like(coords, 1.5), FRAME)
        return TeacherOutput(DenseHeatmaps(FRAME, self.height * maps))


def places(sample):
    """Where keypoints are in a crop, fractions (K, 2)."""
    if 'keypoint_labels' in sample.gt_instance_labels:
        return sample.gt_instance_labels.keypoint_labels[0]
    meta, points = sample.metainfo, sample.gt_instances.keypoints[0]
    corner = np.array(meta['input_center']) - np.array(meta['input_scale']) / 2
    return torch.tensor((points - corner) / meta['input_scale']).float()


def expect_the_truth(teacher, samples):
    """See that a stored teacher knows where keypoints are."""
    images = torch.zeros(len(samples), 3, *SIZE[::-1])
    found = teacher(images, samples).maps.coords()
    for coords, at in zip(found, map(places, samples)):
        inside = ((at > 0.15) & (at < 0.85)).all(-1)
        torch.testing.assert_close(
            coords[inside], at[inside], rtol=0, atol=2e-3
        )


@pytest.fixture
def config(pictures, monkeypatch):
    """A student of the demo's pictures, with every augmentation."""
    monkeypatch.setitem(TEACHERS.module_dict, 'ideal', IdealSource)
    monkeypatch.setattr(IdealSource, 'asked', 0)
    config = Config.fromfile(find_config(runs.NAME.format('')))
    config.model.pop('teacher')
    config.model.teacher = dict(ideal=True)
    terms = {x: toys.TERMS[x] for x in ('simulated_heatmaps', 'scores')}
    config.model.distillation = terms
    config.train_dataloader.dataset.data_root = str(pictures)
    pipeline = config.train_dataloader.dataset.pipeline
    pipeline.insert(2, dict(type='RandomFlip', direction='horizontal'))
    bbox = next(x for x in pipeline if x['type'] == 'RandomBBoxTransform')
    bbox.update(
        rotate_factor=90, scale_factor=(0.65, 1.35), shift_prob=0.5,
        shift_factor=0.1,
    )  # fmt: skip
    pipeline[-1] = dict(
        type='PackPoseInputs',
        meta_keys=(
            *('id', 'img_path', 'ori_shape', 'input_size', 'input_center'),
            *('input_scale', 'flip', 'flip_direction', 'flip_indices'),
            'bbox_rotation',
        ),
    )
    return config


def store(config, folder, batch_size=4, **part):
    return store_teacher(config, folder, batch_size, progress=False, **part)


def teacher_of(folder, **settings):
    return FrozenTeacher(InputSpec(SIZE), stored=str(folder), **settings)


@pytest.fixture
def stored(config, tmp_path):
    return store(config, tmp_path / 'stored', 32)


def augmented(config, seed=0):
    np.random.seed(seed)
    dataset = DATASETS.build(config.train_dataloader.dataset)
    batch = pseudo_collate([dataset[i] for i in range(len(dataset))])
    return torch.stack(batch['inputs']).float(), batch['data_samples']


def test_losses_and_gradients_are_the_online_teachers(config, stored):
    images, samples = augmented(config)
    rotations = [abs(float(s.metainfo['bbox_rotation'][0])) for s in samples]
    assert max(rotations) > 45 and any(s.metainfo['flip'] for s in samples)
    labels = torch.stack([places(s) for s in samples])
    # Near the border, of this crop or of the stored one, part of a Gaussian
    # is cut off.
    before = torch.tensor(stored.rows(samples)['peak'].copy())
    for at, sample in zip(before, samples):
        if sample.metainfo['flip']:
            at[:] = at[sample.metainfo['flip_indices']]
    inner = (labels > 0.12) & (labels < 0.88) & (before > 0.2) & (before < 0.8)
    inner = inner.all(-1).float()
    assert inner.mean() > 0.3
    torch.manual_seed(0)
    near = labels + 0.05 * torch.randn_like(labels)
    results = []
    for settings in (dict(ideal=True), dict(stored=str(stored.folder))):
        maps = FrozenTeacher(InputSpec(SIZE), **settings)(images, samples).maps
        at = near.clone().requires_grad_()
        sigmas = torch.full_like(at, 1.3).requires_grad_()
        loss = SimulatedHeatmapLoss()(at, sigmas, maps, inner)
        loss.backward()
        results.append((loss[None], at.grad, sigmas.grad))
        torch.testing.assert_close(
            maps.coords()[inner > 0], labels[inner > 0], rtol=0, atol=2e-3
        )
    # Read at the paper's width, 2 cells of this frame, whatever the teacher's.
    apart = (near - labels) * torch.tensor(FRAME.scale)
    read = 0.9 * torch.exp(-apart.square().sum(-1) / 8) * inner
    # Between cells, a peak is higher than the highest cell.
    found = maps.read(near)[..., 0] * inner
    torch.testing.assert_close(found, read, rtol=0, atol=0.07)
    for online, kept, tolerance in zip(*results, (0.01, 0.02, 0.02)):
        scale = online.abs().max()
        assert (online - kept).abs().max() < tolerance * scale
        if online.numel() > 1:
            assert (online - kept).abs().mean() < 0.1 * tolerance * scale


@pytest.mark.parametrize('turn', [1, -1])
def test_wrapped_parts_of_one_file(config, pictures, tmp_path, turn):
    """One leaves out people without keypoints, the other nobody.

    A person is found by its id, here one with labels in the second round.
    """
    plain = config.train_dataloader.dataset
    content = json.loads((pictures / plain.ann_file).read_text())
    for person in content['annotations'][-5:]:
        person.update(num_keypoints=0, keypoints=[0] * 51)
    plain.ann_file = str(tmp_path / 'some.json')
    (tmp_path / 'some.json').write_text(json.dumps(content))
    pipeline = plain.pop('pipeline')
    kinds = ('CocoDataset', 'UnlabelledPeopleDataset')[::turn]
    both = dict(
        type='CombinedDataset',
        metainfo=dict(from_file='configs/_base_/datasets/coco.py'),
        datasets=[dict(plain, type=kind, pipeline=[]) for kind in kinds],
        pipeline=pipeline,
    )
    repeated = dict(type='RepeatDataset', times=2, dataset=both)
    config.train_dataloader.dataset = repeated
    outputs = store(config, tmp_path / 'x')
    assert outputs.count == 30 and outputs.is_complete
    # What is complete is only read, as its folder may be read-only.
    shutil.rmtree(tmp_path / 'x/.parts')
    assert store(config, tmp_path / 'x').is_complete
    assert not (tmp_path / 'x/.parts').exists()
    if turn == 1:
        sample = DATASETS.build(repeated)[58]['data_samples']
        expect_the_truth(teacher_of(tmp_path / 'x'), [sample])


def test_images_do_not_stay_in_memory(config):
    """The loader of the training data, here LoadImageOnce, keeps each."""
    dataset = config.train_dataloader.dataset
    assert dataset.pipeline[0]['type'] == 'LoadImageOnce'
    (part,) = Crops(dataset)._parts
    assert type(part.pipeline.transforms[0]) is LoadImage


def files_of(folder):
    names = 'keys.npy', 'meta.json', 'rows.npy'
    return [(folder / name).read_bytes() for name in names]


@pytest.mark.parametrize('cut', [0, 500])
def test_goes_on_with_any_number_of_parts(
    config, stored, tmp_path, monkeypatch, cut
):
    """A batch that a kill has cut off is asked about again, whole."""

    def interrupt(teacher):
        if IdealSource.asked >= 10:
            raise KeyboardInterrupt

    IdealSource.asked, folder = 0, tmp_path / 'x'
    assert store(config, folder, part=(4, 4)) is None
    assert IdealSource.asked == 6  # the eighth batch has two
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(IdealSource, 'before', interrupt)
        store(config, folder, part=(2, 4))
    rows = folder / '.parts/2-of-4.rows'
    content = rows.read_bytes()
    rows.write_bytes(content[: len(content) - cut])
    with pytest.raises(ValueError, match='for all of its 30 people. Let'):
        teacher_of(folder).prepare()
    done = IdealSource.asked - 4 * bool(cut)
    IdealSource.asked = 0
    parts = (3, 3), (1, 3), (2, 3), (1, 2)
    found = [store(config, folder, part=part) for part in parts]
    assert IdealSource.asked == 30 - done
    assert found[:2] == [None, None] and found[2].count == 30
    assert files_of(folder) == files_of(stored.folder)
    assert not [*folder.glob('**/*.rows')]


def test_a_student_learns_from_it_without_the_teacher(config, stored):
    config.model.teacher.stored = str(stored.folder)
    model = MODELS.build(config.model)
    model.init_weights()
    IdealSource.asked = 0
    images, samples = augmented(config)
    losses = model.loss((images - 120) / 60, samples)
    assert IdealSource.asked == 0
    assert losses['loss_simulated_heatmaps'] > 0
    assert losses['teacher/distance_px'] > 0


def test_another_teacher(config, stored, tmp_path):
    with pytest.raises(ValueError, match=r'setting height was not set, now'):
        teacher_of(stored.folder, ideal=1, height=0.4).prepare()
    config.model.teacher.height = 0.4
    with pytest.raises(ValueError, match='outputs of another teacher'):
        store(config, stored.folder)


def test_a_file_of_the_teacher_that_has_changed(config, tmp_path):
    file = tmp_path / 'weights.pth'
    file.write_text('one')
    config.model.teacher.ideal = str(file)
    folder = store(config, tmp_path / 'x').folder
    moved = file.rename(tmp_path / 'moved.pth')
    for path in (moved, file):
        teacher_of(folder, ideal=str(path)).prepare()
    file.write_text('two')
    with pytest.raises(ValueError, match=r'setting ideal was .*SHA-256'):
        teacher_of(folder, ideal=str(file)).prepare()


def test_what_a_config_inherits_and_its_published_weights(
    tmp_path, monkeypatch
):
    """They belong to it, whatever its own file and its name say."""
    base, leaf = tmp_path / 'base.py', tmp_path / 'leaf.py'
    base.write_text('model = dict(depth=1)')
    leaf.write_text("_base_ = ['base.py']")
    own = dict(config=str(leaf), allow_random_weights=True)
    named = dict(config='td-hm_hrnet-w32_8xb64-210e_coco-256x192')
    before = [describe_teacher(x) for x in (own, named, own)]
    assert before[0] == before[2] and before[1]['config'][1]
    base.write_text('model = dict(depth=2)')
    monkeypatch.setattr(
        mmpose_model, 'published_weights', lambda path: 'http://other'
    )
    assert describe_teacher(own) != before[0]
    assert describe_teacher(named) != before[1]


def test_other_data(config, stored, pictures, tmp_path):
    part = config.train_dataloader.dataset
    part.ann_file = 'annotations/person_keypoints_val2017.json'
    part.data_prefix.img = 'val2017/'
    with pytest.raises(ValueError, match='outputs for other data'):
        store(config, stored.folder)
    images, samples = augmented(config)
    teacher = teacher_of(stored.folder)
    with pytest.raises(ValueError, match='other data: .*train2017.json as it'):
        teacher.source.see_data(DATASETS.build(part))
    with pytest.raises(ValueError, match=r'holds nothing of annotation \d+'):
        teacher(images, samples)


def test_what_a_sample_must_tell(config, stored):
    images, samples = augmented(config)
    teacher = teacher_of(stored.folder)
    samples[1].set_metainfo(dict(input_size=(192, 256)))
    with pytest.raises(ValueError, match='64 x 96, .* 192 x 256, has another'):
        teacher(images, samples)
    samples[0].pop('bbox_rotation')
    with pytest.raises(ValueError, match="'bbox_rotation' to the meta_keys"):
        teacher(images, samples)


def test_the_pipeline_is_made_to_tell_the_rotation(config, stored):
    """Within wrappers, of the part that is rotated alone."""
    part = config.train_dataloader.dataset
    part.pipeline[-1] = dict(type='PackPoseInputs')
    still = [x for x in part.pipeline if x['type'] != 'RandomBBoxTransform']
    parts = [part, dict(part, pipeline=still)]
    repeated = [dict(type='RepeatDataset', times=1, dataset=x) for x in parts]
    dataset = DATASETS.build(dict(type='ConcatDataset', datasets=repeated))
    teacher = teacher_of(stored.folder)
    teacher.source.see_data(dataset)
    samples = [dataset[i]['data_samples'] for i in (3, -3)]
    assert ['bbox_rotation' in x.metainfo for x in samples] == [True, False]
    expect_the_truth(teacher, samples)


def test_no_folder_or_another_format(stored, tmp_path):
    with pytest.raises(FileNotFoundError, match='distilpose store-teacher'):
        teacher_of(tmp_path).prepare()
    meta = stored.folder / 'meta.json'
    for version in (1, None):
        meta.write_text(json.dumps(dict(stored.meta, format_version=version)))
        text = f'version {version}, .* reads 2. Store .* again'
        with pytest.raises(ValueError, match=text):
            StoredOutputs(stored.folder)


def test_two_runs_store_into_one_folder(config, tmp_path):
    text = 'Another run writes .* Wait'
    for part in ((1, 1), (1, 2)):
        other = Parts(tmp_path / '.parts', part)
        with other.held(), pytest.raises(ValueError, match=text):
            store(config, tmp_path)
    assert not IdealSource.asked
    assert store(config, tmp_path)


def test_parts_with_other_arguments(config, stored, tmp_path):
    """What is stored then stays, and is not mixed with others'."""
    folder, text = tmp_path / 'x', 'batches of 4, not of 5. Give all'
    store(config, folder, part=(1, 2))
    rows = (folder / '.parts/1-of-2.rows').read_bytes()
    other = Parts(folder / '.parts', (1, 2))
    with other.held(), pytest.raises(ValueError, match=text):
        store(config, folder, batch_size=5, part=(2, 2))
    config.model.teacher.height = 0.4
    with pytest.raises(ValueError, match='outputs of another teacher'):
        store(config, folder, part=(2, 2))
    config.model.teacher.pop('height')
    assert [x.read_bytes() for x in folder.glob('.parts/*.rows')] == [rows]
    store(config, folder, part=(2, 2))
    assert files_of(folder) == files_of(stored.folder)


def test_parts_that_begin_at_once_with_other_teachers(
    config, tmp_path, monkeypatch
):
    """The second sees it when it has its first answer."""

    def begin(teacher):
        if teacher.height == 0.9 and not (tmp_path / 'meta.json').exists():
            other = copy.deepcopy(config)
            other.model.teacher.height = 0.4
            store(other, tmp_path, 8, part=(2, 2))

    monkeypatch.setattr(IdealSource, 'before', begin)
    with pytest.raises(ValueError, match='outputs of another teacher'):
        store(config, tmp_path, 8, part=(1, 2))
    assert [x.name for x in tmp_path.glob('.parts/*.rows')] == ['2-of-2.rows']


def test_parts_of_a_store_that_was_deleted(config, stored, tmp_path):
    """`rm FOLDER/*` leaves the hidden folder of the parts."""
    folder = tmp_path / 'x'
    config.model.teacher.height = 0.4
    store(config, folder, part=(2, 2))
    for name in ('keys.npy', 'meta.json'):
        (folder / name).unlink()
    config.model.teacher.pop('height')
    store(config, folder)
    assert files_of(folder) == files_of(stored.folder)


@pytest.mark.parametrize('parts, free, text', [
    (1, 0.5, 'What is done so far is kept'),
    (2, 0.999, 'File too large'),  # for the array of both parts alone
])  # fmt: skip
def test_full_disk(config, stored, tmp_path, parts, free, text):
    """While parts are written, and while they are joined."""
    folder = tmp_path / 'x'
    for i in range(1, parts):
        store(config, folder, part=(i, parts))
    size = (stored.folder / 'rows.npy').stat().st_size
    limited = files_of_at_most(int(free * size))
    with limited, pytest.raises(OSError, match=text):
        store(config, folder, part=(parts, parts))
    assert not (folder / 'rows.npy').exists()
    store(config, folder)
    assert files_of(folder) == files_of(stored.folder)


@pytest.mark.parametrize('change, text', [
    (lambda c: c.model.pop('teacher'), 'names no teacher'),
    (lambda c: c.model.teacher.update(keypoints=[*range(17)]),
     'does not say which of its keypoints change sides'),
    (lambda c: c.train_dataloader.dataset.pipeline.pop(4),
     'one TopdownAffine'),
    (lambda c: c.train_dataloader.dataset.pipeline[4].update(use_udp=True),
     'without use_udp'),
    (lambda c: c.model.teacher.update(height=float('nan')), 'NaN or infin'),
])  # fmt: skip
def test_what_cannot_be_stored(config, tmp_path, change, text):
    change(config)
    with pytest.raises(ValueError, match=text):
        store(config, tmp_path / 'x')
    assert not (tmp_path / 'x/meta.json').exists()


@pytest.mark.parametrize('is_complete', [True, False])
def test_other_people_of_the_same_file(config, stored, is_complete):
    """Which a setting of the dataset leaves out."""
    if not is_complete:
        (stored.folder / 'rows.npy').unlink()
    config.train_dataloader.dataset.indices = 25
    with pytest.raises(ValueError, match='begun for 30 people, .* has 25'):
        store(config, stored.folder)


@pytest.mark.parametrize('file', ['meta.json', 'rows.npy', 'keys.npy'])
@pytest.mark.parametrize('kept', [0, 0.5])
def test_damaged_files(stored, file, kept):
    content = (stored.folder / file).read_bytes()
    (stored.folder / file).write_bytes(content[: int(kept * len(content))])
    with pytest.raises(ValueError, match='damaged .*Delete the folder'):
        StoredOutputs(stored.folder)


def test_no_room(config, tmp_path, monkeypatch):
    free = SimpleNamespace(free=1000)
    monkeypatch.setattr('shutil.disk_usage', lambda _: free)
    with pytest.raises(OSError, match='has room for 0.0 GB'):
        store(config, tmp_path / 'x')
    assert not (tmp_path / 'x/rows.npy').exists()


def test_the_command(config, tmp_path, capsys, log):
    file, folder = tmp_path / 'student.py', tmp_path / 'stored'
    config.dump(file)
    command = 'store-teacher', str(file), str(folder)
    options = '--batch-size', '7', '--cfg-options', 'model.teacher.height=0.6'
    main([*command, *options])
    assert f'model.teacher.stored={folder}' in capsys.readouterr().out
    assert StoredOutputs(folder).is_complete
    assert 'WARNING' not in log.text  # which keypoints match: in training
    assert ' another teacher' in refused(*command)
