"""From what analyses answered to what is worth doing: asks the rules, and says which call shows it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Final

from pprof_mcp.discovery.capture import Capture, cpu_events, utilization_pct
from pprof_mcp.discovery.results import Asked, Results
from pprof_mcp.discovery.waiting import waiting_lines
from pprof_mcp.insight import recommendations as rules
from pprof_mcp.insight.frames import short_name
from pprof_mcp.insight.overhead import LEAST_CPU, overhead_knowledge
from pprof_mcp.insight.recommendations import Allocated, Finding
from pprof_mcp.reports import exactly
from pprof_mcp.results.base import ArgumentValue, NextCall, next_call
from pprof_mcp.results.contention import LockSite
from pprof_mcp.results.memory import Holder, SuspicionRow
from pprof_mcp.results.overhead import Detection
from pprof_mcp.session.session import Session

_OF_A_LINE: Final = ("alloc_churn", "compression_buffers", "sqlite_temp_store", "cgo_copies")
"""Suspicions about what is allocated."""


def found_in(capture: Capture, found: Results, asked: Asked, session: Session) -> list[Finding]:
    """List everything that is worth doing, the weightiest first."""
    return _Finder(capture, found, asked, session).ranked()


class _Finder:
    def __init__(self, capture: Capture, found: Results, asked: Asked, session: Session) -> None:
        self.capture = capture
        self.found = found
        self.asked = asked
        self.session = session

    def ranked(self) -> list[Finding]:
        findings = rules.ranked([*self._cpu(), *self._memory(), *self._locks(), *self._goroutines()])
        several = {row.function: row.insight for row in self._correlations}
        # Said once, with the weightiest of what a function is named for.
        return [
            replace(one, evidence=(*one.evidence, several.pop(one.function)))
            if one.function in several
            else one
            for one in findings
        ]

    # -- CPU

    def _cpu(self) -> Iterator[Finding]:
        ways, costs = self.found.storylines, self.found.overhead
        if ways is not None:
            waits = waiting_lines(self.capture.parts["cpu"])
            for way in ways.storylines:
                events = cpu_events(self.capture.parts["cpu"], ways.total, ways.unit)
                one = rules.own_work(
                    rules.without_waits(way, waits),
                    ways.total,
                    ways.unit,
                    events=events,
                    least=self._least_saved(ways.total),
                    of=self.capture.cpu_words,
                )
                if one is not None:
                    why = f"What each line of {_short(one.function)} costs."
                    yield replace(one, call=self._list(one.function, why))
        if costs is not None:
            for row in costs.detections:
                category = overhead_knowledge().category(row.category)
                one = rules.overhead(
                    row,
                    costs.total_text,
                    costs.unit,
                    role=category.role if category else "work",
                    place=self._allocator if row.category == "gc" else _caller(row),
                    of=self.capture.cpu_words,
                    least=self._least_saved(costs.total),
                )
                if one is not None:
                    call = next_call(
                        "pprof.explain_overhead",
                        f"Causes and ways out of {row.category}, with its share here.",
                        category=row.category,
                        **self._at("cpu"),
                        sample_index=costs.sample_type.type,
                    )
                    yield replace(one, call=call)

    @cached_property
    def _allocator(self) -> tuple[str, str]:
        """Who allocates most of all: collecting is for those who allocate, not for whom it interrupts."""
        sums: dict[str, float] = {}
        lines: dict[str, str] = {}
        for row in self.found.allocations.paths if self.found.allocations else ():
            if row.first_app_frame:
                sums[row.first_app_frame] = sums.get(row.first_app_frame, 0.0) + row.alloc_pct
                lines.setdefault(row.first_app_frame, row.source_location or "")
        first = min(sums, key=lambda function: (-sums[function], function), default="")
        return (first, lines[first]) if first and sums[first] >= rules.CAUSES_PCT else ("", "")

    def _least_saved(self, total: int) -> float:
        """Give the value from which a part of CPU time is worth saving; 0 where it is not known."""
        used = self._used_pct
        if not used:
            return 0.0
        return math.inf if used < 100 * LEAST_CPU else 100 * rules.LEAST_SAVED * total / used

    @cached_property
    def _used_pct(self) -> float | None:
        top, part = self.found.top, self.capture.parts["cpu"]
        return utilization_pct(part, top.total, top.unit, top.sample_type.type) if top else None

    def _list(self, function: str, why: str) -> NextCall:
        return next_call(
            "pprof.list", why, **self._at("cpu"), function=exactly(function), **_index(self.capture.cpu_type)
        )

    # -- memory

    def _memory(self) -> Iterator[Finding]:
        memory = self.found.memory
        for row in memory.suspicions if memory else ():
            one = self._suspicion(row)
            if one is not None:
                yield one

    def _suspicion(self, row: SuspicionRow) -> Finding | None:
        if row.category in _OF_A_LINE:
            function = self._functions.get(row.source_location or "", "")
            one = rules.churn(row, function, self._sites.get(row.source_location or ""))
            return replace(one, call=self._allocations(one.function, "The stacks behind it."))
        if row.category == "heap_growth":
            one = rules.growth(row, self._holder(row))
            return replace(one, call=self._kept(one.function))
        if row.category == "gc_cpu":
            return self._collector(row)
        if row.category == "goroutine_stacks":
            goroutines = self.found.goroutines
            if row.severity == "low" or (goroutines is not None and goroutines.potential_leaks):
                # A server of many has them, or their stacks go when they go.
                return None
            stacks = self.found.memory.goroutine_stack_estimate_bytes if self.found.memory else None
            call = next_call("pprof.goroutine_analysis", "What they wait for.", **self._at("goroutine"))
            return replace(rules.elsewhere(row, stacks, "all their stacks, by their depth"), call=call)
        unexplained = self.found.memory.rss_unexplained_bytes if self.found.memory else None
        saving = unexplained if row.category == "rss_gap" else None
        how = "all that is not explained" if saving is not None else "it is in no heap profile"
        return replace(rules.elsewhere(row, saving, how), call=self._sanity())

    def _collector(self, row: SuspicionRow) -> Finding | None:
        if self.found.overhead is not None:
            # Told with the other categories of CPU time.
            return None
        function, location = self._allocator
        pct = (self.found.memory.gc_cpu_pct or 0.0) if self.found.memory else 0.0
        one = rules.collector(row, pct, function, location, self._sites.get(location))
        return replace(one, call=self._allocations(function, "Who allocates most."))

    def _holder(self, row: SuspicionRow) -> Holder | None:
        holders = self.found.memory.holders if self.found.memory else []
        if row.source_location:
            return next((one for one in holders if one.source_location == row.source_location), None)
        return next((one for one in holders if one.function), None)

    @cached_property
    def _sites(self) -> dict[str, Allocated]:
        sites = self.found.allocations
        if sites is None or sites.counted_since == "instant":
            return {}
        return {
            row.source_location: Allocated(row.alloc_pct, row.alloc_bytes, row.alloc_bytes_per_second)
            for row in reversed(sites.paths)
            if row.source_location
        }

    @cached_property
    def _functions(self) -> dict[str, str]:
        sites = self.found.allocations
        return {
            row.source_location: row.first_app_frame
            for row in reversed(sites.paths if sites else [])
            if row.source_location and row.first_app_frame
        }

    def _allocations(self, function: str, why: str) -> NextCall:
        return next_call("pprof.alloc_paths", why, **self._at("heap"), **_focus(function))

    def _kept(self, function: str) -> NextCall:
        profile = self.capture.parts["heap"].profile
        types = [str(item["type"]) for item in profile.shared.meta["sample_types"]]
        live = next((name for name in ("inuse_space", "inuse-space", "heap-space") if name in types), "")
        why = "The stacks behind what is in use."
        return next_call("pprof.alloc_paths", why, **self._at("heap"), **_index(live), **_focus(function))

    def _sanity(self) -> NextCall:
        given: dict[str, ArgumentValue] = {"heap_profile": self._members("heap", "goroutine", "cpu")}
        if self.asked.container_rss_mb:
            given["container_rss_mb"] = self.asked.container_rss_mb
        return next_call("pprof.memory_sanity", "All numbers about memory.", **given)

    # -- locks and goroutines

    def _locks(self) -> Iterator[Finding]:
        locks = self.found.locks
        if locks is None:
            return
        sites = {row.source_location or row.function: row for row in reversed(locks.by_lock_site)}
        # Advice is listed once for all patterns that share it: those about locks that look alike.
        taken: dict[str, dict[str, str]] = {}
        told = locks.recommendations if len(locks.recommendations) == len(locks.patterns) else None
        for at, pattern in enumerate(locks.patterns):
            site = sites.get(pattern.lock)
            advice = told[at] if told else "Hold it for less time, or split what it guards."
            one = rules.lock(pattern, advice, site)
            if site is not None and site.side == "waits" and site.released_at:
                one = replace(one, cause=self._lock(site, taken))
            if site is None or pattern.type == "lock_order":
                call = self._contention("Both sides of all locks.")
            else:
                side = "block" if site.side == "waits" and "block" in self.capture.parts else "mutex"
                why = "Every way to this lock with its share."
                call = next_call("pprof.focus_paths", why, **self._at(side), function=exactly(site.function))
            yield replace(one, call=call)

    @staticmethod
    def _lock(site: LockSite, taken: dict[str, dict[str, str]]) -> str:
        """Name the lock that is let go where others wait for it too; empty when it may be another one.

        Args:
            site: Where it is waited for.
            taken: By where a lock is let go mostly: which functions wait, and where.

        Source:
            Chosen. A function that waits at two lines waits for two locks.
        """
        place = site.released_at[0].location
        waits = taken.setdefault(place, {})
        line = site.source_location or ""
        return f"lock let go at {place}" if waits.setdefault(site.function, line) == line else ""

    def _contention(self, why: str) -> NextCall:
        return next_call("pprof.contention_analysis", why, profile=self._members("mutex", "block"))

    def _goroutines(self) -> Iterator[Finding]:
        goroutines = self.found.goroutines
        for row in goroutines.potential_leaks if goroutines else ():
            function, location = _split(row.own_code or row.site)
            waits_in, _ = _split(row.site)
            why = "The whole stacks of these goroutines."
            call = next_call("pprof.traces_head", why, **self._at("goroutine"), **_focus(waits_in))
            yield replace(rules.leak(row, function, location), call=call)

    # -- calls

    @cached_property
    def _correlations(self):
        return self.found.correlation.correlations if self.found.correlation else []

    def _at(self, kind: str) -> dict[str, ArgumentValue]:
        return {"profile": self.session.reference_of(self.capture.parts[kind].member.handle)}

    def _members(self, *kinds: str) -> list[str]:
        """Name profiles one by one: a handle of a bundle may hold others of these kinds."""
        parts = [self.capture.parts[kind] for kind in kinds if kind in self.capture.parts]
        return list(dict.fromkeys(self.session.reference_of(part.member.handle) for part in parts))


def _caller(row: Detection) -> tuple[str, str]:
    """Give the own code that most of a category is for, with its line; empty where it is no one's."""
    first = row.callers[0] if row.callers else None
    if first is None:
        return row.top_functions[0].function if row.top_functions else "", ""
    if 100 * first.value < rules.CAUSES_PCT * row.value:
        return "", ""
    return first.function, f"{first.file}:{first.line}" if first.file and first.line else first.file or ""


def _focus(function: str) -> dict[str, ArgumentValue]:
    return {"focus": exactly(function)} if function else {}


def _index(name: str) -> dict[str, ArgumentValue]:
    return {"sample_index": name} if name else {}


def _short(function: str) -> str:
    return short_name(function)[:100]


def _split(site: str) -> tuple[str, str]:
    """Take `function (file:line)` apart."""
    function, opened, rest = site.rpartition(" (")
    return (function, rest[:-1]) if opened and rest.endswith(")") else (site, "")
