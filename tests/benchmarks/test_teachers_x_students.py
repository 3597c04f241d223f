"""The table of teachers and students, with MMEngine's runner replaced."""

from pathlib import Path

import pytest
import teachers_x_students
from teachers_x_students import Experiment


@pytest.fixture
def experiment(monkeypatch, pictures, tmp_path):
    monkeypatch.setattr(
        teachers_x_students, 'make_dataset', lambda *_, **__: pictures
    )
    return Experiment(tmp_path, seed=3)


def test_table_of_students_by_teacher(experiment, runner):
    def metrics(config, epoch):
        return {'coco/AP': 0.5 if 'teacher' in config.model else 0.2}

    runner.metrics = staticmethod(metrics)
    rows = [
        [cell.strip() for cell in line.split('|')[1:-1]]
        for line in experiment.run().splitlines()
    ]
    assert rows[2] == ['none', '', '0.200', '0.200', '0.200']
    assert rows[3] == ['TokenPose', '0.200', *['0.500 (+0.300)'] * 3]
    assert [row[0] for row in rows[4:]] == ['HeatmapHead', 'UDP', 'RTMCCHead']
    assert len(runner.calls) == 3 + 4 + 12
    experiment.run()
    assert len(runner.calls) == 19, 'what is complete is not repeated'


def test_what_a_run_starts_from_is_trained_before_it(experiment):
    folders = []
    for training in experiment.trainings:
        model = training.config.model
        needed = [model.backbone.get('init_cfg'), model.get('teacher')]
        for source in filter(None, needed):
            assert Path(source['checkpoint']).parent in folders
        folders.append(training.folder)
    assert len({*folders}) == 19
