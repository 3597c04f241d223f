"""Teachers by the names of their configs: weights, downloads, refusals."""

import hashlib
import multiprocessing
import time

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpose.apis import init_model

from distilpose.teachers.frozen import FrozenTeacher
from distilpose.weights.fetch import place_of
from distilpose.weights.read import read_state_dict
from distilpose.zoo import find, published
from distilpose.zoo.find import find_config
from distilpose.zoo.published import published_ap, published_weights

from .. import limits, toys
from ..file_server import cached

SIZE = (192, 256)


def config_of(**head):
    """A whole config, small, of COCO's keypoints."""
    model = toys.convolutional_teacher()
    sizes = dict(input_size=SIZE, heatmap_size=(48, 64), sigma=2)
    codec = dict(model['head']['decoder'], **sizes)
    model['head'].update(out_channels=17, decoder=codec, **head)
    return dict(model=model, default_scope='mmpose')


def trained(**head):
    return toys.build(config_of(**head)['model'], seed=3)


@pytest.fixture
def publish(server, tmp_path, monkeypatch):
    """Publish a teacher called "toy" as MMPose does: config and metafile."""
    folder = tmp_path / 'configs/body_2d_keypoint/toys'
    folder.mkdir(parents=True)
    monkeypatch.setattr(find, 'OWN', tmp_path / 'configs')

    def publish(checkpoint):
        """Give the address of a checkpoint, which is saved, too."""
        torch.save(checkpoint, tmp_path / 'saved.pth')
        content = (tmp_path / 'saved.pth').read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        name = f'toy-{digest[:8]}_20230831.pth'
        server.files[f'/{name}'] = content
        address = f'{server.address}/{name}'
        published._models.cache_clear()
        Config(config_of()).dump(folder / 'toy.py')
        (folder / 'toys.yml').write_text(
            'Models:\n- Config: configs/body_2d_keypoint/toys/toy.py\n'
            f'  Name: toy\n  Weights: {address}\n'
        )
        return address

    yield publish
    published._models.cache_clear()


def weights_of(teacher):
    """What of a teacher's head is the same after its layers are fused."""
    return teacher.source.model.head.final_layer.weight


def test_weights_come_by_the_name(publish, server, tmp_path, log):
    model = trained()
    address = publish(dict(state_dict=model.state_dict(), meta={}))
    # Built, a student has downloaded nothing: testing needs no teacher.
    student = toys.build(toys.student(teacher='toy', distillation={}))
    assert server.asked == []
    for teacher in (student.teacher, FrozenTeacher(config='toy')):
        teacher.prepare()
        torch.testing.assert_close(
            weights_of(teacher), model.head.final_layer.weight
        )
        assert server.asked == [address[len(server.address) :]]
    (name,) = cached(tmp_path)
    line = f'The teacher toy: weights of {address} (SHA-256 {name[4:12]}...)'
    assert f'{line}, in {place_of(address)}' in log.text


def test_student_with_an_onnx_file_for_a_teacher():
    student = toys.build(toys.student(teacher='toy.onnx', distillation={}))
    with pytest.raises(FileNotFoundError, match='Set model.teacher.onnx'):
        student.teacher.prepare()


def test_own_or_random_weights_download_nothing(publish, server, tmp_path):
    publish(dict(state_dict=trained().state_dict()))
    FrozenTeacher(config='toy', allow_random_weights=True).prepare()
    own = trained()
    own.head.final_layer.weight.data.fill_(5.0)
    torch.save(own.state_dict(), tmp_path / 'own.pth')
    teacher = FrozenTeacher(config='toy', checkpoint=str(tmp_path / 'own.pth'))
    assert (weights_of(teacher) == 5).all() and server.asked == []


def test_changed_copy_of_a_config_has_no_weights(publish, tmp_path):
    publish(dict(state_dict=trained().state_dict()))
    config = Config.fromfile(find_config('toy'))
    config.dump(tmp_path / 'toy.py')
    (tmp_path / 'other.yml').write_text('no: metafile')
    (tmp_path / 'broken.yml').write_text('"')
    for copy in (str(tmp_path / 'toy.py'), config.to_dict()):
        with pytest.raises(ValueError, match='no checkpoint, .* No weights'):
            FrozenTeacher(config=copy).prepare()


