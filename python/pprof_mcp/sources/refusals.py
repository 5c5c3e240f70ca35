"""What the system means when it refuses a path, in sentences with what to do next."""

from __future__ import annotations

import errno
import os
import stat

from pprof_mcp.errors import InvalidArgumentError, PathNotAllowedError, PprofMcpError, SourceNotFoundError

# The quick commands load this module: what is slow to load comes late.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Final, NoReturn

AnyPath = str | os.PathLike[str]
"""A path as callers give it."""

_LONGEST: Final = 300
"""Characters of a path that a sentence bears. Source: chosen."""
_NEIGHBOURS: Final = 1_000
"""Names that are looked through for a similar one. Source: chosen."""


def shown(path: AnyPath) -> str:
    """Quote a path, cut to what fits a sentence."""
    text = os.fspath(path)
    return repr(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 100]}...{text[-60:]}")


def plain(path: AnyPath) -> str:
    """Give a path as text that any encoding can carry: bytes that are no UTF-8 are escaped."""
    return os.fspath(path).encode("utf-8", "backslashreplace").decode("utf-8")


def exists_already(path: AnyPath) -> InvalidArgumentError:
    """Say that a file is there and stays."""
    return InvalidArgumentError(
        f"{shown(path)} exists already and is not overwritten",
        hint="Give another name, or ask for overwriting.",
        details={"path": plain(path)},
    )


class explained:  # noqa: N801 - read as a word of the with statement
    """Turns what the system answers inside the block into an error of this program.

    Args:
        path: The path as the caller gave it.
        resolved: Where it leads.

    Raises:
        SourceNotFoundError: Nothing is there.
        InvalidArgumentError: A folder where a file is needed, a name that exists or is too long, a full disk.
        PathNotAllowedError: The system denies it, or its links lead in a circle.
    """

    def __init__(self, path: AnyPath, resolved: AnyPath) -> None:
        self._path = path
        self._resolved = resolved

    def __enter__(self) -> None:
        """Begin the block."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Explain what the system answered, if it did."""
        if isinstance(error, OSError):
            raise _explanation(error, self._path, self._resolved) from error


def refuse_folder() -> NoReturn:
    """Say as the system does that a folder is no file."""
    raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))


def check_kind(path: AnyPath, found: os.stat_result, *, pipes: bool = False) -> None:
    """Refuse what is no regular file, nor a pipe where `pipes` may be read.

    Raises:
        OSError: A folder, or a link where none was.
        PathNotAllowedError: A device or socket, or a pipe.
    """
    mode = found.st_mode
    if stat.S_ISREG(mode) or (pipes and stat.S_ISFIFO(mode)):
        return
    if stat.S_ISDIR(mode):
        refuse_folder()
    if stat.S_ISLNK(mode):
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    kind = "a pipe" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"
    raise PathNotAllowedError(
        f"{shown(path)} is {kind}, not a regular file",
        hint="Copy what comes out of it to a file and give that.",
        details={"path": plain(path), "kind": kind.removeprefix("a ")},
    )


def check_writable(path: AnyPath, found: os.stat_result | None, *, overwrite: bool) -> None:
    """Refuse a place where nothing is to be written.

    Args:
        path: The path as the caller gave it.
        found: What is there; None for nothing.
        overwrite: Whether a file there may be replaced.

    Raises:
        InvalidArgumentError: A file is there and stays.
        PathNotAllowedError: It is write-protected, or no regular file.
        OSError: It is a folder.
    """
    if found is None:
        return
    check_kind(path, found)
    if not overwrite:
        raise exists_already(path)
    if not stat.S_IMODE(found.st_mode) & 0o222:
        raise PathNotAllowedError(
            f"{shown(path)} is write-protected and is not overwritten",
            hint="Give another name, or change its permissions.",
            details={"path": plain(path)},
        )


def _explanation(error: OSError, path: AnyPath, resolved: AnyPath) -> PprofMcpError:
    quoted, number = shown(path), error.errno or 0
    if number == errno.EEXIST:
        return exists_already(path)
    if number in (errno.ENOENT, errno.ENOTDIR):
        return _missing(path, resolved)
    cls, what, hint = _MEANINGS.get(number, (InvalidArgumentError, error.strerror or str(error), None))
    return cls(f"{quoted}: {what}", hint=hint, details={"path": plain(path)})


_DENIED = (PathNotAllowedError, "the system denies access", "Change its permissions, or give another path.")
_MEANINGS: Final[dict[int, tuple[type[PprofMcpError], str, str | None]]] = {
    errno.EISDIR: (InvalidArgumentError, "a folder, where a file is needed", "Name a file in it."),
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.EROFS: (PathNotAllowedError, "the file system is read-only", "Give a path on another one."),
    errno.ELOOP: (
        PathNotAllowedError,
        "its links lead in a circle, or changed while it was opened",
        "Give the path of the file itself.",
    ),
    errno.ENAMETOOLONG: (InvalidArgumentError, "the path is longer than the system allows", "Shorten it."),
    errno.ENOSPC: (InvalidArgumentError, "the disk is full", "Make room, or give a path on another disk."),
}


def _missing(path: AnyPath, where: AnyPath) -> SourceNotFoundError:
    """Say what is missing, and what is there instead."""
    from pathlib import Path

    resolved = Path(where)
    what = f"{shown(path)}: no such file or folder"
    if os.fspath(path).startswith("~"):
        hint = "`~` is not expanded here: give the whole path."
    else:
        try:
            # Only a listing, or a path through it, takes a file for a folder.
            if resolved.is_file():
                what = f"{shown(path)} is a file, no folder"
            hint = _instead(resolved)
        except OSError:
            hint = None
    return SourceNotFoundError(what, hint=hint, details={"path": plain(path)})


def _instead(resolved: Path) -> str:
    above = resolved.parent
    if not above.is_dir():
        return f"There is no folder {shown(above)}."
    from difflib import get_close_matches
    from itertools import islice

    names = sorted(entry.name for entry in islice(above.iterdir(), _NEIGHBOURS) if entry != resolved)
    near = ", ".join(repr(name) for name in get_close_matches(resolved.name, names, n=3))
    return f"Did you mean {near}?" if near else f"Looked in {shown(above)}."
