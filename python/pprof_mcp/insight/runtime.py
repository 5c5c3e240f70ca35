"""Which runtime a profile comes from, told by the source files of its functions."""

from __future__ import annotations

import re
from collections.abc import Iterable

_BY_SUFFIX = {
    ".go": "go",
    ".py": "python",
    ".pyx": "python",
    ".rb": "ruby",
    ".js": "node",
    ".mjs": "node",
    ".cjs": "node",
    ".ts": "node",
    ".java": "java",
    ".kt": "java",
    ".scala": "java",
    ".php": "php",
    ".cs": "dotnet",
    ".fs": "dotnet",
    ".rs": "native",
    ".c": "native",
    ".cc": "native",
    ".cpp": "native",
    ".cxx": "native",
    ".h": "native",
    ".hpp": "native",
}


_BY_NAME = (
    ("java", re.compile(r"(?:java|javax|jdk|sun|kotlin|scala)[/.]\w")),
    ("dotnet", re.compile(r"(?:System|Microsoft)\b[\w.]*[.!]|[\w.]+!")),
    ("php", re.compile(r"[a-z][\w-]*\|\w")),
    ("go", re.compile(r"(?:runtime|sync|syscall|net/http|internal/\w+)\.[\w(]")),
    ("node", re.compile(r"(?:LazyCompile|Function|Script|Eval|RegExp): ?[*~^]?|\(?garbage collector\)?$")),
    ("native", re.compile(r"_{0,2}libc_|_start$|std::|core::|alloc::|entry_SYSCALL|do_syscall")),
)
"""Names that only one runtime has. Source: the packages of its own library."""


def runtime_of_file(file: str) -> str | None:
    """Tell the runtime of one source file by its suffix; None when it says nothing."""
    if file.startswith("node:"):
        return "node"
    dot = file.rfind(".")
    # A name that is all suffix, such as `.go`, says nothing.
    if dot <= 0 or file[dot - 1] in "/\\":
        return None
    return _BY_SUFFIX.get(file[dot:].lower())


def runtime_of_names(names: Iterable[tuple[str, float]]) -> str | None:
    """Tell the runtime by names of functions, for profiles without files.

    Args:
        names: Functions with their weights.

    Returns:
        As `runtime_of`.
    """
    weights: dict[str, float] = {}
    for name, weight in names:
        runtime = next((one for one, pattern in _BY_NAME if pattern.match(name)), None)
        if runtime is not None:
            weights[runtime] = weights.get(runtime, 0.0) + abs(weight)
    return _heaviest(weights)


def runtime_of(files: Iterable[tuple[str, float]]) -> str | None:
    """Tell the runtime.

    Args:
        files: Source files with their weights.

    Returns:
        go, python, ruby, node, java, php, dotnet or native; None when no file says anything.

    Source:
        Chosen: the runtime with the largest weight; native only when there is nothing else, since every
        runtime has frames of its own in C or C++.
    """
    weights: dict[str, float] = {}
    for file, weight in files:
        runtime = runtime_of_file(file)
        if runtime is not None:
            weights[runtime] = weights.get(runtime, 0.0) + abs(weight)
    return _heaviest(weights)


def _heaviest(weights: dict[str, float]) -> str | None:
    managed = {name: weight for name, weight in weights.items() if name != "native"}
    found = managed or weights
    return min(found, key=lambda name: (-found[name], name)) if found else None
