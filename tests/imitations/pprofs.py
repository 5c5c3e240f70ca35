"""What the imitations do with profiles: choose one sample type, as Pyroscope and Parca answer with one."""

from __future__ import annotations

import gzip

from pprof_mcp.sources.protobuf import fields, message

SAMPLE_TYPE, SAMPLE, STRINGS, PERIOD_TYPE, DEFAULT = 1, 2, 6, 11, 14


def plain(profile: bytes) -> bytes:
    """The message of a profile, unpacked."""
    return gzip.decompress(profile) if profile[:2] == b"\x1f\x8b" else profile


def sample_types(profile: bytes) -> list[tuple[str, str]]:
    """Type and unit of each sample type."""
    strings = [bytes(v).decode() for n, v in fields(plain(profile)) if n == STRINGS and isinstance(v, bytes)]
    found: list[tuple[str, str]] = []
    for number, value in fields(plain(profile)):
        if number == SAMPLE_TYPE and isinstance(value, bytes):
            ids = dict(fields(value))
            found.append((strings[_number(ids.get(1))], strings[_number(ids.get(2))]))
    return found


def period_type(profile: bytes) -> tuple[str, str]:
    """Type and unit of the period."""
    strings = [bytes(v).decode() for n, v in fields(plain(profile)) if n == STRINGS and isinstance(v, bytes)]
    for number, value in fields(plain(profile)):
        if number == PERIOD_TYPE and isinstance(value, bytes):
            ids = dict(fields(value))
            return strings[_number(ids.get(1))], strings[_number(ids.get(2))]
    return "", ""


def only(profile: bytes, sample_type: str) -> bytes:
    """The profile with one sample type and without labels, not compressed."""
    index = [name for name, _ in sample_types(profile)].index(sample_type)
    out = bytearray()
    seen = 0
    for number, value in fields(plain(profile)):
        if number == SAMPLE_TYPE:
            seen += 1
            if seen - 1 != index:
                continue
        elif number == SAMPLE and isinstance(value, bytes):
            out += message((SAMPLE, _sample(value, index)))
            continue
        elif number == DEFAULT:
            continue
        out += message((number, value))
    return bytes(out)


def _sample(sample: bytes, index: int) -> bytes:
    locations = b"".join(message((1, v)) for n, v in fields(sample) if n == 1)
    values: list[int] = []
    for number, value in fields(sample):
        if number == 2:
            values += [value] if isinstance(value, int) else _packed(value)
    return locations + message((2, _pack(values[index])))


def _packed(data: bytes) -> list[int]:
    # A packed list is what is left of a message when each number is given the key of field 1.
    values: list[int] = []
    at = 0
    while at < len(data):
        end = at
        while data[end] & 0x80:
            end += 1
        values.append(_number(dict(fields(b"\x08" + data[at : end + 1]))[1]))
        at = end + 1
    return values


def _pack(value: int) -> bytes:
    return message((1, value))[1:] or b"\0"


def _number(value: int | bytes | None) -> int:
    return value if isinstance(value, int) else 0
