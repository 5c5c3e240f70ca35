"""Everything about one capture: the one function that looks at a bundle, whoever it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pprof_mcp.discovery.capture import KINDS, Capture, Owner, captured, owner
from pprof_mcp.discovery.findings import found_in
from pprof_mcp.discovery.results import Asked, Results, analysed
from pprof_mcp.errors import WrongProfileKindError
from pprof_mcp.insight.quality import NO_DURATION, quality_notes
from pprof_mcp.insight.recommendations import Finding
from pprof_mcp.results.base import ArgumentValue
from pprof_mcp.session.bundle import Bundle
from pprof_mcp.session.session import Session

NOT_LOOKED_AT: Final = "not looked at, for want of a profile: "
"""How the warning about missing kinds begins."""

MOST_WARNINGS: Final = 6
"""Warnings of all analyses that are shown (chosen: the rest is told by the analyses themselves)."""


@dataclass(frozen=True)
class Report:
    """What is known about a capture.

    Attributes:
        capture: Its profiles.
        asked: What the caller said besides.
        owner: Whose it is.
        found: What the analyses answered.
        findings: What is worth doing, the weightiest first.
        warnings: What limits all this.
    """

    capture: Capture
    asked: Asked
    owner: Owner
    found: Results
    findings: list[Finding]
    warnings: list[str]

    @property
    def is_whole(self) -> bool:
        """Whether everything that is there could be judged."""
        parts = self.capture.parts.values()
        named = all(_has_names(part.profile.shared.meta) for part in parts)
        return named and bool(parts) and not self.found.failures

    def name(self, session: Session) -> str:
        """Name the bundle: as it was given; one that was downloaded, by what a later call takes."""
        given = self.capture.bundle
        reference = session.reference_of_bundle(given) if self.owner.source else given.reference
        return reference if isinstance(reference, str) else given.reference

    def arguments(self, session: Session) -> dict[str, ArgumentValue]:
        """Give the arguments that ask about this capture again."""
        given: dict[str, ArgumentValue] = {"bundle": session.reference_of_bundle(self.capture.bundle)}
        if self.asked.base is not None:
            given["base"] = session.reference_of_bundle(self.asked.base.bundle)
        if self.asked.container_rss_mb:
            given["container_rss_mb"] = self.asked.container_rss_mb
        if self.asked.repo_prefixes:
            given["repo_prefixes"] = list(self.asked.repo_prefixes)
        return given


def reported(
    bundle: Bundle,
    session: Session,
    *,
    base: Bundle | None = None,
    repo_prefixes: Sequence[str] = (),
    container_rss_mb: int = 0,
) -> Report:
    """Look at everything in a bundle.

    Args:
        bundle: The profiles of a capture.
        session: Where they are kept.
        base: An earlier capture of the same process: growth is the best evidence of a leak.
        repo_prefixes: What is own code; found from the profiles when empty.
        container_rss_mb: Resident memory in MiB; 0 when not known.

    Raises:
        WrongProfileKindError: There is no analysis for any of its profiles.
        CancelledError: The call was cancelled.
    """
    capture = captured(bundle)
    whose = owner(bundle, session)
    if not capture.parts and not capture.empty:
        unread = "; ".join(f"{other.name}: {other.reason}" for other in bundle.others[:3])
        which = whose.source or bundle.reference
        raise WrongProfileKindError(
            f"{which} has no {', '.join(KINDS[:-1])} or {KINDS[-1]} profile; it has: "
            f"{bundle.listing()}{f' ({unread})' if unread else ''}",
            hint="Give the profiles of a capture: a bundle handle, a directory, a zip, or a list; for one of "
            "another kind use pprof.top.",
            details={"wanted": list(KINDS), "available": list(bundle.kinds)},
        )
    before = None if base is None else captured(base)
    asked = Asked(before, tuple(repo_prefixes), container_rss_mb)
    found = analysed(capture, asked, session)
    findings = found_in(capture, found, asked, session)
    warnings = _warnings(capture, before, found, findings)
    return Report(capture, asked, whose, found, findings, warnings)


def _warnings(
    capture: Capture, base: Capture | None, found: Results, findings: Sequence[Finding]
) -> list[str]:
    missing = f"{NOT_LOOKED_AT}{', '.join(capture.missing)}"
    notes: dict[str, None] = {}
    for kind, part in capture.parts.items():
        is_timed = kind in ("mutex", "block") and bool(found.locks and found.locks.duration_seconds)
        for note in quality_notes(part.profile.shared.meta, part.profile.kinds):
            if not (is_timed and note == NO_DURATION):
                notes.setdefault(f"{kind} profile: {note}")
    told = [
        *([missing] if capture.missing else []), *capture.warnings, *(base.warnings if base else ()), *notes,
        # Some warn of what is a recommendation here.
        *(one for one in found.warnings if not any(row.location and row.location in one for row in findings)),
    ]  # fmt: skip
    told = list(dict.fromkeys(told))
    if len(told) <= MOST_WARNINGS:
        return told
    return [*told[:MOST_WARNINGS], f"{len(told) - MOST_WARNINGS} more, which the analyses tell by themselves"]


def _has_names(meta: Mapping[str, Any]) -> bool:
    return meta["quality"]["unsymbolized_locations"] < max(meta["locations"], 1)
