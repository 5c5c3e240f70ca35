"""Uploads of dd-trace-go [A] (`profiler/profile.go`, `metrics.go`)."""

from __future__ import annotations

import json

from tests.fake_datadog.pprofs import Frame, Pprof, ValueType
from tests.fake_datadog.runtimes.workload import (
    TICK,
    Work,
    amount,
    chance,
    frames,
    seconds,
    shared,
    spans,
    traffic,
)
from tests.fake_datadog.store import Files, Profile

SERVE = (
    "net/http.(*conn).serve:2102;net/http.serverHandler.ServeHTTP:3301;"
    "example.com/checkout/web.(*Server).ServeHTTP:48;"
)
TOTAL = SERVE + "example.com/checkout/web.(*Server).checkout:91;example.com/checkout/cart.(*Cart).Total:57;"
REGRESSED = "example.com/checkout/cart.priceItem"
"""The function that became four times as expensive with version 1.4.2."""
SINCE = (("1.4.2", 4.0),)

WORKS = (
    Work(TOTAL + f"{REGRESSED}:112", 12, "POST /checkout", 900, 64, 20, factors=SINCE),
    Work(TOTAL + f"{REGRESSED}:118;runtime.mapaccess2_faststr:108", 5, "POST /checkout", factors=SINCE),
    Work(TOTAL + "example.com/checkout/tax.(*Table).Rate:40;sort.Search:58", 8, "POST /checkout"),
    Work(TOTAL + "example.com/checkout/tax.(*Table).Rate:44", 3, "POST /checkout", 300, 48, 10),
    Work(
        SERVE + "example.com/checkout/web.(*Server).checkout:104;encoding/json.Marshal:160;"
        "encoding/json.(*encodeState).marshal:299;encoding/json.structEncoder.encode:706",
        14, "POST /checkout", 2600, 112, 60,
    ),
    Work(
        SERVE + "example.com/checkout/web.(*Server).cart:70;example.com/checkout/store.(*Carts).Get:33;"
        "encoding/json.Unmarshal:97;encoding/json.(*decodeState).object:663",
        17, "GET /cart", 3100, 96, 75,
    ),
    Work(
        SERVE + "example.com/checkout/web.(*Server).cart:64;example.com/checkout/store.(*Carts).Get:29;"
        "net.(*conn).Read:179;internal/poll.(*FD).Read:165;syscall.Syscall:69",
        9, "GET /cart", waits=40, wait=900_000,
    ),
    Work(
        SERVE + "example.com/checkout/web.(*Server).health:30;strings.(*Builder).WriteString:108",
        1, "GET /health", 60, 32, 2,
    ),
    Work(
        "example.com/checkout/store.(*Cache).sweep:88;sync.(*Mutex).Unlock:223",
        0, waits=25, wait=2_400_000,
    ),
    Work("main.main:41;example.com/checkout/store.NewCache:21", 0, allocated=0, size=4096, live=5120),
    Work("runtime.gcBgMarkWorker:1310;runtime.gcDrain:1162;runtime.scanobject:1414", 16),
    Work("runtime.mcall:459;runtime.schedule:4011;runtime.findRunnable:3389", 6),
)  # fmt: skip

SPACE: tuple[ValueType, ...] = (
    ("alloc_objects", "count"), ("alloc_space", "bytes"), ("inuse_objects", "count"), ("inuse_space",
    "bytes"),
)  # fmt: skip
CONTENTION: tuple[ValueType, ...] = (("contentions", "count"), ("delay", "nanoseconds"))


def files(profile: Profile) -> Files:
    """Everything switched on: cpu, heap, mutex, block, goroutines, metrics."""
    return {
        "cpu.pprof": cpu(profile),
        "delta-heap.pprof": heap(profile),
        "delta-mutex.pprof": contention(profile, "mutex"),
        "delta-block.pprof": contention(profile, "block"),
        "goroutines.pprof": goroutines(profile),
        "metrics.json": metrics(profile),
    }


