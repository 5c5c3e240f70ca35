"""Measures what libraries and runtimes cost in one profile: one walk over its stacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pprof_mcp.insight.allocation import counted, sampling
from pprof_mcp.insight.overhead import LEAST_BYTES, LEAST_CPU, Category, Overhead, overhead_knowledge
from pprof_mcp.insight.ownership import Ownership
from pprof_mcp.marking import KIND, OWN, Marked
from pprof_mcp.profile import Profile
from pprof_mcp.reports import Rows

SHOWN: Final = 3
MEMORY: Final = frozenset({"allocation", "gc"})
"""Not counted in heap profiles, of which everything is an allocation: what allocates is asked for there."""

LONGEST: Final = 30 * 86_400
"""Seconds above which the duration of a profile is not believed (chosen: some converters write nanoseconds
since 1970)."""

_COUNTS: Final = ("samples", "sample", "contentions", "cpu-samples", "wall-samples")
"""Sample types that say how many events a sample stands for (specified)."""


MOST_LINES: Final = 2_000
"""Lines of own code that are summed up for one category (chosen: the rest is of no weight)."""


@dataclass(frozen=True)
class Caller:
    """A function of own code that needs a category.

    Attributes:
        function: Its name.
        file: Its file; empty when unknown.
        value: Values of samples in which it needs it.
        line: The line that does most; 0 when unknown.
    """

    function: str
    file: str
    value: int
    line: int


@dataclass(frozen=True)
class Cost:
    """What one category costs.

    Attributes:
        category: Which.
        first: Values of samples whose first function from the leaf, own code included, is of it: disjoint.
        within: Values of samples that a function of it is in.
        leaf: Values of samples at whose leaf it is.
        below: Values of samples where it is nearer to the leaf than own code: for it, or for nobody.
        events: Events that were recorded for `below`: samples, or allocations as far as that can be told.
        functions: Its functions with their cum, heaviest first, at most `SHOWN`.
        callers: First functions of own code above, heaviest first, at most `SHOWN`.
    """

    category: Category
    first: int
    within: int
    leaf: int
    below: int
    events: float
    functions: tuple[tuple[str, int], ...]
    callers: tuple[Caller, ...]


@dataclass(frozen=True)
class Costs:
    """What all categories cost.

    Attributes:
        marked: The functions of the profile.
        ownership: Whose they are.
        found: What the core said.
        rows: Categories that occur, heaviest by `below` first.
        own: Values of samples in own code, or in what it calls that is of no category.
        rest: Values of samples with neither.
        cpus: CPUs in use; None when that is unknown or not what is measured.
    """

    marked: Marked
    ownership: Ownership
    found: Rows
    rows: tuple[Cost, ...]
    own: int
    rest: int
    cpus: float | None

    @property
    def total(self) -> int:
        """What percentages are of."""
        return self.found["total"]


def marker(marked: Marked, prefixes: Sequence[str]) -> tuple[Overhead, Ownership, list[Category]]:
    """Make what tells categories and owners of the functions of a profile."""
    knowledge = overhead_knowledge()
    return Overhead(knowledge, marked.runtime), marked.ownership(prefixes), list(knowledge.categories)


def marks_of(
    overhead: Overhead, ownership: Ownership, categories: Sequence[Category], skipped: frozenset[str]
) -> dict[tuple[str, str], int]:
    """Make a table that fills while functions are marked: kinds from 1 on by category, and what is own."""
    numbers = {category.id: number for number, category in enumerate(categories, 1)}

    class Table(dict[tuple[str, str], int]):
        def __missing__(self, key: tuple[str, str]) -> int:
            category = overhead(*key)
            # A name that a rule knows is a library, unless the user says whose it is.
            may_be_own = category is None or ownership.is_given
            own = OWN if may_be_own and ownership(*key).origin == "own" else 0
            kind = 0 if own or category is None or category in skipped else numbers[category]
            self[key] = own | kind
            return self[key]

    return Table()


def measure(profile: Profile, filters: Mapping[str, object], prefixes: Sequence[str] = ()) -> Costs:
    """Measure.

    Args:
        profile: The profile.
        filters: The shared options.
        prefixes: What own code begins with; found when empty.

    Raises:
        PprofMcpError: As the core says.
    """
    marked = Marked(profile, filters)
    overhead, ownership, categories = marker(marked, prefixes)
    sample_type = marked.functions["sample_type"]
    skipped = MEMORY if is_memory(sample_type["type"]) else frozenset[str]()
    table = marks_of(overhead, ownership, categories, skipped)
    own_kind = len(categories) + 1

    def marking(name: str, file: str, _: str | None) -> int:
        mark = table[name, file]
        # Own code is a kind of its own, so that what it was called by is not asked.
        return mark | own_kind if mark & OWN else mark

    found = marked.groups(
        marking, limit=0, names=MOST_LINES, lines=True, sampling=_sampling(profile, sample_type["type"])
    )
    index = found["sample_type"]["index"]
    counts = next((one["index"] for one in found["sample_types"] if one["type"] in _COUNTS), None)
    functions = _functions(marked, table)
    rows: list[Cost] = []
    sums = {0: 0, own_kind: 0}
    for kind in found["kinds"]:
        number: int = kind["kind"]
        if number in sums:
            sums[number] = kind["first"][index]
            continue
        rows.append(
            Cost(
                category=categories[number - 1],
                first=kind["first"][index],
                within=kind["within"][index],
                leaf=kind["leaf"][index],
                below=kind["below"][index],
                events=_events(kind, counts),
                functions=tuple(functions.get(number, ())[:SHOWN]),
                callers=_callers(kind["owners"], index),
            )
        )
    order = {category.id: at for at, category in enumerate(categories)}
    rows.sort(key=lambda row: (-abs(row.below), -abs(row.within), order[row.category.id]))
    return Costs(
        marked=marked,
        ownership=ownership,
        found=found,
        rows=tuple(rows),
        own=sums[own_kind],
        rest=sums[0],
        cpus=_cpus(profile, found),
    )


def _callers(parts: Sequence[Rows], index: int) -> tuple[Caller, ...]:
    """Sum lines up to functions; the first line of each is its heaviest."""
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for part in parts:
        key = (part["function"], part["file"])
        value, line = sums.get(key, (0, part["line"]))
        sums[key] = (value + part["values"][index], line)
    found = [Caller(name, file, value, line) for (name, file), (value, line) in sums.items()]
    return tuple(sorted(found, key=lambda one: (-abs(one.value), one.function, one.file))[:SHOWN])


def by_default(profile: Profile, filters: Mapping[str, object]) -> dict[str, object]:
    """Choose the sample type that is asked about when none is named: of a heap profile what was allocated."""
    if filters.get("sample_index") or profile.kind != "heap":
        return dict(filters)
    names = [str(item["type"]) for item in profile.shared.meta["sample_types"]]
    chosen = next((name for name in ("alloc_space", "alloc-space", "alloc_size") if name in names), "")
    return {**filters, "sample_index": chosen}


def is_memory(sample_type: str) -> bool:
    """Whether values are memory: bytes or objects of a heap profile."""
    return "alloc" in sample_type or "inuse" in sample_type or "heap" in sample_type


def _sampling(profile: Profile, sample_type: str) -> dict[str, float] | None:
    if not is_memory(sample_type):
        return None
    pair = counted(profile.shared.meta, live="inuse" in sample_type)
    return sampling(profile.shared.meta, pair) if pair else None


def _events(kind: Rows, counts: int | None) -> float:
    if counts is not None:
        return abs(kind["below"][counts])
    return round(kind["below_events"]) or kind["below_samples"]


def _functions(marked: Marked, table: dict[tuple[str, str], int]) -> dict[int, list[tuple[str, int]]]:
    sums: dict[int, dict[str, int]] = {}
    functions = marked.functions
    for name, file, cum in zip(functions["name"], functions["file"], functions["cum"], strict=True):
        kind = table[name, file] & KIND
        if kind and cum:
            by_name = sums.setdefault(kind, {})
            by_name[name] = by_name.get(name, 0) + cum
    return {
        kind: sorted(by_name.items(), key=lambda item: (-abs(item[1]), item[0]))
        for kind, by_name in sums.items()
    }


def _cpus(profile: Profile, found: Rows) -> float | None:
    seconds = profile.shared.meta["duration_nanos"] / 1e9
    sample_type = found["sample_type"]
    if (
        not 0 < seconds < LONGEST
        or sample_type["type"] not in ("cpu", "cpu-time")
        or sample_type["unit"] != "nanoseconds"
    ):
        return None
    return found["total"] / 1e9 / seconds


def matters(costs: Costs) -> bool:
    """Whether the process did enough for its overhead to be worth work."""
    sample_type = costs.found["sample_type"]
    if costs.cpus is not None:
        return costs.cpus >= LEAST_CPU
    return sample_type["unit"] != "bytes" or costs.total >= LEAST_BYTES
