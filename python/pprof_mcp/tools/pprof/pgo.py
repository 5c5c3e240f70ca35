"""pprof.pgo: the profile that Go's compiler optimises by."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.merging import options
from pprof_mcp.merging import pgo as merging
from pprof_mcp.registry import INJECTED, Cli, OutputPath, ProfileSources, tool
from pprof_mcp.registry.spec import Effects
from pprof_mcp.results import Result, Row, next_call
from pprof_mcp.session.session import Session

SHOWN = 20
"""Refused inputs that are listed; all are counted (chosen)."""
THIN = 1_000
"""Samples below which hot calls are a matter of chance (chosen: ten seconds of a busy core at 100 Hz)."""
COVERED = 90.0
"""Percent of the weight that should be usable (chosen)."""


class RefusedInput(Row):
    """A profile that is not in it."""

    columns = ("name", "reason")

    name: str = Field(description="How it was named.")
    reason: str = Field(description="Why not.")


class PgoResult(Result):
    """What was made, and how much of it the compiler can use."""

    output_path: str | None = Field(description="File it was written to; null when none was asked for.")
    output_bytes: int = Field(description="Size of the file, or what it would have.")
    handle: str | None = Field(description="Handle of the profile; null in a shell.")
    input_count: int = Field(description="Profiles that are in it.")
    refused_count: int = Field(description="Profiles that are not, since they are no CPU profiles of Go.")
    refused: list[RefusedInput] = Field(description="The first of them, with reasons.")
    failed_count: int = Field(description="Broken inputs that were left out; only with keep_going.")
    failures: list[RefusedInput] = Field(description="The first of them.")
    samples: int = Field(description="Samples of the result: different stacks, labels gone.")
    cpu_samples: int | None = Field(
        description="Times the profilers looked, over all inputs; null when they did not count."
    )
    duration_nanos: int = Field(description="Sum of the durations, in nanoseconds; 0 when none says it.")
    leaf_named_pct: float = Field(description="Share of CPU whose innermost frame has a function, 0-100.")
    leaf_placed_pct: float = Field(description="The same with a line and the line where the function starts.")
    usable_calls_pct: float = Field(
        description="Share of the weight of calls that the compiler can use: names and lines are known."
    )
    calls: int = Field(description="Different calls the compiler can use.")
    hot_calls: int = Field(description="Those it takes for hot: the heaviest that make 99 % of the weight.")
    functions_with_start: int = Field(description="Functions that say on which line they start.")
    functions: int = Field(description="Functions in all.")


@tool(
    "pprof.pgo",
    title="Profile for Go's compiler",
    since="0.1",
    toolset="sources",
    example={"profiles": ["handle:0123456789abcdef"], "output_path": "cmd/shop/default.pgo"},
    effects=Effects(read_only=False),
)
def pgo(
    profiles: ProfileSources,
    *,
    output_path: Annotated[
        OutputPath,
        Field(description="File to write, such as `default.pgo` beside package main; empty: none."),
        Cli(options.OUTPUT_PATH.flags),
    ] = "",
    overwrite: Annotated[bool, Field(description=options.OVERWRITE.description)] = False,
    keep_going: Annotated[bool, Field(description="Leave out inputs that are missing or broken.")] = False,
    keep_locations: Annotated[
        int,
        Field(
            ge=0,
            le=10_000,
            description="Innermost locations of each stack to keep; Go 1.26's compiler reads 2. 0: all.",
        ),
    ] = 5,
    session: Session = INJECTED,
) -> PgoResult:
    """Make a `default.pgo` for Go's profile-guided optimisation out of any set of profiles.

    Takes files, folders, bundles, handles; CPU profiles of Go programs go in, others are refused with a
    reason. Labels and outer frames are dropped, equal stacks added. Says how large it is and how much of it
    `go build -pgo` can use. `go build` finds a `default.pgo` in the folder of package main by itself. To keep
    labels and whole stacks, or for other kinds, use pprof.merge.
    """
    if output_path == "-":
        raise InvalidArgumentError(
            "output_path '-' is no file",
            hint="Name a file, such as default.pgo.",
            details={"argument": "output_path"},
        )
    if keep_locations == 1:
        raise InvalidArgumentError(
            "keep_locations: a call has two ends, so one location of a stack is of no use; given: 1",
            hint="Give 2 or more, or 0 for all.",
            details={"argument": "keep_locations"},
        )
    if output_path:
        session.check_write(output_path, overwrite=overwrite)
    merged = merging.merge(
        session.inputs(profiles, keep_going=keep_going),
        keep_going=keep_going,
        keep_locations=keep_locations,
        limits=session.settings.limits,
    )
    data = merged.native.encode()
    if output_path:
        session.write(output_path, data, overwrite=overwrite)
    handle = (
        session.add(merged.native, f"pprof.pgo of {merged.used} profiles").handle if session.lasting else None
    )
    fit = merged.fit
    result = PgoResult(
        output_path=output_path or None,
        output_bytes=len(data),
        handle=handle,
        input_count=merged.used,
        refused_count=len(merged.refused),
        refused=[RefusedInput(name=name, reason=reason) for name, reason in merged.refused[:SHOWN]],
        failed_count=len(merged.failed),
        failures=[RefusedInput(name=name, reason=reason) for name, reason in merged.failed[:SHOWN]],
        samples=fit["samples"],
        cpu_samples=merged.recorded,
        duration_nanos=merged.duration_nanos,
        leaf_named_pct=_pct(fit["leaf_named"], fit["total"]),
        leaf_placed_pct=_pct(fit["leaf_placed"], fit["total"]),
        usable_calls_pct=_pct(fit["usable_call_weight"], fit["call_weight"]),
        calls=fit["calls"],
        hot_calls=fit["hot_calls"],
        functions_with_start=fit["functions_with_start"],
        functions=fit["functions"],
    )
    reference = handle or output_path
    why = "What it says is hot: flat; cum is without the outer frames."
    return result.model_copy(
        update={
            "warnings": [*fit["warnings"], *_warnings(result, fit)],
            "next": [next_call("pprof.top", why, profile=reference)] if reference else [],
        }
    )


def _pct(value: int, total: int) -> float:
    return round(100 * value / total, 2) if total else 0.0


def _warnings(result: PgoResult, fit: dict[str, int]) -> list[str]:
    warnings: list[str] = []
    if result.refused_count:
        warnings.append(
            f"{result.refused_count} profiles are no CPU profiles of Go programs and are not in it"
        )
    if result.failed_count:
        warnings.append(f"{result.failed_count} inputs can not be read and are not in it")
    if not fit["total"]:
        warnings.append("there is no CPU time in it: the compiler takes the file and changes nothing")
        return warnings
    weight = f"{result.usable_calls_pct} % of the weight of calls"
    if result.usable_calls_pct < COVERED:
        warnings.append(f"the compiler can use {weight} only: names, lines or start lines are missing")
    if result.cpu_samples is not None and result.cpu_samples < THIN:
        warnings.append(
            f"{result.cpu_samples} samples are few: take more, from production and under the usual load"
        )
    if not result.output_path:
        warnings.append("nothing was written: name a file with output_path")
    return warnings
