"""What a report says of cases."""

import pytest

from distilpose.checks.report import FEW, NEVER, Report


@pytest.mark.parametrize(
    'cases, total, error_from, wrong',
    [
        (1, 11, FEW, False),
        (1, 10, FEW, True),
        (1, 1000, 0, True),
        (9, 9, NEVER, False),
    ],
)
def test_from_which_share_on_it_is_wrong(cases, total, error_from, wrong):
    report = Report()
    report.add('{} are {0}.', range(cases), total, error_from)
    text = (
        f'{cases} of {total} are {{0}}. First: {"0, 1, 2"[: 3 * cases - 2]}.'
    )
    assert (report.errors, report.warnings) == (
        ([text], []) if wrong else ([], [text])
    )


@pytest.mark.parametrize('length, told', [(200, 200), (201, 203), (999, 203)])
def test_long_cases_are_cut(length, told):
    report = Report()
    report.changed('{}.', ['x' * length], 1)
    assert report.changes[0].count('x') + 3 * ('...' in report.changes[0]) == (
        told
    )


def test_in_print():
    report = Report(facts=['a', 'b'], warnings=['c'], changes=['d', 'e'])
    report.take(Report(errors=['f'], facts=['g']), 'train')
    assert str(report) == (
        'a\nb\ntrain: g\n\nMust be put right:\n- train: f\n\nWorth a look:'
        '\n- c\n\nChanged:\n- d\n- e'
    )
