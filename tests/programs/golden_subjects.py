"""The profiles whose reports are recorded, and what can be said about each."""

from __future__ import annotations

from dataclasses import dataclass

Case = tuple[tuple[str, ...], tuple[str, ...]]
"""Arguments of pprof, and the profiles they are applied to."""

SOURCE = ("-source_path=../programs/goservice", "-trim_path=example.com/shop")
REPORTS = ("-top", "-tree", "-traces", "-tags", "-comments", "-dot", "-callgrind", "-raw", "-text")


@dataclass(frozen=True)
class Subject:
    """A profile and what can be said about it.

    Attributes:
        name: File below the data folder.
        types: Its sample types.
        some: A regular expression that matches some, not all, of its frames.
        other: Another one.
        unit: A unit that its default sample type can be shown in.
    """

    name: str
    types: tuple[str, ...]
    some: str
    other: str
    unit: str


HEAP = ("alloc_objects", "alloc_space", "inuse_objects", "inuse_space")
CPU = ("samples", "cpu")
LOCK = ("contentions", "delay")
FULL = (
    Subject("go/main/cpu.pb.gz", CPU, "catalog", "encoding/json", "ms"),
    Subject("go/main/heap.after.pb.gz", HEAP, "session|net/http", "Marshal", "MB"),
    Subject("go/main/delta-mutex.pb.gz", LOCK, "inventory", "Rate", "us"),
    Subject("go/main/delta-block.pb.gz", LOCK, "checkout", "selectgo", "s"),
    Subject("go/main/goroutine.after.pb.gz", ("goroutine",), "notify", "chanrecv", "count"),
)
LIGHT = (
    Subject(
        "python/profile.pb.gz",
        ("cpu-time", "wall-time", "alloc-space", "lock-release"),
        "order",
        "threading",
        "s",
    ),
    Subject("rust/cpu.pb", CPU, "ledger", "alloc", "ms"),
    Subject("node/wall.pb.gz", ("sample", "wall", "cpu"), "render", "escape", "ms"),
    Subject("node/wall-lines.pb.gz", ("sample", "wall"), "score", "main.js", "us"),
    Subject("node/heap.pb.gz", ("objects", "space"), "remember", "external", "kB"),
    Subject("go/main/heap.before.pb.gz", HEAP, "session", "json", "kb"),
    Subject("go/main/goroutine.before.pb.gz", ("goroutine",), "notify", "poll", "count"),
    Subject("go/main/delta-heap.pb.gz", HEAP, "catalog", "http", "bytes"),
    Subject("go/main/allocs.pb.gz", HEAP, "catalog", "http", "auto"),
    Subject("go/main/threadcreate.pb.gz", ("threadcreate",), "runtime", "mstart", "count"),
    Subject("go/main/mutex.debug1.txt", LOCK, "0x", "1", "ms"),
    Subject("go/main/block.debug1.txt", LOCK, "0x", "1", "ms"),
    Subject("go/main/goroutine.debug1.txt", ("goroutine",), "0x", "1", "count"),
    Subject("go/main/threadcreate.debug1.txt", ("threadcreate",), "0x", "1", "count"),
    Subject("go/healthy/cpu.pb.gz", CPU, "http", "runtime", "us"),
    Subject("go/healthy/heap.after.pb.gz", HEAP, "http", "flate", "kB"),
    Subject("go/healthy/goroutine.after.pb.gz", ("goroutine",), "http", "poll", "count"),
    Subject("go/healthy/mutex.after.pb.gz", LOCK, "http", "Unlock", "auto"),
    Subject("go/healthy/block.after.pb.gz", LOCK, "http", "select", "minutes"),
)


def one(subject: Subject, *args: str) -> Case:
    """A case of one profile."""
    return args, (subject.name,)
