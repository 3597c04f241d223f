"""Python values as text that a person reads: ``dict(key=value)`` and short
lines."""

from typing import Any

__all__ = ['Name', 'render']

WIDTH = 79


class Name(str):
    """The name of a variable of the config, written without quotes."""

    def __repr__(self) -> str:
        return str(self)

    def __deepcopy__(self, memo: dict) -> 'Name':
        return self


def render(
    value: Any, indent: int = 0, before: int = 0, width: int = WIDTH
) -> str:
    """Write a value in lines that are not longer than they need be.

    Args:
        value: Of dicts, lists, tuples and plain values.
        indent: Columns in front of its lines but the first.
        before: Columns that stand in front of its first line.
        width: Columns of a line, where that is possible.
    """
    line = _in_a_line(value)
    if before + len(line) + 1 <= width or not isinstance(
        value, (dict, list, tuple)
    ):
        return line
    inner = ' ' * (indent + 4)
    heads: list[str]
    if isinstance(value, dict) and _are_words(value):
        start, end = 'dict(', ')'
        heads = [f'{key}=' for key in value]
        values = [*value.values()]
    elif isinstance(value, dict):
        start, end = '{', '}'
        heads = [f'{key!r}: ' for key in value]
        values = [*value.values()]
    else:
        start, end = '[]' if isinstance(value, list) else '()'
        heads, values = [''] * len(value), [*value]
    lines = [
        f'{inner}{head}'
        f'{render(item, indent + 4, indent + 4 + len(head), width)},\n'
        for head, item in zip(heads, values)
    ]
    return f'{start}\n{"".join(lines)}{" " * indent}{end}'


def _are_words(value: dict) -> bool:
    return all(isinstance(k, str) and k.isidentifier() for k in value)


def _in_a_line(value: Any) -> str:
    if isinstance(value, dict):
        if _are_words(value):
            items = [f'{k}={_in_a_line(v)}' for k, v in value.items()]
            return f'dict({", ".join(items)})'
        items = [f'{k!r}: {_in_a_line(v)}' for k, v in value.items()]
        return f'{{{", ".join(items)}}}'
    if isinstance(value, (list, tuple)):
        text = ', '.join(map(_in_a_line, value))
        if isinstance(value, list):
            return f'[{text}]'
        return f'({text},)' if len(value) == 1 else f'({text})'
    return repr(value)
