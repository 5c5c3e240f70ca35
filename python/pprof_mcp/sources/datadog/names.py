"""Which metrics a service sends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from pprof_mcp.errors import (
    CancelledError,
    ForbiddenError,
    NotConfiguredError,
    PprofMcpError,
    RateLimitedError,
    UnauthorizedError,
)
from pprof_mcp.sources.datadog.query import scope, terms

if TYPE_CHECKING:
    from pprof_mcp.sources.remote import Remote

NamesBy = Literal["list", "active"]


def names_of(
    remote: Remote, tags: Mapping[str, str], hours: float, warnings: list[str], site: str = ""
) -> tuple[list[str], NamesBy]:
    """List the metrics that carry tags.

    Args:
        remote: The sources.
        tags: All of them.
        hours: How far back they were sent.
        warnings: Gets why the older list was asked.
        site: The site; the configured one when empty.

    Returns:
        Names, sorted, and which list gave them.

    Raises:
        PprofMcpError: Neither list can be had.
    """
    try:
        return remote.metrics.names(terms(tags), seconds=round(hours * 3_600), site=site), "list"
    except (CancelledError, NotConfiguredError, UnauthorizedError, ForbiddenError, RateLimitedError):
        # The other list would say the same.
        raise
    except PprofMcpError as problem:
        warnings.append(f"active metrics were listed, because {problem.message[:300]}")
    since = remote.now - timedelta(hours=hours)
    return remote.metrics.active(scope(tags), since, site=site), "active"
