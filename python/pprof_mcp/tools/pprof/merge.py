"""pprof.merge: several profiles as one."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pprof_mcp import _native
from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.profile import Profile
from pprof_mcp.registry import INJECTED, Cli, OutputPath, tool
from pprof_mcp.registry.spec import Effects
from pprof_mcp.results import Result, ValueTypeRow, next_call
from pprof_mcp.session.session import Session


class MergeResult(Result):
    """The merged profile."""

    handle: str = Field(description="Handle of the merged profile.")
    kind: str = Field(description="Its kind.")
    input_count: int = Field(description="Profiles that were merged.")
    samples: int = Field(description="Samples of the merged profile.")
    sample_types: list[ValueTypeRow] = Field(description="Its sample types.")
    duration_nanos: int = Field(description="Sum of the durations, in nanoseconds; 0 when none says it.")
    output_path: str | None = Field(description="File it was written to; null when none was asked for.")
    output_bytes: int | None = Field(description="Size of that file; null without one.")


@tool(
    "pprof.merge",
    title="Merge profiles",
    since="0.1",
    example={"profiles": ["handle:0123456789abcdef", "handle:fedcba9876543210"]},
    effects=Effects(read_only=False),
)
def merge(
    profiles: list[Profile],
    *,
    output_path: Annotated[
        OutputPath, Field(description="File to write, gzip-compressed; empty: none."), Cli(("-o", "--output"))
    ] = "",
    overwrite: Annotated[bool, Field(description="Replace the file if it exists.")] = False,
    session: Session = INJECTED,
) -> MergeResult:
    """Merge profiles of one kind into one, with a handle and, if asked, a file.

    Use it to look at several captures of a service together: equal stacks with equal labels are added,
    durations too.
    Sample types must have something in common. To compare instead of adding use pprof.diff_top.
    """
    if output_path == "-":
        raise InvalidArgumentError(
            "output_path '-' is no file",
            hint="Name a file; to write to a pipe use: pprof-mcp pprof -proto FILES > OUT",
            details={"argument": "output_path"},
        )
    merged = session.add(
        _native.merge([profile.native for profile in profiles]), f"merged from {len(profiles)} profiles"
    )
    found = merged.shared.meta
    written = None
    if output_path:
        data = merged.to_bytes()
        session.write(output_path, data, overwrite=overwrite)
        written = len(data)
    handle = merged.handle
    warnings = _warnings(profiles)
    reference = handle if session.lasting else output_path
    if not reference:
        warnings.append("nothing was kept: the handle ends with this command; name a file with -o")
    why = "The functions that cost most in all of them."
    return MergeResult(
        warnings=warnings,
        next=[next_call("pprof.top", why, profile=reference)] if reference else [],
        handle=handle,
        kind=merged.kind,
        input_count=len(profiles),
        samples=found["samples"],
        sample_types=[ValueTypeRow(type=item["type"], unit=item["unit"]) for item in found["sample_types"]],
        duration_nanos=found["duration_nanos"],
        output_path=output_path or None,
        output_bytes=written,
    )


def _warnings(profiles: list[Profile]) -> list[str]:
    warnings: list[str] = []
    digests = [profile.shared.digest for profile in profiles]
    twice = len(digests) - len(set(digests))
    if twice:
        warnings.append(f"{twice} of {len(digests)} profiles are equal to another one and were added again")
    types = {
        tuple((item["type"], item["unit"]) for item in profile.shared.meta["sample_types"])
        for profile in profiles
    }
    if len(types) > 1:
        warnings.append("the profiles have different sample types; only the common ones are kept")
    return warnings
