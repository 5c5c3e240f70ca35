"""Which functions are the user's own code: found from the profile, or by prefixes that are given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pprof_mcp.insight.frames import go_package
from pprof_mcp.insight.origin import GO_STANDARD, origin_of

_GO_FORGES = frozenset(
    ("github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "gitee.com", "golang.org", "git.sr.ht")
)
"""Hosts whose modules are host/owner/name (specified by these hosts); elsewhere it is host/name."""

_GO_DEPENDENCY = re.compile(r"@v\d|(?:^|/)vendor/")
"""Files of dependencies: the module cache, also in trimmed paths, and vendored trees (specified by Go)."""

_GO_SHARED = (
    "golang.org/x", "google.golang.org", "gopkg.in", "k8s.io", "sigs.k8s.io", "go.uber.org",
    "go.opentelemetry.io", "go.temporal.io", "go.etcd.io", "cloud.google.com", "modernc.org",
    "github.com/DataDog", "github.com/aws", "github.com/grpc-ecosystem", "github.com/prometheus",
    "github.com/klauspost", "github.com/gin-gonic", "github.com/labstack", "github.com/gorilla",
    "github.com/jackc", "github.com/redis", "github.com/spf13", "github.com/sirupsen",
    "github.com/json-iterator", "github.com/gogo", "github.com/golang", "gorm.io",
)  # fmt: skip
"""Modules that most programs stand on: never the main module, where files do not tell (chosen)."""


@dataclass(frozen=True)
class OwnCode:
    """Tells the user's own functions.

    Attributes:
        prefixes: Modules or packages that are own, sorted; empty where files decide.
        how: How they were found, as a sentence.
        runtime: Where the profile comes from, as `runtime_of` says.
        given: Whether the prefixes were given, so that nothing else decides.
    """

    prefixes: tuple[str, ...]
    how: str
    runtime: str | None
    given: bool = False
    _packages: dict[str, bool] = field(default_factory=dict[str, bool], repr=False, compare=False)

    def __call__(self, name: str, file: str) -> bool:
        """Tell whether a function is own, by its name and source file."""
        if not name:
            return False
        if self.given:
            return any(_begins(name, one) or f"/{one}/" in f"/{file}" for one in self.prefixes)
        if self.runtime in ("go", None):
            package = go_package(name)
            known = self._packages.get(package)
            if known is None:
                known = package == "main" or any(_begins(package, one) for one in self.prefixes)
                self._packages[package] = known
            # Wrappers that cgo writes are in the package of their caller, who is the one to name.
            return known and "._Cfunc_" not in name and (package == "main" or not _from_dependency(file))
        return origin_of(name, file, self.runtime).origin == "own"


def own_code(
    functions: Iterable[tuple[str, str, float]], runtime: str | None, given: Sequence[str] = ()
) -> OwnCode:
    """Find out which code is own.

    Args:
        functions: Name, source file and cum of every function.
        runtime: Where the profile comes from.
        given: Prefixes that the user named; they alone decide.

    Source:
        Chosen: in Go, everything local when files of dependencies show their versions, else the module that
        is heaviest by the sum of cum and its neighbours of the same owner; elsewhere what no package manager
        put there.
    """
    if given:
        prefixes = tuple(sorted({one.rstrip("/") for one in given if one.rstrip("/")}))
        return OwnCode(prefixes, "as given", runtime, given=True)
    if runtime not in ("go", None):
        return OwnCode((), f"{runtime}: files of the runtime and of installed packages are not own", runtime)
    by_package: dict[str, float] = {}
    dependencies: set[str] = set()
    for name, file, cum in functions:
        package = go_package(name)
        if not package or package == "main" or _is_standard(package):
            continue
        if _from_dependency(file):
            dependencies.add(package)
            continue
        by_package[package] = by_package.get(package, 0.0) + abs(cum)
    weights: dict[str, float] = {}
    for package, weight in by_package.items():
        # Wrappers that the compiler writes are in no file, whosever they are.
        if package in dependencies:
            continue
        module = go_module(package)
        if not any(_begins(module, shared) for shared in _GO_SHARED):
            weights[module] = weights.get(module, 0.0) + weight
    if not weights:
        return OwnCode(
            (), "no module besides the standard library and dependencies; package main is own", runtime
        )
    heaviest = min(weights, key=lambda module: (-weights[module], module))
    if dependencies:
        return OwnCode(
            tuple(sorted(weights)), "local files: those of dependencies show their versions", runtime
        )
    owner = heaviest.rpartition("/")[0]
    prefixes = tuple(
        sorted(one for one in weights if one == heaviest or (owner and one.rpartition("/")[0] == owner))
    )
    return OwnCode(prefixes, f"the module with the largest weight, {heaviest}, and its neighbours", runtime)


def go_module(package: str) -> str:
    """Give the module that an import path most likely belongs to."""
    parts = package.split("/")
    if "." not in parts[0]:
        return parts[0]
    return "/".join(parts[: 3 if parts[0] in _GO_FORGES else 2])


def _is_standard(package: str) -> bool:
    return package.partition("/")[0] in GO_STANDARD


def _from_dependency(file: str) -> bool:
    # Most files are neither, and looking for a text is much faster than an expression.
    return ("@v" in file or "vendor/" in file) and _GO_DEPENDENCY.search(file) is not None


def _begins(name: str, prefix: str) -> bool:
    """Whether a name begins with whole parts of a prefix."""
    return name.startswith(prefix) and (
        prefix[-1] in "./" or name[len(prefix) : len(prefix) + 1] in ("", "/", ".", ":")
    )
