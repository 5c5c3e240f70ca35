"""Which analyses are run on a capture, and what came of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from pprof_mcp.discovery.capture import Capture
from pprof_mcp.discovery.suite import Outcome, run_all
from pprof_mcp.errors import PprofMcpError
from pprof_mcp.profile import Profile
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import run
from pprof_mcp.results.base import Result
from pprof_mcp.session.bundle import Bundle
from pprof_mcp.session.session import Session

if TYPE_CHECKING:
    from pprof_mcp.results.contention import ContentionResult
    from pprof_mcp.results.correlation import CorrelateResult
    from pprof_mcp.results.goroutine import GoroutineAnalysisResult
    from pprof_mcp.results.memory import MemorySanityResult
    from pprof_mcp.results.overhead import OverheadResult
    from pprof_mcp.results.storylines import StorylinesResult
    from pprof_mcp.tools.pprof.alloc_paths import AllocPathsResult
    from pprof_mcp.tools.pprof.top import TopResult

R = TypeVar("R", bound=Result)

MOST_SITES: Final = 100
"""Lock sites and allocating lines in which findings are looked up (chosen: far more than are found)."""

MOST_ROWS: Final = 10
"""Rows of a table of a page (chosen: more are not read)."""

MOST_WAYS: Final = 12
"""Ways through own code that are looked at (chosen: at most nine have more than a tenth each)."""


@dataclass(frozen=True)
class Asked:
    """What the caller said besides the bundle.

    Attributes:
        base: An earlier capture of the same process.
        repo_prefixes: What is own code; found when empty.
        container_rss_mb: Resident memory in MiB; 0 when not known.
    """

    base: Capture | None = None
    repo_prefixes: tuple[str, ...] = ()
    container_rss_mb: int = 0


@dataclass(frozen=True)
class Results:
    """What each analysis answered, by its name; an error where it failed."""

    outcomes: Mapping[str, Outcome]

    @property
    def top(self) -> TopResult | None:
        """The functions with most CPU time."""
        return cast("TopResult | None", self._of("pprof.top"))

    @property
    def overhead(self) -> OverheadResult | None:
        """CPU time by category."""
        return cast("OverheadResult | None", self._of("pprof.overhead_report"))

    @property
    def storylines(self) -> StorylinesResult | None:
        """Ways through own code by CPU time."""
        return cast("StorylinesResult | None", self._of("pprof.storylines"))

    @property
    def allocations(self) -> AllocPathsResult | None:
        """Lines that allocate."""
        return cast("AllocPathsResult | None", self._of("pprof.alloc_paths"))

    @property
    def memory(self) -> MemorySanityResult | None:
        """What is wrong with memory."""
        return cast("MemorySanityResult | None", self._of("pprof.memory_sanity"))

    @property
    def locks(self) -> ContentionResult | None:
        """Locks that are waited for."""
        return cast("ContentionResult | None", self._of("pprof.contention_analysis"))

    @property
    def goroutines(self) -> GoroutineAnalysisResult | None:
        """What goroutines wait for."""
        return cast("GoroutineAnalysisResult | None", self._of("pprof.goroutine_analysis"))

    @property
    def correlation(self) -> CorrelateResult | None:
        """What is hot in several kinds."""
        return cast("CorrelateResult | None", self._of("pprof.cross_correlate"))

    @property
    def failures(self) -> list[tuple[str, PprofMcpError]]:
        """Analyses that failed, and why."""
        return [(name, one) for name, one in self.outcomes.items() if isinstance(one, PprofMcpError)]

    @property
    def warnings(self) -> list[str]:
        """What limits the answers, each said once, with the analysis that says it."""
        told: dict[str, str] = {}
        for name, one in self.outcomes.items():
            # What is hot in several kinds only repeats what the others say.
            if isinstance(one, PprofMcpError):
                told.setdefault(f"failed: {one.message}", name)
            elif name != "pprof.cross_correlate":
                for warning in one.warnings:
                    told.setdefault(warning, name)
        return [f"{name}: {warning}" for warning, name in told.items()]

    def _of(self, name: str) -> Result | None:
        found = self.outcomes.get(name)
        return None if isinstance(found, PprofMcpError) else found


def analysed(capture: Capture, asked: Asked, session: Session) -> Results:
    """Run every analysis that the capture has profiles for, side by side; what is known already is not.

    Raises:
        CancelledError: The call was cancelled.
    """
    jobs = _jobs(capture, asked, session)
    metrics = session.attachment(capture.bundle, "metrics.json") or b""
    key = ("discover", capture.key, asked.base.key if asked.base else None, asked.repo_prefixes,
           asked.container_rss_mb, hashlib.sha256(metrics).digest())  # fmt: skip
    return session.remembered(key, lambda: Results(run_all(jobs)), is_good=lambda found: not found.failures)


def _jobs(capture: Capture, asked: Asked, session: Session) -> dict[str, Callable[[], Result]]:
    jobs: dict[str, Callable[[], Result]] = {}

    def add(name: str, **given: Any) -> None:
        spec = load(name)
        kept = {key: value for key, value in given.items() if value not in (None, "", [], 0)}
        jobs[name] = partial(run, spec, kept, session=session)

    parts, base, prefixes = capture.parts, asked.base, list(asked.repo_prefixes)
    several = {"lock" if kind in ("mutex", "block") else kind for kind in parts if kind != "goroutine"}
    if len(several) > 1:
        add("pprof.cross_correlate", bundle=capture.bundle, limit=MOST_ROWS)
    if "heap" in parts:
        add(
            "pprof.memory_sanity",
            heap_profile=capture.bundle,
            base=_of(base, "heap"),
            container_rss_mb=asked.container_rss_mb,
            repo_prefixes=prefixes,
        )
    if "cpu" in parts:
        cpu = parts["cpu"].profile
        index = capture.cpu_type
        add("pprof.storylines", profile=cpu, n=MOST_WAYS, sample_index=index, repo_prefixes=prefixes)
        add("pprof.overhead_report", profile=cpu, sample_index=index, repo_prefixes=prefixes)
    if "heap" in parts:
        heap = parts["heap"].profile
        add("pprof.alloc_paths", profile=heap, max_paths=MOST_SITES, repo_prefixes=prefixes)
    if "mutex" in parts or "block" in parts:
        add(
            "pprof.contention_analysis",
            profile=capture.bundle,
            base=_earlier(capture, base),
            limit=MOST_SITES,
        )
    if "goroutine" in parts:
        goroutine = parts["goroutine"].profile
        add(
            "pprof.goroutine_analysis",
            profile=goroutine,
            base=_of(base, "goroutine"),
            stacks=capture.stacks.profile if capture.stacks else None,
            block=_waits(capture),
            limit=20,
        )
    if "cpu" in parts:
        add("pprof.top", profile=parts["cpu"].profile, nodecount=MOST_ROWS, sample_index=capture.cpu_type)
    return jobs


def _earlier(capture: Capture, base: Capture | None) -> Bundle | None:
    """Give the earlier capture if it tells since when waits count: profiles of an interval say so."""
    whole = [kind for kind in ("mutex", "block") if kind in capture.parts and not capture.parts[kind].seconds]
    return base.bundle if base and any(kind in base.parts for kind in whole) else None


def _waits(capture: Capture) -> Profile | None:
    """Give the block profile, if it is one of Go's, which counts waits."""
    found = _of(capture, "block")
    types = {item["type"] for item in found.shared.meta["sample_types"]} if found else set[str]()
    return found if "contentions" in types else None


def _of(capture: Capture | None, kind: str) -> Profile | None:
    part = capture.parts.get(kind) if capture else None
    return part.profile if part else None
