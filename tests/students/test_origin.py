"""An exported file says who may use it, and what it learned from."""

import pytest
from mmengine.config import Config

from distilpose.deploy.export import load_student
from distilpose.students.origin import origin
from distilpose.zoo.find import read_config
from distilpose_cli import main
from distilpose_runtime import PoseEstimator

from .. import exported

DATA = dict(data_root='data/a/', ann_file='annotations/train.json')


def with_data(dataset, **changes) -> Config:
    config = exported.config(**changes)
    config.train_dataloader = dict(dataset=dataset)
    return config


@pytest.mark.parametrize('given, license', [
    ((), 'CC-BY-4.0'),
    (('--license', 'for research only'), 'for research only'),
])  # fmt: skip
def test_command(tmp_path, capsys, given, license):
    """The license of the option or of the config, data, and teacher."""
    student = with_data(DATA, teacher=dict(onnx='models/movenet.onnx'))
    student.license = 'CC-BY-4.0'
    student.dump(tmp_path / 'student.py')
    plain = exported.checkpoint(tmp_path, exported.config())
    file = tmp_path / 'x.onnx'
    main(['export', str(tmp_path / 'student.py'), plain, str(file), *given])
    about = PoseEstimator(file).about
    assert about['license'] == license and about['teacher'] == 'movenet.onnx'
    assert about['training_data'] == ['data/a/annotations/train.json']
    assert (
        f'license {license}; trained on data/a/annotations/train.json; '
        'teacher movenet.onnx.'
    ) in capsys.readouterr().out


@pytest.mark.parametrize('dataset, files', [
    (dict(DATA, data_root='/home/me/a'), ['train.json']),
    (dict(dataset=DATA), ['data/a/annotations/train.json']),
    (dict(datasets=[DATA, dict(ann_file='b.json'), DATA]),
     ['data/a/annotations/train.json', 'b.json']),
    ({}, []),
])  # fmt: skip
def test_annotation_files(tmp_path, dataset, files):
    """Of all datasets within others, without this machine's folders."""
    config = with_data(dataset)
    model = load_student(config, exported.checkpoint(tmp_path, config))
    assert origin(config, model).get('training_data', []) == files
    config.training_data = 'Photos of ours'
    assert origin(config, model) == dict(training_data=['Photos of ours'])
    config.license = 3
    with pytest.raises(ValueError, match='license is 3, expected a text'):
        origin(config, model)


def test_teacher_of_the_zoo(tmp_path):
    teacher = 'td-hm_hrnet-w48_8xb32-210e_coco-256x192'
    config = with_data(DATA, teacher=teacher)
    plain = exported.checkpoint(tmp_path, exported.config())
    assert origin(config, load_student(config, plain))['teacher'] == teacher


def test_leeds_is_for_research():
    name = 'distilpose-lite0_td-hm_1xb64-12e_lsp-extended-128x96'
    config = read_config(name)
    assert config.license == 'for research only, as its training data'
    assert config.training_data == 'Leeds Sports Pose Extended'
