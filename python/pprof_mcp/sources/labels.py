"""The labels in braces by which continuous profilers choose profiles."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pprof_mcp.errors import InvalidArgumentError


def selector(service: str, query: str, label: str, there: Callable[[], Sequence[str]]) -> str:
    """Put labels together.

    Args:
        service: The service; one more label.
        query: Labels, in braces or not.
        label: What a service is called there.
        there: Gives the services there are, for the error.

    Raises:
        InvalidArgumentError: Neither is given: all services together say little.
    """
    inner = query.strip()
    if inner.startswith("{") and inner.endswith("}"):
        inner = inner[1:-1].strip()
    escaped = service.replace("\\", "\\\\").replace('"', '\\"')
    parts = [f'{label}="{escaped}"'] if service else []
    parts += [inner] if inner else []
    if not parts and not query.strip():
        known = list(there())
        raise InvalidArgumentError(
            f"say which service; there are: {', '.join(known[:20]) or 'none in this window'}",
            hint='Give service, or query with labels such as {region="eu"}; query="{}" means all together.',
            details={"argument": "service", "available": known[:100]},
        )
    return "{" + ", ".join(parts) + "}"
