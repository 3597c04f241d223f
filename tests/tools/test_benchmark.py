"""The benchmarks compare like with like, and write what they found."""

import csv
from pathlib import Path

import against_baseline
import benchmark
import evaluation
import naive_baseline
import pytest
import simcc_loss
import timing
import torch
from mmengine.config import Config, ConfigDict

from distilpose.zoo.find import find_config

from .. import toys

TINY = 'distilpose-tiny_no-distill_1xb32-15e_demo-96x64'
QUICK = ['--batch', '2', '--repeats', '2']


def read_table(folder, name):
    """The rows of a CSV file, by its first column."""
    rows = csv.DictReader((folder / name).read_text().splitlines())
    return {next(iter(row.values())): row for row in rows}


def test_models_side_by_side(tmp_path, capsys):
    """A model that cannot be built is named; the others are measured."""
    out = tmp_path / 'out'
    options = ['--batch', '1', '2', '--repeats', '2', '--deploy', '--onnx']
    benchmark.main([TINY, 'nonsense', *options, '--out', str(out)])
    assert 'nonsense: UserFileNotFoundError' in capsys.readouterr().out
    ((name, row),) = read_table(out, 'models.csv').items()
    assert name == TINY and row['parameters, M'] == '0.37'
    milliseconds = float(row['batch 2: ms'].split()[0])
    assert float(row['batch 2: ms in ONNX Runtime'].split()[0]) > 0
    assert float(row['batch 2: images/s']) == pytest.approx(
        2000 / milliseconds, rel=0.05
    )
    assert not (out / 'models.png').exists(), 'no AP of it is published'


def test_spread_lies_among_the_times():
    """Of two times, too: below them there is nothing."""
    assert timing.Timing.of([1, 9]) == (5, 3, 7)
    assert timing.Timing.of([5, 1, 4, 2, 3]) == (3, 2, 4)


def test_calls_are_interleaved():
    made = []
    calls = {name: lambda name=name: made.append(name) for name in 'ab'}
    found = timing.milliseconds(calls, repeats=3, device='cpu')
    assert ''.join(made) == 'ab' * 5  # two rounds warm up
    assert [*map(len, found.values())] == [3, 3]


def test_peak_memory():
    def work():
        torch.ones(1 << 18)  # a megabyte, freed again
        return torch.ones(1 << 19)

    assert timing.peak_memory(work, 'cpu') == pytest.approx(2, rel=0.01)


@pytest.mark.parametrize('name, ap, source', [
    ('simcc_res50_8xb64-210e_coco-256x192', 0.721, 'MMPose model zoo'),
    (against_baseline.STUDENT, 0.716, 'DistilPose paper'),
    (TINY, None, ''),
    ('td-hm_res50_8xb64-210e_ap10k-256x256', None, ''),  # animals
    ('td-hm_res50_8xb64-210e_coco-wholebody-256x192', None, ''),
])  # fmt: skip
def test_published_ap_and_whose_it_is(name, ap, source):
    assert benchmark.published_ap(name) == (ap, source)


@pytest.mark.parametrize('main, command', [
    (simcc_loss.main, []),
    (against_baseline.main, ['loss']),
    pytest.param(against_baseline.main, ['predict'], marks=pytest.mark.slow),
    pytest.param(against_baseline.main, ['train'], marks=pytest.mark.slow),
])  # fmt: skip
def test_equal_before_it_is_measured(main, command, capsys):
    """Each asserts that the ways it compares give the same."""
    main([*command, *QUICK])
    assert '| 2 ' in capsys.readouterr().out


@pytest.mark.parametrize('main, arguments, message', [
    (benchmark.main, ['--batch', '0'], '--batch must be 1 or more'),
    (benchmark.main, ['--repeats', '1'], '--repeats must be 2 or more'),
    (benchmark.main, ['--onnx', '--device', 'cuda'],
     '--onnx compares on the CPU'),
    (evaluation.main, ['nowhere'], 'nowhere has no annotations/'),
    (against_baseline.main, ['loss', '--precision', 'bfloat16'],
     '--precision is for predictions'),
])  # fmt: skip
def test_wrong_arguments(main, arguments, message, capsys):
    with pytest.raises(SystemExit):
        main(arguments)
    assert message in capsys.readouterr().err


