"""pprof.generate_report: everything about one capture as a page to send."""

from __future__ import annotations

import os
from typing import Annotated

from pydantic import Field

from pprof_mcp import _native
from pprof_mcp.discovery.page import PictureLink, page
from pprof_mcp.discovery.passed import advice, gist, page_of
from pprof_mcp.discovery.report import Report, reported
from pprof_mcp.discovery.results import MOST_ROWS
from pprof_mcp.earlier import MOST_RESULTS, EarlierResult, checked
from pprof_mcp.errors import CancelledError, InvalidArgumentError, PprofMcpError
from pprof_mcp.registry import INJECTED, Cli, OutputPath, tool
from pprof_mcp.registry.spec import Effects
from pprof_mcp.results import Page, RawMeta, Result, Row, next_call
from pprof_mcp.results.overhead import RepoPrefixes
from pprof_mcp.results.picture import check_output
from pprof_mcp.session.bundle import Bundle
from pprof_mcp.session.session import Session
from pprof_mcp.tools.pprof.discover import result_of
from pprof_mcp.tools.pprof.flamegraph import flamegraph
from pprof_mcp.truncate import truncate

USUAL_BYTES = 6_500
"""Bytes of the page in an answer that did not say how many (chosen: with the rest under 8 KB)."""

MOST_RECOMMENDATIONS = 50


class ReportPicture(Row):
    """A picture that was drawn."""

    columns = ("kind", "output_path", "output_bytes")

    kind: str = Field(description="Of which profile.")
    output_path: str = Field(description="The file.")
    output_bytes: int = Field(description="Its size.")


class ReportResult(Result):
    """A page in Markdown."""

    page = "markdown"

    bundle: str | None = Field(description="What was given; null for earlier results alone.")
    summary: str = Field(description="What was found, in a sentence.")
    recommendations: int = Field(description="How many there are.")
    markdown: str | None = Field(description="The page; null when it was written to a file.")
    markdown_meta: RawMeta = Field(description="What was cut from it.")
    output_path: str | None = Field(description="File it was written to; null when none was asked for.")
    output_bytes: int | None = Field(description="Size of that file; null without one.")
    pictures: list[ReportPicture] = Field(description="Flame graphs that were drawn.")


@tool(
    "pprof.generate_report",
    title="Report to send",
    since="0.1",
    toolset="visual",
    example={"bundle": "handle:0123456789abcdef", "output_path": "report.md"},
    effects=Effects(read_only=False),
)
def generate_report(
    bundle: Annotated[Bundle | None, Cli(positional=True)] = None,
    *,
    results: Annotated[
        list[EarlierResult],
        Field(max_length=MOST_RESULTS, description="Answers of earlier calls to show; in a shell TOOL=FILE."),
    ] = [],  # noqa: B006 - read only
    title: Annotated[str, Field(max_length=200, description="Heading; empty: made up.")] = "",
    output_path: Annotated[
        OutputPath, Field(description="Markdown file to write."), Cli(("-o", "--output"))
    ] = "",
    pictures: Annotated[
        str, Field(max_length=4_096, description="Existing folder to draw flame graphs in; empty: none.")
    ] = "",
    overwrite: Annotated[bool, Field(description="Replace files that exist.")] = False,
    base: Annotated[Bundle | None, Field(description="As in pprof.discover.")] = None,
    container_rss_mb: Annotated[int, Field(ge=0, le=100_000_000, description="As in pprof.discover.")] = 0,
    repo_prefixes: RepoPrefixes = [],  # noqa: B006 - read only
    max_bytes: Annotated[
        int, Field(ge=0, le=60_000, description="Bytes of Markdown in the answer; 0: the usual.")
    ] = 0,
    session: Session = INJECTED,
) -> ReportResult:
    """Write what pprof.discover finds as a Markdown page, with flame graphs if asked.

    Summary first, then recommendations with evidence, tables, and where the numbers come from. For the
    same as data use pprof.discover. `results` adds answers of other calls; without a bundle they are all.
    """
    earlier = checked(results, session)
    if output_path:
        check_output(session, output_path, overwrite=overwrite)
    version = _native.build_info()["version"]
    if bundle is None:
        _refuse_without_bundle(results, pictures=pictures, base=base)
        text = page_of(earlier, title=title, version=version)
        return _answered(
            text,
            session,
            output_path,
            overwrite=overwrite,
            max_bytes=max_bytes,
            summary="; ".join(gist(one.result) for one in earlier),
            recommendations=sum(len(advice(one.result)) for one in earlier),
        )
    kinds_drawn = ("cpu", "heap", "mutex", "block", "goroutine") if pictures else ()
    for kind in kinds_drawn:
        session.check_write(_picture(pictures, kind), overwrite=overwrite)
    report = reported(
        bundle, session, base=base, repo_prefixes=repo_prefixes, container_rss_mb=container_rss_mb
    )
    found = result_of(report, Page(0, MOST_RECOMMENDATIONS), session, rows=MOST_ROWS)
    warnings = list(report.warnings)
    drawn = [
        one
        for kind in kinds_drawn
        if (one := _drawn(report, kind, pictures, warnings, session, overwrite=overwrite)) is not None
    ]
    links = [PictureLink(one.kind, _link(one.output_path, output_path)) for one in drawn]
    names = {member.handle: session.source_of(member.handle) for member in report.capture.bundle}
    text = page(found, report.capture, names, title=title, pictures=links, version=version, earlier=earlier)
    answered = _answered(
        text,
        session,
        output_path,
        overwrite=overwrite,
        max_bytes=max_bytes,
        summary=found.summary,
        recommendations=len(report.findings) + sum(len(advice(one.result)) for one in earlier),
    )
    called = [next_call("pprof.discover", "The same as data.", **report.arguments(session))]
    return answered.model_copy(
        update={
            "warnings": [*warnings, *answered.warnings],
            "next": called if report.capture.parts else [],
            "bundle": found.bundle,
            "pictures": drawn,
        }
    )


