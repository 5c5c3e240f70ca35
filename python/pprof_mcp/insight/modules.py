"""Which module or project the user's own code of a profile belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from pprof_mcp.insight.frames import go_package
from pprof_mcp.insight.origin import is_own

_HOSTS_OF_THREE = frozenset({
    "github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "dev.azure.com", "gitee.com", "golang.org",
    "git.sr.ht",
})  # fmt: skip
"""Hosts whose modules are host/owner/name; elsewhere a module is host/name. Source: their URLs."""
_INSIDE = ("cmd", "internal", "pkg", "vendor")
"""Folders that lie inside of a module, not above it. Source: Go's conventions; `internal` is specified."""
_SOURCE_ROOTS = ("src", "app", "lib", "srv", "python", "packages")


@dataclass(frozen=True)
class Candidate:
    """A module or project that own code seems to be of.

    Attributes:
        path: Its import path (Go), or the folder that its files have in common.
        weight: What samples in its functions count.
        functions: Different functions of it.
    """

    path: str
    weight: float
    functions: int


def own_modules(
    functions: Iterable[tuple[str, str, float]], runtime: str | None, *, limit: int = 5
) -> list[Candidate]:
    """Guess modules by weight.

    Args:
        functions: Name, source file and weight of each function.
        runtime: As `runtime_of` says.
        limit: Candidates at most.

    Returns:
        Candidates, heaviest first, equal ones by path.

    Source:
        Chosen: an import path is cut before `cmd`, `internal`, `pkg` and `vendor`, else behind the repository
        on hosts that are known, else behind its second part. Other runtimes are told by the folder of the
        file.
    """
    weights: dict[str, list[float]] = {}
    for name, file, weight in functions:
        if not is_own(name, file, runtime):
            continue
        path = _go_project(go_package(name)) if runtime == "go" else _folder(file)
        if path:
            sums = weights.setdefault(path, [0.0, 0.0])
            sums[0] += abs(weight)
            sums[1] += 1
    found = [Candidate(path, sums[0], int(sums[1])) for path, sums in weights.items()]
    return sorted(found, key=lambda one: (-one.weight, -one.functions, one.path))[:limit]


def go_module(package: str) -> str:
    """Give the module that an import path most likely belongs to."""
    parts = package.split("/")
    if "." not in parts[0]:
        return parts[0]
    return "/".join(parts[: 3 if parts[0] in _HOSTS_OF_THREE else 2])


def _go_project(package: str) -> str:
    parts = package.split("/")
    inside = next((at for at, part in enumerate(parts) if at and part in _INSIDE), None)
    if "." in parts[0] and inside:
        return "/".join(parts[:inside])
    return go_module(package)


def _folder(file: str) -> str:
    parts = PurePosixPath(file.replace("\\", "/")).parts[:-1]
    for at, part in enumerate(parts):
        if part in _SOURCE_ROOTS and at + 1 < len(parts):
            return str(PurePosixPath(*parts[: at + 2]))
    return str(PurePosixPath(*parts[:3])) if parts else ""
