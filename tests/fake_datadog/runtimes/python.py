"""Uploads of ddtrace [A]."""

from __future__ import annotations

import json

from tests.fake_datadog.pprofs import Frame, Pprof, ValueType
from tests.fake_datadog.runtimes.workload import TICK, Work, amount, frames, seconds, shared, spans
from tests.fake_datadog.store import Files, Profile

TYPES: tuple[ValueType, ...] = (
    ("cpu-time", "nanoseconds"), ("cpu-samples", "count"), ("wall-time", "nanoseconds"), ("wall-samples",
    "count"), ("exception-samples", "count"), ("lock-acquire-wait", "nanoseconds"), ("lock-acquire", "count"),
    ("lock-release-hold", "nanoseconds"), ("lock-release", "count"), ("alloc-space", "bytes"),
    ("alloc-samples", "count"), ("heap-space", "bytes"), ("heap-live-samples", "count"),
    ("gpu-time", "nanoseconds"), ("gpu-samples", "count"), ("gpu-space", "bytes"), ("gpu-alloc-samples",
    "count"), ("gpu-flops", "count"), ("gpu-flops-samples", "count"),
)  # fmt: skip
"""One profile has all of them; a sample has one or two that are not zero."""

RUN = "<module>:12;run:88;handle:140;"
WORKS = (
    Work(RUN + "rank:61;score:30;dot:17", 34, "/rank", 1500, 56, 40),
    Work(RUN + "rank:64;normalise:22", 12, "/rank", 400, 32),
    Work(RUN + "rank:70;loads:346;raw_decode:353", 9, "/rank", 800, 240, 12),
    Work(RUN + "features:48;get:19", 4, "/features", waits=30, wait=400_000),
    Work("<512 frames omitted>:0;walk:31", 1),
)


def files(profile: Profile) -> Files:
    """`profile.pprof`, `code-provenance.json`; there is no metrics.json."""
    return {"profile.pprof": samples(profile), "code-provenance.json": provenance()}


def samples(profile: Profile) -> bytes:
    """All sample types in one profile; ids are numbers, as libdatadog writes them."""
    out = Pprof(TYPES, time=_nanos(profile.start), duration=_nanos(seconds(profile)))
    places = {name: place for place, (name, _) in enumerate(TYPES)}

    def values(**given: int) -> list[int]:
        row = [0] * len(TYPES)
        for name, value in given.items():
            row[places[name.replace("_", "-")]] = value
        return row

    for place, (work, count) in enumerate(zip(WORKS, shared(profile, WORKS), strict=True)):
        stack = _frames(work)
        span, root = spans(profile, f"span {place}")
        thread: dict[str, str | int] = {
            "thread id": 139_700_000,
            "thread native id": 17,
            "thread name": "MainThread",
        }
        traced: dict[str, str | int] = {
            **thread,
            "span id": span,
            "local root span id": root,
            "trace type": "web",
        }
        labels = traced | {"trace endpoint": work.endpoint} if work.endpoint else thread
        if count:
            out.add(stack, values(cpu_time=count * TICK, cpu_samples=count), labels)
            out.add(stack, values(wall_time=count * TICK * 2, wall_samples=count * 2), labels)
        objects = amount(profile, f"alloc {place}", work.allocated)
        if objects:
            row = values(alloc_space=objects * work.size, alloc_samples=objects)
            out.add(stack, row, thread | {"allocator domain": "object"})
        if work.live:
            out.add(stack, values(heap_space=work.live * work.size, heap_live_samples=work.live), thread)
        waits = amount(profile, f"lock {place}", work.waits)
        if waits:
            row = values(lock_acquire_wait=waits * work.wait, lock_acquire=waits)
            out.add(stack, row, thread | {"lock name": "features.py:18:_guard"})
    failed = _frames(WORKS[2])
    count = amount(profile, "exceptions", 0.2)
    if count:
        out.add(failed, values(exception_samples=count), {"exception type": "json.decoder.JSONDecodeError"})
    return out.encode()


def provenance() -> bytes:
    """Which package owns which files."""
    entries = [
        {
            "kind": "library",
            "name": "ranker",
            "version": "0.9.0",
            "paths": ["/app/ranker.py", "/app/features.py"],
        },
        {"kind": "standard library", "name": "stdlib", "version": "3.12", "paths": ["/usr/lib/python3.12"]},
    ]
    return json.dumps({"v1": entries}).encode()


def _frames(work: Work) -> list[Frame]:
    library = {"loads", "raw_decode"}
    return [
        (
            name,
            ""
            if name[1].isdigit()
            else f"/usr/lib/python3.12/json/{name}.py"
            if name in library
            else f"/app/{file}",
            line,
        )
        for name, file, line in frames(work.stack, "ranker.py")
    ]


def _nanos(value: float) -> int:
    return round(value * 1000) * 1_000_000
