"""Work of the core that is stopped: by Ctrl-C, by a listener that raises, by a cancellation."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pprof_mcp import _native
from pprof_mcp.errors import CancelledError

from tests.property.naive import NaiveProfile, Sample
from tests.support import DATA

CPU = (DATA / "go" / "main" / "cpu.pb.gz").read_bytes()
MANY = 100_000


class StoppedError(Exception):
    """What a listener raises."""


def merged(read: Callable[[], bytes], watch: Callable[[int, int, int, int], object] | None = None) -> None:
    _native.merge_inputs([(str(at), read) for at in range(MANY)], watch=watch)


def test_a_listener_that_raises_stops_the_merge() -> None:
    reads: list[int] = []

    def read() -> bytes:
        reads.append(1)
        return CPU

    def watch(done: int, total: int, size: int, failed: int) -> None:
        assert 0 <= done <= total == MANY
        assert failed == 0
        if size:
            raise StoppedError

    with pytest.raises(StoppedError):
        merged(read, watch)
    assert 0 < len(reads) < MANY


def test_ctrl_c_stops_a_merge_under_way() -> None:
    reads: list[int] = []

    def read() -> bytes:
        reads.append(1)
        if len(reads) == 10:
            os.kill(os.getpid(), signal.SIGINT)
        return CPU

    with pytest.raises(KeyboardInterrupt):
        merged(read)
    assert 10 <= len(reads) < MANY


def test_ctrl_c_does_not_wait_for_an_input_that_never_comes() -> None:
    go_on = threading.Event()

    def read() -> bytes:
        os.kill(os.getpid(), signal.SIGINT)
        go_on.wait(60)
        return CPU

    try:
        with pytest.raises(KeyboardInterrupt):
            _native.merge_inputs([("slow", read)])
        assert not go_on.is_set()
    finally:
        go_on.set()


@pytest.fixture(scope="module")
def large() -> _native.Profile:
    """A profile with more samples than are worked on without looking up."""
    stack = ((("f", "f.go", 1),),)
    samples = tuple(Sample(stack, (at, at), labels=(("id", str(at)),)) for at in range(1, 100_001))
    return _native.Profile.decode(NaiveProfile(samples).encode())


@pytest.fixture
def listing(large: _native.Profile) -> Iterator[Callable[[Callable[[], Any]], Any]]:
    """Makes a long report that calls a function on the way and then waits for more than the caller does."""
    go_on = threading.Event()

    def make(on_the_way: Callable[[], Any]) -> Any:
        def read(_path: str) -> str:
            on_the_way()
            go_on.wait(60)
            return "open f.go: no such file"

        return _native.report(large, '{"format": "list", "regex": "f"}', read)

    yield make
    go_on.set()


def test_ctrl_c_is_heard_during_a_long_report(listing: Callable[[Callable[[], Any]], Any]) -> None:
    with pytest.raises(KeyboardInterrupt):
        listing(lambda: os.kill(os.getpid(), signal.SIGINT))


def test_a_cancellation_is_heard_during_a_long_report(listing: Callable[[Callable[[], Any]], Any]) -> None:
    cancellation = _native.Cancellation()
    assert _native.Cancellation.current() is None
    with pytest.raises(CancelledError):
        cancellation.run(lambda: listing(cancellation.cancel))
    assert cancellation.is_cancelled
    assert _native.Cancellation.current() is None


def test_what_runs_under_a_cancellation_knows_it_and_gives_its_result() -> None:
    cancellation = _native.Cancellation()

    def work() -> str:
        current = _native.Cancellation.current()
        assert current is not None
        assert not current.is_cancelled
        cancellation.cancel()
        assert current.is_cancelled
        return "done"

    assert cancellation.run(work) == "done"
