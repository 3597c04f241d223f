"""What a report says of cases."""

import pytest

from distilpose.checks.report import FEW, NEVER, Report


@pytest.mark.parametrize('cases, total, error_from, wrong', [
    (1, 11, FEW, False), (1, 10, FEW, True), (1, 1000, 0, True),
    (9, 9, NEVER, False),
])  # fmt: skip
def test_from_which_share_on_it_is_wrong(cases, total, error_from, wrong):
    report = Report()
    report.add('{} are {0}.', range(cases), total, error_from)
    first = '0, 1, 2' if cases > 1 else '0'
    told = [f'{cases} of {total} are {{0}}. First: {first}.']
    assert report == (Report(told) if wrong else Report(warnings=told))


@pytest.mark.parametrize('length, told', [
    (200, 'x' * 200), (201, f'{"x" * 100}...{"x" * 100}'),
])  # fmt: skip
def test_long_cases_are_cut(length, told):
    report = Report()
    report.changed('{}.', ['x' * length], 1)
    assert report.changes == [f'1 of 1. First: {told}.']


def test_in_print():
    report = Report(facts=['a', 'b'], warnings=['c'], changes=['d', 'e'])
    report.take(Report(errors=['f'], facts=['g']), 'train')
    assert str(report) == (
        'a\nb\ntrain: g\n\nMust be put right:\n- train: f\n\nWorth a look:'
        '\n- c\n\nChanged:\n- d\n- e'
    )