def _refuse_without_bundle(results: list[EarlierResult], *, pictures: str, base: Bundle | None) -> None:
    useless = "pictures" if pictures else "base" if base is not None else ""
    if useless or not results:
        raise InvalidArgumentError(
            f"{useless} needs a bundle" if useless else "there is nothing to report on",
            hint="Give a bundle, results of earlier calls, or both; flame graphs are drawn of a bundle.",
            details={"argument": "bundle"},
        )


def _answered(
    text: str,
    session: Session,
    output_path: str,
    *,
    overwrite: bool,
    max_bytes: int,
    summary: str,
    recommendations: int,
) -> ReportResult:
    """Write the page where it was asked for, or show what may be shown of it."""
    if output_path:
        session.write(output_path, text.encode(), overwrite=overwrite)
    # A client of a server takes little at once; a command is read to its end.
    most = max_bytes or (USUAL_BYTES if session.lasting else len(text.encode()))
    shown, meta = truncate(text, max_lines=0, max_bytes=most, strategy="head")
    warnings: list[str] = []
    if meta.truncated and not output_path:
        warnings.append(
            f"the page has {meta.total_bytes} bytes, of which {most} are here: output_path writes all of it"
        )
    return ReportResult(
        warnings=warnings,
        bundle=None,
        summary=summary,
        recommendations=recommendations,
        markdown=None if output_path else shown,
        markdown_meta=meta,
        output_path=output_path or None,
        output_bytes=len(text.encode()) if output_path else None,
        pictures=[],
    )


def _picture(folder: str, kind: str) -> str:
    return os.path.join(folder, f"{kind}.svg")  # noqa: PTH118 - a path stays as it was given


def _drawn(
    report: Report, kind: str, folder: str, warnings: list[str], session: Session, *, overwrite: bool
) -> ReportPicture | None:
    part = report.capture.parts.get(kind)
    if part is None:
        return None
    index = report.capture.cpu_type if kind == "cpu" else ""
    path = _picture(folder, kind)
    try:
        made = flamegraph(
            part.profile,
            output_path=path,
            overwrite=overwrite,
            title=f"{kind}: {part.member.name}"[:200],
            session=session,
            sample_index=index,
        )
    except CancelledError:
        raise
    except PprofMcpError as problem:
        warnings.append(f"no flame graph of the {kind} profile: {problem.message}")
        return None
    return ReportPicture(kind=kind, output_path=made.output_path, output_bytes=made.output_bytes)


def _link(picture: str, page_path: str) -> str:
    """Say where a picture is, seen from the page; from nowhere when the page is no file."""
    if not page_path:
        return picture
    return os.path.relpath(picture, os.path.dirname(page_path) or ".").replace(os.sep, "/")  # noqa: PTH120
