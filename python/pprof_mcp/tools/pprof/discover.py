"""pprof.discover: everything about one capture at once, and what is worth doing."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp.captured import fetched_bundle, wanted_of
from pprof_mcp.captures import AnyCaptures, Environment
from pprof_mcp.discovery.capture import Owner
from pprof_mcp.discovery.report import Report, reported
from pprof_mcp.discovery.sections import (
    correlations,
    cpu_section,
    goroutine_section,
    heap_section,
    mutex_section,
    name_text,
)
from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.insight.recommendations import Finding, summary
from pprof_mcp.registry import INJECTED, Cli, tool
from pprof_mcp.registry.spec import Effects
from pprof_mcp.results import Cursor, NextCall, Page, next_call, page_of
from pprof_mcp.results.discovery import (
    DiscoverResult,
    LookedAt,
    Recommendation,
    RecommendationsLeftOut,
)
from pprof_mcp.results.overhead import RepoPrefixes
from pprof_mcp.session.bundle import Bundle
from pprof_mcp.session.session import Session
from pprof_mcp.sources.named import Fetched, Wanted

ROWS = 2
"""Rows of each table (chosen: five kinds and their recommendations stay under 8 KB)."""

MOST_TEXT = 400
"""Characters of one sentence of evidence (chosen: three lines of a terminal)."""


@tool(
    "pprof.discover",
    title="What is wrong, at once",
    since="0.1",
    example={"service": "checkout", "env": "prod"},
    effects=Effects(open_world=True),
)
def discover(
    bundle: Annotated[
        Bundle | None,
        Field(description="Bundle: handle, directory, zip, list. Without one, what `service` names."),
        Cli(positional=True),
    ] = None,
    *,
    service: Annotated[str, Field(max_length=200, description="Service whose newest profiles to get.")] = "",
    env: Environment = "",
    profile_id: Annotated[str, Field(max_length=300, description="Datadog: this profile.")] = "",
    event_id: Annotated[str, Field(max_length=300, description="Datadog: its second id.")] = "",
    base: Annotated[Bundle | None, Field(description="Earlier bundle of the process: shows growth.")] = None,
    container_rss_mb: Annotated[
        int, Field(ge=0, le=100_000_000, description="Resident memory in MiB; 0: unknown.")
    ] = 0,
    repo_prefixes: RepoPrefixes = [],  # noqa: B006 - read only
    limit: Annotated[int, Field(ge=1, le=50, description="Recommendations at most.")] = 4,
    cursor: Cursor = "",
    session: Session = INJECTED,
    **captures: Unpack[AnyCaptures],
) -> DiscoverResult:
    """Run all analyses on a capture and rank what is worth doing, with evidence.

    The first call for a bundle, or for a service: then its newest profiles are downloaded as by
    profiles.download. CPU, heap, locks, goroutines. Nothing wrong is said so. To write it down use
    pprof.generate_report; for numbers alone pprof.hotspot_summary.
    """
    page = page_of(cursor, limit)
    given = {"service": service, "env": env, "profile_id": profile_id, "event_id": event_id, **captures}
    chosen, fetched = _chosen(bundle, wanted_of(given), session)
    report = reported(
        chosen, session, base=base, repo_prefixes=repo_prefixes, container_rss_mb=container_rss_mb
    )
    return result_of(report if fetched is None else _told(report, fetched), page, session)


def _chosen(bundle: Bundle | None, wanted: Wanted, session: Session) -> tuple[Bundle, Fetched | None]:
    if bundle is None and wanted.given:
        return fetched_bundle(wanted, session)
    if bundle is not None and not wanted.given:
        return bundle, None
    which = "a bundle and a service" if bundle else "neither a bundle nor a service"
    raise InvalidArgumentError(
        f"pprof.discover was given {which}",
        hint="Give `bundle` for profiles that are here, or `service` (and `env`) to download the newest.",
        details={"argument": "bundle"},
    )


def _told(report: Report, fetched: Fetched) -> Report:
    """Add what the source says and the files do not."""
    owner = report.owner
    return replace(
        report,
        owner=Owner(
            owner.service or fetched.service or None,
            owner.env or fetched.env or None,
            owner.version or fetched.version or None,
            owner.source,
        ),
        warnings=[*report.warnings, *fetched.warnings, *(f"no {one.kind}" for one in fetched.failures)],
    )


def result_of(report: Report, page: Page, session: Session, *, rows: int = ROWS) -> DiscoverResult:
    """Put a report into the form of an answer.

    Args:
        report: The report.
        page: Which recommendations.
        session: Names profiles.
        rows: Rows of each table.
    """
    capture, found, findings = report.capture, report.found, report.findings
    shown = findings[page.offset : page.offset + page.limit]
    left = [*findings[: page.offset], *findings[page.offset + page.limit :]]
    cursor = page.cursor(len(shown), len(findings))
    counts = {name: sum(one.priority == name for one in left) for name in ("high", "medium", "low")}
    return DiscoverResult(
        warnings=report.warnings,
        next=_next(report, session, page, cursor),
        bundle=report.name(session),
        source=report.owner.source,
        service=report.owner.service,
        env=report.owner.env,
        version=report.owner.version,
        timestamp=capture.timestamp,
        summary=summary(findings, list(capture.parts), capture.missing, is_whole=report.is_whole),
        verdict=_verdict(report),
        recommendations=[_row(one, at) for at, one in enumerate(shown, page.offset + 1)],
        left_out=RecommendationsLeftOut(rows=len(left), **counts),
        cursor=cursor,
        cpu=cpu_section(capture, found, rows),
        heap=heap_section(found, rows),
        mutex=mutex_section(found, rows),
        goroutine=goroutine_section(found, rows),
        correlations=correlations(found, rows),
        looked_at=[
            LookedAt(
                kind=kind,
                name=part.member.name,
                samples=len(part.profile),
                duration_seconds=part.seconds,
            )
            for kind, part in capture.parts.items()
        ],
        missing=capture.missing,
    )


def _verdict(report: Report) -> Literal["findings", "nothing_stands_out", "unknown"]:
    if report.findings:
        return "findings"
    return "nothing_stands_out" if report.is_whole else "unknown"


def _row(found: Finding, rank: int) -> Recommendation:
    assert found.call is not None  # noqa: S101 - whoever makes a finding says what shows it
    return Recommendation(
        rank=rank,
        priority=found.priority,
        area=found.area,
        suggestion=found.suggestion,
        function=name_text(found.function) or None,
        source_location=found.location or None,
        share_pct=found.share_pct,
        share_of=found.share_of,
        saving=found.saving,
        saving_unit=f"{found.unit}{found.per}" if found.saving is not None else "",
        saving_text=found.saving_text,
        saving_how=found.how,
        evidence=[text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}..." for text in found.evidence],
        call=found.call,
    )


def _next(report: Report, session: Session, page: Page, cursor: str | None) -> list[NextCall]:
    if not report.capture.parts:
        return []
    given = report.arguments(session)
    calls = [next_call("pprof.generate_report", "All of it as a page to send.", **given)]
    if cursor is not None:
        why = "More recommendations."
        calls.append(next_call("pprof.discover", why, **given, limit=page.limit, cursor=cursor))
    return calls
