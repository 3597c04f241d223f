"""Metadata of ONNX files, changed without the package onnx.

A user of the runtime need not have that package, and it would read and write
all weights for an entry of a few bytes.
"""

from collections.abc import Iterator
from typing import NamedTuple

__all__ = ['entries', 'with_entry']

# Numbers of fields in onnx.proto: of ModelProto, and of the
# StringStringEntryProto that it holds.
METADATA_PROPS = 14
KEY, VALUE = 1, 2
# How a field's value is written, of all that these messages have.
VARINT, DELIMITED = 0, 2


class _Field(NamedTuple):
    number: int
    whole: bytes
    value: bytes


def entries(content: bytes) -> dict[str, str]:
    """The entries of a model's metadata.

    Args:
        content: An ONNX file that ONNX Runtime loads.
    """
    found = map(_entry, _fields(content))
    return {key: value for key, value in found if key is not None}


def with_entry(content: bytes, key: str, value: str) -> bytes:
    """Set an entry of a model's metadata; all else stays as it is.

    Args:
        content: An ONNX file that ONNX Runtime loads.
        key: Name of the entry, which is replaced where it is there.
        value: Its text.
    """
    fields = [x.whole for x in _fields(content) if _entry(x)[0] != key]
    entry = _delimited(KEY, key.encode()) + _delimited(VALUE, value.encode())
    return b''.join([*fields, _delimited(METADATA_PROPS, entry)])


def _entry(field: _Field) -> tuple[str | None, str]:
    """Key and value of an entry; no key for a field that is none."""
    if field.number != METADATA_PROPS:
        return None, ''
    parts = {x.number: x.value.decode() for x in _fields(field.value)}
    return parts.get(KEY, ''), parts.get(VALUE, '')


def _fields(message: bytes) -> Iterator[_Field]:
    """The fields of a message of protocol buffers, in their order."""
    at = 0
    while at < len(message):
        start = at
        tag, at = _varint(message, at)
        kind, begin = tag & 7, at
        if kind == VARINT:
            _, at = _varint(message, at)
        elif kind == DELIMITED:
            size, begin = _varint(message, at)
            at = begin + size
        else:
            raise ValueError(f'a field of the kind {kind}')
        yield _Field(tag >> 3, message[start:at], message[begin:at])


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """A number of 7 bits a byte, the lowest first, and where it ends."""
    number = shift = 0
    while True:
        byte = message[at]
        at += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, at


def _delimited(number: int, value: bytes) -> bytes:
    return _number(number << 3 | DELIMITED) + _number(len(value)) + value


def _number(number: int) -> bytes:
    digits = []
    while number >= 0x80:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*digits, number])
