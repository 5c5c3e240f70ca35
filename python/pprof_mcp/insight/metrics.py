"""What names of metrics say: whose they are, in which unit, and which of them describe a process."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from pprof_mcp.insight.packs import pack

OTHER = "other"
"""Group of the names that none is known for: the user's own metrics, mostly."""

RUNTIMES = ("go", "python", "jvm", "node", "ruby", "dotnet")
"""Groups that a tracer sends for its own runtime."""


@dataclass(frozen=True)
class KnownMetric:
    """What is known of a metric.

    Attributes:
        name: Its name.
        unit: Its unit, in one.
        is_total: Whether it counts since the start of the process.
        is_asked: Whether it is asked for when no names are given.
        summary: Short name of its value; empty when it has none.
        per: What the value is divided by under that name.
    """

    name: str
    unit: str
    is_total: bool
    is_asked: bool
    summary: str
    per: float


@cache
def known() -> dict[str, KnownMetric]:
    """Give all metrics that something is known of, by name."""
    return {
        row["name"]: KnownMetric(
            row["name"],
            row["unit"],
            row.get("kind") == "total",
            row.get("asked", False),
            row.get("summary", ""),
            float(row.get("per", 1)),
        )
        for row in pack("metrics")["metric"]
    }


@cache
def groups() -> tuple[str, ...]:
    """Give the groups in the order of answers."""
    return (*(row["name"] for row in pack("metrics")["group"]), OTHER)


def group_of(name: str) -> str:
    """Give the group that a name falls into."""
    return next(
        (row["name"] for row in pack("metrics")["group"] if name.startswith(tuple(row["begins"]))), OTHER
    )


def in_order(names: Iterable[str]) -> list[str]:
    """Sort names by their groups, then by name."""
    return sorted(names, key=lambda name: (groups().index(group_of(name)), name))


def asked() -> list[str]:
    """Give the metrics that describe a process of any runtime."""
    return [name for name, one in known().items() if one.is_asked]
