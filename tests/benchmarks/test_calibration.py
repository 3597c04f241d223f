"""The calibration tool measures students, and says what it cannot."""

import calibration
import numpy as np
import pytest
import torch

from distilpose.zoo.build import build_without_weights

from ..training import runs


@pytest.fixture
def model(pictures, tmp_path):
    """Write a tiny model's config and checkpoint; give their names."""

    def model(kind='', **changes):
        config = runs.config(pictures, tmp_path, kind, **changes)
        files = [str(tmp_path / name) for name in ('tiny.py', 'tiny.pth')]
        config.dump(files[0])
        state = build_without_weights(config).state_dict()
        torch.save(dict(state_dict=state), files[1])
        return files

    return model


def run(*arguments):
    calibration.main([*map(str, arguments)])


def test_table_and_picture(model, tmp_path, capsys):
    config, checkpoint = model()
    run(tmp_path / 'out.png', config, checkpoint)
    table = capsys.readouterr().out
    for name in ('score', 'sigmas'):
        assert f'| {checkpoint}, {name} ' in table
    assert (tmp_path / 'out.png').is_file()


def test_picture_and_its_legend():
    """All tenths have a tick, and long paths do not cover the curves."""
    paths = [f'work_dirs/ablation/{x}/seed-0/epoch_15.pth' for x in 'ab']
    medians = np.linspace(0.04, 0.01, 10)
    figure = calibration.draw({path: medians for path in paths})
    figure.draw_without_rendering()
    (axis,) = figure.axes
    ticks = [x.get_text() for x in axis.get_xticklabels()]
    assert ticks == [str(i) for i in range(1, 11)]
    first, second = axis.lines
    assert [*first.get_ydata()][0] == 4  # percent
    assert first.get_marker() != second.get_marker()
    box = axis.get_legend().get_window_extent()
    assert figure.bbox.count_contains(box.corners()) == 4
    below = axis.xaxis.label.get_window_extent()
    assert box.y1 < below.y0


def test_wrong_arguments(model, tmp_path, capsys):
    config, checkpoint = model()
    out = tmp_path / 'out.png'
    for files, message in (
        ((config, 'no.pth'), 'There is no checkpoint "no.pth"'),
        (('no', checkpoint), 'config "no" is neither'),
        (model('_no-distill'), 'no confidence: .* neither scores'),
    ):
        with pytest.raises(SystemExit, match=f'calibration: .*{message}'):
            run(out, *files)
    with pytest.raises(SystemExit):
        run(tmp_path / 'no/out.png', 'config', 'checkpoint')
    assert f'there is no folder {tmp_path}/no' in capsys.readouterr().err
