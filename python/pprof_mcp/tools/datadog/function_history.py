"""datadog.function_history: what functions cost over time, and since when."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp.captures import Captures, Environment, ProfileKind, ServiceName, kind_of
from pprof_mcp.errors import ProfileGoneError, WrongProfileKindError
from pprof_mcp.filters import FILTER_NAMES, MAX_PATTERN, SampleFilters
from pprof_mcp.ranges import Range, chosen
from pprof_mcp.ranges.history import Asked, History
from pprof_mcp.ranges.measuring import check_pattern
from pprof_mcp.ranges.measuring import measure as measured
from pprof_mcp.registry import INJECTED, Cli, OutputPath, tool
from pprof_mcp.registry.spec import Effects
from pprof_mcp.results import page_of
from pprof_mcp.results.history import HistoryResult, Measure, Metric
from pprof_mcp.results.picture import check_output
from pprof_mcp.session.session import Session
from pprof_mcp.sources.datadog.finding import which_of
from pprof_mcp.sources.times import text, window_of


class _Options(Captures, SampleFilters, total=False):
    """Which profiles, and which of their samples."""


@tool(
    "datadog.function_history",
    title="A function over time",
    since="0.1",
    toolset="datadog",
    example={"service": "checkout", "env": "prod", "function": "json\\.Marshal", "from": "-2d"},
    effects=Effects(read_only=False, open_world=True),
)
def function_history(
    service: ServiceName,
    function: Annotated[str, Field(min_length=1, max_length=MAX_PATTERN, description="Regex: functions.")],
    *,
    env: Environment = "",
    profile_type: Annotated[ProfileKind, Field(description="any: the kind that most bundles hold.")] = "cpu",
    metric: Annotated[Metric, Field(description="Own cost, or with callees.")] = "flat",
    measure: Annotated[Measure, Field(description="What is judged and drawn.")] = "pct",
    limit: Annotated[int, Field(ge=1, le=100, description="Profiles, spread over the window.")] = 16,
    nodecount: Annotated[int, Field(ge=1, le=100, description="Profiles listed at most.")] = 16,
    cursor: Annotated[str, Field(max_length=12, description="`cursor` of the last answer.")] = "",
    output_path: Annotated[
        OutputPath, Field(description="SVG file to draw the series to."), Cli(("-o", "--output"))
    ] = "",
    overwrite: Annotated[bool, Field(description="Replace the file if it exists.")] = False,
    session: Session = INJECTED,
    **options: Unpack[_Options],
) -> HistoryResult:
    """Show what functions cost over a window of Datadog's profiles, and since when.

    Profiles spread over the window are measured; the verdict is a step (with its time, versions, interval), a
    trend, or no more than chance explains. To compare two windows as a whole, use
    datadog.profiles.compare_range.
    """
    if output_path:
        check_output(session, output_path, overwrite=overwrite)
    check_pattern(function)
    page = page_of(cursor, nodecount)
    given: dict[str, Any] = {"service": service, "env": env, **options}
    remote, site, kind = session.remote, str(given.get("site", "")), kind_of(profile_type)
    window = window_of(given, remote.now)
    points, warnings, runtime = [], list[str](), ""
    which = which_of(given)
    try:
        some = chosen(remote, which, window, kind, limit=limit, site=site, slices=limit)
    except ProfileGoneError as problem:
        warnings += [problem.message, problem.hint]
    else:
        runtime = next((one.runtime for one in some.candidates if one.runtime), "")
        try:
            asked = Range(session, some)
        except WrongProfileKindError as problem:
            warnings += [*some.warnings, problem.message]
        else:
            kind = asked.kind
            filters = {name: given[name] for name in FILTER_NAMES if name in given}
            points = measured(session, asked, function, filters)
            warnings += asked.warnings
    history = History(session, points, Asked(function, kind, metric, measure, given), warnings)
    size = history.draw(output_path, overwrite=overwrite) if output_path else 0
    return HistoryResult(
        service=service,
        env=env,
        dd_site=remote.profiles.asker.hosts(site).site,
        query=which.text(),
        runtime=runtime or None,
        function=function,
        from_ts=text(window.start),
        to_ts=text(window.end),
        profile_type=kind,
        metric=metric,
        measure=measure,
        output_path=output_path if size else None,
        output_bytes=size,
        **history.fields(page),
    )
