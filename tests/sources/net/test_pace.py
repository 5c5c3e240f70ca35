"""The pace of requests, and requests side by side."""

from __future__ import annotations

import threading

import pytest
from pprof_mcp import _native
from pprof_mcp.errors import CancelledError, NetworkError, PprofMcpError
from pprof_mcp.sources.net.limiter import Limiter
from pprof_mcp.sources.net.together import together

from tests.support import Clock


def test_after_a_burst_the_rate_is_kept() -> None:
    clock = Clock()
    waits: list[float] = []
    limiter = Limiter(per_second=2, burst=4, clock=clock, sleep=waits.append)
    for _ in range(7):
        limiter.turn()
    assert waits == [0.5, 1.0, 1.5]
    clock.forward(1.5)
    limiter.turn()
    assert waits[-1] == 0.5
    clock.forward(100)
    for _ in range(4):
        limiter.turn()
    assert len(waits) == 4, "a rest fills no more than one burst"


def test_no_rate_means_no_waits() -> None:
    limiter = Limiter(per_second=0, sleep=lambda _: pytest.fail("it waited"))
    for _ in range(100):
        limiter.turn()


def test_no_more_are_under_way_than_allowed() -> None:
    limiter = Limiter(at_once=2, per_second=0)
    under_way: list[int] = []
    peak: list[int] = []
    both = threading.Barrier(2)

    def job() -> int:
        with limiter.slot():
            under_way.append(1)
            peak.append(len(under_way))
            both.wait(timeout=60)
            under_way.pop()
        return len(peak)

    together([job] * 6, workers=6)
    assert max(peak) == 2


def test_jobs_keep_their_order_and_one_that_fails_stops_no_other() -> None:
    def fail() -> str:
        raise NetworkError("gone")

    told: list[int] = []
    found = together([lambda: "a", fail, lambda: "c"], done=told.append)
    assert [one if isinstance(one, str) else one.code for one in found] == ["a", "network_failed", "c"]
    assert told[-1] == 3


def test_a_cancelled_call_ends_all_its_jobs() -> None:
    cancellation = _native.Cancellation()
    begun: list[int] = []
    limiter = Limiter(at_once=1, per_second=0)

    def job() -> None:
        begun.append(1)
        cancellation.cancel()
        with limiter.slot():
            pass

    with limiter.slot(), pytest.raises(CancelledError):
        cancellation.run(lambda: together([job] * 50, workers=2))
    assert 1 <= len(begun) <= 4


def test_an_unexpected_defect_of_a_job_is_not_taken_for_a_failure_of_the_source() -> None:
    def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        together([broken, lambda: None])
    assert not issubclass(ZeroDivisionError, PprofMcpError)