def test_testing_stage_by_stage(pictures, tmp_path, monkeypatch, capsys):
    """On the tiny model, and all people twice."""
    monkeypatch.setattr(evaluation, 'STUDENT', TINY)
    options = ['--boxes', '16', '--batch', '8', '--out', str(tmp_path)]
    evaluation.main([str(pictures), *options])
    assert 'over 16 boxes' in capsys.readouterr().out
    found = read_table(tmp_path, 'evaluate.csv')
    stages = {stage: float(row['share, %']) for stage, row in found.items()}
    assert {'LoadImageOnce', 'TopdownAffine', 'model', 'metric'} <= {*stages}
    assert stages.pop('all') == 100
    assert sum(stages.values()) == pytest.approx(100, abs=len(stages))


def test_the_baseline_is_naive():
    """Of another way than ours, or the ratios would compare ours with ours."""
    images = torch.randn(2, 3, *toys.INPUT_SIZE[::-1])
    own = toys.build(toys.student()).eval()
    config = ConfigDict(toys.student())
    naive = naive_baseline.build_naive(config, own.state_dict())
    fused, ordered, outputs = [], [], []
    for model in (own, naive):
        with torch.no_grad(), torch.profiler.profile() as profile:
            (feature_map,) = model.backbone(images)
            outputs.append(model.neck(feature_map))
        names = {event.key for event in profile.key_averages()}
        fused.append('aten::scaled_dot_product_attention' in names)
        ordered.append(
            feature_map.is_contiguous(memory_format=torch.channels_last)
        )
    assert fused == ordered == [True, False]
    for one, other in zip(*outputs):
        torch.testing.assert_close(one, other)


@pytest.mark.slow
def test_rtmlib_beside_ours(capsys):
    """It sees that both give the same before it measures."""
    pytest.importorskip('rtmlib')
    import rtmlib_speed

    rtmlib_speed.main(QUICK)
    assert '| rtmpose-s | 2 ' in capsys.readouterr().out


@pytest.mark.slow
def test_videos_beside_rtmlib(capsys):
    """Both have about as many poses, in a video made of the docs' photos.

    Ours may have more: whom one detection misses stays for one more.
    """
    pytest.importorskip('rtmlib')
    import video_speed

    photos = Path(__file__).parents[2] / 'docs/photos'
    few = dict(people=1, frames=20, rounds=1, every=5)
    options = [f'--{name}={value}' for name, value in few.items()]
    video_speed.main([str(photos), *options])
    rows = [
        [cell.strip() for cell in line.split('|')[1:-1]]
        for line in capsys.readouterr().out.splitlines()
        if '|' in line and '---' not in line
    ]
    beside = {row[0]: row for row in rows}
    for model in ('distilpose-body17', 'rtmpose-t'):
        theirs, ours = (float(beside[model][i]) for i in (4, 7))
        assert 1 <= theirs <= ours <= theirs + 0.5  # people in a frame
    assert [len(row) for row in rows if row[0] == '1'] == [6, 4]


@pytest.mark.slow
def test_formats_side_by_side(tmp_path, pictures, capsys):
    """The AP of all is that of PyTorch."""
    config = Config.fromfile(find_config(TINY))
    annotations = str(pictures / 'annotations/person_keypoints_val2017.json')
    config.test_dataloader.dataset.data_root = str(pictures)
    config.test_evaluator.ann_file = annotations
    pck = dict(type='PCKAccuracy', norm_item='bbox')
    config.test_evaluator = [pck, config.test_evaluator]
    config.dump(tmp_path / 'student.py')
    options = ['--formats', '--ap', '--no-compile', '--threads', '1', *QUICK]
    config_file, out = str(tmp_path / 'student.py'), str(tmp_path)
    benchmark.main([config_file, *options, '--out', out])
    assert 'random weights' in capsys.readouterr().out
    found = read_table(tmp_path, 'formats.csv')
    first = found['PyTorch, as built']
    exact = found['ONNX Runtime, float32']
    assert float(exact['largest difference, px']) < 0.01
    assert exact['AP'] == first['AP']
    sizes = [
        float(found[f'ONNX Runtime, {x}']['MB'])
        for x in ('float32', 'float16')
    ]
    assert sizes == sorted(sizes, reverse=True)
    assert first['batch 2: of the first'] == '1.00'
