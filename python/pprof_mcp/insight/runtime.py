"""Which runtime a profile comes from, told by the source files of its functions."""

from __future__ import annotations

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
        # There are as many files as functions: a path object for each would take most of the time.
        dot = file.rfind(".")
        runtime = _BY_SUFFIX.get(file[dot:].lower()) if dot > 0 else None
        if runtime is not None:
            weights[runtime] = weights.get(runtime, 0.0) + abs(weight)
    managed = {name: weight for name, weight in weights.items() if name != "native"}
    found = managed or weights
    return min(found, key=lambda name: (-found[name], name)) if found else None
