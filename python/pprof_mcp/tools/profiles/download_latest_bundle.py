"""profiles.download_latest_bundle: the newest bundle of a service from Datadog."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp.captured import capture
from pprof_mcp.captures import Captures, Environment
from pprof_mcp.registry import INJECTED, tool
from pprof_mcp.registry.spec import Effects
from pprof_mcp.results.capture import CaptureResult
from pprof_mcp.session.session import Session


@tool(
    "profiles.download_latest_bundle",
    title="Download the newest bundle",
    since="0.1",
    toolset="datadog",
    example={"service": "checkout", "env": "prod"},
    effects=Effects(read_only=False, open_world=True),
)
def download_latest_bundle(
    service: Annotated[str, Field(max_length=200, description="Service; not needed with both ids.")] = "",
    *,
    env: Environment = "",
    profile_id: Annotated[str, Field(max_length=300, description="With event_id: this profile.")] = "",
    event_id: Annotated[str, Field(max_length=300, description="With profile_id: this profile.")] = "",
    out_dir: Annotated[
        str, Field(max_length=4_000, description="Folder to write the files to as well.")
    ] = "",
    session: Session = INJECTED,
    **captures: Unpack[Captures],
) -> CaptureResult:
    """Download the newest profiles of a service from Datadog, and get handles for them.

    CPU, heap, locks, goroutines of one minute of one process, with version, host, tags and metrics. To choose
    another profile, take its two ids from datadog.profiles.pick or datadog.profiles.list.
    """
    given = {"service": service, "env": env, "profile_id": profile_id, "event_id": event_id, **captures}
    return capture("datadog", given, session, out_dir)
