"""What a check has to say."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ['FEW', 'NEVER', 'Findings']

LONGEST = 200
"""Characters of a case, such as a path, that are told."""

FEW = 0.1
"""The share of cases that is still called suspicious, and not wrong."""

NEVER = float('inf')


@dataclass
class Findings:
    """Errors, which must stop a training, and warnings, which must not."""

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def add(
        self,
        what: str,
        cases: Sequence[Any],
        total: int,
        error_from: float = 0.0,
    ) -> None:
        """Tell a fault by its number of cases and the first of them.

        Args:
            what: A sentence in which ``{}`` stands for "3 of 40".
            cases: The ids or names of the cases; without any, nothing is told.
            total: The number of all that were looked at.
            error_from: The share of cases from which on it is an error.
        """
        if not len(cases):
            return
        # Not by format: what is said may quote a path that has braces.
        text = what.replace('{}', f'{len(cases)} of {total}', 1)
        text += f' First: {", ".join(map(_short, cases[:3]))}.'
        if len(cases) >= error_from * total:
            self.errors.append(text)
        else:
            self.warnings.append(text)


def _short(case: Any) -> str:
    text = str(case)
    half = LONGEST // 2
    return text if len(text) <= LONGEST else f'{text[:half]}...{text[-half:]}'
