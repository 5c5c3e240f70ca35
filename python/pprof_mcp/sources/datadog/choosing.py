"""Asks for what a strategy compares, and lets it choose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

from pprof_mcp.errors import InvalidArgumentError, ProfileGoneError
from pprof_mcp.sources import times
from pprof_mcp.sources.datadog import picking
from pprof_mcp.sources.datadog.finding import find
from pprof_mcp.sources.datadog.picking import Picked
from pprof_mcp.sources.datadog.profiles import MOST, Listing, in_order
from pprof_mcp.sources.datadog.query import Which
from pprof_mcp.sources.times import Window

if TYPE_CHECKING:
    from pprof_mcp.sources.remote import Remote

Strategy = Literal["latest", "oldest", "closest_to_ts", "manual_index", "most_samples", "busiest", "anomaly"]
_TICK = timedelta(milliseconds=1)
_EDGE: Final = 20
"""Profiles of either side of a time that are compared. Source: chosen; more than run at one time, mostly."""


@dataclass(frozen=True)
class Question:
    """What is to be chosen from.

    Attributes:
        remote: The sources.
        which: Which profiles.
        window: Of when.
        site: The site; the configured one when empty.
        limit: Profiles compared at most.
        target: For `closest_to_ts`: the time.
        index: For `manual_index`: the place, 0 being the newest.
    """

    remote: Remote
    which: Which
    window: Window
    site: str = ""
    limit: int = 50
    target: datetime | None = None
    index: int = -1

    def newest(self, limit: int) -> Listing:
        """List the newest."""
        return find(self.remote, self.which, self.window, limit=limit, site=self.site)


def choose(strategy: Strategy, question: Question) -> tuple[Listing, Picked]:
    """Choose a profile.

    Args:
        strategy: The rule.
        question: What to choose from.

    Returns:
        What was compared, and the choice.

    Raises:
        ProfileGoneError: There are no profiles.
        InvalidArgumentError: The strategy lacks what it needs, or the place is not there.
        PprofMcpError: As `find`.
    """
    listing, rule = _RULES[strategy](question)
    if not listing.candidates:
        raise ProfileGoneError(
            f"no profile of {listing.query} from {times.text(listing.window.start)} to "
            f"{times.text(listing.window.end)}",
            hint=" ".join(listing.warnings) or "Widen the window, or check service and env.",
            details={"query": listing.query, "site": listing.site},
        )
    return listing, rule(listing)


_Rule = Callable[[Listing], Picked]


def _latest(question: Question) -> tuple[Listing, _Rule]:
    return question.newest(1), lambda found: Picked(found.candidates[0], "the newest")


def _oldest(question: Question) -> tuple[Listing, _Rule]:
    # Sorted here once more: a server that does not keep to the order still gives the oldest of a page.
    found = find(
        question.remote,
        question.which,
        question.window,
        limit=question.limit,
        order="asc",
        site=question.site,
    )
    return found, lambda listing: Picked(listing.candidates[0], "the oldest of the window")


def _closest(question: Question) -> tuple[Listing, _Rule]:
    target = question.target
    if target is None:
        raise InvalidArgumentError(
            "strategy=closest_to_ts needs target_ts",
            hint=f"Give the time: {times.FORMS}.",
            details={"argument": "target_ts"},
        )
    window = question.window
    # The nearest before and the nearest after: two pages, however many profiles there are.
    before = after = None
    if window.start <= target:
        until = min(window.end, target + _TICK)
        before = question.remote.profiles.search(
            question.which.text(),
            Window(min(window.start, until - _TICK), until),
            limit=_EDGE,
            site=question.site,
        )
    if target < window.end:
        since = max(window.start, target)
        after = question.remote.profiles.search(
            question.which.text(), Window(since, window.end), limit=_EDGE, order="asc", site=question.site
        )
    both = [one for found in (before, after) if found is not None for one in found.candidates]
    base = before or after
    if base is None or not both:
        base = question.newest(question.limit)
        both = list(base.candidates)
    unique = {(one.event_id, one.profile_id): one for one in both}
    listing = replace(base, window=window, candidates=tuple(in_order(list(unique.values()), "desc")))

    def rule(found: Listing) -> Picked:
        picked = picking.closest(found.candidates, target)
        if picked is None:
            told = "no profile says when it is of"
            return Picked(found.candidates[0], "the first that was given", (told,))
        return picked

    return listing, rule


def _manual(question: Question) -> tuple[Listing, _Rule]:
    index = question.index
    if index < 0:
        raise InvalidArgumentError(
            "strategy=manual_index needs index",
            hint="Give the place, 0 being the newest.",
            details={"argument": "index"},
        )

    def rule(found: Listing) -> Picked:
        if index >= len(found.candidates):
            raise InvalidArgumentError(
                f"index: {index} is not there: {len(found.candidates)} profiles match, 0 to "
                f"{len(found.candidates) - 1}",
                hint="Choose a smaller one, or widen the window.",
                details={"argument": "index", "count": len(found.candidates)},
            )
        return Picked(found.candidates[index], f"number {index}, counted from the newest")

    return question.newest(min(index + 1, MOST)), rule


def _most_samples(question: Question) -> tuple[Listing, _Rule]:
    return question.newest(question.limit), lambda found: picking.most_samples(found.candidates)


def _busiest(question: Question) -> tuple[Listing, _Rule]:
    # Datadog sorts the whole window by it; what comes is compared here once more.
    found = find(
        question.remote,
        question.which,
        question.window,
        limit=question.limit,
        sort=f"@metrics.{picking.CORES}",
        site=question.site,
    )
    return found, lambda listing: picking.busiest(listing.candidates)


def _anomaly(question: Question) -> tuple[Listing, _Rule]:
    return question.newest(question.limit), lambda found: picking.anomaly(found.candidates)


_RULES: Mapping[Strategy, Callable[[Question], tuple[Listing, _Rule]]] = {
    "latest": _latest,
    "oldest": _oldest,
    "closest_to_ts": _closest,
    "manual_index": _manual,
    "most_samples": _most_samples,
    "busiest": _busiest,
    "anomaly": _anomaly,
}
