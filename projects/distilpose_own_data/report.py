"""What ``distilpose init`` has to say."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from distilpose.checks.findings import NEVER, Findings

__all__ = ['Report']


@dataclass
class Report(Findings):
    """Findings, and beside them what is there and what was changed.

    Attributes:
        facts: What the data are, and what was chosen for them.
        changes: What is written otherwise than it was read.
    """

    facts: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)

    def changed(self, what: str, cases: Sequence[Any], total: int) -> None:
        """Tell of a change as ``add`` tells of a fault."""
        told = Findings()
        told.add(what, cases, total, NEVER)
        self.changes += told.warnings

    def take(self, findings: Findings, where: str) -> None:
        """Add what was found in a file or folder."""
        self.errors += [f'{where}: {text}' for text in findings.errors]
        self.warnings += [f'{where}: {text}' for text in findings.warnings]
        if isinstance(findings, Report):
            self.facts += [f'{where}: {text}' for text in findings.facts]
            self.changes += [f'{where}: {text}' for text in findings.changes]

    def __str__(self) -> str:
        parts = [
            ('', self.facts),
            ('Must be put right', self.errors),
            ('Worth a look', self.warnings),
            ('Changed', self.changes),
        ]
        return '\n'.join(
            '\n'.join([*([f'\n{title}:'] if title else []), *lines])
            if not title
            else '\n'.join([f'\n{title}:', *(f'- {line}' for line in lines)])
            for title, lines in parts
            if lines
        )
