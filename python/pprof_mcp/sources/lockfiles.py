"""Which versions a project asks for: go.mod, uv.lock, package-lock.json, Cargo.lock."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from pprof_mcp.errors import PprofMcpError
from pprof_mcp.insight.packs import read_toml
from pprof_mcp.sources.fence import Fence

MAX_BYTES: Final = 50_000_000
"""Largest lock file read (chosen: ten times the largest that was met)."""


@dataclass(frozen=True)
class Locked:
    """What the lock files of a folder say.

    Attributes:
        versions: Version by language (go, python, node, native) and name.
        files: The files that were read, by name.
        problems: Files that are there but can not be read, with the reason.
        module: The module that go.mod names; None without one.
    """

    versions: Mapping[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    files: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    module: str | None = None

    def version(self, language: str, package: str) -> str | None:
        """Give the version of a package, as its language spells names."""
        return self.versions.get((language, _canonical(package) if language == "python" else package))

    def requirement(self, path: str) -> str | None:
        """Give the required Go module that an import path is in: the longest that ends with a part of it."""
        parts = path.split("/")
        whole = ("/".join(parts[:end]) for end in range(len(parts), 0, -1))
        return next((one for one in whole if ("go", one) in self.versions), None)


_ALIASES: Final = {
    "yaml": "pyyaml", "pil": "pillow", "bs4": "beautifulsoup4", "dateutil": "python-dateutil",
    "sklearn": "scikit-learn", "cv2": "opencv-python", "openssl": "pyopenssl", "jwt": "pyjwt",
    "attr": "attrs", "crypto": "pycryptodome", "mysqldb": "mysqlclient", "dotenv": "python-dotenv",
    "rest-framework": "djangorestframework", "git": "gitpython", "zmq": "pyzmq", "serial": "pyserial",
}  # fmt: skip
"""Packages of PyPI that are imported under another name (specified by each)."""


def read_locks(fence: Fence, folder: str) -> Locked:
    """Read the lock files of a folder.

    Args:
        fence: Decides what may be read.
        folder: Where the project lies.

    Raises:
        PathNotAllowedError: The folder lies outside the allowed ones.
        SourceError: There is no such folder.
    """
    names = {path.name for path in fence.list_dir(folder)}
    versions: dict[tuple[str, str], str] = {}
    read: list[str] = []
    problems: list[str] = []
    module: str | None = None
    for name, reader in _READERS.items():
        if name not in names:
            continue
        try:
            opened, _ = fence.open_read(Path(folder) / name, max_bytes=MAX_BYTES)
            with opened:
                text = opened.read(MAX_BYTES).decode("utf-8", "replace")
            found = reader(text)
        except (PprofMcpError, ValueError, TypeError, KeyError, AttributeError) as problem:
            problems.append(f"{name} can not be read: {str(problem)[:200]}")
            continue
        read.append(name)
        versions.update(found)
        if name == "go.mod" and (line := re.search(r'^module\s+"?([^\s"]+)', text, re.MULTILINE)):
            module = line[1]
    return Locked(versions, tuple(read), tuple(problems), module)


def _go(text: str) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    block = ""
    replaced: dict[str, str] = {}
    for raw in text.splitlines():
        line = raw.partition("//")[0].strip()
        if opened := re.fullmatch(r"(\w+)\s*\(", line):
            block = opened[1]
            continue
        if line == ")":
            block = ""
            continue
        verb, rest = (block, line) if block else (line.partition(" ")[0], line.partition(" ")[2].strip())
        if verb == "require" and len(parts := rest.split()) >= 2:
            found["go", parts[0].strip('"')] = parts[1]
        elif verb == "replace" and "=>" in rest:
            old, _, new = rest.partition("=>")
            target = new.split()
            if old.split() and target:
                name = old.split()[0].strip('"')
                is_same = target[0].strip('"') == name and len(target) > 1
                replaced[name] = target[1] if is_same else f"replaced by {' '.join(target)}"
    for name, version in replaced.items():
        found["go", name] = version
    return found


def _toml(language: str) -> Callable[[str], dict[tuple[str, str], str]]:
    def read(text: str) -> dict[tuple[str, str], str]:
        packages = cast("list[dict[str, Any]]", read_toml(text).get("package", []))
        return {
            (language, _canonical(one["name"]) if language == "python" else one["name"]): one["version"]
            for one in packages
            if "version" in one
        }

    return read


def _node(text: str) -> dict[tuple[str, str], str]:
    packages = cast("dict[str, dict[str, Any]]", json.loads(text).get("packages", {}))
    found: dict[tuple[str, str], str] = {}
    # Nested copies come after the one at the top in the order of paths; the top one is what most code loads.
    for path in sorted(packages, key=lambda path: (path.count("node_modules/"), path)):
        name = path.rpartition("node_modules/")[2]
        if name and "version" in packages[path]:
            found.setdefault(("node", name), packages[path]["version"])
    return found


def _canonical(name: str) -> str:
    plain = re.sub(r"[-_.]+", "-", name).lower()
    return _ALIASES.get(plain, plain)


_READERS: Final[Mapping[str, Callable[[str], dict[tuple[str, str], str]]]] = {
    "go.mod": _go,
    "uv.lock": _toml("python"),
    "package-lock.json": _node,
    "Cargo.lock": _toml("native"),
}
