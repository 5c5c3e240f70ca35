"""The few protobuf messages that are exchanged with Pyroscope and Parca, written and read by hand.

Only what those messages hold: varints, texts and messages in messages. A profile inside an answer is taken as
the bytes it is, and decoded by the core.
"""

from __future__ import annotations

from collections.abc import Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED = {_FIXED64: 8, _FIXED32: 4}

Field = int | str | bytes
"""What a field may hold: an integer, a text, or a message that is encoded already."""


class MalformedError(ValueError):
    """Bytes that are no message."""


def message(*fields: tuple[int, Field]) -> bytes:
    """Write a message.

    Args:
        fields: Number and content of each; zeros and empty texts are left out, as proto3 does.
    """
    out = bytearray()
    for number, value in fields:
        if isinstance(value, int):
            if value:
                out += _varint(number << 3 | _VARINT) + _varint(value)
        else:
            content = value.encode() if isinstance(value, str) else value
            # An empty message still says that it is there.
            if content or isinstance(value, bytes):
                out += _varint(number << 3 | _BYTES) + _varint(len(content)) + content
    return bytes(out)


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Read a message, field by field; what a field means is the reader's own knowledge.

    Args:
        data: The message.

    Yields:
        The number of a field, and what it holds: an integer for varints, else its bytes.

    Raises:
        MalformedError: The bytes are no message.
    """
    at = 0
    while at < len(data):
        key, at = _read_varint(data, at)
        number, form = key >> 3, key & 7
        if not number:
            raise MalformedError("a field of number 0")
        if form == _VARINT:
            value, at = _read_varint(data, at)
            yield number, value
            continue
        if form == _BYTES:
            size, at = _read_varint(data, at)
        elif form in _FIXED:
            size = _FIXED[form]
        else:
            raise MalformedError(f"a field of the form {form}")
        if size > len(data) - at:
            raise MalformedError("it ends within a field")
        yield number, data[at : at + size]
        at += size


def submessage(data: bytes, number: int) -> bytes | None:
    """Give the message in a field, the last one when there are several; None when there is none.

    Raises:
        MalformedError: The bytes are no message.
    """
    found: bytes | None = None
    for known, value in fields(data):
        if known == number and isinstance(value, bytes):
            found = value
    return found


def texts(data: bytes, number: int) -> list[str]:
    """Give all texts of a field, in their order.

    Raises:
        MalformedError: The bytes are no message.
    """
    return [
        value.decode("utf-8", "replace")
        for known, value in fields(data)
        if known == number and isinstance(value, bytes)
    ]


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise MalformedError("it ends within a number")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & ((1 << 64) - 1), at
    raise MalformedError("a number of more than ten bytes")
