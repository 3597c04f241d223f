"""What a check of data has found."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ['FEW', 'NEVER', 'Report']

LONGEST = 200
"""Characters of a case, such as a path, that are told."""

FEW = 0.1
"""The share of cases that is still called suspicious, and not wrong."""

NEVER = float('inf')


@dataclass
class Report:
    """What was found, by what it means.

    Attributes:
        errors: What must be put right first.
        warnings: What may be wrong.
        changes: What was changed between reading and writing.
        facts: What the data are, and what is used of them.
    """

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)

    def add(
        self,
        what: str,
        cases: Sequence[Any],
        total: int,
        error_from: float = 0.0,
    ) -> None:
        """Report a fault by its number of cases and the first of them.

        Args:
            what: A sentence in which ``{}`` stands for "3 of 40".
            cases: Ids or names of the cases; without any, nothing is added.
            total: How many were looked at.
            error_from: From this share of cases on, it is an error.
        """
        if len(cases):
            wrong = len(cases) >= error_from * total
            (self.errors if wrong else self.warnings).append(
                _counted(what, cases, total)
            )

    def changed(self, what: str, cases: Sequence[Any], total: int) -> None:
        """Report a change as ``add`` reports a fault."""
        if len(cases):
            self.changes.append(_counted(what, cases, total))

    def take(self, other: 'Report', where: str) -> None:
        """Add what was found in a file or folder."""
        for name, lines in vars(self).items():
            lines += [f'{where}: {text}' for text in getattr(other, name)]

    def __str__(self) -> str:
        parts = ['\n'.join(self.facts)] if self.facts else []
        for title, lines in (
            ('Must be put right', self.errors),
            ('Worth a look', self.warnings),
            ('Changed', self.changes),
        ):
            if lines:
                parts.append('\n- '.join([f'\n{title}:', *lines]))
        return '\n'.join(parts)


def _counted(what: str, cases: Sequence[Any], total: int) -> str:
    # Not by format: the text may quote a path that has braces.
    text = what.replace('{}', f'{len(cases)} of {total}', 1)
    return f'{text} First: {", ".join(map(_short, cases[:3]))}.'


def _short(case: Any) -> str:
    text = str(case)
    half = LONGEST // 2
    return text if len(text) <= LONGEST else f'{text[:half]}...{text[-half:]}'