def cpu(profile: Profile) -> bytes:
    """`cpu.pprof`: its time is the start of the period; ids are decimal texts."""
    out = Pprof(
        (("samples", "count"), ("cpu", "nanoseconds")),
        time=_nanos(profile.start),
        duration=_nanos(seconds(profile)),
        period=(("cpu", "nanoseconds"), TICK),
        binary="/app/checkout",
    )
    for place, (work, count) in enumerate(zip(WORKS, shared(profile, WORKS), strict=True)):
        # Half of a request's samples are of another request.
        for half, part in enumerate((count - count // 2, count // 2) if work.endpoint else (count,)):
            labels: dict[str, str | int] = {}
            if work.endpoint:
                span, root = spans(profile, f"span {place} {half}")
                labels = {
                    "trace endpoint": work.endpoint,
                    "span id": str(span),
                    "local root span id": str(root),
                }
            if part:
                out.add(_frames(work), (part, part * TICK), labels)
    return out.encode()


def heap(profile: Profile) -> bytes:
    """`delta-heap.pprof`: `alloc_*` are deltas, `inuse_*` are not.

    The first of a process holds everything since its start and has no duration; of the others the time is
    the END of the window. Rows that are all zero are dropped; what only lives stays.
    """
    is_first = profile.seq == 0
    out = Pprof(
        SPACE,
        time=_nanos(profile.end),
        duration=0 if is_first else _nanos(seconds(profile)),
        period=(("space", "bytes"), 524_288),
        binary="/app/checkout",
    )
    for place, work in enumerate(WORKS):
        objects = amount(profile, f"alloc {place}", work.allocated * work.factor(profile.version))
        if is_first:
            objects += work.live
        values = (objects, objects * work.size, work.live, work.live * work.size)
        if any(values):
            out.add(_frames(work), values)
    return out.encode()


def contention(profile: Profile, kind: str) -> bytes:
    """`delta-mutex.pprof` and `delta-block.pprof`: both values are deltas."""
    is_first = profile.seq == 0
    out = Pprof(
        CONTENTION,
        time=_nanos(profile.end),
        duration=0 if is_first else _nanos(seconds(profile)),
        period=(("contentions", "count"), 1),
        binary="/app/checkout",
    )
    for place, work in enumerate(WORKS):
        is_mutex = "sync.(*Mutex)" in work.stack
        count = amount(profile, f"{kind} {place}", work.waits) if is_mutex == (kind == "mutex") else 0
        if count:
            out.add(_frames(work), (count, count * work.wait))
    return out.encode()


def goroutines(profile: Profile) -> bytes:
    """`goroutines.pprof`: a snapshot without states."""
    out = Pprof((("goroutine", "count"),), time=_nanos(profile.end), period=(("goroutine", "count"), 1))
    for stack, usual in (
        ("net/http.(*conn).serve:2102;net/http.(*connReader).backgroundRead:681;runtime.gopark:435", 180),
        ("example.com/checkout/store.(*Cache).sweep:81;runtime.gopark:435", 1),
        ("main.main:63;net/http.(*Server).Serve:3434;runtime.gopark:435", 1),
    ):
        out.add(_go_frames(stack), (max(1, round(usual * traffic(profile))),))
    return out.encode()


def metrics(profile: Profile) -> bytes:
    """`metrics.json`: an array of pairs."""
    objects = sum(work.allocated for work in WORKS) * traffic(profile)
    size = sum(work.allocated * work.size for work in WORKS) * traffic(profile)
    noise = chance(profile, "metrics")
    pairs = [
        ("go_alloc_bytes_per_sec", size), ("go_allocs_per_sec", objects), ("go_frees_per_sec", objects *
        0.99), ("go_heap_growth_bytes_per_sec", size * 0.01 * noise.random()), ("go_gcs_per_sec", 0.2),
        ("go_gc_pause_time", 0.0001), ("go_max_gc_pause_time", 180_000), ("go_num_goroutine", 182),
    ]  # fmt: skip
    return json.dumps(pairs).encode()


def _frames(work: Work) -> list[Frame]:
    return _go_frames(work.stack)


def _go_frames(stack: str) -> list[Frame]:
    return [
        (
            name,
            ("/src/" if "." in package else "/usr/local/go/src/")
            + f"{package}/{package.rpartition('/')[2]}.go",
            line,
        )
        for name, package, line in frames(stack, "{package}")
    ]


def _nanos(value: float) -> int:
    return round(value * 1000) * 1_000_000
