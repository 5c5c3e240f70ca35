"""datadog.profiles.list: which profiles there are."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp.captures import Captures, Environment, ServiceName
from pprof_mcp.listed import cursor_behind, download_of, place_of, row_of
from pprof_mcp.registry import INJECTED, tool
from pprof_mcp.registry.spec import Effects
from pprof_mcp.results.capture import ListResult
from pprof_mcp.session.session import Session
from pprof_mcp.sources.datadog.finding import find, which_of
from pprof_mcp.sources.times import text, window_of


@tool(
    "datadog.profiles.list",
    title="List Datadog's profiles",
    since="0.1",
    toolset="datadog",
    example={"service": "checkout", "env": "prod", "from": "-3h"},
    effects=Effects(open_world=True),
)
def list(
    service: ServiceName,
    *,
    env: Environment = "",
    limit: Annotated[int, Field(ge=1, le=500, description="Profiles at most.")] = 20,
    cursor: Annotated[str, Field(max_length=60, description="`cursor` of the last answer.")] = "",
    session: Session = INJECTED,
    **captures: Unpack[Captures],
) -> ListResult:
    """List the profiles that Datadog holds of a service, the newest first.

    With the two ids that a download needs, version, host and measures. To get one without looking, use
    profiles.download_latest_bundle; to choose by a rule, datadog.profiles.pick.
    """
    given = {"service": service, "env": env, **captures}
    remote = session.remote
    which = which_of(given)
    window = window_of(given, remote.now)
    place = place_of(cursor, window)
    # One more than is shown tells whether there are more.
    found = find(
        remote,
        which,
        place.window,
        limit=place.skip + limit + 1,
        site=str(given.get("site", "")),
        is_first=not cursor,
    )
    shown = found.candidates[place.skip : place.skip + limit]
    is_complete = found.is_complete and len(found.candidates) <= place.skip + limit
    rows = [row_of(one) for one in shown]
    usable = [one for one in shown if one.can_be_downloaded]
    return ListResult(
        warnings=[*found.warnings],
        next=[download_of(one, "Download the newest of these.") for one in usable[:1]],
        service=service,
        env=env,
        host=which.host or None,
        dd_site=found.site,
        asked=found.host,
        query=found.query,
        from_ts=text(place.window.start),
        to_ts=text(place.window.end),
        limit=limit,
        count=len(rows),
        is_complete=is_complete,
        cursor=None if is_complete else cursor_behind(shown, place),
        candidates=rows,
    )
