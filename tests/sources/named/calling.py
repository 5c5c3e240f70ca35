"""Calls of tools as a front makes them."""

from __future__ import annotations

from typing import Any

from pprof_mcp.errors import NoMatchesError, WrongProfileKindError
from pprof_mcp.registry.arguments import Kind
from pprof_mcp.registry.discover import load, load_all
from pprof_mcp.registry.run import run
from pprof_mcp.results.capture import CaptureResult
from pprof_mcp.session.session import Session

from tests.cases import cases


def download(session: Session, source: str, **arguments: Any) -> CaptureResult:
    """Call profiles.download."""
    found = run(load("profiles.download"), {"source": source, **arguments}, session=session)
    assert isinstance(found, CaptureResult)
    return found


def call(session: Session, tool: str, **arguments: Any) -> Any:
    """Call any tool."""
    return run(load(tool), arguments, session=session)


def accepted_by(session: Session, handles: dict[str, str], bundle: str) -> dict[str, str]:
    """Call every analysis that takes a profile or bundle with what was fetched.

    Args:
        session: Where the handles live.
        handles: Handle of each kind.
        bundle: Handle of all together.

    Returns:
        The kind that each tool took, by tool.
    """
    taken: dict[str, str] = {}
    for spec in load_all():
        references = [item for item in spec.parameters if item.kind in (Kind.PROFILE, Kind.BUNDLE)]
        needed = [item for item in references if item.name in spec.required or item is references[0]]
        if not spec.name.startswith("pprof.") or not needed:
            continue
        usual = {
            name: value
            for name, value in cases()[spec.name].good[0].items()
            if name not in {item.name for item in references}
        }
        for kind, handle in handles.items():
            given = {item.name: bundle if item.kind is Kind.BUNDLE else handle for item in needed}
            try:
                run(spec, {**usual, **given}, session=session)
            except WrongProfileKindError:
                continue
            except NoMatchesError:
                # It was opened and looked through; the names of another program are not in it.
                pass
            taken[spec.name] = kind
            break
        else:
            raise AssertionError(f"{spec.name} took none of {handles}")
    return taken
