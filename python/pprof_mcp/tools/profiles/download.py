"""profiles.download: one way to download from every source."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp.captured import capture
from pprof_mcp.captures import AnyCaptures, Environment
from pprof_mcp.registry import INJECTED, tool
from pprof_mcp.registry.spec import Effects
from pprof_mcp.results.capture import CaptureResult
from pprof_mcp.session.session import Session
from pprof_mcp.sources.named import AUTO, names
from pprof_mcp.sources.pprof_http import MOST_SECONDS


@tool(
    "profiles.download",
    title="Download profiles",
    since="0.1",
    toolset="sources",
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
    url: Annotated[
        str,
        Field(
            max_length=2_000,
            description="http://host:port for all of a running program; a file, s3://bucket/folder/, path.",
        ),
    ] = "",
    kinds: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=200)]],
        Field(max_length=20, description="cpu, heap, ..., profile types; default all."),
    ] = [],  # noqa: B006 - never changed
    seconds: Annotated[
        int, Field(ge=1, le=MOST_SECONDS, description="Running program: time of its CPU profile.")
    ] = 10,
    deltas: Annotated[bool, Field(description="Running program: counters of these seconds alone.")] = False,
    limit: Annotated[int, Field(ge=1, le=20, description="gcp: profiles of each kind at most.")] = 1,
    profile_id: Annotated[str, Field(max_length=300, description="Datadog: this profile.")] = "",
    event_id: Annotated[str, Field(max_length=300, description="Datadog: its second id.")] = "",
    out_dir: Annotated[
        str, Field(max_length=4_000, description="Folder to write the files to as well.")
    ] = "",
    session: Session = INJECTED,
    **captures: Unpack[AnyCaptures],
) -> CaptureResult:
    """Download profiles from any source that is set up, and get handles for them.

    Datadog, Google Cloud (gcp): the newest; Pyroscope, Parca: merged over the window, query is labels
    ({region="eu"}); http: all kinds of a program with net/http/pprof, or a file; object: a bucket. Each says
    which arguments it takes. Every tool takes the handles. For files here there is profiles.open.
    """
    given = {
        "service": service,
        "env": env,
        "url": url,
        "kinds": kinds,
        "seconds": seconds,
        "deltas": deltas,
        "limit": limit,
        "profile_id": profile_id,
        "event_id": event_id,
        **captures,
    }
    return capture(source, given, session, out_dir)
