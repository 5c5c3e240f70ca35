"""Bytes of profiles, from files, directories, zips and globs, all through the fence."""

from __future__ import annotations

import glob
import itertools
import os
import stat
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pprof_mcp import _native
from pprof_mcp.errors import (
    InvalidArgumentError,
    PathNotAllowedError,
    ProfileTooLargeError,
    SourceNotFoundError,
)
from pprof_mcp.sources.fence import Fence


@dataclass(frozen=True)
class OpenFile:
    """An open file.

    Attributes:
        path: As it was given.
        identity: Tells this content of this file from any other, without reading it.
        file: The file, at its beginning.
        most: Bytes it may have.
    """

    path: str
    identity: str
    file: BinaryIO
    most: int

    def read(self) -> bytes:
        """Read all of it.

        Raises:
            ProfileTooLargeError: It has more bytes than it may have.
        """
        data = self.file.read(self.most + 1)
        if len(data) > self.most:
            raise ProfileTooLargeError(
                f"{self.path} is larger than {self.most} bytes",
                hint="If the input is to be trusted, raise PPROF_MCP_LIMIT_INPUT_BYTES.",
                details={"what": "bytes", "limit": self.most, "setting": "input_bytes"},
            )
        return data


class Reader:
    """Reads through one fence, within limits.

    Args:
        fence: Decides what may be opened.
        limits: Limits that were set; the others keep the core's defaults.
    """

    def __init__(self, fence: Fence, limits: Mapping[str, int]) -> None:
        self.fence = fence
        self.limits = dict(limits)

    @property
    def input_bytes(self) -> int:
        """Bytes of one input at most."""
        return self.limits.get("input_bytes", _native.default_limits()["input_bytes"])

    @property
    def most_entries(self) -> int:
        """Files of one directory that are looked at, at most."""
        return self.limits.get("zip_entries", _native.default_limits()["zip_entries"])

    @contextmanager
    def opened(self, path: str) -> Generator[OpenFile, None, None]:
        """Open a file; its identity is known before any of it is read.

        Raises:
            PprofMcpError: It can not be opened.
        """
        file, resolved = self.fence.open_read(path)
        with file:
            yield OpenFile(path, _identity(file, resolved), file, self.input_bytes)

    def names(self, directory: str) -> list[tuple[str, str]]:
        """Give name and path of everything in a directory, by name.

        Raises:
            PprofMcpError: It can not be listed, or holds more than `zip_entries`.
        """
        found = self.fence.list_dir(directory)
        self._bounded(len(found), directory)
        return sorted((path.name, str(path)) for path in found)

    def matching(self, pattern: str, most: int | None = None) -> list[str]:
        """Give the paths of all files that match a glob and lie inside the fence, sorted.

        Args:
            pattern: The glob.
            most: Paths that are looked at, at most; `most_entries` when not given.

        Raises:
            PathNotAllowedError: The folder it starts in may not be read.
            SourceNotFoundError: Nothing matches.
        """
        fixed = _fixed_part(pattern)
        if ".." in Path(pattern.removeprefix(fixed)).parts:
            raise InvalidArgumentError(
                f"{pattern!r} goes up again behind a wildcard",
                hint="Write `..` only before the first wildcard.",
                details={"argument": "path"},
            )
        self.fence.list_dir(fixed)
        found: list[str] = []
        # Every path counts, wanted or not: a pattern must not walk the whole disk.
        for visited, path in enumerate(glob.iglob(pattern, recursive=True)):  # noqa: PTH207 - paths as given
            self._bounded(visited, pattern, most)
            try:
                self.fence.resolve(path)
            except (PathNotAllowedError, InvalidArgumentError, OSError):
                continue
            if not os.path.isdir(path):  # noqa: PTH112
                found.append(path)
        if not found:
            raise SourceNotFoundError(
                f"nothing matches {pattern}",
                hint="Check the pattern; ** goes into sub-folders.",
                details={"path": pattern},
            )
        return sorted(found)

    def _bounded(self, count: int, where: str, most: int | None = None) -> None:
        most = self.most_entries if most is None else most
        if count > most:
            raise ProfileTooLargeError(
                f"{where} holds more than {most} files",
                hint="Narrow it with a glob, or raise PPROF_MCP_LIMIT_ZIP_ENTRIES.",
                details={"what": "files", "limit": most, "setting": "zip_entries"},
            )


def is_pattern(path: str) -> bool:
    """Whether a path is a glob, and no file that happens to be called so."""
    return glob.has_magic(path) and not os.path.lexists(path)


def _fixed_part(pattern: str) -> str:
    parts = Path(pattern).parts
    fixed = parts[: next(i for i, part in enumerate(parts) if glob.has_magic(part))]
    return str(Path(*fixed)) if fixed else "."


def _identity(file: BinaryIO, resolved: str | Path) -> str:
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        # What comes out of a pipe comes once: two readings are never the same.
        return f"{resolved}|pipe {next(_PIPES)}"
    return f"{resolved}|{status.st_dev}|{status.st_ino}|{status.st_size}|{status.st_mtime_ns}"


_PIPES = itertools.count(1)
