"""Measures what each module of a profile costs: own code, third-party code and the standard library apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from pprof_mcp.insight.frames import go_package, language_of, package_path, plain_name
from pprof_mcp.insight.ownership import Ownership, module_of
from pprof_mcp.marking import OWN, Marked
from pprof_mcp.profile import Profile
from pprof_mcp.reports import Rows
from pprof_mcp.sources.lockfiles import Locked

Tier = Literal["app", "third_party", "standard", "unknown"]

MOST_MODULES: Final = 250
"""Modules that are told apart, heaviest first; the others count as one (specified: a kind is one byte)."""

SHOWN: Final = 5


@dataclass(frozen=True)
class Module:
    """Something that is versioned as one.

    Attributes:
        tier: Whose it is.
        name: Its path or name.
        language: What it is written in.
    """

    tier: Tier
    name: str
    language: str


@dataclass(frozen=True)
class ModuleCost:
    """What a module costs.

    Attributes:
        module: Which; None for all that are not told apart.
        version: As paths say it, else as a lock file does; None when unknown.
        said_by: `path`, or the lock file; None without a version.
        flat: Values of samples at whose leaf it is.
        cum: Values of samples that it is in.
        charged: Values of samples whose first function from the leaf outside the standard library is of it.
        samples: Samples of charged.
        functions: Its functions with their flat and cum, heaviest first, at most `SHOWN`.
    """

    module: Module | None
    version: str | None
    said_by: str | None
    flat: int
    cum: int
    charged: int
    samples: int
    functions: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class ModuleCosts:
    """What all modules cost.

    Attributes:
        marked: The functions of the profile.
        ownership: Whose they are.
        found: What the core said.
        rows: Modules of the app and of third parties, by charged.
        standard: Packages of the standard library, by cum.
        charged: Disjoint sums by tier: all of them are everything.
        flat: Sums at the leaf by tier.
    """

    marked: Marked
    ownership: Ownership
    found: Rows
    rows: tuple[ModuleCost, ...]
    standard: tuple[ModuleCost, ...]
    charged: Mapping[Tier, int]
    flat: Mapping[Tier, int]

    @property
    def total(self) -> int:
        """What percentages are of."""
        return self.found["total"]


class _Sorter:
    """Finds the module of each function."""

    def __init__(self, marked: Marked, ownership: Ownership, locked: Locked) -> None:
        self.runtime = marked.runtime
        self.ownership = ownership
        self.locked = locked
        self.paths: dict[Module, str] = {}
        self.known: dict[tuple[str, str], Module] = {}

    def __call__(self, name: str, file: str) -> Module:
        key = (name, file)
        if key not in self.known:
            self.known[key] = self._find(name, file)
        return self.known[key]

    def _find(self, name: str, file: str) -> Module:
        language = language_of(name, file, self.runtime)
        whose = self.ownership(name, file)
        if whose.origin == "unknown":
            return Module("unknown", "(no name)", language)
        if whose.origin == "standard":
            return Module("standard", _standard(name, file, language), language)
        required = None
        if language == "go":
            plain = plain_name(name, "go")
            required = self.locked.requirement(go_package(plain))
        if whose.origin == "own" and required is None:
            return Module("app", module_of(name, file, language), language)
        said = whose.package if whose.version else required or whose.package
        module = Module("third_party", said or module_of(name, file, language), language)
        if whose.version:
            # Two versions of one module in a profile: the greater text, whatever the order of functions.
            self.paths[module] = max(whose.version, self.paths.get(module, ""))
        return module

    def version(self, module: Module) -> tuple[str | None, str | None]:
        if module in self.paths:
            return self.paths[module], "path"
        if module.tier == "third_party":
            version = self.locked.version(module.language, module.name)
            if version is not None:
                files = {
                    "go": "go.mod",
                    "python": "uv.lock",
                    "node": "package-lock.json",
                    "native": "Cargo.lock",
                }
                return version, files[module.language]
        return None, None


def _standard(name: str, file: str, language: str) -> str:
    plain = plain_name(name, language)
    if language == "go":
        return go_package(plain) or "runtime"
    if language in ("java", "dotnet"):
        return ".".join(plain.split(".")[:2])
    if language == "php" and "|" in name:
        return name.partition("|")[0]
    if language in ("python", "node", "ruby"):
        return package_path(file, language).partition("/")[0].removesuffix(".py") or f"{language} runtime"
    return "system libraries"


def measure_modules(
    profile: Profile, filters: Mapping[str, object], locked: Locked, prefixes: Sequence[str] = ()
) -> ModuleCosts:
    """Measure.

    Args:
        profile: The profile.
        filters: The shared options.
        locked: What lock files say; the module of a go.mod is own when no prefixes are given.
        prefixes: What own code begins with; found when empty.

    Raises:
        PprofMcpError: As the core says.
    """
    marked = Marked(profile, filters)
    functions = marked.functions
    if not prefixes and locked.module and marked.runtime == "go":
        prefixes = (locked.module, "main")
    ownership = marked.ownership(prefixes)
    sorter = _Sorter(marked, ownership, locked)
    modules = [sorter(name, file) for name, file in zip(functions["name"], functions["file"], strict=True)]
    weights: dict[Module, int] = {}
    for module, flat, cum in zip(modules, functions["flat"], functions["cum"], strict=True):
        weights[module] = max(weights.get(module, 0), abs(flat), abs(cum))
    ordered = sorted(weights, key=lambda one: (-weights[one], one.tier, one.name, one.language))
    mine = [one for one in ordered if one.tier in ("app", "third_party")]
    standard = [one for one in ordered if one.tier == "standard"]
    found, rows, rest = _walk(marked, sorter, mine)
    _, packages, _ = _walk(marked, sorter, standard) if standard else (found, [], 0)
    unknown = found["without_owner"][found["sample_type"]["index"]]
    charged: dict[Tier, int] = {"app": 0, "third_party": 0, "standard": rest - unknown, "unknown": unknown}
    for row in rows:
        # What is not told apart is third-party: apps have few modules.
        charged[row.module.tier if row.module else "third_party"] += row.charged
    flats: dict[Tier, int] = {"app": 0, "third_party": 0, "standard": 0, "unknown": 0}
    for module, flat in zip(modules, functions["flat"], strict=True):
        flats[module.tier] += flat
    flats["unknown"] += found["totals"][found["sample_type"]["index"]] - sum(flats.values())
    return ModuleCosts(
        marked=marked,
        ownership=ownership,
        found=found,
        rows=tuple(sorted(rows, key=lambda row: (-abs(row.charged), -abs(row.cum), _name(row)))),
        standard=tuple(sorted(packages, key=lambda row: (-abs(row.flat), -abs(row.cum), _name(row)))),
        charged=charged,
        flat=flats,
    )


def _name(row: ModuleCost) -> tuple[str, str]:
    return (row.module.name, row.module.language) if row.module else ("", "")


def _walk(marked: Marked, sorter: _Sorter, modules: Sequence[Module]) -> tuple[Rows, list[ModuleCost], int]:
    """Group samples by module; what is of none of them is the last of the three."""
    apart = modules[:MOST_MODULES]
    others = len(apart) + 1
    kinds = {module: number for number, module in enumerate(apart, 1)}
    kinds.update(dict.fromkeys(modules[MOST_MODULES:], others))

    def marking(name: str, file: str, _: str | None) -> int:
        module = sorter(name, file)
        # Whatever has a name is marked, so that the core says what has none.
        return kinds.get(module, 0) | (OWN if module.tier != "unknown" else 0)

    found = marked.groups(marking, limit=0, names=0)
    index = found["sample_type"]["index"]
    functions: dict[Module, dict[str, tuple[int, int]]] = {}
    listed = marked.functions
    for name, file, flat, cum in zip(
        listed["name"], listed["file"], listed["flat"], listed["cum"], strict=True
    ):
        module = sorter(name, file)
        if module in kinds and (flat or cum):
            of = functions.setdefault(module, {})
            before = of.get(name, (0, 0))
            of[name] = (before[0] + flat, before[1] + cum)
    rows: list[ModuleCost] = []
    rest = 0
    for kind in found["kinds"]:
        number: int = kind["kind"]
        if number == 0:
            rest = kind["first"][index]
            continue
        module = apart[number - 1] if number < others else None
        version, said_by = sorter.version(module) if module else (None, None)
        heaviest = sorted(
            functions.get(module, {}).items() if module else (),
            key=lambda item: (-abs(item[1][0]), -abs(item[1][1]), item[0]),
        )
        rows.append(
            ModuleCost(
                module=module,
                version=version,
                said_by=said_by,
                flat=kind["leaf"][index],
                cum=kind["within"][index],
                charged=kind["first"][index],
                samples=kind["samples"],
                functions=tuple((name, *values) for name, values in heaviest[:SHOWN]),
            )
        )
    return found, rows, rest
