"""Uploads of the other profilers [A]: their sample types and labels, one small profile each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.fake_datadog.pprofs import Frame, Pprof, ValueType
from tests.fake_datadog.runtimes.workload import TICK, chance, frames, seconds
from tests.fake_datadog.store import Files, Profile

Labels = Mapping[str, str | int]


@dataclass(frozen=True)
class Row:
    """One sample.

    Attributes:
        stack: As in `Work.stack`.
        values: By sample type; the others are 0.
        labels: Its labels.
        kind: What `Function.system_name` says.
    """

    stack: str
    values: Mapping[str, int]
    labels: Labels = field(default_factory=dict[str, str | int])
    kind: str = ""


def written(profile: Profile, types: tuple[ValueType, ...], rows: tuple[Row, ...], file: str) -> bytes:
    """Write a profile of such rows, each a little more or less."""
    out = Pprof(types, time=round(profile.start * 1000) * 1_000_000, duration=round(seconds(profile) * 1e9))
    noise = chance(profile, "rows")
    for row in rows:
        factor = 0.95 + 0.1 * noise.random()
        values = [round(row.values.get(name, 0) * factor) for name, _ in types]
        stack: list[Frame] = [
            (name, file if "/" not in name else name, line) for name, _, line in frames(row.stack, "")
        ]
        out.add(stack, values, row.labels, row.kind)
    return out.encode()


def _types(text: str) -> tuple[ValueType, ...]:
    found: list[ValueType] = []
    for item in text.split():
        name, _, unit = item.partition("/")
        found.append((name, {"ns": "nanoseconds", "B": "bytes"}.get(unit, "count")))
    return tuple(found)


RUBY = _types(
    "cpu-time/ns cpu-samples wall-time/ns alloc-samples alloc-samples-unscaled"
    " heap-live-samples heap-live-size/B timeline/ns"
)
PHP = _types(
    "sample wall-time/ns cpu-time/ns alloc-samples alloc-size/B heap-live-samples heap-live-size/B"
    " timeline/ns exception-samples"
    " socket-read-time/ns socket-read-time-samples socket-read-size/B socket-read-size-samples"
    " socket-write-time/ns socket-write-time-samples socket-write-size/B socket-write-size-samples"
    " file-io-read-time/ns file-io-read-time-samples file-io-read-size/B file-io-read-size-samples"
    " file-io-write-time/ns file-io-write-time-samples file-io-write-size/B file-io-write-size-samples"
)
DOTNET = _types(
    "cpu/ns cpu-samples wall/ns exception alloc-samples alloc-size/B lock-count lock-time/ns inuse-objects"
    " inuse-space/B request-time/ns timeline/ns"
)
DDPROF = _types("cpu-time/ns cpu-samples sample alloc-space/B alloc-samples inuse-space/B inuse-objects")
HOST = _types("cpu-samples cpu-time/ns")

_TRACED: Labels = {"span id": 4_242, "local root span id": 4_200, "trace endpoint": "OrdersController#index"}


def ruby(profile: Profile) -> Files:
    """`profile.pprof`, `code-provenance.json`, and since 2026-04 `metrics.json`."""
    thread: Labels = {"thread id": "7 (8)", "thread name": "puma 001"}
    rows = (
        Row(
            "<main>:1;index:14;find_each:70",
            {"cpu-time": 900 * TICK, "cpu-samples": 900, "wall-time": 1200 * TICK},
            {**thread, **_TRACED, "state": "had cpu"},
        ),
        Row("<main>:1;index:16;sleep:0", {"wall-time": 3000 * TICK}, {**thread, "state": "sleeping"}),
        Row(
            "<main>:1;index:14;new:9",
            {"alloc-samples": 4000, "alloc-samples-unscaled": 40},
            {**thread, "ruby vm type": "T_OBJECT", "allocation class": "Order"},
        ),
        Row(
            "<main>:1;boot:3",
            {"heap-live-samples": 200, "heap-live-size": 8000},
            {**thread, "ruby vm type": "T_HASH", "allocation class": "Hash", "gc gen age": 12},
        ),
        Row(
            "Garbage Collection:0",
            {"timeline": 2_000_000},
            {**thread, "event": "gc", "gc reason": "malloc", "gc cause": "GC", "gc type": "minor"},
        ),
    )
    return {
        "profile.pprof": written(profile, RUBY, rows, "/app/controllers/orders.rb"),
        "code-provenance.json": json.dumps({"v1": []}).encode(),
        "metrics.json": json.dumps([["ruby_global_lock_wait_time_total", 12_000_000]]).encode(),
    }


def php(profile: Profile) -> Files:
    """`profile.pprof`."""
    thread: Labels = {"thread id": 1, "thread name": "apache2handler"}
    main = "<?php:1;App\\Kernel::handle:20;"
    rows = (
        Row(
            main + "App\\Cart::total:44",
            {"sample": 700, "wall-time": 900 * TICK, "cpu-time": 650 * TICK},
            {**thread, **_TRACED},
        ),
        Row(main + "App\\Cart::load:12", {"alloc-samples": 5000, "alloc-size": 640_000}, thread),
        Row(
            main + "App\\Cart::load:13",
            {"exception-samples": 4},
            {**thread, "exception type": "PDOException", "exception message": "gone away"},
        ),
        Row(
            main + "PDO::query:0",
            {
                "socket-read-time": 80_000_000,
                "socket-read-time-samples": 20,
                "socket-read-size": 40_000,
                "socket-read-size-samples": 20,
            },
            thread,
        ),
        Row(
            "[gc]:0",
            {"timeline": 900_000},
            {**thread, "event": "gc", "gc reason": "engine", "gc runs": 3, "gc collected": 1200},
        ),
        Row(
            "[include]:0",
            {"timeline": 100_000},
            {**thread, "event": "include", "filename": "/app/vendor/autoload.php"},
        ),
    )
    return {"profile.pprof": written(profile, PHP, rows, "/app/src/Cart.php")}


def dotnet(profile: Profile) -> Files:
    """`profile.pprof`, `metrics.json`, `histogram.json`, `reference_tree.json`."""
    thread: Labels = {
        "thread id": "<1> [# 4711]",
        "thread name": "Worker",
        "appdomain name": "App",
        "appdomain process id": 1,
    }
    main = "|lm:App |ns:App |ct:Program |fn:Main:0;"
    rows = (
        Row(
            main + "|lm:App |ns:App |ct:Orders |fn:Sum:0",
            {"cpu": 800 * TICK, "cpu-samples": 800, "wall": 1000 * TICK},
            {**thread, **_TRACED},
        ),
        Row(
            main + "|lm:App |ns:App |ct:Orders |fn:Parse:0",
            {"exception": 9},
            {**thread, "exception type": "FormatException", "exception message": "bad number"},
        ),
        Row(
            main + "|lm:App |ns:App |ct:Orders |fn:Load:0",
            {"alloc-samples": 3000, "alloc-size": 288_000},
            {**thread, "allocation class": "Order"},
        ),
        Row(
            main + "|lm:App |ns:App |ct:Cache |fn:Get:0", {"lock-count": 60, "lock-time": 90_000_000}, thread
        ),
        Row(
            main + "|lm:App |ns:App |ct:Cache |fn:Fill:0",
            {"inuse-objects": 100, "inuse-space": 9600},
            {**thread, "object lifetime": 5, "object id": 12, "object generation": "2"},
        ),
        Row(
            "|fn:GC:0",
            {"timeline": 3_000_000},
            {
                **thread,
                "event": "gc",
                "gc generation": "0",
                "gc number": 3,
                "gc reason": "AllocSmall",
                "gc type": "NonConcurrentGC",
                "gc compacting": "false",
            },
        ),
        Row(
            main + "|fn:Get:0",
            {"request-time": 40_000_000},
            {**thread, "request url": "http://stock.internal/"},
        ),
    )
    return {
        "profile.pprof": written(profile, DOTNET, rows, ""),
        "metrics.json": json.dumps([["dotnet_gen0_size", 1_048_576]]).encode(),
        "histogram.json": json.dumps({"System.String": [120, 9600]}).encode(),
        "reference_tree.json": json.dumps({"roots": []}).encode(),
    }


def ddprof(profile: Profile) -> Files:
    """`profile.pprof`; its labels mix spaces and underscores."""
    labels: Labels = {
        "container_id": "c0ffee",
        "process_id": 41,
        "process_name": "matcher",
        "thread id": 43,
        "thread_name": "worker",
    }
    rows = (
        Row("main:10;match::run:33;match::score:81", {"cpu-time": 950 * TICK, "cpu-samples": 950}, labels),
        Row("main:10;match::load:21;operator new:0", {"alloc-space": 900_000, "alloc-samples": 300}, labels),
        Row("main:10;match::load:24;operator new:0", {"inuse-space": 90_000, "inuse-objects": 30}, labels),
        Row("main:10;[kernel]:0", {"sample": 12}, {**labels, "tracepoint_type": "sys_enter_read"}),
    )
    return {"profile.pprof": written(profile, DDPROF, rows, "/src/match.cc")}


def host_profiler(profile: Profile) -> Files:
    """`cpu.pprof` of dd-otel-host-profiler: the last location is the program.

    The system name of a function says what kind of frame it is.
    """
    labels: Labels = {
        "thread id": 43,
        "thread name": "worker",
        "process_id": 41,
        "process_name": "matcher",
        "cpu id": 2,
        "container_id": "c0ffee",
        "container_name": "matcher",
        "pod_name": "matcher-1",
        "service_name": "matcher",
    }
    start = round(profile.start * 1000) * 1_000_000
    rows = tuple(
        Row(
            stack,
            {"cpu-samples": count, "cpu-time": count * TICK},
            {**labels, "timestamp_ns": start + place},
            kind,
        )
        for place, (stack, count, kind) in enumerate(
            (
                ("/usr/bin/matcher:0;main:10;match::score:81", 400, "native"),
                ("/usr/bin/matcher:0;main:10;do_syscall_64:0", 60, "kernel"),
                ("/usr/bin/python3:0;<module>:1;score:30", 90, "cpython"),
            )
        )
    )
    return {"cpu.pprof": written(profile, HOST, rows, "")}
