"""Reports filtered by labels and grown by them, strings and numbers."""

from __future__ import annotations

from collections.abc import Iterator

from golden_subjects import FULL, Case, Subject, one

CPU, HEAP, GOROUTINE = FULL[0], FULL[1], FULL[4]
RANGES = (
    "64kb",
    "128kb:",
    ":1kb",
    "1kb:64kb",
    "bytes=64kb",
    "bytes=:96",
    "131072b",
    "1mb:",
    "bytes=1h",
    "2kb:1kb",
)


def cases() -> Iterator[Case]:
    """Every case about labels."""
    for s in (CPU, GOROUTINE):
        yield from strings(s)
        yield from shown(s)
        yield from frames(s)
    yield from numbers(HEAP)


def strings(s: Subject) -> Iterator[Case]:
    """Samples chosen by their string labels."""
    values = ("acme", "tenant=acme", "tenant=acme,globex", "acme,cart", "endpoint=GET.*", "nobody", "x=1")
    for name in ("tagfocus", "tagignore"):
        for value in values:
            yield one(s, "-top", f"-{name}={value}")
            yield one(s, "-tags", f"-{name}={value}")
        yield one(s, "-traces", f"-{name}=tenant=initech")
        yield one(s, "-top", f"-{name}=tenant=acme", "-relative_percentages")


def shown(s: Subject) -> Iterator[Case]:
    """Labels shown and hidden."""
    for name in ("tagshow", "taghide"):
        for value in ("tenant", "step|endpoint", "none of these"):
            for report in ("-tags", "-traces", "-dot", "-raw"):
                yield one(s, report, f"-{name}={value}", "-nodecount=10")


def frames(s: Subject) -> Iterator[Case]:
    """Labels as frames at the root and at the leaf."""
    for name in ("tagroot", "tagleaf"):
        for value in ("tenant", "tenant,endpoint", "endpoint,step,tenant", "nothing"):
            for report in ("-top", "-tree", "-traces", "-dot", "-peek=acme|GET"):
                yield one(s, report, f"-{name}={value}", "-nodecount=15")
            yield one(s, "-top", "-cum", "-lines", f"-{name}={value}")
    yield one(s, "-top", "-cum", "-tagroot=tenant", "-tagleaf=endpoint")
    yield one(s, "-top", "-cum", "-tagroot=tenant", "-focus=acme")
    yield one(s, "-top", "-cum", "-tagroot=tenant", "-tagfocus=globex", "-hide=runtime")


def numbers(s: Subject) -> Iterator[Case]:
    """Samples chosen by numeric labels, and the units those are shown in."""
    for value in RANGES:
        for name in ("tagfocus", "tagignore"):
            yield one(s, "-top", f"-{name}={value}")
            yield one(s, "-tags", "-sample_index=alloc_space", f"-{name}={value}")
    for name in ("tagroot", "tagleaf"):
        for unit in ("auto", "kb", "bytes"):
            yield one(s, "-top", "-cum", f"-{name}=bytes", f"-unit={unit}")
            yield one(s, "-traces", f"-{name}=bytes", f"-unit={unit}")
    for unit in ("kb", "mb", "bytes", "auto"):
        yield one(s, "-tags", f"-unit={unit}")
        yield one(s, "-dot", "-nodecount=10", f"-unit={unit}")
