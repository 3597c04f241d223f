"""Reading what trainings leave behind."""

from distilpose.commands import read_scalars, read_step

LINE = (
    '11/24 03:05:06 - mmengine - INFO - Epoch(train)  [3][10/37]  lr: 1e-3  '
    'eta: 0:01:00  time: 0.1  loss: 0.25  loss_kpt: 0.2'
)


def test_reads_a_step():
    step = read_step(LINE)
    assert (step.epoch, step.step, step.steps) == (3, 10, 37)
    assert step.steps_done == 84 and step.loss == 'loss: 0.25'
    assert read_step('Epoch(val) [3][1/4]') is None


def test_scalars_over_restarts_and_a_line_cut_short(tmp_path):
    for name, text in (
        ('20260101_000001', '{"step": 1, "a": 1}\n{"step": 2, "a'),
        ('20260101_000002', '{"step": 2, "a": 3}\n'),
    ):
        folder = tmp_path / name / 'vis_data'
        folder.mkdir(parents=True)
        (folder / 'scalars.json').write_text(text)
    assert read_scalars(tmp_path) == [
        {'step': 1, 'a': 1},
        {'step': 2, 'a': 3},
    ]
