"""Which work is overhead of libraries and runtimes, told by rules about names, and what helps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

from pprof_mcp.insight.frames import language_of, package_path, plain_name
from pprof_mcp.insight.packs import pack

Severity = Literal["high", "medium", "low"]
Role = Literal["work", "carrier", "observer", "idle"]

RUNTIMES: Final = ("dotnet", "go", "java", "native", "node", "php", "python", "ruby")
"""Those that have a pack."""

HIGH_PCT: Final = 15.0
MEDIUM_PCT: Final = 5.0
"""Shares from which a category is worth work, or a look.

Source: chosen; below 5 % two runs of the same program differ as much.
"""

MIN_PCT: Final = 1.0
"""Share below which a category is not listed by default (chosen)."""

LEAST_CPU: Final = 0.05
"""CPUs in use below which nothing is called high or medium: there is little to save (chosen)."""

LEAST_BYTES: Final = 64 << 20
"""Bytes in all below which nothing is called high or medium: a collection or a few (chosen)."""

ERRORS: Final = 2.0
"""Standard errors that a share must be above a threshold (specified: about 97.5 % sure)."""


@dataclass(frozen=True)
class Rule:
    """A rule about functions.

    Attributes:
        name: Expression that the plain name begins with; empty for a rule about files.
        path: Expression that the path begins with from the package's name on; empty for a rule about names.
        example: A frame that it is for: `name`, or `name @ file`.
    """

    name: str
    path: str
    example: str

    @property
    def pattern(self) -> str:
        """The expression for a name, a zero and a path."""
        if self.path:
            return rf"[^\0]*\0(?:{self.path})"
        return f"(?:{self.name})".replace("$", r"(?=\0)")


@dataclass(frozen=True)
class Entry:
    """What a pack knows of a category.

    Attributes:
        category: Which one.
        rules: Which functions are of it.
        causes: Why it may cost much.
        ways_out: What helps.
    """

    category: str
    rules: tuple[Rule, ...]
    causes: tuple[str, ...]
    ways_out: tuple[str, ...]


@dataclass(frozen=True)
class Category:
    """A category of all packs.

    Attributes:
        id: Its short name.
        title: Its name for people.
        summary: What it is, as a sentence.
        role: What it is to a program, as the head of the data says.
    """

    id: str
    title: str
    summary: str
    role: Role = "work"

    @property
    def idle(self) -> bool:
        """Whether it is waiting, not overhead."""
        return self.role == "idle"


@dataclass(frozen=True)
class Knowledge:
    """All that is known.

    Attributes:
        categories: In the order of the data.
        packs: What is known of each runtime.
    """

    categories: tuple[Category, ...]
    packs: Mapping[str, tuple[Entry, ...]]

    def category(self, given: str) -> Category | None:
        """Find a category by its short name or its title, whatever the case."""
        wanted = given.strip().lower()
        return next((one for one in self.categories if wanted in (one.id, one.title.lower())), None)


class Rules:
    """Tells the category of functions, in one look at each.

    Args:
        entries: What is known, the first that fits wins.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        pairs = [(entry.category, rule) for entry in entries for rule in entry.rules]
        self.rules = [rule for _, rule in pairs]
        self._categories = [category for category, _ in pairs]
        self._pattern = re.compile("|".join(f"({rule.pattern})" for rule in self.rules))

    def find(self, name: str, file: str, language: str) -> tuple[str, Rule] | None:
        """Give the category of a function, and the rule that says so."""
        found = self._pattern.match(f"{plain_name(name, language)}\0{package_path(file, language)}")
        if found is None or found.lastindex is None:
            return None
        return self._categories[found.lastindex - 1], self.rules[found.lastindex - 1]


class Overhead:
    """Tells the category of the functions of a profile.

    Args:
        knowledge: All that is known.
        runtime: Where the profile comes from; None when unknown.
    """

    def __init__(self, knowledge: Knowledge, runtime: str | None) -> None:
        self.runtime = runtime
        self._packs = knowledge.packs
        self._rules: dict[str, Rules] = {}

    def packs_for(self, language: str) -> tuple[str, ...]:
        """Name the packs that are asked, in order: native frames of a runtime are first asked as its own."""
        runtime = self.runtime if self.runtime in self._packs else None
        both = (runtime, language) if language == "native" and runtime else (language,)
        return tuple(dict.fromkeys(name for name in both if name in self._packs))

    def __call__(self, name: str, file: str) -> str | None:
        """Give the category of a function; None for work of its own."""
        language = language_of(name, file, self.runtime)
        if language not in self._rules:
            packs = self.packs_for(language)
            self._rules[language] = Rules(entry for name in packs for entry in self._packs[name])
        found = self._rules[language].find(name, file, language)
        return found[0] if found else None


def severity(pct: float, events: float, *, matters: bool = True) -> Severity:
    """Judge a share.

    Args:
        pct: The share, in percent.
        events: Events that were recorded for it.
        matters: Whether the whole is large enough to be worth work.

    Returns:
        high or medium only when the share is above the threshold by `ERRORS` standard errors, and it matters.
    """
    if not matters:
        return "low"
    sure = pct * (1 - ERRORS / max(events, 1.0) ** 0.5)
    return "high" if sure >= HIGH_PCT else "medium" if sure >= MEDIUM_PCT else "low"


@cache
def overhead_knowledge() -> Knowledge:
    """Give what the packs that come with this program say, read once."""
    return knowledge_of(pack("overhead/categories"), {name: pack(f"overhead/{name}") for name in RUNTIMES})


def knowledge_of(categories: Mapping[str, Any], packs: Mapping[str, Mapping[str, Any]]) -> Knowledge:
    """Read the data.

    Args:
        categories: The table of all categories.
        packs: The table of each runtime.

    Raises:
        ValueError: A category that does not exist or has no rule, cause or way out; a rule that is neither
            about names nor about files, or that has a group of its own.
    """
    known = tuple(
        Category(one["id"], one["title"], one["summary"], one.get("role", "work"))
        for one in categories["category"]
    )
    ids = {one.id for one in known}
    return Knowledge(
        known,
        {
            runtime: tuple(_entry(one, runtime, ids) for one in table["category"])
            for runtime, table in packs.items()
        },
    )


def _entry(one: Mapping[str, Any], runtime: str, ids: set[str]) -> Entry:
    rules = tuple(Rule(rule.get("name", ""), rule.get("path", ""), rule["example"]) for rule in one["rules"])
    where = f"{runtime}: {one['id']}"
    for rule in rules:
        if bool(rule.name) == bool(rule.path):
            raise ValueError(f"{where}: a rule is about names or about files: {rule}")
        if re.compile(rule.pattern).groups:
            raise ValueError(f"{where}: a rule has a group of its own, write (?:...): {rule}")
    texts: Sequence[Sequence[str]] = (one["causes"], one["ways_out"])
    if one["id"] not in ids or not rules or not all(texts):
        raise ValueError(f"{where}: no such category, or one without rules, causes or ways out")
    return Entry(one["id"], rules, tuple(one["causes"]), tuple(one["ways_out"]))
