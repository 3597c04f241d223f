"""movement and Pose2Sim read what we write, in an environment of their own.

It is made anew, from pip's index: a minute or two, 1.5 GB.
"""

import json
import venv
from pathlib import Path

import numpy as np
import pytest

from ...integration.commands import run
from .predictions import NAMES, RATE, TRACKS, points, scores, write_video

ROOT = Path(__file__).parents[3]
KINDS = ['deeplabcut', 'deeplabcut-csv']


@pytest.fixture(scope='module')
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp('readers')
    for name in ('one', 'tracks'):
        (folder / name).mkdir()
    one = {1: [-1], 4: [-1]}
    write_video(folder / 'one/predictions.json', one, numbered=False)
    write_video(folder / 'tracks/predictions.json')
    venv.create(folder / 'venv', with_pip=True, symlinks=True)
    python = folder / 'venv/bin/python'
    pip = (python, '-m', 'pip', 'install', '--quiet')
    run([*pip, '--requirement', ROOT / 'requirements/readers.txt'])
    run([*pip, '--no-deps', 'pose2sim==0.10.49'])
    output = run(
        [python, Path(__file__).with_name('readers.py'), folder],
        PYTHONPATH=str(ROOT / 'projects'),
        MPLBACKEND='Agg',
    )
    (line,) = [x for x in output.splitlines() if x.startswith('found: ')]
    return json.loads(line.removeprefix('found: '))


@pytest.mark.slow
@pytest.mark.parametrize('kind', KINDS)
def test_movement_reads_one_person(found, kind):
    read = found[f'one {kind}']
    assert read['keypoints'] == NAMES
    assert read['time'] == [i / RATE for i in range(5)]
    position = np.array(read['position'])
    assert position.shape == (5, 1, 3, 2)
    assert np.isnan(position[[0, 2, 3]]).all()
    for frame in (1, 4):
        assert position[frame, 0].tolist() == points(frame, 0).tolist()
        read_scores = read['confidence'][frame][0]
        assert read_scores == scores(frame, 0).tolist()


@pytest.mark.slow
@pytest.mark.parametrize('kind', KINDS)
def test_movement_reads_tracks(found, kind):
    read = found[f'tracks {kind}']
    assert read['individuals'] == ['person3', 'person8']
    assert read['keypoints'] == NAMES
    assert read['time'] == [i / RATE for i in range(7)]
    position = np.array(read['position'])
    assert position.shape == (7, 2, 3, 2)
    there = {(2, 0): (2, 0), (2, 1): (2, 1), (6, 1): (6, 0)}
    assert (~np.isnan(position)).all((2, 3)).sum() == len(there)
    for (frame, individual), who in there.items():
        assert position[frame, individual].tolist() == points(*who).tolist()
        read_scores = read['confidence'][frame][individual]
        assert read_scores == scores(*who).tolist()


@pytest.mark.slow
def test_pose2sim_reads_openpose(found):
    read = {int(frame): people for frame, people in found['openpose'].items()}
    counts = {frame: len(tracks) for frame, tracks in TRACKS.items()}
    assert {frame: len(people) for frame, people in read.items()} == counts
    for frame, people in read.items():
        for i, values in enumerate(people):
            person = np.reshape(values, (3, 3))
            assert person[:, :2].tolist() == points(frame, i).tolist()
            assert person[:, 2].tolist() == scores(frame, i).tolist()
