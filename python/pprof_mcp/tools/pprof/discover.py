"""pprof.discover: everything about one capture at once, and what is worth doing."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pprof_mcp.discovery.report import Report, reported
from pprof_mcp.discovery.sections import (
    correlations,
    cpu_section,
    goroutine_section,
    heap_section,
    mutex_section,
    name_text,
)
from pprof_mcp.insight.recommendations import Finding, summary
from pprof_mcp.registry import INJECTED, tool
from pprof_mcp.results import NextCall, Page, next_call, page_of
from pprof_mcp.results.discovery import (
    DiscoverResult,
    LookedAt,
    Recommendation,
    RecommendationsLeftOut,
)
from pprof_mcp.results.overhead import RepoPrefixes
from pprof_mcp.session.bundle import Bundle
from pprof_mcp.session.session import Session

ROWS = 2
"""Rows of each table (chosen: five kinds and their recommendations stay under 8 KB)."""

MOST_TEXT = 400
"""Characters of one sentence of evidence (chosen: three lines of a terminal)."""


@tool(
    "pprof.discover",
    title="What is wrong, at once",
    since="0.1",
    example={"bundle": "handle:0123456789abcdef"},
)
def discover(
    bundle: Bundle,
    *,
    base: Annotated[Bundle | None, Field(description="Earlier bundle of the process: shows growth.")] = None,
    container_rss_mb: Annotated[
        int, Field(ge=0, le=100_000_000, description="Resident memory in MiB; 0: unknown.")
    ] = 0,
    repo_prefixes: RepoPrefixes = [],  # noqa: B006 - read only
    limit: Annotated[int, Field(ge=1, le=50, description="Recommendations at most.")] = 4,
    cursor: Annotated[str, Field(max_length=20, description="`cursor` of the last answer.")] = "",
    session: Session = INJECTED,
) -> DiscoverResult:
    """Run all analyses on a capture and rank what is worth doing, with evidence.

    The first call for a bundle: CPU, heap, locks, goroutines. Nothing wrong is said so. To write it down use
    pprof.generate_report; for numbers alone pprof.hotspot_summary.
    """
    page = page_of(cursor, limit)
    report = reported(
        bundle, session, base=base, repo_prefixes=repo_prefixes, container_rss_mb=container_rss_mb
    )
    return result_of(report, page, session)


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
        bundle=capture.bundle.reference,
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
