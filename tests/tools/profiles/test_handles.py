"""What profiles.handles must get right."""

from __future__ import annotations

from pathlib import Path

from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import run
from pprof_mcp.session.session import Session
from pprof_mcp.tools.profiles.handles import HandlesResult

from tests.cases import Cases
from tests.support import Clock, MakeSession

CASES = Cases(good=[{}], wrong=[("limit", 0)], is_steady=False)


def listed(session: Session, **more: object) -> HandlesResult:
    found = run(load("profiles.handles"), more, session=session)
    assert isinstance(found, HandlesResult)
    return found


def test_nothing_open_is_an_answer(session: Session) -> None:
    found = listed(session)
    assert (found.handles, found.count, found.kept_bytes) == ([], 0, 0)
    assert found.warnings == ["nothing is open"]


def test_age_and_time_left_come_from_the_clock(make_session: MakeSession, clock: Clock, cpu: str) -> None:
    session = make_session(handle_ttl=100.0)
    handle = session.profile(cpu).handle
    clock.forward(30)
    (row,) = listed(session).handles
    assert (row.handle, row.reference, row.kind) == (handle, cpu, "cpu")
    assert (row.age_seconds, row.idle_seconds, row.expires_in_seconds) == (30.0, 30.0, 70.0)
    clock.forward(71)
    assert listed(session).count == 0


def test_the_last_used_comes_first(session: Session, clock: Clock, data: Path) -> None:
    bundle = session.bundle(str(data / "bundle.zip"))
    clock.forward(1)
    last = session.profile(bundle.members[2].handle).handle
    found = listed(session, limit=3)
    assert found.handles[0].handle == last
    assert found.count == 6
    assert found.left_out.rows == 3
    rest = listed(session, limit=3, cursor=found.cursor)
    assert {row.handle for row in rest.handles}.isdisjoint({row.handle for row in found.handles})
    assert sum(row.members for row in [*found.handles, *rest.handles]) == 5
