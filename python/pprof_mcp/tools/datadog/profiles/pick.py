"""datadog.profiles.pick: one profile, chosen by a rule."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp.captures import Captures, Environment, ServiceName
from pprof_mcp.listed import download_of, row_of
from pprof_mcp.registry import INJECTED, tool
from pprof_mcp.registry.spec import Effects
from pprof_mcp.results import Result
from pprof_mcp.results.capture import CandidateRow
from pprof_mcp.session.session import Session
from pprof_mcp.sources import times
from pprof_mcp.sources.datadog.choosing import Question, Strategy, choose
from pprof_mcp.sources.datadog.finding import which_of
from pprof_mcp.sources.times import DEFAULT_HOURS, Window, window_of


class PickResult(Result):
    """The profile that was chosen."""

    service: str = Field(description="Service that was asked for.")
    env: str = Field(description="Environment; empty for any.")
    dd_site: str = Field(description="Site of Datadog.")
    query: str = Field(description="The search, as Datadog was asked.")
    from_ts: str = Field(description="Start of the window.")
    to_ts: str = Field(description="End of the window.")
    strategy: str = Field(description="The rule.")
    looked_at: int = Field(description="Profiles that were compared.")
    candidate: CandidateRow = Field(description="The profile.")
    reason: str = Field(description="Why this one.")


@tool(
    "datadog.profiles.pick",
    title="Pick one of Datadog's profiles",
    since="0.1",
    toolset="datadog",
    example={"service": "checkout", "env": "prod", "strategy": "busiest"},
    effects=Effects(open_world=True),
)
def pick(
    service: ServiceName,
    *,
    env: Environment = "",
    strategy: Annotated[
        Strategy, Field(description="busiest: most CPU cores; anomaly: measures far from the median.")
    ] = "latest",
    target_ts: Annotated[str, Field(max_length=60, description="For closest_to_ts: the time.")] = "",
    index: Annotated[int, Field(ge=-1, le=1_999, description="For manual_index: 0 is the newest.")] = -1,
    limit: Annotated[int, Field(ge=1, le=2_000, description="Newest profiles compared.")] = 50,
    session: Session = INJECTED,
    **captures: Unpack[Captures],
) -> PickResult:
    """Choose one of Datadog's profiles: newest, oldest, nearest to a time, busiest, oddest.

    It says what it looked at and why. profiles.download_latest_bundle takes the two ids; to see them all, use
    datadog.profiles.list.
    """
    given = {"service": service, "env": env, **captures}
    if index >= 0:
        strategy = "manual_index"
    now = session.remote.now
    target = times.moment(target_ts, now, "target_ts") if target_ts else None
    question = Question(
        session.remote,
        which_of(given),
        _window(given, target, now),
        site=str(given.get("site", "")),
        limit=limit,
        target=target,
        index=index,
    )
    found, picked = choose(strategy, question)
    candidate = picked.candidate
    return PickResult(
        warnings=[*found.warnings, *picked.warnings],
        next=[download_of(candidate, "Download it.")] if candidate.can_be_downloaded else [],
        service=service,
        env=env,
        dd_site=found.site,
        query=found.query,
        from_ts=times.text(question.window.start),
        to_ts=times.text(question.window.end),
        strategy=strategy,
        looked_at=len(found.candidates),
        candidate=row_of(candidate),
        reason=picked.reason,
    )


def _window(given: Mapping[str, object], target: datetime | None, now: datetime) -> Window:
    """Read the window; around the target when neither end is given."""
    if target is None or given.get("from") or given.get("to"):
        return window_of(given, now)
    hours = given.get("hours")
    around = timedelta(hours=float(hours) if isinstance(hours, (int, float)) else DEFAULT_HOURS)
    end = min(target + around, now)
    return Window(target - around, end) if end > target - around else window_of(given, now)
