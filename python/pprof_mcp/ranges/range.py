"""A window of time as one profile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from pprof_mcp import _native
from pprof_mcp.errors import (
    InvalidArgumentError,
    PprofMcpError,
    ProfileGoneError,
    WrongProfileKindError,
    by_code,
)
from pprof_mcp.ranges.fetching import FIRST, Failure, Progress, fetch
from pprof_mcp.ranges.growing import BASE, grown
from pprof_mcp.ranges.looking import ANY, CUMULATIVE, MAIN_TYPES, Looked
from pprof_mcp.ranges.merging import Merged, Merger, Snapshots
from pprof_mcp.sources import times
from pprof_mcp.sources.datadog.spreading import (
    SLICES,
    Life,
    choose,
    lives,
    of_one_runtime,
    process_of,
    span_of,
    spread,
)
from pprof_mcp.sources.net.patience import check_cancelled
from pprof_mcp.sources.times import Window

if TYPE_CHECKING:
    from pprof_mcp.session.session import Session
    from pprof_mcp.sources.datadog.decoding import Candidate
    from pprof_mcp.sources.datadog.profiles import Listing
    from pprof_mcp.sources.datadog.query import Which
    from pprof_mcp.sources.remote import Remote

USUAL_WINDOW: Final = "1h"
"""Length of a window that is not said. Source: chosen; the example of those who asked for it."""


@dataclass(frozen=True)
class Chosen:
    """Some profiles of a window.

    Attributes:
        listing: What was listed.
        candidates: What was chosen, the newest first.
        lives: From when to when each process that was listed ran.
        kind: The kind to be looked for.
        site: The site asked for.
        is_sampled: Whether only parts of the window were listed, so that there are more than were listed.
        first_left_out: Profiles that were left out since they are the first of their process.
        warnings: What limits it.
    """

    listing: Listing
    candidates: tuple[Candidate, ...]
    lives: Mapping[str, Life]
    kind: str
    site: str = ""
    is_sampled: bool = False
    first_left_out: int = 0
    warnings: tuple[str, ...] = ()

    def of_kind(self, kind: str) -> Chosen:
        """Give the same profiles, to be looked through for another kind."""
        return replace(self, kind=kind)


def given_window(length: str, given: Mapping[str, object], now: datetime) -> Window:
    """Read a window from its length or its ends.

    Args:
        length: Such as `1h`; `USUAL_WINDOW` when empty.
        given: `from` and `to`, if they were given.
        now: The time, in UTC.

    Raises:
        InvalidArgumentError: A length and a beginning, or something that is no time.
    """
    start, end = (str(given.get(name, "")) for name in ("from", "to"))
    if length and start:
        raise InvalidArgumentError(
            "window and from are two beginnings of one window",
            hint="Give the length in window, or the beginning in from.",
            details={"argument": "window"},
        )
    return times.window(start, end, times.duration(length or USUAL_WINDOW, "window") / 3_600, now)


def chosen(
    remote: Remote,
    which: Which,
    window: Window,
    kind: str,
    *,
    limit: int,
    site: str = "",
    slices: int = SLICES,
) -> Chosen:
    """List a window and choose profiles, spread over it.

    Args:
        remote: The sources.
        which: Which profiles.
        window: Of when.
        kind: The kind that is to be found in them, or `looking.ANY`.
        limit: Profiles at most.
        site: The site; the configured one when empty.
        slices: As `spreading.spread`.

    Raises:
        ProfileGoneError: There are none.
        PprofMcpError: As `spreading.spread`.
    """
    listing, is_sampled = spread(remote, which, window, limit=limit, site=site, slices=slices)
    usable, told = of_one_runtime([one for one in listing.candidates if one.can_be_downloaded])
    if not usable:
        raise ProfileGoneError(
            f"no profile of {listing.query} from {times.text(window.start)} to {times.text(window.end)}",
            hint=" ".join(listing.warnings) or "Widen the window, or check service and env.",
            details={"query": listing.query, "site": listing.site, "count": len(listing.candidates)},
        )
    following, first = usable, 0
    if kind in CUMULATIVE and usable[0].runtime in ("go", ""):
        following = [one for one in usable if one.tag("profile_seq") != "0"] or usable
        first = len(usable) - len(following)
    return Chosen(
        listing=listing,
        candidates=tuple(choose(following, window, limit)),
        lives=lives(following),
        kind=kind,
        site=site,
        is_sampled=is_sampled,
        first_left_out=first,
        warnings=(*listing.warnings, *told),
    )


class Range:
    """Profiles of a service as one, and one by one.

    Args:
        session: Whose sources and limits are used.
        chosen: The profiles.
        progress: Told about downloads; the range counts for itself when not given.

    Raises:
        PprofMcpError: None of them can be had: the error is of the kind of the first.
        CancelledError: The call was cancelled.
    """

    def __init__(self, session: Session, chosen: Chosen, progress: Progress | None = None) -> None:
        self._session = session
        self._remote = session.remote
        self._limits = session.settings.limits
        self.chosen = chosen
        counted = progress or Progress(len(chosen.candidates))
        fetched = fetch(self._remote, chosen.candidates, chosen.kind, site=chosen.site, progress=counted)
        if not fetched.looked:
            raise _all_failed(fetched.failures, chosen)
        self._merger = Merger(self._limits, self._again)
        found = grown(fetched.looked, self._merger.read)
        if not found.looked:
            raise _all_failed(found.failures, chosen)
        self.kind = fetched.kind
        self.looked = found.looked
        self.failures = (*fetched.failures, *found.failures)
        self._warnings = (*chosen.warnings, *fetched.warnings, *found.warnings)

    @property
    def sample_type(self) -> str:
        """The sample type of the kind that is to be looked at first; empty for the profile's own choice."""
        names = MAIN_TYPES.get(self.kind, ())
        return next((name for name in names if all(name in one.types for one in self.looked)), "")

    @property
    def first_left_out(self) -> int:
        """Profiles left out since they are the first of their process."""
        return self.chosen.first_left_out + sum(one.code == FIRST for one in self.failures)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What limits it, besides what a merge says."""
        told: list[str] = list(self._warnings)
        left = self.first_left_out
        if left:
            told.append(
                f"{left} profiles are the first of their process, with everything since its start: left out"
            )
        failed = [one for one in self.failures if one.code not in (FIRST, BASE)]
        if failed:
            asked = len(self.chosen.candidates)
            told.append(
                f"{len(failed)} of {asked} profiles are missing; the first: {failed[0].message[:200]}"
            )
        return tuple(told)

    def merged(self, snapshots: Snapshots = "mean") -> Merged:
        """Merge all that was found.

        Raises:
            PprofMcpError: As `Merger.merge`.
        """
        return self._merger.merge(self.looked, self.chosen.lives, snapshots)

    def part(self, looked: Sequence[Looked], snapshots: Snapshots = "each") -> Merged:
        """Merge some of them.

        Args:
            looked: At least one of `looked`.
            snapshots: What becomes of snapshots.

        Raises:
            PprofMcpError: As `Merger.merge`.
        """
        inside = {process_of(one.candidate) for one in looked}
        known = {name: life for name, life in self.chosen.lives.items() if name in inside}
        return self._merger.merge(looked, known, snapshots)

    def each(self, looked: Sequence[Looked] | None = None) -> Iterator[tuple[Looked, _native.Profile]]:
        """Give the profiles one by one; one alone is in memory.

        Args:
            looked: Some of `looked`; all when not given.

        Raises:
            PprofMcpError: One can not be read any more.
        """
        for one in self.looked if looked is None else looked:
            check_cancelled()
            found = self._merger.read(one)
            is_decoded = isinstance(found, _native.Profile)
            yield one, found if is_decoded else _native.Profile.decode(found, dict(self._limits) or None)

    def _again(self, looked: Looked) -> Looked:
        kept = self._remote.profiles.download(looked.candidate, site=self.chosen.site)
        since = looked.since
        return replace(looked, path=kept.path, since=None if since is None else self._again(since))


def covered(looked: Sequence[Looked]) -> tuple[datetime, datetime] | None:
    """Give from when to when profiles are; None when none says it."""
    spans = [span for one in looked if (span := span_of(one.candidate)) is not None]
    if not spans:
        return None
    return times.from_epoch(min(one.start for one in spans)), times.from_epoch(max(one.end for one in spans))


def _all_failed(failures: Sequence[Failure], chosen: Chosen) -> PprofMcpError:
    first = next((one for one in failures if one.problem is not None), failures[0])
    kind = by_code().get(first.code, WrongProfileKindError)
    hint = first.problem.hint if first.problem else "Ask for a kind that is there."
    subject = "the only profile" if len(failures) == 1 else f"none of {len(failures)} profiles"
    verb = "can not be used" if len(failures) == 1 else "can be used; the first"
    wanted = "" if chosen.kind == ANY else f" for {chosen.kind}"
    return kind(
        f"{subject} of {chosen.listing.query}{wanted} {verb}: {first.message}",
        hint=hint,
        details={
            **({} if first.problem is None else dict(first.problem.details)),
            "query": chosen.listing.query,
            "failed": len(failures),
            "codes": sorted({one.code for one in failures}),
        },
    )
