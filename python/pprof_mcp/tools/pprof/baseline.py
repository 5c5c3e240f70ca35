"""pprof.baseline: records what profiles cost, so that later ones can be compared with them."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp import _native
from pprof_mcp.baselining import NAMES, BaselineName, compare, date_text, measured, name_of, totals
from pprof_mcp.errors import InvalidArgumentError, NoMatchesError
from pprof_mcp.filters import Filters
from pprof_mcp.insight.deviations import stats_of
from pprof_mcp.profile import Profile
from pprof_mcp.registry import INJECTED, Cli, tool
from pprof_mcp.registry.spec import Effects
from pprof_mcp.results import Cursor, LeftOut, NextCall, Result, Row, next_call, page_of
from pprof_mcp.results.baseline import BaselineComparison
from pprof_mcp.session.baselines import Baselines, RunStatus, Series, StoredRun
from pprof_mcp.session.session import Session

Action = Literal["show", "record", "accept", "reset"]


class SeriesRow(Row):
    """A series: runs that compare with each other."""

    columns = ("key", "runs", "held", "first_run", "last_run", "mean_text", "minimum_text", "maximum_text")

    key: str = Field(description="Name, kind, sample type, filters.")
    runs: int = Field(description="Runs that statistics count: the newest of those learned.")
    held: int = Field(description="Runs held back until they are accepted.")
    first_run: str | None = Field(description="Time of the oldest run that counts, UTC.")
    last_run: str | None = Field(description="Time of the newest.")
    mean: float = Field(description="Mean of their totals; per second where all say a duration.")
    spread: float = Field(description="Their median absolute deviation, scaled to a standard deviation.")
    minimum: float = Field(description="The least.")
    maximum: float = Field(description="The most.")
    mean_text: str = Field(description="mean with its unit.")
    minimum_text: str = Field(description="minimum with its unit.")
    maximum_text: str = Field(description="maximum with its unit.")


class RunRow(Row):
    """A recorded profile."""

    columns = ("run", "status", "taken_at", "total_text", "reason")

    run: int = Field(description="Its number, for accept.")
    status: RunStatus = Field(description="learned: statistics count it; held: not before it is accepted.")
    taken_at: str | None = Field(description="Time of the profile, UTC.")
    total_text: str = Field(description="Its total with unit.")
    reason: str = Field(description="Why it is held; empty otherwise.")


class BaselineResult(Result):
    """Series with their statistics, and what the call did."""

    action: Action = Field(description="What was asked for.")
    status: Literal["", "learned", "held", "known"] = Field(
        description="Of record: what became of the run; known: recorded before, nothing changed."
    )
    changed: int = Field(description="Runs recorded, accepted or forgotten by this call.")
    comparison: BaselineComparison | None = Field(
        description="Of record: how the run compares with those before; else null."
    )
    series: list[SeriesRow] = Field(description="The series meant, by name.")
    runs: list[RunRow] = Field(
        description="Of record and accept: the runs; of show: those of a single series."
    )
    cursor: str | None = Field(description="Pass it as `cursor` for more series; null at the end.")
    left_out: LeftOut = Field(description="Series before and behind these.")


class _Options(Filters, BaselineName, total=False):
    """Filters, and the name of a series."""


RUNS_SHOWN = 20
"""Runs that an answer lists (chosen: held ones come first, so that they are seen)."""


@tool(
    "pprof.baseline",
    title="Stored baselines",
    since="0.1",
    toolset="compare",
    example={"action": "record", "profile": "handle:0123456789abcdef", "baseline": "checkout:prod"},
    effects=Effects(read_only=False, destructive=True),
)
def baseline(
    action: Annotated[
        Action, Field(description="What to do; reset forgets the series."), Cli(positional=True)
    ] = "show",
    profile: Annotated[
        Profile | None,
        Field(
            description="Profile to record, or whose series is meant: path, `handle:...`, bundle + `#kind`."
        ),
        Cli(positional=True),
    ] = None,
    *,
    hold: Annotated[bool, Field(description="Keep the run back: it failed a check.")] = False,
    runs: Annotated[
        list[int], Field(max_length=200, description="Runs to accept; all held ones when empty.")
    ] = [],  # noqa: B006 - validated and copied before each call
    limit: Annotated[int, Field(ge=1, le=100, description="Series at most.")] = 10,
    cursor: Cursor = "",
    session: Session = INJECTED,
    **options: Unpack[_Options],
) -> BaselineResult:
    """Record profiles as runs to compare later ones with; show, accept or forget them.

    pprof.top with compare_baseline compares with the runs recorded here and never records by itself. A run
    that costs more than runs before it is held: statistics do not count it until it is accepted, so that a
    regression does not become the norm unseen. A series is a name (or service and env) with kind, sample
    type, granularity and filters. To compare two profiles without storing any use pprof.diff_top.
    """
    page = page_of(cursor, limit)
    store = session.baselines
    name = name_of(options)
    status: Literal["", "learned", "held", "known"] = ""
    comparison: BaselineComparison | None = None
    touched: list[StoredRun] = []
    changed = 0
    if action == "record":
        if profile is None:
            raise _missing("record needs a profile")
        current = measured(profile, options, name)
        meant = [current.series]
        comparison = compare(store, current)
        reason = "it was recorded as failed (hold)" if hold else _reason(comparison)
        run = replace(current.run, status="held" if reason else "learned", reason=reason)
        stored, was_known = store.record(current.series, run, current.nodes)
        status, touched, changed = ("known" if was_known else stored.status), [stored], int(not was_known)
    else:
        named = any(options.get(part) for part in NAMES)
        meant = _meant(store, profile, options, name if named or profile else "")
        if action != "show":
            if not named and profile is None:
                raise _missing(f"{action} needs to know which series")
            if not meant:
                raise NoMatchesError(
                    f"no series is stored under {name!r}",
                    hint="See what is stored with action=show.",
                    details={"argument": "baseline"},
                )
        if action == "accept":
            touched = [run for one in meant for run in store.accept(one, runs)]
            _check_found(runs, touched)
            changed = len(touched)
        elif action == "reset":
            changed = sum(store.reset(one) for one in meant)
    shown = meant[page.offset : page.offset + page.limit]
    rows = [_series_row(store, one) for one in shown]
    if action == "show" and len(meant) == 1:
        touched = sorted(store.runs(meant[0]), key=lambda run: run.status != "held")
    unit = meant[0].unit if meant else ""
    return BaselineResult(
        warnings=_warnings(action, meant, comparison, len(touched)),
        next=_next(profile, options, action),
        action=action,
        status=status,
        changed=changed,
        comparison=comparison,
        series=rows,
        runs=[_run_row(run, unit) for run in touched[:RUNS_SHOWN]],
        cursor=page.cursor(len(rows), len(meant)),
        left_out=LeftOut(rows=len(meant) - len(rows)),
    )


def _missing(what: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        what,
        hint="Give profile, or baseline (or service and env).",
        details={"argument": "profile"},
    )


def _meant(store: Baselines, profile: Profile | None, options: BaselineName, name: str) -> list[Series]:
    if profile is not None:
        wanted = measured(profile, options, name).series
        return [one for one in store.series() if one == wanted]
    return [one for one in store.series() if not name or one.name == name]


def _reason(comparison: BaselineComparison) -> str:
    more = [one.text for one in comparison.deviations if one.delta > 0]
    return more[0] if more else ""


def _check_found(wanted: list[int], found: list[StoredRun]) -> None:
    missing = sorted(set(wanted) - {run.id for run in found})
    if missing:
        raise NoMatchesError(
            f"not held in this series: run {', '.join(map(str, missing[:10]))}",
            hint="See the runs that are held with action=show.",
            details={"argument": "runs"},
        )


def _series_row(store: Baselines, series: Series) -> SeriesRow:
    window = store.window(series)
    values, suffix = totals(series, window)
    stats = stats_of(values or [0.0])

    def text(value: float) -> str:
        return _native.unit_text(value, series.unit) + suffix

    return SeriesRow(
        key=series.key,
        runs=len(window),
        held=sum(run.status == "held" for run in store.runs(series)),
        first_run=date_text(min((run.taken_at for run in window), default=0)),
        last_run=date_text(max((run.taken_at for run in window), default=0)),
        mean=round(stats.mean, 4),
        spread=round(stats.spread, 4),
        minimum=round(stats.minimum, 4),
        maximum=round(stats.maximum, 4),
        mean_text=text(stats.mean),
        minimum_text=text(stats.minimum),
        maximum_text=text(stats.maximum),
    )


def _run_row(run: StoredRun, unit: str) -> RunRow:
    return RunRow(
        run=run.id,
        status=run.status,
        taken_at=date_text(run.taken_at),
        total_text=_native.unit_text(run.total, unit),
        reason=run.reason,
    )


def _warnings(
    action: Action, meant: list[Series], comparison: BaselineComparison | None, touched: int
) -> list[str]:
    found = list(comparison.warnings) if comparison else []
    if action == "show" and not meant:
        found.append("nothing is recorded under this name")
    if action == "accept" and not touched:
        found.append("no run was held")
    if touched > RUNS_SHOWN:
        found.append(f"{touched - RUNS_SHOWN} runs are not listed")
    return found


def _next(profile: Profile | None, options: BaselineName, action: Action) -> list[NextCall]:
    if profile is None or action == "reset":
        return []
    names = {part: str(value) for part in NAMES if (value := options.get(part))}
    why = "How it compares with the runs of its series."
    return [next_call("pprof.top", why, profile=profile.reference, compare_baseline=True, **names)]
