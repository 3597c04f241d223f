"""The benchmark compares like with like, and writes what it found."""

import csv
import sys
from pathlib import Path

import pytest
import torch

from . import toys

pytest.importorskip('torch.utils.flop_counter', reason='PyTorch 2.1 or later')
sys.path.insert(0, str(Path(__file__).parents[1] / 'tools'))
import benchmark
import plain_baseline

TINY = 'distilpose-tiny_no-distill_1xb32-30e_demo-96x64'


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, 'argv', ['benchmark', *arguments])
    benchmark.main()


def test_models_side_by_side(monkeypatch, tmp_path, capsys):
    """A model that cannot be built is named; the others are measured."""
    out = tmp_path / 'out'
    options = ('--batch', '1', '2', '--repeats', '2', '--deploy')
    run(monkeypatch, TINY, 'nonsense', *options, '--out', str(out))
    assert 'nonsense: FileNotFoundError' in capsys.readouterr().out
    lines = (out / 'models.csv').read_text().splitlines()
    (row,) = csv.DictReader(lines)
    assert row['model'] == TINY and row['parameters, M'] == '0.37'
    assert (out / 'models.md').is_file() and (out / 'models.png').is_file()


def test_loss_against_the_plain_way(monkeypatch, capsys):
    run(monkeypatch, '--loss', '--batch', '2', '--repeats', '2')
    assert '| 2 ' in capsys.readouterr().out


@pytest.mark.parametrize(
    'arguments, message',
    [
        (['--batch', '0'], '--batch must be 1 or more'),
        (['--evaluate', 'nowhere'], 'nowhere has no annotations/'),
    ],
)
def test_wrong_arguments(arguments, message, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        run(monkeypatch, *arguments)
    assert message in capsys.readouterr().err


def test_the_plain_way_is_plain():
    """Of another way than ours, or the ratios would compare ours with ours."""
    images = torch.randn(2, 3, *toys.INPUT_SIZE[::-1])
    fused, ordered = [], []
    for make in (lambda model: model, plain_baseline.make_plain):
        model = make(toys.build(toys.student()).eval())
        with torch.no_grad(), torch.profiler.profile() as profile:
            (feature_map,) = model.backbone(images)
            model.neck(feature_map)
        names = {event.key for event in profile.key_averages()}
        fused.append('aten::scaled_dot_product_attention' in names)
        ordered.append(
            feature_map.is_contiguous(memory_format=torch.channels_last)
        )
    assert fused == ordered == [True, False]


@pytest.mark.slow
@pytest.mark.parametrize('kind', ['--against-plain', '--train'])
def test_equal_to_the_plain_way(kind, monkeypatch, capsys):
    """Each asserts equal outputs before it measures."""
    run(monkeypatch, kind, '--batch', '2', '--repeats', '2')
    assert '| 2 ' in capsys.readouterr().out


def test_published_ap_and_whose_it_is():
    ap, source = benchmark.published_ap('simcc_res50_8xb64-210e_coco-256x192')
    assert (round(ap, 1), source) == (72.1, 'MMPose model zoo')
    assert benchmark.published_ap(benchmark.S) == (71.6, 'DistilPose paper')
    assert benchmark.published_ap(TINY) == (None, '')
