"""A bundle: the profiles of one capture."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pprof_mcp.errors import InvalidArgumentError, WrongProfileKindError
from pprof_mcp.profile import Method
from pprof_mcp.session.kinds import KINDS

if TYPE_CHECKING:
    from pprof_mcp.profile import Profile


@dataclass(frozen=True)
class Member:
    """One profile of a bundle.

    Attributes:
        name: File or entry name.
        handle: Its handle.
        kinds: What it is; the main kind first.
        load: Gives the profile; a bundle keeps none in memory itself.
    """

    name: str
    handle: str
    kinds: tuple[str, ...]
    load: Callable[[], Profile] = field(compare=False, repr=False)

    @property
    def kind(self) -> str:
        """The main kind."""
        return self.kinds[0]

    @property
    def profile(self) -> Profile:
        """The profile.

        Raises:
            PprofMcpError: It can not be had any more.
        """
        return self.load()


@dataclass(frozen=True)
class Other:
    """Something in a bundle that is no profile.

    Attributes:
        name: File or entry name.
        reason: Why it was not read as a profile.
    """

    name: str
    reason: str


def _contention_analysis():
    from pprof_mcp.tools.pprof.contention_analysis import contention_analysis

    return contention_analysis


def _cross_correlate():
    from pprof_mcp.tools.pprof.cross_correlate import cross_correlate

    return cross_correlate


def _discover():
    from pprof_mcp.tools.pprof.discover import discover

    return discover


def _generate_report():
    from pprof_mcp.tools.pprof.generate_report import generate_report

    return generate_report


def _hotspot_summary():
    from pprof_mcp.tools.pprof.hotspot_summary import hotspot_summary

    return hotspot_summary


def _memory_sanity():
    from pprof_mcp.tools.pprof.memory_sanity import memory_sanity

    return memory_sanity


@dataclass(frozen=True)
class Bundle:
    """The profiles of one capture, sorted by name; every analysis of a capture is a method.

    Attributes:
        handle: Its handle.
        reference: How it was given.
        members: Its profiles.
        others: What else lies there.
    """

    handle: str
    reference: str
    members: tuple[Member, ...]
    others: tuple[Other, ...] = ()

    contention_analysis = Method(_contention_analysis)
    cross_correlate = Method(_cross_correlate)
    discover = Method(_discover)
    generate_report = Method(_generate_report)
    hotspot_summary = Method(_hotspot_summary)
    memory_sanity = Method(_memory_sanity)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds it holds, each once, in the order of `kinds.KINDS`."""
        found = {kind for member in self.members for kind in member.kinds}
        return tuple(kind for kind in KINDS if kind in found)

    def of_kind(self, kind: str) -> tuple[Member, ...]:
        """Give the profiles of one kind; those that are chiefly of that kind first."""
        fitting = [member for member in self.members if kind in member.kinds]
        return tuple(sorted(fitting, key=lambda member: member.kind != kind))

    def select(self, selector: str) -> Profile:
        """Give the one profile of a kind, or of a name.

        Args:
            selector: A kind such as `cpu`, or a file or entry name.

        Raises:
            WrongProfileKindError: None fits.
            InvalidArgumentError: Several fit.
        """
        for member in self.members:
            if selector in (member.name, member.handle):
                return member.profile
        fitting = self.of_kind(selector)
        chiefly = [member for member in fitting if member.kind == selector] or list(fitting)
        if len(chiefly) == 1:
            return chiefly[0].profile
        if not chiefly:
            raise WrongProfileKindError(
                f"{self.reference} has no {selector[:80]!r} profile; it has: {self.listing()}",
                hint="Choose a kind or a name that is listed.",
                details={"asked": selector[:80], "available": list(self.kinds)},
            )
        raise InvalidArgumentError(
            f"{self.reference} has {len(chiefly)} {selector} profiles: {_listed(chiefly)}",
            hint=f"Name the one that is meant: {self.reference}#{chiefly[0].name}, or its handle.",
            details={"argument": selector, "available": [member.name for member in chiefly[:50]]},
        )

    def only(self) -> Profile:
        """Give its profile when it has just one.

        Raises:
            InvalidArgumentError: It has none, or several.
        """
        if len(self.members) == 1:
            return self.members[0].profile
        if not self.members:
            reasons = "; ".join(f"{other.name}: {other.reason}" for other in self.others[:3])
            raise InvalidArgumentError(
                f"{self.reference} holds no profile{f' ({reasons})' if reasons else ''}",
                hint="Give a pprof file, or a directory or zip that holds some.",
                details={"argument": "profile"},
            )
        first = self.members[0]
        raise InvalidArgumentError(
            f"{self.reference} holds {len(self.members)} profiles: {self.listing()}",
            hint=f"Say which: {self.reference}#{first.kind}, {self.reference}#{first.name}, or a handle.",
            details={"argument": "profile", "available": [member.name for member in self.members[:50]]},
        )

    def __getitem__(self, selector: str) -> Profile:
        """Give the one profile of a kind or name, as `select`."""
        return self.select(selector)

    def __iter__(self) -> Iterator[Member]:
        """Go through its profiles, by name."""
        return iter(self.members)

    def __len__(self) -> int:
        """Count its profiles."""
        return len(self.members)

    def listing(self) -> str:
        """Name its profiles with their kinds, in one line."""
        return _listed(self.members) or "no profile"


def _listed(members: Sequence[Member]) -> str:
    shown = ", ".join(f"{member.name} ({member.kind})" for member in members[:12])
    return shown + (f" and {len(members) - 12} more" if len(members) > 12 else "")
