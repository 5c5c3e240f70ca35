"""Finding profiles by what users say: names as Datadog writes them, and near names when there are none."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from pprof_mcp.errors import CancelledError, PprofMcpError
from pprof_mcp.sources.datadog.asking import fields, items
from pprof_mcp.sources.datadog.profiles import Listing, Order, too_long
from pprof_mcp.sources.datadog.query import MOST_SERVICE, Which, normal
from pprof_mcp.sources.times import Window

if TYPE_CHECKING:
    from pprof_mcp.sources.remote import Remote

_LOOKED_AT: Final = 500
"""Newest profiles of any service whose names are looked through. Source: chosen; one page."""
_NAMED: Final = 5
"""Names that a warning tells. Source: chosen."""


def which_of(given: Mapping[str, object]) -> Which:
    """Read which profiles are meant from the arguments of a tool."""

    def text(name: str) -> str:
        value = given.get(name, "")
        return value if isinstance(value, str) else ""

    return Which(text("service"), text("env"), text("host"), text("version"), text("query"))


def find(
    remote: Remote,
    which: Which,
    window: Window,
    *,
    limit: int,
    order: Order = "desc",
    sort: str = "timestamp",
    site: str = "",
    is_first: bool = True,
) -> Listing:
    """Search profiles; say what was understood differently, and what is near when there are none.

    Args:
        remote: The sources.
        which: Which profiles.
        window: Of when.
        limit: Profiles at most.
        order: As `Profiles.search`.
        sort: As `Profiles.search`.
        site: The site; the configured one when empty.
        is_first: Whether nothing was shown before: else there is no need to say what is near.

    Raises:
        PprofMcpError: As `Profiles.search`.
    """
    found = remote.profiles.search(which.text(), window, limit=limit, order=order, sort=sort, site=site)
    warnings = list(found.warnings)
    for name, value, most in (("service", which.service, MOST_SERVICE), ("env", which.env, 200)):
        if value.strip() and normal(value, most) != value.strip():
            warnings.append(
                f"{name} {value.strip()!r} was looked for as {normal(value, most)!r}, as Datadog writes it"
            )
    if not found.candidates and is_first:
        if long := too_long(window, remote.now):
            warnings.append(long)
        warnings.append(_nothing(remote, which, window, site))
    return replace(found, warnings=tuple(warnings))


def services(remote: Remote, window: Window, *, env: str = "", site: str = "") -> dict[str, int]:
    """Give the services that have profiles, with their numbers.

    The query of measures knows all of them; where it is not allowed, the newest profiles tell some.

    Raises:
        PprofMcpError: Neither can be asked.
    """
    query = Which("", env).text()
    asked = {
        "name": "a",
        "data_source": "profiles",
        "indexes": ["*"],
        "search": {"query": query},
        "compute": {"aggregation": "count"},
        "group_by": [{"facet": "service", "limit": 1_000}],
    }
    try:
        counted = _counts(remote.metrics.scalar([asked], "a", window, site=site))
    except CancelledError:
        raise
    except PprofMcpError:
        counted = {}
    if counted:
        return counted
    listed = remote.profiles.search(query, window, limit=_LOOKED_AT, site=site)
    return dict(Counter(one.service for one in listed.candidates if one.service))


def near(name: str, known: Iterable[str]) -> list[str]:
    """Give the names that someone may have meant, the nearest first.

    Equal but for case and separators, then those that begin so, contain it, or differ by little.
    """

    def bare(text: str) -> str:
        return "".join(sign for sign in text.lower() if sign.isalnum())

    wanted = bare(name)
    ranked: list[tuple[float, str]] = []
    for other in set(known):
        there = bare(other)
        if not wanted or not there:
            continue
        alike = difflib.SequenceMatcher(None, wanted, there, autojunk=False).ratio()
        if there == wanted:
            rank = 0.0
        elif there.startswith(wanted) or wanted.startswith(there):
            rank = 1.0
        elif wanted in there or there in wanted:
            rank = 2.0
        elif alike >= 0.7:
            rank = 3.0
        else:
            continue
        ranked.append((rank - alike / 10, other))
    return [other for _, other in sorted(ranked)][:_NAMED]


def _counts(attributes: Mapping[str, Any]) -> dict[str, int]:
    """Read the columns of an answer: names, and how often each."""
    by_type = {fields(column).get("type"): fields(column) for column in items(attributes.get("columns"))}
    names, numbers = (items(fields(by_type.get(one)).get("values")) for one in ("group", "number"))
    found: dict[str, int] = {}
    for name, number in zip(names, numbers, strict=False):
        first = next(iter(items(name)), None)
        if isinstance(first, str) and isinstance(number, (int, float)):
            found[first] = int(number)
    return found


def _nothing(remote: Remote, which: Which, window: Window, site: str) -> str:
    """Say what there is instead; looking for it never makes the answer fail."""
    try:
        if which.env or which.host or which.version or which.terms:
            alone = remote.profiles.search(Which(which.service).text(), window, limit=100, site=site)
            if alone.candidates:
                there = {
                    "env": sorted({one.env for one in alone.candidates if one.env}),
                    "version": sorted({one.version for one in alone.candidates if one.version}),
                    "host": sorted({one.host for one in alone.candidates if one.host}),
                }
                listed = "; ".join(
                    f"{name} {', '.join(values[:_NAMED])}" for name, values in there.items() if values
                )
                return f"no profile matches, but service {which.service} has profiles of {listed}"
        known = services(remote, window, site=site)
    except CancelledError:
        raise
    except PprofMcpError:
        return "no profile matches"
    meant = near(which.service, known)
    if meant:
        return f"no service {which.service!r} has profiles here; near it: {', '.join(meant)}"
    if not known:
        return "no service has profiles in this window: check site and keys, or widen the window"
    most = sorted(known, key=lambda name: (-known[name], name))[:_NAMED]
    return (
        f"no service {which.service!r} has profiles here; there are {len(known)}, such as {', '.join(most)}"
    )
