"""datadog.profiles.aggregate: many profiles of a window as one."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp.captures import Environment, ProfileKind, Ranged, ServiceName, kind_of
from pprof_mcp.merging.work import NEXT, NOTHING_KEPT
from pprof_mcp.ranges import Range, chosen, given_window, telling
from pprof_mcp.registry import INJECTED, tool
from pprof_mcp.registry.spec import Effects
from pprof_mcp.results import Result, next_call
from pprof_mcp.results.ranges import CombinedType, MissingProfile, TimeRange
from pprof_mcp.session.session import Session
from pprof_mcp.sources.datadog.finding import which_of


class AggregateResult(Result):
    """One profile of a window of time."""

    handle: str | None = Field(description="Handle of the merged profile; null in a shell.")
    profile_type: str = Field(description="Its kind.")
    profiles_merged: int = Field(description="Profiles that were merged.")
    profiles_found: int = Field(description="Profiles of the window that were listed.")
    is_complete: bool = Field(description="Whether all were listed; else some of every part of the window.")
    time_range: TimeRange = Field(description="The window.")
    covered: TimeRange | None = Field(description="From the first to the last merged; null when not said.")
    total_duration: str = Field(description="Sum of the times they cover, such as 610.5s.")
    total_duration_seconds: float = Field(description="The same in seconds.")
    samples: int = Field(description="Samples of the merged profile.")
    sample_types: list[CombinedType] = Field(description="Its sample types, and how each was combined.")
    processes: int = Field(description="Processes the merged profiles are of.")
    processes_found: int = Field(description="Processes that were listed.")
    hosts: dict[str, int] = Field(description="Profiles by host; the hosts with the most.")
    hosts_left_out: int = Field(description="How many hosts there are besides.")
    versions: dict[str, int] = Field(description="Profiles by version of the service; those with the most.")
    versions_left_out: int = Field(description="How many versions there are besides.")
    runtime: str | None = Field(description="Language or runtime; null when not said.")
    failed_count: int = Field(description="Chosen profiles that are missing.")
    failures: list[MissingProfile] = Field(description="The first of them.")
    first_left_out: int = Field(
        description="First profiles of processes, left out: they hold everything since the start."
    )
    labels_dropped: list[str] = Field(description="Labels of single requests or moments, left out.")
    profile_ids: list[str] = Field(description="Short ids of what was merged, the newest first.")
    service: str = Field(description="Service that was asked for.")
    env: str = Field(description="Environment; empty for any.")
    dd_site: str = Field(description="Site of Datadog.")
    query: str = Field(description="The search, as Datadog was asked.")
    output_path: str | None = Field(description="File it was written to; null without out_dir.")
    hint: str = Field(description="What to do with it.")


@tool(
    "datadog.profiles.aggregate",
    title="Merge Datadog's profiles of a window",
    since="0.1",
    toolset="datadog",
    example={"service": "checkout", "env": "prod", "window": "1h", "limit": 10},
    effects=Effects(read_only=False, open_world=True),
)
def aggregate(
    service: ServiceName,
    *,
    env: Environment = "",
    window: Annotated[
        str, Field(max_length=20, description="Length back from `to`: 30m, 1h (default), 2d.")
    ] = "",
    limit: Annotated[int, Field(ge=1, le=100, description="Profiles at most.")] = 10,
    profile_type: Annotated[ProfileKind, Field(description="any: the kind that most bundles hold.")] = "cpu",
    snapshots: Annotated[
        Literal["mean", "last"],
        Field(description="Memory in use, goroutines: mean over a process's time, or its last."),
    ] = "mean",
    out_dir: Annotated[
        str, Field(max_length=4_000, description="Folder to write the merged profile to as well.")
    ] = "",
    session: Session = INJECTED,
    **captures: Unpack[Ranged],
) -> AggregateResult:
    """Merge profiles that are spread over a window of time into one, with a handle.

    For numbers that one minute of one process is too short for. What happened (CPU, allocations, waits) is
    added; what is there (memory in use, goroutines) is averaged over the time of a process, then added over
    processes. What was downloaded is not downloaded again. For one profile, use
    profiles.download_latest_bundle; to compare two windows, datadog.profiles.compare_range.
    """
    given = {"service": service, "env": env, **captures}
    remote = session.remote
    site = str(given.get("site", ""))
    kind = kind_of(profile_type)
    span = given_window(window, given, remote.now)
    if out_dir:
        session.check_write(f"{out_dir}/profile")
    asked = Range(session, chosen(remote, which_of(given), span, kind, limit=limit, site=site))
    merged = asked.merged(snapshots)
    listing = asked.chosen.listing
    handle = telling.kept(session, asked, merged, service)
    path = telling.written(session, out_dir, asked, merged, given)
    warnings = [*asked.warnings, *merged.warnings]
    if handle is None and path is None:
        warnings.append(NOTHING_KEPT.replace("a file with -o", "a folder with --out-dir"))
    reference = handle or path
    values = {"sample_index": asked.sample_type} if asked.sample_type else {}
    seconds = merged.duration_nanos / 1e9
    return AggregateResult(
        warnings=warnings,
        next=[next_call("pprof.top", NEXT, profile=reference, **values)] if reference else [],
        handle=handle,
        profile_type=asked.kind,
        profiles_merged=len(merged.looked),
        profiles_found=len(listing.candidates),
        is_complete=not asked.chosen.is_sampled,
        time_range=telling.window_told(span),
        covered=telling.covered_told(merged.looked),
        total_duration=telling.seconds_text(seconds),
        total_duration_seconds=seconds,
        samples=merged.native.sample_count,
        sample_types=telling.combined_told(merged),
        processes=merged.processes,
        processes_found=len(asked.chosen.lives),
        **telling.counted_by_name(merged.looked),
        runtime=next((one.candidate.runtime for one in merged.looked if one.candidate.runtime), None),
        failed_count=telling.failed_count(asked, merged),
        failures=telling.failures_told((*asked.failures, *merged.failures)),
        first_left_out=asked.first_left_out,
        labels_dropped=sorted({label for one in merged.looked for label in one.labels}),
        profile_ids=[one.candidate.profile_id for one in merged.looked],
        service=service,
        env=env,
        dd_site=listing.site,
        query=listing.query,
        output_path=path,
        hint=f"Use pprof.top(profile={reference or '...'!r}) to analyze the merged profile.",
    )
