"""Analyses side by side: they fail alone, stop together, and say how far they are."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from pprof_mcp import _native
from pprof_mcp.discovery.capture import captured
from pprof_mcp.discovery.report import reported
from pprof_mcp.discovery.results import Asked, analysed
from pprof_mcp.discovery.suite import run_all
from pprof_mcp.errors import CancelledError, InternalError, InvalidArgumentError
from pprof_mcp.progress import WATCH
from pprof_mcp.registry import run as running
from pprof_mcp.registry.run import dump
from pprof_mcp.results.base import Result
from pprof_mcp.session.session import Session

from tests.cases import BUNDLE
from tests.support import MakeSession


def answer(text: str) -> Callable[[], Result]:
    return lambda: Result(warnings=[text])


def test_what_fails_is_no_reason_for_others_to_and_shows_nothing_of_its_inside() -> None:
    def refused() -> Result:
        raise InvalidArgumentError("no such thing")

    def broken() -> Result:
        raise KeyError("/secret/path")

    found = run_all({"a": answer("a"), "b": refused, "c": broken, "d": answer("d")})
    assert list(found) == ["a", "b", "c", "d"]
    assert isinstance(found["a"], Result)
    assert isinstance(found["b"], InvalidArgumentError)
    assert isinstance(found["c"], InternalError)
    assert "secret" not in found["c"].message
    assert isinstance(found["d"], Result)


def test_a_failed_analysis_is_a_warning_and_the_rest_is_told(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = running.run

    def run(spec: object, *rest: object, **named: object) -> Result:
        if getattr(spec, "name", "") == "pprof.storylines":
            raise InvalidArgumentError("its names are too long")
        return call(spec, *rest, **named)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr("pprof_mcp.discovery.results.run", run)
    report = reported(session.bundle(BUNDLE), session)
    assert "pprof.storylines: failed: its names are too long" in report.warnings
    assert not report.is_whole
    assert {one.area for one in report.findings} >= {"json", "hot_lock", "goroutine_leak"}
    assert "own code" not in {one.area for one in report.findings}
    monkeypatch.undo()
    # What failed is tried again.
    assert "own code" in {one.area for one in reported(session.bundle(BUNDLE), session).findings}


def test_jobs_run_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    both = threading.Barrier(2, timeout=30)

    def meet() -> Result:
        both.wait()
        return Result()

    assert all(isinstance(one, Result) for one in run_all({"a": meet, "b": meet}).values())


def test_who_waits_hears_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    heard: list[tuple[int, int, int, str]] = []
    go_on = threading.Event()

    def second() -> Result:
        assert go_on.wait(30)
        return Result()

    def watch(done: int, total: int, _size: int, failed: int, what: str = "", /) -> None:
        heard.append((done, total, failed, what))
        if what == "analyses: second":
            go_on.set()

    def first() -> Result:
        raise InvalidArgumentError("no")

    token = WATCH.set(watch)
    try:
        run_all({"pprof.first": first, "pprof.second": second})
    finally:
        WATCH.reset(token)
    assert (1, 2, 1, "analyses: second") in heard
    assert [done for done, *_ in heard] == sorted(done for done, *_ in heard)


def test_a_cancelled_call_stops_all_jobs() -> None:
    outer = _native.Cancellation()
    stopped = threading.Event()
    under_way = threading.Event()

    def long() -> Result:
        inner = _native.Cancellation.current()
        assert inner is not None
        under_way.set()
        while not inner.is_cancelled:
            stopped.wait(0.01)
        stopped.set()
        raise CancelledError("stopped")

    def cancel() -> None:
        assert under_way.wait(30)
        outer.cancel()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    with pytest.raises(CancelledError):
        outer.run(lambda: run_all({"long": long}))
    canceller.join()
    assert stopped.is_set()


def test_a_listener_that_raises_stops_all_jobs() -> None:
    class StoppedError(Exception):
        pass

    def watch(*_: object) -> None:
        raise StoppedError

    def long() -> Result:
        inner = _native.Cancellation.current()
        assert inner is not None
        while not inner.is_cancelled:
            threading.Event().wait(0.01)
        raise CancelledError("stopped")

    token = WATCH.set(watch)
    try:
        with pytest.raises(StoppedError):
            run_all({"long": long})
    finally:
        WATCH.reset(token)


def test_the_same_capture_is_analysed_once_until_something_is_released(make_session: MakeSession) -> None:
    session = make_session()
    capture = captured(session.bundle(BUNDLE))
    first = analysed(capture, Asked(), session)
    assert analysed(captured(session.bundle(BUNDLE)), Asked(), session) is first
    assert analysed(capture, Asked(container_rss_mb=900), session) is not first
    session.release_all()
    again = analysed(captured(session.bundle(BUNDLE)), Asked(), session)
    assert again is not first
    for name, one in first.outcomes.items():
        other = again.outcomes[name]
        assert isinstance(one, Result)
        assert isinstance(other, Result)
        assert dump(one) == dump(other)
