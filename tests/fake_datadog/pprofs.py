"""A pprof profile being written, with the header fields that the profilers of Datadog fill."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.wire import bytes_field, number_field, varint

Frame = tuple[str, str, int]
"""Function name, file, line."""
ValueType = tuple[str, str]
"""Type, unit."""


@dataclass
class Pprof:
    """Rows are interned, as every profiler does.

    Attributes:
        types: Sample types.
        time: Start or end of the period in epoch nanoseconds; which, depends on the runtime.
        duration: Nanoseconds.
        period: Type and value of the sampling period.
        comments: Free texts.
        binary: Name of the one mapping.
    """

    types: Sequence[ValueType]
    time: int = 0
    duration: int = 0
    period: tuple[ValueType, int] | None = None
    comments: Sequence[str] = ()
    binary: str = ""
    _strings: dict[str, int] = field(default_factory=lambda: {"": 0})
    _functions: dict[tuple[str, str, str], int] = field(default_factory=dict[tuple[str, str, str], int])
    _locations: dict[tuple[int, int], int] = field(default_factory=dict[tuple[int, int], int])
    _samples: list[bytes] = field(default_factory=list[bytes])

    def add(
        self,
        stack: Iterable[Frame],
        values: Sequence[int],
        labels: Mapping[str, str | int] | None = None,
        kind: str = "",
    ) -> None:
        """Add a sample.

        Args:
            stack: Frames, root first.
            values: One for each sample type.
            labels: Texts and numbers; an empty text is left out.
            kind: What the host profiler puts into `Function.system_name`.
        """
        assert len(values) == len(self.types)
        ids = b"".join(varint(self._location(frame, kind)) for frame in reversed(list(stack)))
        out = bytes_field(1, ids) + bytes_field(2, b"".join(map(varint, values)))
        for key, value in (labels or {}).items():
            label = number_field(1, self._string(key))
            if isinstance(value, int):
                label += number_field(3, value)
            elif value:
                label += number_field(2, self._string(value))
            else:
                continue
            out += bytes_field(3, label)
        self._samples.append(bytes_field(2, out))

    def encode(self) -> bytes:
        """The protobuf message."""
        head = b"".join(bytes_field(1, self._type(value_type)) for value_type in self.types)
        binary = self._string(self.binary)
        mapping = number_field(1, 1) + number_field(2, 0x400000) + number_field(3, 0x1400000)
        body = bytes_field(3, mapping + number_field(5, binary) + number_field(7, 1))
        for (function, line), row in self._locations.items():
            lines = bytes_field(4, number_field(1, function) + number_field(2, line))
            address = number_field(3, 0x400000 + row * 16)
            body += bytes_field(4, number_field(1, row) + number_field(2, 1) + address + lines)
        for (name, system, file), row in self._functions.items():
            texts = (self._string(text) for text in (name, system, file))
            names = b"".join(number_field(2 + place, text) for place, text in enumerate(texts))
            body += bytes_field(5, number_field(1, row) + names)
        tail = number_field(9, self.time) if self.time else b""
        tail += number_field(10, self.duration) if self.duration else b""
        if self.period:
            tail += bytes_field(11, self._type(self.period[0])) + number_field(12, self.period[1])
        tail += b"".join(number_field(13, self._string(text)) for text in self.comments)
        strings = b"".join(bytes_field(6, text.encode()) for text in self._strings)
        return head + b"".join(self._samples) + body + strings + tail

    def _string(self, text: str) -> int:
        return self._strings.setdefault(text, len(self._strings))

    def _type(self, value_type: ValueType) -> bytes:
        return number_field(1, self._string(value_type[0])) + number_field(2, self._string(value_type[1]))

    def _location(self, frame: Frame, kind: str) -> int:
        name, file, line = frame
        function = self._functions.setdefault((name, kind or name, file), len(self._functions) + 1)
        return self._locations.setdefault((function, line), len(self._locations) + 1)


@dataclass(frozen=True)
class Decoded:
    """A profile read back: as much of it as the aggregating routes need."""

    types: tuple[ValueType, ...]
    samples: tuple[tuple[tuple[Frame, ...], tuple[int, ...]], ...]
    """Stacks, root first, and their values."""
    labels: tuple[dict[str, str | int], ...]
    """Labels of each sample."""


def decode(content: bytes) -> Decoded:
    """Read what `Pprof` wrote; nothing else has to be understood."""
    rows: dict[int, list[bytes | int]] = {}
    for number, value in _fields(content):
        rows.setdefault(number, []).append(value)

    def messages(number: int) -> list[dict[int, list[bytes | int]]]:
        found: list[dict[int, list[bytes | int]]] = []
        for row in rows.get(number, ()):
            grouped: dict[int, list[bytes | int]] = {}
            for key, value in _fields(_bytes(row)):
                grouped.setdefault(key, []).append(value)
            found.append(grouped)
        return found

    texts = [_bytes(text).decode() for text in rows[6]]
    functions = {_int(row[1][0]): (texts[_int(row[2][0])], texts[_int(row[4][0])]) for row in messages(5)}

    def label(row: dict[int, bytes | int]) -> tuple[str, str | int]:
        return texts[_int(row[1])], texts[_int(row[2])] if 2 in row else _int(row[3])

    locations: dict[int, Frame] = {}
    for row in messages(4):
        line = dict(_fields(_bytes(row[4][0])))
        name, file = functions[_int(line[1])]
        locations[_int(row[1][0])] = (name, file, _int(line[2]))
    return Decoded(
        tuple((texts[_int(row[1][0])], texts[_int(row[2][0])]) for row in messages(1)),
        tuple(
            (
                tuple(locations[place] for place in reversed(_numbers(_bytes(row[1][0])))),
                tuple(_numbers(_bytes(row[2][0]))),
            )
            for row in messages(2)
        ),
        tuple(dict(label(dict(_fields(_bytes(one)))) for one in row.get(3, ())) for row in messages(2)),
    )


def _fields(content: bytes) -> Iterable[tuple[int, bytes | int]]:
    at = 0
    while at < len(content):
        key, at = _varint_at(content, at)
        value, at = _varint_at(content, at)
        if key & 7 == 0:
            yield key >> 3, value
        else:
            yield key >> 3, content[at : at + value]
            at += value


def _numbers(content: bytes) -> list[int]:
    found: list[int] = []
    at = 0
    while at < len(content):
        value, at = _varint_at(content, at)
        found.append(value)
    return found


def _varint_at(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        value, at, shift = value | (byte & 0x7F) << shift, at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _bytes(value: bytes | int) -> bytes:
    assert isinstance(value, bytes)
    return value


def _int(value: bytes | int) -> int:
    assert isinstance(value, int)
    return value
