"""The session of one command."""

from __future__ import annotations

import sys
from functools import cache

from pprof_mcp import _native
from pprof_mcp.session.session import Session
from pprof_mcp.settings import load
from pprof_mcp.sources.fence import Fence


def shell_session() -> Session:
    """Make the session of one command: its user names the files, so any may be read."""
    settings = load()
    most = settings.limits.get("input_bytes", _native.default_limits()["input_bytes"])

    @cache
    def stdin() -> bytes:
        # One byte more than is allowed, so that the session sees that there was more.
        return sys.stdin.buffer.read(most + 1)

    return Session(fence=Fence.unrestricted(), settings=settings, stdin=stdin, lasting=False)
