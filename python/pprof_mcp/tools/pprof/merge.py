"""pprof.merge: many profiles as one."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.merging import options, work
from pprof_mcp.registry import INJECTED, Cli, OutputPath, ProfileSources, tool
from pprof_mcp.registry.spec import Effects
from pprof_mcp.results import Result, Row, next_call
from pprof_mcp.session.session import Session

Snapshots = Literal["auto", "sum", "mean", "last"]


class MergeFailure(Row):
    """An input that could not be merged."""

    columns = ("name", "code", "message")

    name: str = Field(description="How it was named.")
    code: str = Field(description="Stable name of the kind of error.")
    message: str = Field(description="What is wrong with it.")


class MergedType(Row):
    """A sample type of the merged profile, and how its values came about."""

    columns = ("type", "unit", "how")

    type: str = Field(description="What is counted, such as `cpu` or `inuse_space`.")
    unit: str = Field(description="In what, such as `nanoseconds` or `bytes`.")
    how: Literal["sum", "mean", "last"] = Field(description="What was done with the values of the inputs.")
    is_snapshot: bool = Field(description="Whether it counts what is there at an instant.")


class MergeResult(Result):
    """The merged profile."""

    handle: str | None = Field(
        description="Handle of the merged profile; null in a shell, where handles end with the command."
    )
    kind: str = Field(description="Its kind.")
    input_count: int = Field(description="Profiles that were merged.")
    failed_count: int = Field(description="Inputs that were left out; only with keep_going.")
    failures: list[MergeFailure] = Field(description="The first of them.")
    samples: int = Field(description="Samples of the merged profile.")
    sample_types: list[MergedType] = Field(
        description="Its sample types, at most 40, and how each was combined."
    )
    sample_types_left_out: int = Field(description="Sample types besides; pprof.meta lists them.")
    types_differ: bool = Field(description="Whether the inputs had sample types that not all share.")
    duration_nanos: int = Field(description="Sum of the durations, in nanoseconds; 0 when none says it.")
    first_time: str | None = Field(description="Time of the earliest input, in UTC; null when none says it.")
    last_time: str | None = Field(description="Time of the latest input, in UTC; null when none says it.")
    output_path: str | None = Field(description="File it was written to; null when none was asked for.")
    output_bytes: int | None = Field(description="Size of that file; null without one.")


@tool(
    "pprof.merge",
    title="Merge profiles",
    since="0.1",
    toolset="core",
    example={"profiles": ["handle:0123456789abcdef", "handle:fedcba9876543210"]},
    effects=Effects(read_only=False),
)
def merge(
    profiles: ProfileSources,
    *,
    output_path: Annotated[
        OutputPath, Field(description=options.OUTPUT_PATH.description), Cli(options.OUTPUT_PATH.flags)
    ] = "",
    overwrite: Annotated[bool, Field(description=options.OVERWRITE.description)] = False,
    keep_going: Annotated[bool, Field(description=options.KEEP_GOING.description)] = False,
    intersect_types: Annotated[bool, Field(description=options.INTERSECT_TYPES.description)] = False,
    over_time: Annotated[bool, Field(description=options.OVER_TIME.description)] = False,
    snapshots: Annotated[Snapshots, Field(description=options.SNAPSHOTS.description)] = "auto",
    session: Session = INJECTED,
) -> MergeResult:
    """Merge any number of profiles of one kind into one, with a handle and, if asked, a file.

    Use it to look at several captures of a service together: equal stacks with equal labels are added,
    durations too. The order of the inputs does not matter. An input that can not be read fails the merge
    unless keep_going; sample types that differ fail it unless intersect_types. For profiles of one process
    over time set over_time. To compare instead of adding use pprof.diff_top.
    """
    if output_path == "-":
        raise InvalidArgumentError(
            "output_path '-' is no file",
            hint="Name a file. Standard output takes the profile alone: pprof-mcp merge -o - FILES > OUT",
            details={"argument": "output_path"},
        )
    if output_path:
        session.check_write(output_path, overwrite=overwrite)
    merged = work.merge(
        session.inputs(profiles, keep_going=keep_going),
        keep_going=keep_going,
        intersect_types=intersect_types,
        over_time=over_time,
        snapshots=snapshots,
        limits=session.settings.limits,
    )
    written = None
    if output_path:
        data = merged.encoded()
        session.write(output_path, data, overwrite=overwrite)
        written = len(data)
    facts = merged.facts
    handle = None
    if session.lasting:
        handle = session.add(merged.native, f"merged from {facts['input_count']} profiles").handle
    elif not output_path:
        facts["warnings"].append(work.NOTHING_KEPT)
    reference = (handle or output_path) if facts["sample_types"] else ""
    return MergeResult(
        **facts,
        handle=handle,
        next=[next_call("pprof.top", work.NEXT, profile=reference)] if reference else [],
        output_path=output_path or None,
        output_bytes=written,
    )
