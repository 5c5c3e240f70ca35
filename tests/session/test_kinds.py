"""Kinds from sample types, as the runtimes write them."""

from __future__ import annotations

from pathlib import Path

import pytest
from pprof_mcp.session.kinds import contention_kind, kinds_of
from pprof_mcp.session.session import Session


@pytest.mark.parametrize(
    ("types", "period", "expected"),
    [
        (["samples/count", "cpu/nanoseconds"], "cpu", ("cpu",)),
        (["alloc_objects/count", "alloc_space/bytes", "inuse_space/bytes"], "space", ("heap",)),
        (["objects/count", "space/bytes"], "space", ("heap",)),
        (["goroutine/count"], "goroutine", ("goroutine",)),
        (["goroutineleak/count"], None, ("goroutine",)),
        (["threadcreate/count"], "threadcreate", ("threadcreate",)),
        (["sample/count", "wall/nanoseconds"], "wall", ("wall",)),
        (["sample/count", "wall/nanoseconds", "cpu/nanoseconds"], "wall", ("cpu", "wall")),
        (["samples/count"], "cpu", ("cpu",)),
        (["samples/count"], None, ("other",)),
        (["contentions/count", "delay/nanoseconds"], "contentions", ("mutex",)),
        (["cpu-time/nanoseconds", "wall-time/nanoseconds", "exception-samples/count", "heap-space/bytes"],
         None, ("cpu", "wall", "heap", "exceptions")),
        (["requests/count"], None, ("other",)),
        ([], None, ("other",)),
    ],
)  # fmt: skip
def test_sample_types_tell_the_kinds(types: list[str], period: str | None, expected: tuple[str, ...]) -> None:
    pairs = [(name, unit) for name, _, unit in (item.partition("/") for item in types)]
    assert kinds_of(pairs, period) == expected


@pytest.mark.parametrize(
    ("leaves", "expected"),
    [
        ([("sync.(*Mutex).Unlock", 5.0)], ("mutex", True)),
        ([("sync.(*RWMutex).RUnlock", 5.0), ("runtime.unlock", 1.0)], ("mutex", True)),
        ([("runtime._LostContendedRuntimeLock", 5.0)], ("mutex", True)),
        ([("runtime.chanrecv1", 5.0)], ("block", True)),
        ([("runtime.selectgo", 5.0), ("sync.(*Mutex).Lock", 9.0)], ("block", True)),
        ([("sync.(*WaitGroup).Wait", 1.0)], ("block", True)),
        ([("sync.(*RWMutex).RLock", 1.0)], ("block", True)),
        ([("Monitor::wait", 1.0)], ("mutex", False)),
        ([], ("mutex", False)),
    ],
)
def test_leaves_tell_mutex_from_block(leaves: list[tuple[str, float]], expected: tuple[str, bool]) -> None:
    assert contention_kind(lambda: leaves) == expected


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("go/main/cpu.pb.gz", "cpu"),
        ("go/main/heap.after.pb.gz", "heap"),
        ("go/main/allocs.pb.gz", "heap"),
        ("go/main/mutex.after.pb.gz", "mutex"),
        ("go/main/block.after.pb.gz", "block"),
        ("go/main/goroutine.after.pb.gz", "goroutine"),
        ("go/main/threadcreate.pb.gz", "threadcreate"),
        ("legacy/cpp.cpu-64-little.bin", "cpu"),
        ("legacy/cpp.heapprofile.txt", "heap"),
        ("legacy/cpp.growth.txt", "heap"),
        ("legacy/cpp.contention.txt", "mutex"),
        ("legacy/go.goroutine.txt", "goroutine"),
        ("legacy/java.heap.txt", "heap"),
    ],
)
def test_recorded_profiles_are_of_their_kind(session: Session, data: Path, file: str, kind: str) -> None:
    assert session.profile(str(data / file)).kind == kind


@pytest.mark.parametrize(
    ("name", "leaves", "expected"),
    [
        ("delta-block.pprof", [], ("block", False)),
        ("captures/block.pb.gz", [("Monitor::wait", 1.0)], ("block", False)),
        ("delta-mutex.pprof", [], ("mutex", False)),
        ("blockchain/mutex.pb.gz", [], ("mutex", False)),
        ("block.pb.gz", [("sync.(*Mutex).Unlock", 5.0)], ("mutex", True)),
    ],
)
def test_names_of_files_count_only_where_stacks_say_nothing(
    name: str, leaves: list[tuple[str, float]], expected: tuple[str, bool]
) -> None:
    assert contention_kind(lambda: leaves, name) == expected
