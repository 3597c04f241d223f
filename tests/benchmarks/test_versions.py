"""What continuous integration makes of tried versions."""

import pytest
from versions import COMBINATIONS, failures

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
