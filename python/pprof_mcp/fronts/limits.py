"""The limits that the environment sets, for commands that load the settings only when there is one."""

from __future__ import annotations

import os


def limits() -> dict[str, int]:
    """Give the limits of the core that were set, by name; the others keep its defaults.

    Raises:
        InvalidArgumentError: A variable has a value it can not have.
    """
    if not any(name.startswith("PPROF_MCP_LIMIT_") for name in os.environ):
        return {}
    from pprof_mcp.settings import load

    return dict(load().limits)
