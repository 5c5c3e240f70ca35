"""profiles.release: forgets handles and frees their memory."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.registry import INJECTED, Cli, tool
from pprof_mcp.registry.spec import Effects
from pprof_mcp.results import Result
from pprof_mcp.session.session import Session


class ReleaseResult(Result):
    """What was forgotten."""

    released: list[str] = Field(description="Handles that are gone.")
    not_found: list[str] = Field(description="Handles that were not open.")
    remaining: int = Field(description="Handles still open.")
    kept_bytes: int = Field(description="Memory that decoded profiles still take.")


@tool(
    "profiles.release",
    title="Release handles",
    since="0.1",
    toolset="core",
    example={"handles": ["handle:0123456789abcdef"]},
    effects=Effects(read_only=False),
)
def release(
    handles: Annotated[
        list[Annotated[str, Field(max_length=200)]],
        Field(max_length=1_000, description="Handles to forget; a bundle's profiles go with it."),
        Cli(positional=True),
    ] = [],  # noqa: B006 - never changed: the registry copies defaults
    *,
    all: Annotated[bool, Field(description="Forget every handle.")] = False,
    session: Session = INJECTED,
) -> ReleaseResult:
    """Forget handles and free the memory of their profiles.

    Use it when a large capture is done with. Files are not touched; opening them again gives the same
    handles.
    """
    if all == bool(handles):
        raise InvalidArgumentError(
            "profiles.release takes either handles or all=true",
            hint="List the handles to forget, or set all.",
            details={"argument": "handles"},
        )
    released = session.release_all() if all else []
    missing: list[str] = []
    for handle in dict.fromkeys(handles):
        record = session.release(handle)
        if record is not None:
            members = [member for _, member in record.members if session.release(member) is not None]
            released += [handle, *members]
        elif handle not in released:
            missing.append(handle)
    return ReleaseResult(
        warnings=[f"{len(missing)} handles were not open"] if missing else [],
        released=sorted(released),
        not_found=[handle for handle in missing if handle not in released],
        remaining=len(session.records()),
        kept_bytes=session.kept_bytes,
    )
