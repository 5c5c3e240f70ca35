"""datadog.function_history: what functions cost over time, and since when."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp.captures import Captures, Environment, ServiceName
from pprof_mcp.filters import FILTER_NAMES, MAX_PATTERN, SampleFilters
from pprof_mcp.history import GROWING, CapturedKind, Question
from pprof_mcp.history import measure as measured
from pprof_mcp.registry import INJECTED, Cli, OutputPath, tool
from pprof_mcp.registry.spec import Effects
from pprof_mcp.results.history import HistoryResult, Measure, Metric
from pprof_mcp.results.picture import check_output
from pprof_mcp.session.session import Session
from pprof_mcp.sources.datadog.finding import which_of, window_of
from pprof_mcp.sources.datadog.spreading import spread
from pprof_mcp.sources.times import text
from pprof_mcp.telling import Asked, History


class _Options(Captures, SampleFilters, total=False):
    """Which profiles, and which of their samples."""


@tool(
    "datadog.function_history",
    title="A function over time",
    since="0.2",
    example={"service": "checkout", "env": "prod", "function": "json\\.Marshal", "from": "-2d"},
    effects=Effects(read_only=False, open_world=True),
)
def function_history(
    service: ServiceName,
    function: Annotated[str, Field(min_length=1, max_length=MAX_PATTERN, description="Regex: functions.")],
    *,
    env: Environment = "",
    kind: Annotated[CapturedKind, Field(description="Kind of profile.")] = "cpu",
    metric: Annotated[Metric, Field(description="Own cost, or with callees.")] = "flat",
    measure: Annotated[Measure, Field(description="What is judged and drawn.")] = "pct",
    limit: Annotated[int, Field(ge=1, le=100, description="Profiles, spread over the window.")] = 16,
    output_path: Annotated[
        OutputPath, Field(description="SVG file to draw the series to."), Cli(("-o", "--output"))
    ] = "",
    overwrite: Annotated[bool, Field(description="Replace the file if it exists.")] = False,
    session: Session = INJECTED,
    **options: Unpack[_Options],
) -> HistoryResult:
    """Show what functions cost over a window of Datadog's profiles, and since when.

    Profiles spread over the window are measured; the verdict is a step (with its time, versions, interval), a
    trend, or no more than chance explains. To compare two profiles as a whole, use pprof.diff_top.
    """
    if output_path:
        check_output(session, output_path, overwrite=overwrite)
    given = {"service": service, "env": env, **options}
    site = str(given.get("site", ""))
    remote = session.remote
    window = window_of(given, remote.now)
    filters = {name: given[name] for name in FILTER_NAMES if name in given}
    found = spread(remote, which_of(given), window, count=limit, site=site, skip_first=kind in GROWING)
    warnings = list(found.warnings)
    points = (
        measured(session, found.chosen, Question(function, kind, filters, site), warnings)
        if found.chosen
        else []
    )
    history = History(session, points, Asked(function, kind, metric, measure, given), warnings)
    size = history.draw(output_path, overwrite=overwrite) if output_path else 0
    return HistoryResult(
        service=service,
        env=env,
        dd_site=found.listing.site,
        query=found.listing.query,
        runtime=found.runtime or None,
        function=function,
        from_ts=text(window.start),
        to_ts=text(window.end),
        kind=kind,
        metric=metric,
        measure=measure,
        output_path=output_path if size else None,
        output_bytes=size,
        **history.fields(),
    )