def test_weights_of_another_config(publish):
    other = trained(deconv_out_channels=(8,), deconv_kernel_sizes=(4,))
    for state, text in (
        (other.state_dict(), 'architecture than its config .toy.: .*final_l'),
        ({'backbone.x': torch.zeros(1)}, r'Missing key\(s\): backbone\.'),
    ):
        publish(dict(state_dict=state))
        with pytest.raises(ValueError, match=text) as refused:
            FrozenTeacher(config='toy').prepare()
        assert '\n' not in str(refused.value)


def _read(address, queue):
    queue.put(read_state_dict(address)['a'].item())


def test_two_processes_download_once(server, tmp_path):
    """The first is killed while it downloads: the next one starts over."""
    torch.save(dict(a=torch.tensor(8)), tmp_path / 'x.pth')
    server.files['/x.pth'] = (tmp_path / 'x.pth').read_bytes()
    fork = multiprocessing.get_context('fork')
    queue = fork.SimpleQueue()
    given = f'{server.address}/x.pth', queue
    first, *others = (fork.Process(target=_read, args=given) for _ in range(3))
    server.may_answer.clear()
    first.start()
    while not server.asked:
        time.sleep(0.01)
    for process in others:
        process.start()
    time.sleep(0.1)
    assert server.asked == ['/x.pth'], 'the others wait'
    first.kill()
    first.join()
    server.may_answer.set()
    assert [queue.get(), queue.get()] == [8, 8]
    for process in others:
        process.join()
        assert process.exitcode == 0
    assert server.asked == ['/x.pth'] * 2
    assert cached(tmp_path) == ['x.pth']


@limits.numpy_in_checkpoints
def test_file_of_mmpose_0(publish, tmp_path, log):
    """Old names, values of NumPy, and tensors of today's nowhere."""
    model = trained()
    named = model.state_dict().items()
    state = {k.replace('head.', 'keypoint_head.'): v for k, v in named}
    state['data_preprocessor.mean'] = torch.zeros(3, 1, 1)
    state['keypoint_head.unused'] = torch.zeros(1)
    meta = dict(mmpose_version='0.29.0', hook_msgs={}, lr=np.float64(0.1))
    publish(dict(state_dict=state, meta=meta))
    teacher = FrozenTeacher(config='toy')
    inputs = torch.randn(1, 3, *SIZE[::-1])
    ours = teacher(inputs).heatmaps
    assert 'does not use all of its weights: head.unused' in log.text
    config = Config.fromfile(find_config('toy'))
    theirs = init_model(config, str(tmp_path / 'saved.pth'), device='cpu')
    with torch.no_grad():
        torch.testing.assert_close(ours, theirs(inputs, None, mode='tensor'))
    # Of a checkpoint of one's own, nothing may be left over.
    own = FrozenTeacher(config='toy', checkpoint=str(tmp_path / 'saved.pth'))
    with pytest.raises(ValueError, match=r'architecture .*head\.unused'):
        own.prepare()


@pytest.mark.parametrize('name, ap, ending', [
    ('td-hm_hrnet-w48_8xb32-210e_coco-256x192', 0.756,
     '-0e67c616_20220913.pth'),
    # Its metafile's Config is right, and its Name another's.
    ('rtmpose-m_8xb64-210e_crowdpose-256x192', None, '_20230224.pth'),
    # The folder that its metafile names is gone.
    ('td-hm_cpm_8xb32-40e_jhmdb-sub1-368x368', None, '_20201122.pth'),
    ('rtmpose-x_8xb32-270e_coco-wholebody-384x288', None, 'None'),
])  # fmt: skip
def test_metafiles_of_mmpose(name, ap, ending):
    assert str(published_weights(name)).endswith(ending)
    assert published_ap(name)[0] == ap
