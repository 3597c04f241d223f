"""What continuous integration makes of tried versions."""

import pytest
from versions import COMBINATIONS, failures

WORKS = dict(install='yes', imports='yes', tests='9 passed', trains='AP 0.1')


@pytest.mark.parametrize('name, changes, failed', [
    ('oldest', {}, []),
    ('oldest', dict(tests='no: 1 failed'), ['oldest']),
    ('too-old', dict(imports='no: refused'), []),
])  # fmt: skip
def test_a_supported_combination_does_everything(name, changes, failed):
    (one,) = (one for one in COMBINATIONS if one.name == name)
    result = dict(versions=one._asdict(), found={**WORKS, **changes})
    assert failures([result]) == failed
    del result['found']['trains']  # it ended before
    assert failures([result]) == ['oldest'] * one.supported
