"""Fields of pprof's message, written by hand: profiles without samples, times of those that have some."""

from __future__ import annotations

from collections.abc import Mapping

from pprof_mcp import _native
from pprof_mcp.errors import UnreadableError

Shape = tuple[tuple[tuple[str, str], ...], tuple[str, str] | None]
"""Sample types, and type and unit of the period: profiles that differ in it measure different things."""


def empty(shape: Shape, time_nanos: int) -> bytes:
    """Write a profile without samples.

    Args:
        shape: What it measures.
        time_nanos: When, since 1970; 0 for no time.
    """
    strings = [""]

    def value_type(number: int, pair: tuple[str, str]) -> bytes:
        strings.extend(pair)
        inner = b"\x08" + varint(len(strings) - 2) + b"\x10" + varint(len(strings) - 1)
        return bytes([number << 3 | 2]) + varint(len(inner)) + inner

    types, period = shape
    # Numbers of fields: profile.proto.
    head = b"".join(value_type(1, pair) for pair in types)
    tail = value_type(11, period) if period else b""
    texts = [text.encode() for text in strings]
    table = b"".join(b"\x32" + varint(len(text)) + text for text in texts)
    message = head + table + tail
    return timed(message, time_nanos) if time_nanos else message


def timed(message: bytes, nanos: int) -> bytes:
    """Give a message without a time one, in nanoseconds since 1970."""
    return message + b"\x48" + varint(nanos)


def lasting(message: bytes, nanos: int) -> bytes:
    """Give a message without a duration one, in nanoseconds."""
    return message + b"\x50" + varint(nanos)


def between(before: bytes, after: bytes, shape: Shape, limits: Mapping[str, int], time_nanos: int) -> bytes:
    """Take from a profile what an earlier one of its process has counted already; snapshots stay its own.

    Args:
        before: The earlier profile.
        after: The later one, not compressed and with a time.
        shape: What both measure.
        limits: Limits of the core that were set.
        time_nanos: Time of the later one.

    Returns:
        The message, not compressed, without a duration. Its time is that of the earlier one; rows of which
        nothing is left are gone.

    Raises:
        PprofMcpError: One can not be read.
    """
    held = dict(limits) or None
    nothing = _native.Profile.decode(empty(shape, time_nanos - 1))
    negative = _native.diff(_native.Profile.decode(before, held), nothing)
    # Of snapshots only the latest count: those of the later one, whatever is negative of the earlier.
    native, outcome = _native.merge_inputs(
        [("before", negative), ("after", after)], snapshots="last", limits=held
    )
    if native is None:
        raise UnreadableError(str(outcome["failures"][0]["message"]))
    return native.encode(compress=False)


def varint(value: int) -> bytes:
    """Write a number of 0 or more as protobuf does."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
