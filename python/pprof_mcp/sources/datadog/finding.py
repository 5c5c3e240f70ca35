"""Finding profiles by what users say: names as Datadog writes them, and near names when there are none."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from pprof_mcp.errors import CancelledError, PprofMcpError
from pprof_mcp.insight.naming import rank
from pprof_mcp.sources.datadog.profiles import Listing, Order, too_long
from pprof_mcp.sources.datadog.query import MOST_SERVICE, Which, normal
from pprof_mcp.sources.datadog.refusals import UNOPENED_DAYS
from pprof_mcp.sources.net.patience import server_time
from pprof_mcp.sources.times import Window

if TYPE_CHECKING:
    from pprof_mcp.sources.remote import Remote

_MOST_HOURS: Final = 24 * UNOPENED_DAYS
MOST_SKEW: Final = 60.0
"""Seconds from which `now` is the wrong time to ask for. Source: chosen; profiles come each minute."""
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
    if window.end >= remote.now - timedelta(seconds=MOST_SKEW):
        warnings += skew_of(found)
    if not found.candidates and is_first:
        if long := too_long(window, remote.now):
            warnings.append(long)
        warnings.append(_nothing(remote, which, window, site))
    return replace(found, warnings=tuple(warnings))


def skew_of(listing: Listing) -> list[str]:
    """Say that this machine's clock and the server's disagree, so that `now` is another time there."""
    there = server_time(listing.headers, 0.0)
    skew = listing.received - there if there else 0.0
    if abs(skew) <= MOST_SKEW:
        return []
    side = "ahead of" if skew > 0 else "behind"
    return [
        f"this machine's clock is {abs(skew):.0f} s {side} the server's: times such as now are off by as much"
    ]


def near(name: str, known: Iterable[str]) -> list[str]:
    """Give the names that someone may have meant, the likeliest first."""
    return [match.name for match in rank(name, known)][:_NAMED]


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
        hours = math.ceil(max(1.0, min(_MOST_HOURS, (remote.now - window.start).total_seconds() / 3_600)))
        directory, _ = remote.services.directory(site, hours)
        known = {name: sum(one.profiles.values()) for name, one in directory.services.items()}
    except CancelledError:
        raise
    except PprofMcpError:
        return "no profile matches"
    if (name := normal(which.service, MOST_SERVICE)) in known:
        return f"service {name!r} has profiles of the last {hours} hours, but none in this window"
    meant = near(which.service, known)
    if meant:
        return f"no service {which.service!r} has profiles here; near it: {', '.join(meant)}"
    if not known:
        return "no service has profiles in this window: check site and keys, or widen the window"
    most = sorted(known, key=lambda name: (-known[name], name))[:_NAMED]
    return (
        f"no service {which.service!r} has profiles here; there are {len(known)}, such as {', '.join(most)}"
    )
