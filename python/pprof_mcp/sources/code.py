"""Finds the source files that a profile names, under the allowed folders and nowhere else.

A profile holds the paths of the machine that built the program. What is tried, in this order, and never by
walking a tree:

1. The path as it stands.
2. Below each source root, the path with ever more of its beginning cut off: that finds a checkout elsewhere,
   `-trimpath` builds (`example.com/mod/pkg/f.go` below a root that is that module), `vendor/`,
   `site-packages` and `node_modules`.
3. Go's module cache below a root, for `module@version/file`: upper-case letters of modules are `!x` there.
4. Go's own sources, below a root named as GOROOT or its `src`.

Source: paths are those that the Go compiler (`-trimpath`), CPython, Node and the JVM write; the order is
chosen.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pprof_mcp.errors import PprofMcpError
from pprof_mcp.sources.fence import Fence

MAX_SOURCE_BYTES = 4_000_000
"""Source files above this are not shown. Source: chosen; nobody reads generated files of that size."""
MAX_TRIES = 64
"""Places looked at for one file, at most. Source: chosen; paths have about ten parts."""


@dataclass(frozen=True)
class Code:
    """A source file, or why there is none.

    Attributes:
        path: Where it was found; None when it was not.
        lines: Its lines, without line ends.
        reason: Why there is none.
    """

    path: Path | None
    lines: tuple[str, ...] = ()
    reason: str = ""

    def line(self, number: int) -> str | None:
        """Give one line, counted from 1; None when the file has no such line."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else None


class CodeFinder:
    """Looks files up and remembers them.

    Args:
        fence: Decides which files may be read.
        roots: Folders that hold sources, the most likely first.
        trim: Beginnings to cut off the paths of the profile.
    """

    def __init__(self, fence: Fence, roots: Sequence[str] = (), trim: Sequence[str] = ()) -> None:
        self._fence = fence
        self._roots = [Path(root) for root in roots]
        self._trim = sorted((item for item in trim if item), key=len, reverse=True)
        self._known: dict[str, Code] = {}

    def find(self, file: str) -> Code:
        r"""Find a file by the path that the profile has.

        Args:
            file: The path; `/` or `\` between its parts.

        Returns:
            Its lines, or the reason why they can not be shown. Never raises for a file that can not be read.
        """
        if file not in self._known:
            self._known[file] = self._look(file)
        return self._known[file]

    def _look(self, file: str) -> Code:
        if not file:
            return Code(None, reason="the profile names no source file")
        refused: set[str] = set()
        tries = self._places(file)[:MAX_TRIES]
        for place in tries:
            try:
                opened, resolved = self._fence.open_read(place, max_bytes=MAX_SOURCE_BYTES)
            except PprofMcpError as problem:
                refused.add(problem.code)
                continue
            with opened:
                text = opened.read(MAX_SOURCE_BYTES).decode("utf-8", "replace")
            return Code(resolved, tuple(_printable(line) for line in text.split("\n")))
        if "profile_too_large" in refused:
            return Code(None, reason=f"larger than {MAX_SOURCE_BYTES} bytes")
        if refused == {"path_not_allowed"}:
            return Code(None, reason="outside of the allowed folders")
        return Code(None, reason=f"not found in {len(tries)} places; name its folder as a source path")

    def _places(self, file: str) -> list[Path]:
        plain = file.replace("\\", "/")
        for beginning in self._trim:
            if plain.startswith(beginning):
                plain = plain[len(beginning) :].lstrip("/")
                break
        parts = [part for part in PurePosixPath(plain).parts if part not in ("/", "..", ".")]
        if not parts:
            return []
        places = [Path(file)] if PurePosixPath(plain).is_absolute() else []
        escaped = [_escaped(part) for part in parts]
        for root in self._roots:
            places.extend(root.joinpath(*parts[cut:]) for cut in range(len(parts)))
            if any("@" in part for part in parts):
                start = next(at for at, part in enumerate(parts) if part == "mod") if "mod" in parts else -1
                module = escaped[start + 1 :]
                places.extend(
                    root.joinpath(*below, *module) for below in ((), ("pkg", "mod"), ("go", "pkg", "mod"))
                )
                # The same module in `vendor`, where versions are left out.
                bare = [re.sub(r"@.*", "", part) for part in parts[start + 1 :]]
                places.append(root.joinpath("vendor", *bare))
            places.append(root.joinpath("src", *parts))
            places.append(root.joinpath("vendor", *parts))
        return list(dict.fromkeys(places))


def _escaped(part: str) -> str:
    """Spell a part of a module path as Go's module cache does: it has to live on disks that know no case."""
    return re.sub(r"[A-Z]", lambda letter: "!" + letter[0].lower(), part)


def _printable(line: str) -> str:
    """Drop what would move the cursor of a terminal or end the line; tabs become spaces."""
    return "".join(letter for letter in line.rstrip("\r").expandtabs(4) if letter.isprintable())
