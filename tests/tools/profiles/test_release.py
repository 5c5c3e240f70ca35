"""What profiles.release must get right."""

from __future__ import annotations

from pathlib import Path

import pytest
from pprof_mcp.errors import HandleExpiredError, InvalidArgumentError
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import run
from pprof_mcp.session.session import Session
from pprof_mcp.tools.profiles.release import ReleaseResult

from tests.cases import Cases

CASES = Cases(
    good=[{"all": True}, {"handles": ["handle:0123456789abcdef"]}], wrong=[("all", False)], is_steady=False
)


def released(session: Session, **arguments: object) -> ReleaseResult:
    found = run(load("profiles.release"), arguments, session=session)
    assert isinstance(found, ReleaseResult)
    return found


def test_a_bundle_takes_its_profiles_with_it(session: Session, data: Path) -> None:
    bundle = session.bundle(str(data / "bundle.zip"))
    found = released(session, handles=[bundle.handle])
    assert len(found.released) == 6
    assert (found.remaining, found.kept_bytes) == (0, 0)
    with pytest.raises(HandleExpiredError, match="released"):
        session.bundle(bundle.handle)


def test_what_is_not_open_is_said(session: Session, cpu: str) -> None:
    handle = session.profile(cpu).handle
    found = released(session, handles=[handle, "handle:0000000000000000"])
    assert found.released == [handle]
    assert found.not_found == ["handle:0000000000000000"]
    assert found.warnings


def test_all_forgets_everything(session: Session, data: Path, cpu: str) -> None:
    session.bundle(str(data / "bundle.zip"))
    assert session.profile(cpu).handle
    assert released(session, all=True).remaining == 0
    assert session.kept_bytes == 0


@pytest.mark.parametrize("arguments", [{}, {"handles": ["handle:0123456789abcdef"], "all": True}])
def test_neither_or_both_is_refused(session: Session, arguments: dict[str, object]) -> None:
    with pytest.raises(InvalidArgumentError, match="either handles or all"):
        released(session, **arguments)


def test_opening_again_gives_the_same_handle(session: Session, cpu: str) -> None:
    handle = session.profile(cpu).handle
    released(session, handles=[handle])
    assert session.profile(cpu).handle == handle
