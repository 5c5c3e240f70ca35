"""Profiles as plain Python: strings everywhere, no tables, nothing shared. What the core is compared with."""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from tests.wire import bytes_field, number_field, varint

Frame = tuple[str, str, int]
"""Function name, file, line."""
Location = tuple[Frame, ...]
"""Innermost inlined frame first; the last is the function that was called."""


@dataclass(frozen=True)
class Sample:
    """One sample; `stack` is leaf first."""

    stack: tuple[Location, ...]
    values: tuple[int, ...]
    labels: tuple[tuple[str, str], ...] = ()
    numbers: tuple[tuple[str, int, str], ...] = ()

    def frames(self) -> list[Frame]:
        """All frames, leaf first."""
        return [frame for location in self.stack for frame in location]


@dataclass(frozen=True)
class NaiveProfile:
    """A profile of two sample types."""

    samples: tuple[Sample, ...]
    sample_types: tuple[tuple[str, str], ...] = (("events", "count"), ("time", "nanoseconds"))

    def scaled(self, factor: int) -> NaiveProfile:
        """The same with every value multiplied."""
        scaled = (replace(s, values=tuple(v * factor for v in s.values)) for s in self.samples)
        return replace(self, samples=tuple(scaled))

    def flat_cum(self, index: int, focus: str = "", ignore: str = "") -> dict[str, tuple[int, int]]:
        """Flat and cum by function name; functions that count for nothing are left out."""
        flat: Counter[str] = Counter()
        cum: Counter[str] = Counter()
        for sample in self.samples:
            frames = sample.frames()
            if (focus or ignore) and not frames:
                continue
            matching = [(name, file) for name, file, _ in frames]
            if focus and not any(re.search(focus, text) for pair in matching for text in pair):
                continue
            if ignore and any(re.search(ignore, text) for pair in matching for text in pair):
                continue
            value = sample.values[index]
            if frames:
                flat[frames[0][0]] += value
            for name in {frame[0] for frame in frames}:
                cum[name] += value
        return {name: (flat[name], cum[name]) for name in cum if flat[name] or cum[name]}

    def paths(
        self, index: int, granularity: str = "functions", focus: str = ""
    ) -> dict[tuple[str, ...], int]:
        """Value by path, root first, as names of frames; paths that count for nothing are left out."""
        forms = {
            "functions": "{0}",
            "filefunctions": "{0} {1}",
            "files": "{1}",
            "lines": "{0} {1}:{2}",
        }
        form = forms[granularity]
        found: Counter[tuple[str, ...]] = Counter()
        for sample in self.samples:
            frames = sample.frames()
            if focus and not any(re.search(focus, text) for frame in frames for text in frame[:2]):
                continue
            found[tuple(form.format(*frame) for frame in reversed(frames))] += sample.values[index]
        return {path: value for path, value in found.items() if value}

    def encode(self) -> bytes:
        """The profile in protobuf form, every function, location and string in a row of its own."""
        return _Encoder(self).encode()


class _Encoder:
    def __init__(self, profile: NaiveProfile) -> None:
        self.profile = profile
        self.strings = [""]
        self.functions: list[bytes] = []
        self.locations: list[bytes] = []

    def string(self, text: str) -> int:
        # Not looked up: equal strings in several rows are allowed, and the core must cope.
        self.strings.append(text)
        return len(self.strings) - 1

    def location(self, location: Location) -> int:
        lines = b""
        for name, file, line in location:
            function = len(self.functions) + 1
            text = self.string(name)
            body = (
                number_field(1, function)
                + number_field(2, text)
                + number_field(3, text)
                + number_field(4, self.string(file))
            )
            self.functions.append(body)
            lines += bytes_field(4, number_field(1, function) + number_field(2, line))
        self.locations.append(number_field(1, len(self.locations) + 1) + lines)
        return len(self.locations)

    def sample(self, sample: Sample) -> bytes:
        stack = b"".join(varint(self.location(location)) for location in sample.stack)
        out = bytes_field(1, stack) + bytes_field(2, b"".join(map(varint, sample.values)))
        for key, text in sample.labels:
            out += bytes_field(3, number_field(1, self.string(key)) + number_field(2, self.string(text)))
        for key, number, unit in sample.numbers:
            label = number_field(1, self.string(key)) + number_field(3, number)
            out += bytes_field(3, label + (number_field(4, self.string(unit)) if unit else b""))
        return out

    def encode(self) -> bytes:
        out = b""
        for name, unit in self.profile.sample_types:
            out += bytes_field(1, number_field(1, self.string(name)) + number_field(2, self.string(unit)))
        out += b"".join(bytes_field(2, self.sample(sample)) for sample in self.profile.samples)
        out += b"".join(bytes_field(4, location) for location in self.locations)
        out += b"".join(bytes_field(5, function) for function in self.functions)
        return out + b"".join(bytes_field(6, text.encode()) for text in self.strings)


def many_stacks(count: int, *, depth: int, value: int) -> bytes:
    """A profile too large for the model: `count` stacks of functions with long names."""
    chance = random.Random(count)  # noqa: S311 - the same bytes every time
    values = bytes_field(2, varint(1) + varint(value))
    # Ids below 128 are one byte each, so that a stack is its bytes.
    functions = 127
    stacks = (bytes(byte % functions + 1 for byte in chance.randbytes(depth)) for _ in range(count))
    strings = ["", "events", "count", "time", "nanoseconds"]
    names = len(strings)
    strings += [f"example.com/service/internal/package.Function{at}" for at in range(functions)]
    body = b"".join(bytes_field(2, bytes_field(1, stack) + values) for stack in stacks)
    for at in range(1, functions + 1):
        body += bytes_field(
            4, number_field(1, at) + bytes_field(4, number_field(1, at) + number_field(2, at))
        )
        body += bytes_field(5, number_field(1, at) + number_field(2, names + at - 1))
    types = b"".join(bytes_field(1, number_field(1, at) + number_field(2, at + 1)) for at in (1, 3))
    return types + body + b"".join(bytes_field(6, text.encode()) for text in strings)


NAMES = ("main.main", "main.serve", "net/http.(*conn).serve", "encoding/json.Marshal", "mallocgc", "a", "ünï")
FILES = ("main.go", "net/http/server.go", "runtime/malloc.go")

frames = st.tuples(st.sampled_from(NAMES), st.sampled_from(FILES), st.integers(1, 3))
locations = st.lists(frames, min_size=1, max_size=3).map(tuple)
keys, tenants = st.sampled_from(("tenant", "endpoint")), st.sampled_from(("acme", "globex"))
labels = st.dictionaries(keys, tenants, max_size=2)
numbers = st.dictionaries(st.sampled_from(("bytes", "request")), st.integers(1, 4096), max_size=1)


def samples(values: st.SearchStrategy[int]) -> st.SearchStrategy[Sample]:
    """Samples with values of this kind."""
    return st.builds(
        Sample,
        stack=st.lists(locations, max_size=6).map(tuple),
        values=st.tuples(values, values),
        labels=labels.map(lambda found: tuple(sorted(found.items()))),
        numbers=numbers.map(lambda found: tuple((key, number, "") for key, number in found.items())),
    )


def profiles(values: st.SearchStrategy[int] | None = None) -> st.SearchStrategy[NaiveProfile]:
    """Profiles with values of this kind; numbers of the size of real ones when none is given."""
    values = values if values is not None else st.integers(0, 10**9)
    return st.builds(NaiveProfile, samples=st.lists(samples(values), max_size=12).map(tuple))
