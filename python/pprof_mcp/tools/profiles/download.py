"""profiles.download: one way to download from every source."""

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
from pprof_mcp.sources.named import AUTO, names


@tool(
    "profiles.download",
    title="Download profiles",
    since="0.1",
    example={"service": "checkout", "env": "prod"},
    effects=Effects(read_only=False, open_world=True),
)
def download(
    service: Annotated[str, Field(max_length=200, description="Service name.")] = "",
    *,
    source: Annotated[
        str,
        Field(
            max_length=20,
            description="Where from; auto tells by the other arguments.",
            json_schema_extra={"enum": [AUTO, *names()]},
        ),
    ] = AUTO,
    env: Environment = "",
    profile_id: Annotated[str, Field(max_length=300, description="Datadog: this profile.")] = "",
    event_id: Annotated[str, Field(max_length=300, description="Datadog: its second id.")] = "",
    out_dir: Annotated[
        str, Field(max_length=4_000, description="Folder to write the files to as well.")
    ] = "",
    session: Session = INJECTED,
    **captures: Unpack[Captures],
) -> CaptureResult:
    """Download profiles from any source that is set up, and get handles for them.

    The newest that fit; each source says which arguments it takes. For files there is profiles.open, for
    Datadog alone profiles.download_latest_bundle.
    """
    given = {"service": service, "env": env, "profile_id": profile_id, "event_id": event_id, **captures}
    return capture(source, given, session, out_dir)
