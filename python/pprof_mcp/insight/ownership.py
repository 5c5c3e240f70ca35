"""Whose code the functions of one profile are: what paths say, joined with what is the user's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

from pprof_mcp.insight.frames import go_package, language_of, plain_name
from pprof_mcp.insight.modules import own_modules
from pprof_mcp.insight.origin import Whose, origin_of
from pprof_mcp.insight.own_code import go_module, own_code


class Ownership:
    """Tells whose code functions are.

    Args:
        functions: Name, source file and cum of every function of the profile.
        runtime: Where the profile comes from; None when unknown.
        prefixes: Beginnings of names, modules or folders that are own; they alone decide when there are any.

    Source:
        Chosen: `own_code` says what is own; of the rest, what no standard library has is third-party.
    """

    def __init__(
        self, functions: Iterable[tuple[str, str, float]], runtime: str | None, prefixes: Sequence[str] = ()
    ) -> None:
        self.runtime = runtime
        self._functions = list(functions)
        self._packages: dict[tuple[str, str, str], Whose] = {}
        self._own = own_code(self._functions, runtime, [one for one in prefixes if one.strip("/ ")])

    @cached_property
    def prefixes(self) -> tuple[str, ...]:
        """The modules or folders that are own."""
        if self._own.prefixes:
            return self._own.prefixes
        return tuple(one.path for one in own_modules(self._functions, self.runtime))

    @property
    def is_given(self) -> bool:
        """Whether the user said what is own."""
        return self._own.given

    @property
    def how(self) -> str:
        """How they were found, in words."""
        return self._own.how

    def __call__(self, name: str, file: str) -> Whose:
        """Tell whose code a function is."""
        language = language_of(name, file, self.runtime)
        if language != "go" or self.is_given or "._Cfunc_" in name:
            return self._judge(name, file, language)
        # A package of Go is one owner's; there are far fewer of them than functions.
        key = (go_package(name), file.rpartition("/")[0], file[-3:])
        known = self._packages.get(key)
        if known is None:
            known = self._packages[key] = self._judge(name, file, language)
        return known

    def _judge(self, name: str, file: str, language: str) -> Whose:
        whose = origin_of(name, file, language)
        if self.is_given or language == "go":
            if self._own(name, file):
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
