"""What continuous integration makes of tried versions."""

import pytest
from versions import COMBINATIONS, STAGES, failures, report

WORKS = {
    'install': 'yes',
    'imports': 'yes',
    'tests': '9 passed',
    'trains': 'AP 0.012',
}


def result(name, found):
    (one,) = (one for one in COMBINATIONS if one.name == name)
    return dict(versions=one._asdict(), found=found)


@pytest.mark.parametrize(
    ('name', 'found', 'failed'),
    [
        ('oldest', WORKS, []),
        ('oldest', {**WORKS, 'tests': 'no: 1 failed'}, ['oldest']),
        ('oldest', {'install': 'Python 3.10 is not installed'}, ['oldest']),
        ('too-old', {'install': 'yes', 'imports': 'no: refused'}, []),
    ],
)
def test_a_supported_combination_does_everything(name, found, failed):
    assert failures([result(name, found)]) == failed


def test_table():
    table = report([result('newest', {'install': 'no: x'})]).splitlines()
    assert table[1] == '|' + ' --- |' * (6 + len(STAGES))
    assert table[2] == (
        '| 3.12 | 2.15.0 | 2 | 1.3.2 | 0.10.7 | mmcv-lite 2.1.0 '
        '| no: x | - | - | - |'
    )
