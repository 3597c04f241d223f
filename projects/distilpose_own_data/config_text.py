"""Values as the text of a config."""

from string import Template
from typing import Any

__all__ = ['Variable', 'fill']

WIDTH = 79


class Variable(str):
    """An expression of the config, such as the name of a variable."""


def fill(template: str, **values: Any) -> str:
    """Put values into a config's text where it says ``name = $name``."""
    codes = {key: _code(value, f'{key} = ') for key, value in values.items()}
    return Template(template).substitute(codes)


def _code(
    value: Any, before: str = '', indent: str = '', width: float = WIDTH
) -> str:
    """A value as Python writes it, but ``dict(key=value)``.

    A value that is too long for its line, which begins with ``before``, is
    broken: each entry of a dict gets a line, other values fill lines.
    """
    if isinstance(value, dict):
        first, last = 'dict(', ')'
        parts = [(f'{key}=', part) for key, part in value.items()]
    elif isinstance(value, (list, tuple)):
        first, last = '[]' if isinstance(value, list) else '()'
        parts = [('', part) for part in value]
    else:
        return value if isinstance(value, Variable) else repr(value)
    flat = ', '.join(
        f'{k}{_code(part, width=float("inf"))}' for k, part in parts
    )
    if isinstance(value, tuple) and len(value) == 1:
        flat += ','
    if len(f'{indent}{before}{first}{flat}{last},') <= width:
        return f'{first}{flat}{last}'
    inner = f'{indent}    '
    rows: list[str] = []
    for key, part in parts:
        row = f'{key}{_code(part, key, inner)},'
        both = f'{rows[-1]} {row}' if rows else row
        if len(f'{inner}{both}') > width or 'dict(' in both:
            rows.append(row)
        else:
            rows[-1:] = [both]
    body = ''.join(f'{inner}{row}\n' for row in rows)
    return f'{first}\n{body}{indent}{last}'
