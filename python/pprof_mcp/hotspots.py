"""Chooses the profiles of a bundle by kind, and says what functions cost in each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from pprof_mcp.insight.impact import Cost
from pprof_mcp.insight.origin import is_own, package_of
from pprof_mcp.insight.waits import LOCK_FRAMES
from pprof_mcp.marking import OWN, Marked
from pprof_mcp.profile import Profile
from pprof_mcp.reports import Rows
from pprof_mcp.session.bundle import Bundle

Kind = Literal["cpu", "heap", "mutex", "block"]
KINDS: Final[tuple[Kind, ...]] = ("cpu", "heap", "mutex", "block")
Level = Literal["function", "package"]

_PREFERRED: Final[Mapping[str, tuple[str, ...]]] = {
    "heap": ("alloc_space", "alloc-space", "alloc-size", "inuse_space", "inuse-space", "heap-space"),
    "mutex": ("delay", "lock-acquire-wait", "lock-time"),
    "block": ("delay",),
}
"""Sample types that say what a kind costs, the best first (chosen: bytes allocated rather than in use, time
waited rather than waits)."""

MOST_PACKAGES: Final = 254
"""Packages told apart, heaviest first: what the core has kinds for, less the one for all others."""


def chosen(bundle: Bundle, kind: str, warnings: list[str]) -> Profile | None:
    """Give the profile of a kind; None, and a warning, when there is none."""
    members = list(bundle.of_kind(kind))
    if not members:
        warnings.append(f"there is no {kind} profile; there is: {', '.join(bundle.kinds) or 'nothing'}")
        return None
    if len(members) > 1:
        others = ", ".join(member.name for member in members[1:4])
        warnings.append(f"{members[0].name} is used of {len(members)} {kind} profiles; others: {others}")
    if not len(members[0].profile):
        warnings.append(f"the {kind} profile has no samples")
    return members[0].profile


def sample_type_of(profile: Profile, kind: str) -> str:
    """Name the sample type that says what a kind costs; empty for the profile's own default."""
    types = {item["type"] for item in profile.shared.meta["sample_types"]}
    return next((name for name in _PREFERRED.get(kind, ()) if name in types), "")


@dataclass(frozen=True)
class Costs:
    """What the user's own functions, or packages, cost in one profile.

    Attributes:
        total: Of all samples that are looked at, whoever caused them.
        sample_type: What values count.
        unit: Unit of values.
        by_name: Their costs.
        unowned: Value of samples without any of the user's own code.
        warnings: What limits this.
    """

    total: int
    sample_type: str
    unit: str
    by_name: Mapping[str, Cost]
    unowned: int
    warnings: tuple[str, ...]


def costs_of(profile: Profile, kind: Kind, filters: Mapping[str, object], level: Level) -> Costs:
    """Charge every sample to the user's code that caused it.

    Args:
        profile: The profile.
        kind: Of which kind it is looked at; of a block profile only waits for locks count.
        filters: The shared options.
        level: What costs are of.

    Raises:
        PprofMcpError: As the core says.
    """
    looked_at = profile.filter(focus=LOCK_FRAMES) if kind == "block" and len(profile) else profile
    kept = {name: value for name, value in filters.items() if value}
    marked = Marked(looked_at, {"sample_index": sample_type_of(profile, kind), **kept})
    functions = marked.functions
    rows = zip(functions["name"], functions["file"], functions["cum"], strict=True)
    if level == "package":
        return _by_package(marked, rows)
    cum: dict[str, int] = {}
    own: set[tuple[str, str]] = set()
    for name, file, value in rows:
        if is_own(name, file, marked.runtime):
            own.add((name, file))
            cum[name] = cum.get(name, 0) + value

    def mark(name: str, file: str, _runtime: str | None) -> int:
        return OWN if (name, file) in own else 0

    found = marked.groups(mark, site="own", any_kind=True, names=0, stacks=0)
    at, count = found["sample_type"]["index"], _counting(found["sample_types"])
    folded = {group["site"]["function"]: group["values"] for group in found["groups"] if group["site"]}
    by_name = {
        name: Cost(folded[name][at] if name in folded else 0, value, _events(folded.get(name), count))
        for name, value in cum.items()
    }
    return _costs(found, by_name)


def _by_package(marked: Marked, rows: Iterable[tuple[str, str, int]]) -> Costs:
    weights: dict[str, int] = {}
    for name, file, value in rows:
        if is_own(name, file, marked.runtime):
            package = package_of(name, file, marked.runtime)
            weights[package] = max(weights.get(package, 0), abs(value))
    heaviest = sorted(weights, key=lambda package: (-weights[package], package))[:MOST_PACKAGES]
    numbers = {package: number for number, package in enumerate(heaviest, 1)}

    def mark(name: str, file: str, runtime: str | None) -> int:
        if not is_own(name, file, runtime):
            return 0
        return OWN | numbers.get(package_of(name, file, runtime), MOST_PACKAGES + 1)

    found = marked.groups(mark, any_kind=True, names=0, stacks=0)
    at, count = found["sample_type"]["index"], _counting(found["sample_types"])
    by_name = {
        heaviest[int(kind["kind"]) - 1]: Cost(
            kind["first"][at], kind["within"][at], _events(kind["first"], count)
        )
        for kind in found["kinds"]
        if 0 < kind["kind"] <= len(heaviest)
    }
    return _costs(found, by_name)


def _costs(found: Rows, by_name: Mapping[str, Cost]) -> Costs:
    at = found["sample_type"]["index"]
    return Costs(
        total=found["totals"][at],
        sample_type=found["sample_type"]["type"],
        unit=found["sample_type"]["unit"],
        by_name=by_name,
        unowned=found["without_owner"][at],
        warnings=tuple(found["warnings"]),
    )


def _counting(types: Iterable[Mapping[str, str]]) -> int | None:
    return next((at for at, item in enumerate(types) if item["unit"] == "count"), None)


def _events(values: list[int] | None, count: int | None) -> int | None:
    if count is None:
        return None
    return values[count] if values else 0
