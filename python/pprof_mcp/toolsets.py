"""Groups of tools that a server may be limited to: the list of all of them is long for a model to read."""

from __future__ import annotations

from typing import Final, Literal, get_args

from pprof_mcp.errors import InvalidArgumentError

Toolset = Literal["core", "analysis", "compare", "datadog", "sources", "visual"]

TOOLSETS: Final[dict[Toolset, str]] = {
    "core": "Open profiles; functions, callers, stacks, labels, lines; merge.",
    "analysis": "What is wrong: discovery, memory, goroutines, locks, overhead, own code.",
    "compare": "Differences, checks against limits, baselines.",
    "datadog": "Datadog's profiles, functions over time, metrics.",
    "sources": "Download from elsewhere; source code, repositories, their modules.",
    "visual": "Flame graphs, call graphs, reports.",
}
"""All groups, with what is in them."""

ALL: Final = tuple(TOOLSETS)


def parse_toolsets(text: str, named: str) -> tuple[Toolset, ...]:
    """Read a list of groups.

    Args:
        text: Names separated by commas; `all` and nothing at all stand for all.
        named: How the list is called in errors.

    Raises:
        InvalidArgumentError: There is no such group.
    """
    wanted = [name.strip().lower() for name in text.split(",") if name.strip()]
    if not wanted or "all" in wanted:
        return ALL
    unknown = sorted(set(wanted) - set(get_args(Toolset)))
    if unknown:
        told = "; ".join(f"{name}: {what}" for name, what in TOOLSETS.items())
        raise InvalidArgumentError(
            f"{named} is {text[:80]!r}: there is no group of tools {unknown[0][:40]!r}",
            hint=f"There are: {told} Or all.",
            details={"argument": named, "available": ["all", *TOOLSETS]},
        )
    return tuple(name for name in TOOLSETS if name in wanted)
