"""Reads the profiles of a drop-in command line: each file, then all of them as one."""

from __future__ import annotations

import errno
import os
import stat
import sys

from pprof_mcp import _native
from pprof_mcp.errors import PprofMcpError
from pprof_mcp.fronts.limits import limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

CHUNK = 128
"""Profiles merged at once, as pprof does; the order of merging decides the order of equal rows."""


class SourcesError(Exception):
    """No profile came out of the sources; the text is pprof's."""


def say(text: str) -> None:
    """Write a message to standard error, as pprof does."""
    print(text.rstrip("\n"), file=sys.stderr)


class Sources:
    """Reads files one by one; one that fails does not stop the others.

    Args:
        executable: Replaces the file name of the first mapping, when given.
        build_id: Becomes the build id of the first mapping, when it has none.
    """

    def __init__(self, executable: str, build_id: str) -> None:
        self.executable = executable
        self.build_id = build_id
        self.limits = limits() or None
        self.most = (self.limits or {}).get("input_bytes", _native.default_limits()["input_bytes"])

    def grab(self, paths: Sequence[str], what: str) -> _native.Profile:
        """Read and merge.

        Args:
            paths: Files, in order.
            what: `source` or `base`, for messages.

        Raises:
            SourcesError: None of them could be read, or they do not go together.
        """
        merged: _native.Profile | None = None
        count = 0
        try:
            for start in range(0, len(paths), CHUNK):
                chunk = [
                    profile
                    for path in paths[start : start + CHUNK]
                    if (profile := self._one(path)) is not None
                ]
                count += len(chunk)
                if chunk:
                    part = _native.merge(chunk)
                    merged = part if merged is None else _native.merge([merged, part])
        except PprofMcpError as problem:
            words = problem.details.get("reason") or problem.message
            comma = "," if what == "base" else ""
            raise SourcesError(f"problem fetching {what} profiles: {words}{comma}") from problem
        if merged is None:
            raise SourcesError(f"failed to fetch any {what} profiles")
        if count != len(paths):
            say(f"Fetched {count} {what} profiles out of {len(paths)}")
        return merged

    def _one(self, path: str) -> _native.Profile | None:
        try:
            data = read(path, self.most)
        except FileNotFoundError:
            say(_missing(path))
            return None
        except IsADirectoryError:
            say(f"{path}: read {path}: is a directory")
            return None
        except OSError as problem:
            say(f"{path}: open {path}: {(problem.strerror or str(problem)).lower()}")
            return None
        try:
            profile = _native.Profile.decode(data, self.limits)
        except PprofMcpError as problem:
            words = problem.details.get("pprof_message") or problem.message
            say(f"{path}: {words}")
            return None
        return _native.prepare_source(profile, self.executable, self.build_id)


def _missing(path: str) -> str:
    if _is_address(path):
        return f"{path}: profiles are not fetched over the network here; save it to a file and give that"
    return f"{path}: stat {path}: no such file or directory"


def _is_address(path: str) -> bool:
    scheme, separator, rest = path.partition("://")
    if separator:
        return bool(rest) and scheme.replace("+", "").replace("-", "").replace(".", "").isalnum()
    host, colon, port = path.partition("/")[0].partition(":")
    return bool(colon) and port.isdigit() and bool(host)


def is_program(path: str) -> bool:
    """Whether pprof takes a file for the profiled program rather than for a profile.

    Binary CPU profiles of gperftools open as object files too; pprof takes the first of several for a
    program, and so does this command, but it says so.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - pathlib is slow to load
            return False  # What a pipe holds can be read once only.
        return _native.is_program(read(path, _native.default_limits()["input_bytes"]))
    except OSError:
        return False


def read(path: str, most: int) -> bytes:
    """Read a file or a pipe, at most one byte more than `most`, so that the core sees what is too large.

    Raises:
        OSError: It can not be read, or is a device, which never ends.
    """
    with open(path, "rb") as file:  # noqa: PTH123 - pathlib is slow to load
        mode = os.fstat(file.fileno()).st_mode
        if stat.S_ISBLK(mode) or (stat.S_ISCHR(mode) and not file.isatty()):
            raise OSError(errno.EINVAL, "is a device, no file")
        return file.read(most + 1)
