"""Names and files of functions, spelled alike whatever profiler wrote them."""

from __future__ import annotations

import re
from typing import Final

from pprof_mcp.insight.runtime import runtime_of_file

_LIBRARY = re.compile(r"^(?:\./\S*/)?(?:lib[\w.+-]*?\.so(?:\.\d+)*\.|\.)(?=\S)")
"""What async-profiler's frames say of native code: the library, or nothing, before a dot (specified)."""

_GO_NAME = re.compile(r"^(?:type:)?[\w~%./@\[\]-]+\.[\w(*\[]")
_PHP_INTERNAL = re.compile(r"^[\w-]+\|")
_ROOTS: Final = {
    "python": re.compile(r".*(?:(?:site|dist)-packages|lib(?:64)?/python\d[\d.]*)/"),
    "node": re.compile(r".*node_modules/"),
    "ruby": re.compile(r".*/(?:gems|lib/ruby/\d[\d.]*)/"),
    "php": re.compile(r".*/vendor/"),
    "native": re.compile(r".*/registry/src/[^/]+/"),
}
"""Where package managers and runtimes put sources (specified by pip, npm, gem, Composer, Cargo)."""

_GEM_VERSION = re.compile(r"^([\w-]+?)-\d[\w.]*(?=/)")

_CLOSURES: Final = {
    "go": (re.compile(r"\.(?:func|gowrap|deferwrap)\d+(?:\.\d+)*|-range\d+|-fm$"), ""),
    "python": (re.compile(r"\.<locals>.*"), ""),
    "java": (re.compile(r"lambda\$(\w+)\$\d+|\$\$Lambda[^.]*"), r"\1"),
    "dotnet": (re.compile(r"(?:<>c[\w<>]*\.)?<(\w+)>(?:[bdg]__[\w|<>]*)(?:\.MoveNext)?"), r"\1"),
    "native": (
        re.compile(r"::\{?\{closure[^}]*\}\}?|::h[0-9a-f]{16}$|\.(?:isra|part|cold|constprop)\.\d+$"),
        "",
    ),
}
"""What compilers add to the names of functions inside of functions (specified by each)."""

_TYPE_ARGUMENTS = re.compile(r"\[[^\[\]]*\]")


def language_of(name: str, file: str, runtime: str | None) -> str:
    """Tell what a function is written in: the profile's language, or machine code below it.

    Args:
        name: The function.
        file: Its source file; empty when unknown.
        runtime: Where the profile comes from; None when unknown.
    """
    known = runtime_of_file(file)
    if known is not None:
        return known
    if runtime in ("go", None):
        return "go" if _GO_NAME.match(name) and not name.startswith(("_", "./")) else "native"
    if runtime == "java":
        return "native" if _LIBRARY.match(name) and not name.endswith(" stub") else "java"
    if runtime == "php" and not file:
        return "php" if _PHP_INTERNAL.match(name) or "\\" in name or "::" in name else "native"
    if runtime == "python" and not file:
        return "native" if name.startswith(("_Py", "Py", "__")) or "::" in name else "python"
    return runtime


def plain_name(name: str, language: str) -> str:
    """Spell a name in the way of its language: packages with dots, without the library it was found in."""
    if language == "go":
        return name.rpartition("/vendor/")[2]
    if language == "java":
        return name.replace("/", ".")
    if language == "dotnet":
        return name.replace("!", ".").lstrip(".")
    if language == "python":
        return name.rpartition(" - ")[2]
    if language == "native":
        return _LIBRARY.sub("", name) if not name.endswith(".so") else name
    return name


def package_path(file: str, language: str) -> str:
    """Give a file from the name of its package on; as it is when no package manager put it there."""
    file = file.replace("\\", "/")
    root = _ROOTS.get(language)
    found = root.match(file) if root else None
    path = file[found.end() :] if found else file
    return _GEM_VERSION.sub(r"\1", path) if language == "ruby" else path


def folded(name: str, language: str) -> str:
    """Give the function that a closure is written in, without type arguments; other names as they are."""
    pattern, replacement = _CLOSURES.get(language, (None, ""))
    text = pattern.sub(replacement, name) if pattern else name
    while language == "go" and (shorter := _TYPE_ARGUMENTS.sub("<>", text)) != text:
        text = shorter
    return text.replace("<>", "[...]") if language == "go" else text or name


def go_package(name: str) -> str:
    """Give the import path of a Go function; empty when the name has none.

    Type arguments, which hold import paths of their own, begin with a bracket (specified by Go's linker).
    """
    plain = name.partition("[")[0]
    dot = plain.find(".", plain.rfind("/") + 1)
    return plain[:dot] if dot > 0 else ""


def short_name(name: str) -> str:
    """Give a function without the folders of its import path, for sentences."""
    end = name.find("[")
    return name[name.rfind("/", 0, end if end >= 0 else len(name)) + 1 :]


def without_type_arguments(name: str) -> str:
    """Give the name of a generic function or method as it stands in the source."""
    while (shorter := _TYPE_ARGUMENTS.sub("", name)) != name:
        name = shorter
    return name
