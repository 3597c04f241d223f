import pytest

from distilpose_runtime.few import few


@pytest.mark.parametrize('items, told', [
    ('', 'none'),
    ('a', 'a'),
    ('abc', 'a, b, c'),
    ('abcde', 'a, b, c, and 2 more'),
])  # fmt: skip
def test_the_first_and_how_many_more(items, told):
    assert few(items, 3) == told
