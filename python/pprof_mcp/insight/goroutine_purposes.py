"""What goroutines are for, told by ordered rules about any function on their stacks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from pprof_mcp.insight.packs import any_of, pack

OWN: Final = "own_code"
"""The category of what no rule knows and the user's own code is on."""

CUSTOM: Final = "custom"
"""The preset of categories that the caller brings."""


@dataclass(frozen=True)
class Purpose:
    """A category.

    Attributes:
        name: What it is called.
        preset: The group of rules it belongs to.
        told: Its rule as it was written.
        functions: The beginnings of names of its functions; None when they are listed.
        names: Its functions by name.
    """

    name: str
    preset: str
    told: str
    functions: re.Pattern[str] | None = None
    names: frozenset[str] = frozenset()

    def fits(self, name: str) -> bool:
        """Tell whether a function is of it."""
        return name in self.names if self.functions is None else self.functions.match(name) is not None


@cache
def purposes() -> tuple[Purpose, ...]:
    """Give all rules, in their order."""
    return tuple(
        Purpose(rule["name"], rule["preset"], "|".join(rule["functions"]), any_of(rule["functions"]))
        for rule in pack("goroutine_purposes")["purpose"]
    )


@cache
def _every() -> re.Pattern[str] | None:
    rules = pack("goroutine_purposes")["purpose"]
    return any_of([function for rule in rules for function in rule["functions"]])


def is_known(name: str) -> bool:
    """Tell whether any rule fits a function: one look where going through them would be forty."""
    every = _every()
    return every is not None and every.match(name) is not None


def presets() -> tuple[str, ...]:
    """Name the groups of rules, in their order."""
    return tuple(dict.fromkeys(purpose.preset for purpose in purposes()))


def chosen(wanted: Sequence[str], custom: Sequence[Purpose]) -> tuple[Purpose, ...]:
    """Choose rules: the caller's first, then those of the presets.

    Args:
        wanted: Presets; all when this and custom are empty.
        custom: The caller's own.
    """
    names = wanted or (() if custom else presets())
    return (*custom, *(purpose for purpose in purposes() if purpose.preset in names))
