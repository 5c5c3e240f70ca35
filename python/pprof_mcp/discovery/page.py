"""A report as a page in Markdown: summary first, then what to do, the numbers, and where they come from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from pprof_mcp.discovery.capture import Capture
from pprof_mcp.discovery.passed import provenance, sections, summaries
from pprof_mcp.discovery.report import NOT_LOOKED_AT
from pprof_mcp.earlier import Earlier
from pprof_mcp.insight.frames import short_name
from pprof_mcp.render.markdown import code, code_line, escape, grid
from pprof_mcp.results.base import NextCall
from pprof_mcp.results.discovery import (
    CpuSection,
    DiscoverResult,
    GoroutineSection,
    HeapSection,
    MutexSection,
    Recommendation,
)

MOST_FIRST: Final = 3
"""Recommendations that the summary names (chosen: what a reader keeps in mind)."""


@dataclass(frozen=True)
class PictureLink:
    """A picture that was drawn.

    Attributes:
        kind: Of which profile.
        link: Where it is, seen from the page.
    """

    kind: str
    link: str


def page(
    found: DiscoverResult,
    capture: Capture,
    names: Mapping[str, str],
    *,
    title: str,
    pictures: Sequence[PictureLink],
    version: str,
    earlier: Sequence[Earlier] = (),
) -> str:
    """Write the page.

    Args:
        found: What was found, with all recommendations.
        capture: The profiles.
        names: What to call a profile in place of its handle: a page outlives handles.
        title: Heading; empty: made from what the bundle says.
        pictures: Flame graphs.
        version: Of this program.
        earlier: What other calls answered.
    """
    blocks = [
        f"# {escape(title or _title(found))}\n",
        _summary(found) + (f"\n{summaries(earlier)}" if earlier else ""),
        *_recommendations(found.recommendations, names),
        *_cpu(found.cpu),
        *_heap(found.heap),
        *_locks(found.mutex),
        *_goroutines(found.goroutine),
        *_several(found),
        *_pictures(pictures),
        *sections(earlier),
        _limits(found),
        _provenance(found, capture, version) + (f"\n{provenance(earlier)}.\n" if earlier else ""),
    ]
    return "\n".join(blocks)


def _title(found: DiscoverResult) -> str:
    of = found.service or found.bundle.rstrip("/").rpartition("/")[2]
    return f"Profile report: {of}" + (f" ({found.env})" if found.env else "")


def _short(function: str) -> str:
    return short_name(function)


def _where(row: Recommendation) -> str:
    if row.function is None:
        return code(row.source_location) if row.source_location else ""
    line = (row.source_location or "").rpartition("/")[2]
    return code(f"{_short(row.function)} ({line})" if line else _short(row.function))


def _share(row: Recommendation) -> str:
    return "" if row.share_pct is None else f"{row.share_pct:g} % of {escape(row.share_of)}"


def _summary(found: DiscoverResult) -> str:
    blocks = [f"{escape(found.summary[:1].upper() + found.summary[1:])}.\n"]
    rows = found.recommendations[:MOST_FIRST]
    if rows:
        blocks.append("".join(f"{row.rank}. {_first(row)}\n" for row in rows))
    facts = list(_facts(found))
    if facts:
        blocks.append("".join(f"- {fact}\n" for fact in facts))
    return "## Summary\n\n" + "\n".join(blocks)


def _first(row: Recommendation) -> str:
    where, share = _where(row), _share(row)
    at = f" at {where}" if where else ""
    of = f": {share}" if share else ""
    return f"**{escape(row.area.replace('_', ' '))}**{at}{of}. {escape(row.suggestion)}"


def _facts(found: DiscoverResult) -> Iterator[str]:
    if found.cpu is not None:
        used = "" if found.cpu.utilization_pct is None else f": {found.cpu.utilization_pct:g} % of one CPU"
        over = "" if found.cpu.duration_seconds is None else f" in {found.cpu.duration_seconds:g} s"
        yield f"CPU: {escape(found.cpu.total_text)}{over}{used}"
    heap = found.heap
    if heap is not None:
        parts = [f"{escape(heap.alloc_rate)} allocated"] if heap.alloc_rate else []
        if heap.memory_sanity and heap.memory_sanity.heap_inuse_mb is not None:
            parts.append(f"{heap.memory_sanity.heap_inuse_mb:g} MiB in use")
        if parts:
            yield f"Memory: {', '.join(parts)}"
    if found.mutex is not None:
        waiters = (
            "" if found.mutex.waiters_avg is None else f", {found.mutex.waiters_avg:.2g} waiters on average"
        )
        yield f"Locks: {escape(found.mutex.total_delay)} waited{waiters}"
    if found.goroutine is not None:
        yield f"Goroutines: {found.goroutine.total_goroutines}"


def _recommendations(rows: Sequence[Recommendation], names: Mapping[str, str]) -> Iterator[str]:
    if not rows:
        return
    yield "## Recommendations\n\nBy priority, then by share. What is saved is an upper bound.\n"
    yield grid(
        ("#", "priority", "area", "where", "share", "saves at most"),
        [
            (str(row.rank), row.priority, escape(row.area), _where(row), _share(row), escape(row.saving_text))
            for row in rows
        ],
        (True, False, False, False, False, True),
    )
    for row in rows:
        yield _detail(row, names)


def _detail(row: Recommendation, names: Mapping[str, str]) -> str:
    lines = [f"### {row.rank}. {escape(row.area.replace('_', ' '))} ({row.priority})\n"]
    lines.append(f"{escape(row.suggestion)}\n")
    places = [code(name) for name in (row.function, row.source_location) if name]
    if places:
        lines.append(f"- **Where**: {', '.join(places)}")
    if row.saving_text:
        lines.append(f"- **Saves at most**: {escape(row.saving_text)} ({escape(row.saving_how)})")
    lines.extend(f"- {escape(text)}" for text in row.evidence)
    lines.append(f"- **Shown by**: {code_line(_call(row.call, names))}")
    return "\n".join(lines) + "\n"


def _call(call: NextCall, names: Mapping[str, str]) -> str:
    def named(value: Any) -> Any:
        if isinstance(value, list):
            return [named(one) for one in value]  # pyright: ignore[reportUnknownVariableType]
        return names.get(value, value) if isinstance(value, str) else value

    given = ", ".join(
        f"{name}={json.dumps(named(value), ensure_ascii=False)}" for name, value in call.arguments.items()
    )
    return f"{call.tool.replace('_', '.', 1)}({given})"


def _cpu(section: CpuSection | None) -> Iterator[str]:
    if section is None:
        return
    yield "## CPU\n"
    if section.top_functions:
        yield "Functions by what they spend themselves, in percent of all CPU time:\n"
        yield grid(
            ("flat", "flat %", "cum %", "function", "line"),
            [
                (
                    escape(row.flat_text), f"{row.flat_pct:.2f}", f"{row.cum_pct:.2f}", code(row.function),
                    code(row.source_location or ""),
                )
                for row in section.top_functions
            ],
            (True, True, True, False, False),
        )  # fmt: skip
    overhead = section.overhead
    if overhead is not None and overhead.detections:
        yield (
            f"Libraries and the runtime take {overhead.total_overhead_pct:g} %, own code "
            f"{overhead.own_pct:g} %. Categories may overlap:\n"
        )
        yield grid(
            ("share %", "category", "severity", "mostly for"),
            [
                (f"{row.percentage:.2f}", escape(row.category), row.severity, code(row.caller or ""))
                for row in overhead.detections
            ],
            (True, False, False, False),
        )


def _heap(section: HeapSection | None) -> Iterator[str]:
    if section is None:
        return
    yield "## Memory\n"
    memory = section.memory_sanity
    if memory is not None:
        yield f"{escape(memory.summary[:1].upper() + memory.summary[1:])}.\n"
        if memory.top_holder is not None and memory.top_holder_pct:
            yield f"{code(memory.top_holder)} holds {memory.top_holder_pct:g} % of what is in use.\n"
    if section.top_paths and section.total_alloc_text:
        since = "since the process started" if section.alloc_since == "start" else "in the time covered"
        yield f"Lines that allocate, in percent of {escape(section.total_alloc_text)} {since}:\n"
        yield grid(
            ("allocated", "%", "rate", "line", "function"),
            [
                (
                    escape(row.alloc_text), f"{row.alloc_pct:.2f}", escape(row.alloc_rate or ""),
                    code(row.source_location) if row.source_location else "no own code",
                    code(row.function or ""),
                )
                for row in section.top_paths
            ],
            (True, True, True, False, False),
        )  # fmt: skip


def _locks(section: MutexSection | None) -> Iterator[str]:
    if section is None:
        return
    yield "## Locks\n"
    delay = escape(section.total_delay)
    yield f"{delay} waited in {section.total_contentions} contentions. Channels do not count.\n"
    if section.top_contentions:
        yield grid(
            ("delay", "% of delay", "contentions", "lock", "line", "function"),
            [
                (
                    escape(row.total_delay), f"{row.share_pct:.2f}", str(row.contentions),
                    escape(row.lock_type), code(row.source_location or ""), code(row.function),
                )
                for row in section.top_contentions
            ],
            (True, True, True, False, False, False),
        )  # fmt: skip


def _goroutines(section: GoroutineSection | None) -> Iterator[str]:
    if section is None:
        return
    states = ", ".join(f"{count} {state}" for state, count in section.by_state.items() if count)
    yield f"## Goroutines\n\n{section.total_goroutines} goroutines ({escape(states)}).\n"
    if section.top_wait_reasons:
        yield grid(
            ("goroutines", "%", "wait for"),
            [(str(row.count), f"{row.pct:.2f}", escape(row.reason)) for row in section.top_wait_reasons],
            (True, True, False),
        )


def _several(found: DiscoverResult) -> Iterator[str]:
    if not found.correlations:
        return
    yield "## Hot in several kinds\n"
    yield grid(
        ("score", "function", "in"),
        [
            (f"{row.combined_score:.2f}", code(row.function), escape(row.insight))
            for row in found.correlations
        ],
        (True, False, False),
    )


def _pictures(pictures: Sequence[PictureLink]) -> Iterator[str]:
    if not pictures:
        return
    yield "## Pictures\n\nFlame graphs; each opens in a browser with search and zoom.\n"
    for one in pictures:
        link = quote(one.link)
        yield f"[![{escape(one.kind)} flame graph]({link})]({link})\n"


def _limits(found: DiscoverResult) -> str:
    missing = [f"no {kind} profile" for kind in found.missing]
    others = [warning for warning in found.warnings if not warning.startswith(NOT_LOOKED_AT)]
    lines = "".join(f"- {escape(line)}\n" for line in (*missing, *others))
    nothing = "Everything was looked at.\n"
    return f"## What was not looked at, and what limits this\n\n{lines or nothing}"


def _provenance(found: DiscoverResult, capture: Capture, version: str) -> str:
    rows: list[tuple[str, ...]] = []
    for kind, part in capture.parts.items():
        meta = part.profile.shared.meta
        builds = list(dict.fromkeys(one["build_id"] for one in meta["mappings"] if one["build_id"]))
        types = ", ".join(f"{item['type']}/{item['unit']}" for item in meta["sample_types"][:4])
        more = len(meta["sample_types"]) - 4
        rows.append(
            (
                escape(kind), code(part.member.name), str(len(part.profile)),
                "" if part.seconds is None else f"{part.seconds:g} s",
                escape(types + (f" and {more} more" if more > 0 else "")), code(builds[0] if builds else ""),
            )
        )  # fmt: skip
    told = [("service", found.service), ("env", found.env), ("version", found.version)]
    facts = [f"{name} {escape(value)}" for name, value in told if value]
    facts += [f"taken {found.timestamp}"] if found.timestamp else []
    facts += [f"from {code(found.source or found.bundle)}", f"pprof-mcp {escape(version)}"]
    head = f"## Where this comes from\n\n{', '.join(facts)}.\n"
    if not rows:
        return head
    columns = ("kind", "profile", "samples", "covers", "sample types", "build id")
    return head + "\n" + grid(columns, rows, (False, False, True, True, False, False))
