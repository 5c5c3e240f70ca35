"""Uploads of dd-trace-js [A] (`packages/dd-trace/src/profiling`)."""

from __future__ import annotations

from tests.fake_datadog.pprofs import Frame, Pprof
from tests.fake_datadog.runtimes.workload import TICK, Work, frames, seconds, shared, spans, traffic
from tests.fake_datadog.store import Files, Profile

MAIN = "(anonymous):1;processTicksAndRejections:95;dispatch:61;"
WORKS = (
    Work(MAIN + "renderCart:24;stringify:12", 15, "GET /cart", size=48, live=900),
    Work(MAIN + "renderHome:40;template:118;escape:7", 22, "GET /", size=160, live=400),
    Work(MAIN + "parseBody:33", 6, "POST /checkout", size=512, live=60),
    Work("(anonymous):1;(garbage collector):0", 5),
    Work("(anonymous):1;(program):0", 2),
)


def files(profile: Profile) -> Files:
    """`wall.pprof`, `space.pprof`, `events.pprof`."""
    return {"wall.pprof": wall(profile), "space.pprof": space(profile), "events.pprof": events(profile)}


def wall(profile: Profile) -> bytes:
    """Samples of wall and CPU time; the comment says that source maps are missing."""
    out = Pprof(
        (("sample", "count"), ("wall", "nanoseconds"), ("cpu", "nanoseconds")),
        time=_nanos(profile.start),
        duration=_nanos(seconds(profile)),
        period=(("wall", "nanoseconds"), TICK),
        comments=("dd:has-missing-map-files",),
    )
    for place, (work, count) in enumerate(zip(WORKS, shared(profile, WORKS), strict=True)):
        span, root = spans(profile, f"span {place}")
        labels: dict[str, str | int] = {"thread name": "Main Event Loop", "thread id": "0", "os thread id": 1}
        if work.endpoint:
            labels |= {"span id": str(span), "local root span id": str(root), "trace endpoint": work.endpoint}
        if count:
            out.add(_frames(work), (count, count * TICK, count * TICK), labels)
    return out.encode()


def space(profile: Profile) -> bytes:
    """What is held; the types are named `objects` and `space`."""
    out = Pprof(
        (("objects", "count"), ("space", "bytes")),
        time=_nanos(profile.start),
        duration=_nanos(seconds(profile)),
        period=(("space", "bytes"), 524_288),
    )
    for work in WORKS:
        live = round(work.live * traffic(profile))
        if live:
            out.add(_frames(work), (live, live * work.size))
    return out.encode()


def events(profile: Profile) -> bytes:
    """One sample for each event of the timeline, with the time at which it ended."""
    out = Pprof((("timeline", "nanoseconds"),), time=_nanos(profile.start), duration=_nanos(seconds(profile)))
    base: dict[str, str | int] = {"thread name": "Main GC", "event": "gc"}
    for place in range(12):
        end = _nanos(profile.start) + (place + 1) * 1_000_000_000
        labels = base | {"gc type": "scavenge", "gc reason": "", "end_timestamp_ns": end}
        out.add([("Garbage Collection", "", 0)], (800_000 + place * 1000,), labels)
    labels = {"thread name": "Main DNS", "event": "dns", "operation": "lookup", "host": "db.internal"}
    out.add([("dns.lookup", "", 0)], (3_000_000,), {**labels, "end_timestamp_ns": _nanos(profile.end)})
    return out.encode()


def _frames(work: Work) -> list[Frame]:
    return [
        (name, "" if name.startswith("(") else "file:///app/dist/server.js", line)
        for name, _, line in frames(work.stack, "")
    ]


def _nanos(value: float) -> int:
    return round(value * 1000) * 1_000_000
