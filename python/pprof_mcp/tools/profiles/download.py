"""profiles.download: fetches profiles from where they live and gives handles for them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Annotated

from pydantic import Field

from pprof_mcp.errors import PprofMcpError
from pprof_mcp.registry import INJECTED, Cli, tool
from pprof_mcp.registry.spec import Effects
from pprof_mcp.results import NextCall, Result, Row, next_call
from pprof_mcp.session.bundle import Bundle
from pprof_mcp.session.session import Session
from pprof_mcp.sources import times
from pprof_mcp.sources.fetchers import Source, fetcher
from pprof_mcp.sources.fetchers.asking import Asked
from pprof_mcp.sources.pprof_http import MOST_SECONDS, STACKS
from pprof_mcp.tools.profiles.open import OpenedProfile, OtherFile, describe, first_calls, pitfalls

MOST_SHOWN = 20
MOST_REASON = 300
SAMPLE_KINDS = 20


class NotFetched(Row):
    """A profile that could not be fetched."""

    columns = ("kind", "reason")

    kind: str = Field(description="Its kind, as it is called there.")
    code: str = Field(description="Code of the error.")
    reason: str = Field(description="What went wrong.")


class DownloadResult(Result):
    """What was fetched."""

    source: str = Field(description="The source.")
    bundle: str = Field(description="Handle of all profiles together; `bundle#kind` names one of them.")
    kinds: list[str] = Field(description="Kinds there are.")
    count: int = Field(description="Profiles there are.")
    profiles: list[OpenedProfile] = Field(description="The profiles by name, at most 20.")
    profiles_left_out: int = Field(description="Profiles besides; profiles.open of the bundle lists all.")
    stacks: str | None = Field(
        description="Handle of the goroutines with ages and creators; `stacks` of pprof.goroutine_analysis. "
        "Null without."
    )
    not_fetched: list[NotFetched] = Field(description="Profiles that could not be fetched.")
    others: list[OtherFile] = Field(description="What else was fetched and is no profile, at most 20.")
    path: str = Field(description="File that holds them.")
    expires_after_seconds: float = Field(description="Handles not used for this long expire.")


@tool(
    "profiles.download",
    title="Fetch profiles",
    since="0.1",
    example={"source": "http", "url": "http://localhost:6060"},
    effects=Effects(read_only=False, idempotent=False, open_world=True),
)
def download(
    source: Annotated[
        Source,
        Field(
            description="http: net/http/pprof of a running program, or a file. pyroscope, parca: merged over "
            "the window. gcp: newest of Cloud Profiler. object: s3, gs, az. files: a path here."
        ),
        Cli(positional=True),
    ],
    *,
    url: Annotated[
        str,
        Field(
            max_length=2_000,
            description="http://host:port for all of a program, a file, s3://bucket/folder/, a path. The "
            "operator allows hosts; pyroscope and parca have one set.",
        ),
    ] = "",
    service: Annotated[
        str, Field(max_length=200, description="pyroscope, parca (job), gcp: the service.")
    ] = "",
    query: Annotated[
        str, Field(max_length=2_000, description='Pyroscope, Parca: labels, such as {region="eu"}.')
    ] = "",
    kinds: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=200)]],
        Field(max_length=20, description="cpu, heap, mutex, ... or whole profile types; all when empty."),
    ] = [],  # noqa: B006 - never changed
    window: Annotated[str, Field(max_length=20, description="How far back: 15m, 2h, 1d.")] = "1h",
    to: Annotated[str, Field(max_length=40, description="End of the window: now, -2h or RFC 3339.")] = "now",
    seconds: Annotated[
        int,
        Field(ge=1, le=MOST_SECONDS, description="Running program: length of its CPU profile and deltas."),
    ] = 10,
    deltas: Annotated[
        bool,
        Field(description="Running program: heap, mutex and block of these seconds, not since its start."),
    ] = False,
    limit: Annotated[int, Field(ge=1, le=20, description="gcp: profiles of each kind at most.")] = 1,
    session: Session = INJECTED,
) -> DownloadResult:
    """Fetch profiles from a running program, a profiling server, a URL or object storage.

    Gives a bundle handle and one for each profile, which every other tool takes; profiles of two sources can
    be compared. Kinds of a running program are fetched side by side. For files here use profiles.open.
    """
    means = session.means
    now = datetime.fromtimestamp(means.now() / 1e9, timezone.utc)
    span = times.window("", to, times.duration(window, "window") / 3_600, now)
    fetched = fetcher(source)(
        Asked(
            url=url.strip(),
            service=service.strip(),
            query=query,
            kinds=tuple(kinds),
            window=(round(span.start.timestamp() * 1_000), round(span.end.timestamp() * 1_000)),
            seconds=seconds,
            deltas=deltas,
            limit=limit,
        ),
        means,
    )
    bundle = session.bundle(fetched.path)
    stacks = fetched.apart.get(STACKS)
    handle = session.profile(stacks).handle if stacks else None
    shown = bundle.members[:MOST_SHOWN]
    return DownloadResult(
        warnings=[*fetched.warnings, *pitfalls(bundle), *(_missing(one.kind) for one in fetched.failures)],
        next=_next(bundle, handle, session),
        source=source,
        bundle=bundle.handle,
        kinds=list(bundle.kinds),
        count=len(bundle.members),
        profiles=[describe(member) for member in shown],
        profiles_left_out=len(bundle.members) - len(shown),
        stacks=handle,
        not_fetched=[
            NotFetched(kind=one.kind, code=one.problem.code, reason=one.problem.message[:MOST_REASON])
            for one in fetched.failures
        ],
        others=[OtherFile(name=item.name, reason=item.reason[:200]) for item in bundle.others[:MOST_SHOWN]],
        path=fetched.path,
        expires_after_seconds=session.settings.handle_ttl,
    )


def _missing(kind: str) -> str:
    return f"{kind} could not be fetched"


def _next(bundle: Bundle, stacks: str | None, session: Session) -> list[NextCall]:
    calls = first_calls(bundle, session)
    goroutines = bundle.of_kind("goroutine")
    if stacks and goroutines:
        try:
            arguments = {
                "profile": session.reference_of(goroutines[0].handle),
                "stacks": session.reference_of(stacks),
            }
        except PprofMcpError:
            return calls
        why = "What goroutines wait for, since when, and who started them."
        calls.append(next_call("pprof.goroutine_analysis", why, **arguments))
    return calls
