"""Manifests of projects under the allowed folders: what a folder says it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pprof_mcp.errors import PprofMcpError
from pprof_mcp.sources.fence import Fence

MAX_MANIFEST_BYTES = 1_000_000
MAX_FOLDERS = 2_000
"""Folders looked at in one search, at most. Source: chosen; a checkout has fewer near its top."""
MAX_DEPTH = 3
SKIPPED = frozenset({"node_modules", "vendor", "target", "dist", "build", "testdata", "__pycache__"})


@dataclass(frozen=True)
class Manifest:
    """A file that names a project.

    Attributes:
        folder: Where it lies.
        file: Its name.
        name: The module or package it names.
    """

    folder: Path
    file: str
    name: str


def read_text(fence: Fence, path: Path) -> str | None:
    """Give the text of a small file; None when it can not be read."""
    try:
        opened, _ = fence.open_read(path, max_bytes=MAX_MANIFEST_BYTES)
    except PprofMcpError:
        return None
    with opened:
        return opened.read(MAX_MANIFEST_BYTES).decode("utf-8", "replace")


def entries(fence: Fence, folder: Path) -> list[Path]:
    """List a folder; nothing when it can not be listed."""
    try:
        return fence.list_dir(folder)
    except PprofMcpError:
        return []


def manifest_of(fence: Fence, path: Path) -> Manifest | None:
    """Read a manifest: go.mod, pyproject.toml, package.json, Cargo.toml, composer.json or pom.xml."""
    reader = _READERS.get(path.name)
    text = read_text(fence, path) if reader else None
    name = reader(text) if reader and text is not None else None
    return Manifest(path.parent, path.name, name) if name else None


def manifests(fence: Fence, roots: Sequence[Path], *, depth: int = MAX_DEPTH) -> Iterator[Manifest]:
    """Find manifests below some folders, those near the top first, in the order of names.

    Args:
        fence: Decides what may be read.
        roots: Where to begin.
        depth: Folders below a root, at most.
    """
    level = list(dict.fromkeys(roots))
    looked = 0
    for _ in range(depth + 1):
        deeper: list[Path] = []
        for folder in level:
            looked += 1
            if looked > MAX_FOLDERS:
                return
            for path in entries(fence, folder):
                found = manifest_of(fence, path)
                if found:
                    yield found
                elif path.name not in SKIPPED and not path.name.startswith(".") and "." not in path.name:
                    deeper.append(path)
        level = deeper


def _go(text: str) -> str | None:
    found = re.search(r'^module\s+"?([^\s"]+)"?', text, re.MULTILINE)
    return found[1] if found else None


def _toml_name(section: str) -> Any:
    pattern = re.compile(rf'^\[{section}\]\s*$(?:(?!^\[).*\n)*?^name\s*=\s*["\']([^"\']+)["\']', re.MULTILINE)

    def read(text: str) -> str | None:
        found = pattern.search(text)
        return found[1] if found else None

    return read


def _json_name(text: str) -> str | None:
    try:
        data = json.loads(text)
    except ValueError:
        return None
    name = cast("dict[str, Any]", data).get("name") if isinstance(data, dict) else None
    return name if isinstance(name, str) and name else None


def _pom(text: str) -> str | None:
    body = re.sub(r"(?s)<parent>.*?</parent>", "", text)
    found = re.search(r"<artifactId>\s*([^<\s]+)\s*</artifactId>", body)
    return found[1] if found else None


_READERS: dict[str, Any] = {
    "go.mod": _go,
    "pyproject.toml": _toml_name("project"),
    "Cargo.toml": _toml_name("package"),
    "package.json": _json_name,
    "composer.json": _json_name,
    "pom.xml": _pom,
}
