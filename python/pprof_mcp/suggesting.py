"""Calls that are worth making after profiles were opened, wherever they came from."""

from __future__ import annotations

from pprof_mcp.results import NextCall, next_call
from pprof_mcp.session.bundle import Bundle
from pprof_mcp.session.kinds import BLOCK, CPU, GOROUTINE, HEAP, MUTEX
from pprof_mcp.session.session import Session

_LOOKED_AT = {CPU, HEAP, MUTEX, BLOCK, GOROUTINE}


def bundle_calls(bundle: Bundle, session: Session) -> list[NextCall]:
    """Suggest to look at all of a bundle at once, if it has profiles of more than one kind."""
    if len(_LOOKED_AT & set(bundle.kinds)) < 2:
        return []
    why = "What is wrong, and what is worth doing."
    return [next_call("pprof.discover", why, bundle=session.reference_of_bundle(bundle))]
