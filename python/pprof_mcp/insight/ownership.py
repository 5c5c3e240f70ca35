"""Whose code the functions of one profile are: what paths say, and which modules are the user's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property

from pprof_mcp.insight.frames import go_package, language_of, plain_name
from pprof_mcp.insight.modules import go_module, own_modules
from pprof_mcp.insight.origin import GO_STANDARD, Whose, is_own, origin_of

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


class Ownership:
    """Tells whose code functions are.

    Args:
        functions: Name, source file and cum of every function of the profile.
        runtime: Where the profile comes from, as `runtime_of` says; None when unknown.
        given: Beginnings of names, modules or folders that are own; they alone decide when there are any.

    Attributes:
        runtime: As given.
        prefixes: Modules or packages that are own, sorted; empty where files decide.
        how: How they were found, as a sentence.
        is_given: Whether the user said what is own.

    Source:
        Chosen: in Go, everything local when files of dependencies show their versions, else the module that
        is heaviest by the sum of cum and its neighbours of the same owner; elsewhere what no package manager
        put there. What is neither own nor of a standard library is third-party.
    """

    def __init__(
        self, functions: Iterable[tuple[str, str, float]], runtime: str | None, given: Sequence[str] = ()
    ) -> None:
        self.runtime = runtime
        self._functions = list(functions)
        self._known: dict[tuple[str, str, str], Whose] = {}
        self._own_packages: dict[str, bool] = {}
        wanted = {one.rstrip("/") for one in given if one.strip("/ ")}
        self.is_given = bool(wanted)
        self.prefixes: tuple[str, ...]
        if wanted:
            self.prefixes, self.how = tuple(sorted(wanted)), "as given"
        elif runtime in ("go", None):
            self.prefixes, self.how = _of_go(self._functions)
        else:
            self.prefixes = ()
            self.how = f"{runtime}: files of the runtime and of installed packages are not own"

    @cached_property
    def modules(self) -> tuple[str, ...]:
        """The prefixes; where files decide, the folders that own code lies in."""
        return self.prefixes or tuple(one.path for one in own_modules(self._functions, self.runtime))

    def is_own(self, name: str, file: str) -> bool:
        """Tell whether a function is own; one without a name never is."""
        if not name:
            return False
        if self.is_given:
            return any(_begins(name, one) or f"/{one}/" in f"/{file}" for one in self.prefixes)
        if self.runtime not in ("go", None):
            return is_own(name, file, self.runtime)
        package = go_package(name)
        known = self._own_packages.get(package)
        if known is None:
            known = package == "main" or any(_begins(package, one) for one in self.prefixes)
            self._own_packages[package] = known
        # Wrappers that cgo writes are in the package of their caller, who is the one to name.
        return known and "._Cfunc_" not in name and (package == "main" or not _from_dependency(file))

    def __call__(self, name: str, file: str) -> Whose:
        """Tell whose code a function is, also what machine code below the profile's language is."""
        language = language_of(name, file, self.runtime)
        if language != "go" or self.is_given or "._Cfunc_" in name:
            return self._judge(name, file, language)
        # A package of Go is one owner's; there are far fewer of them than functions.
        key = (go_package(name), file.rpartition("/")[0], file[-3:])
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._judge(name, file, language)
        return known

    def _judge(self, name: str, file: str, language: str) -> Whose:
        whose = origin_of(name, file, language)
        if self.is_given or language == "go":
            if self.is_own(name, file):
                return Whose("own")
            return Whose("third_party", module_of(name, file, language)) if whose.origin == "own" else whose
        if language == "native" and self.runtime not in ("native", None):
            return whose if whose.origin in ("third_party", "unknown") else Whose("standard")
        return whose


def module_of(name: str, file: str, language: str) -> str:
    """Give the module or package of a function whose path says none.

    Source:
        Chosen: Go's import path up to the repository; three parts of a Java package, two of a namespace; else
        the folder of the file.
    """
    plain = plain_name(name, language)
    if language == "go":
        return go_module(go_package(name)) or "(unknown)"
    if language in ("java", "dotnet"):
        parts = plain.split("(")[0].split(".")[:-2]
        return ".".join(parts[: 3 if language == "java" else 2]) or "(default package)"
    if language == "php" and "\\" in plain:
        return "\\".join(plain.split("\\")[:2])
    folder = file.replace("\\", "/").rpartition("/")[0]
    return folder or file or "(unknown)"


def _of_go(functions: Iterable[tuple[str, str, float]]) -> tuple[tuple[str, ...], str]:
    """Find the modules that are own, sorted, and say how."""
    by_package: dict[str, float] = {}
    dependencies: set[str] = set()
    for name, file, cum in functions:
        package = go_package(name)
        if not package or package == "main" or package.partition("/")[0] in GO_STANDARD:
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
        return (), "no module besides the standard library and dependencies; package main is own"
    if dependencies:
        return tuple(sorted(weights)), "local files: those of dependencies show their versions"
    heaviest = min(weights, key=lambda module: (-weights[module], module))
    owner = heaviest.rpartition("/")[0]
    own = (one for one in weights if one == heaviest or (owner and one.rpartition("/")[0] == owner))
    return tuple(sorted(own)), f"the module with the largest weight, {heaviest}, and its neighbours"


def _from_dependency(file: str) -> bool:
    # Most files are neither, and looking for a text is much faster than an expression.
    return ("@v" in file or "vendor/" in file) and _GO_DEPENDENCY.search(file) is not None


def _begins(name: str, prefix: str) -> bool:
    """Whether a name begins with whole parts of a prefix."""
    return name.startswith(prefix) and (
        prefix[-1] in "./" or name[len(prefix) : len(prefix) + 1] in ("", "/", ".", ":")
    )
