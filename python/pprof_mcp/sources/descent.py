"""Opening what a check has admitted, and nothing that was put in its place since.

From an allowed root down, each folder is opened relative to the one above without following links. Where a
system can not open relative to a folder (Windows), paths are used and what was opened is compared afterwards.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pprof_mcp.sources.refusals import AnyPath, check_kind, refuse_folder

WALKS: Final = {os.open, os.stat, os.link, os.rename, os.unlink} <= os.supports_dir_fd
"""Whether this system opens relative to a folder."""


def _flag(name: str) -> int:
    """A flag of `open`, or none where the system has no such thing."""
    return getattr(os, name, 0)


_READ: Final = os.O_RDONLY | _flag("O_CLOEXEC") | _flag("O_BINARY") | _flag("O_NOCTTY")
_STAY: Final = _flag("O_NOFOLLOW")
_NO_WAIT: Final = _flag("O_NONBLOCK")
_LIST: Final = os.O_RDONLY | _flag("O_DIRECTORY") | _flag("O_CLOEXEC")
# A folder on the way needs to be searchable, not readable: O_PATH asks for no more.
_PASS: Final = _LIST | _flag("O_PATH")


def open_anywhere(path: AnyPath) -> int:
    """Open a file without bounds. A pipe is waited for, as in any command of a shell.

    Raises:
        OSError: The system refuses.
        PathNotAllowedError: A device or socket.
    """
    check_kind(path, Path(path).stat(), pipes=True)
    descriptor = os.open(path, _READ)
    try:
        check_kind(path, os.fstat(descriptor), pipes=True)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def open_under(root: Path, resolved: Path, path: AnyPath) -> int:
    """Open a regular file under a root, following no link and waiting for nothing.

    Args:
        root: The root, resolved.
        resolved: The file, resolved.
        path: The file as the caller gave it, for errors.

    Raises:
        OSError: The system refuses, or the file is another one now than when it was looked at.
        PathNotAllowedError: A pipe, device or socket.
    """
    if resolved == root:
        refuse_folder()
    with folder(root, resolved.parent) as above:
        before = status(above, resolved)
        if before is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        check_kind(path, before)
        name, at = _within(above, resolved)
        descriptor = os.open(name, _READ | _STAY | _NO_WAIT, dir_fd=at)
    try:
        if not os.path.samestat(before, os.fstat(descriptor)) or not _unmoved(resolved):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _unmoved(resolved: Path) -> bool:
    """Whether a path still leads where it led; a walk has seen to that itself."""
    return WALKS or Path(os.path.realpath(resolved)) == resolved


@contextmanager
def folder(root: Path | None, resolved: Path, *, readable: bool = False) -> Generator[int | Path, None, None]:
    """Open a folder to open things in.

    Args:
        root: The root to walk down from, resolved; `None` to go straight there.
        resolved: The folder, resolved; the root or below.
        readable: Whether its content is to be listed.

    Yields:
        A descriptor where the system opens relative to one, else the path.

    Raises:
        OSError: The system refuses, there is no such folder, or a part of the path has become a link.
    """
    if not WALKS:
        if not stat.S_ISDIR(resolved.stat().st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        yield resolved
        return
    last = _LIST if readable else _PASS
    parts = () if root is None else resolved.relative_to(root).parts
    descriptor = os.open(root or resolved, _PASS if parts else last)
    try:
        for left, part in zip(range(len(parts) - 1, -1, -1), parts, strict=True):
            below = os.open(part, (_PASS if left else last) | _STAY, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)


def status(above: int | Path, resolved: Path) -> os.stat_result | None:
    """Look at a file in an open folder without following a link; `None` when there is none."""
    name, at = _within(above, resolved)
    try:
        return os.stat(name, dir_fd=at, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _within(above: int | Path, resolved: Path) -> tuple[str, int | None]:
    """How a file is named from its folder: name and descriptor, or the whole path."""
    return (str(resolved), None) if isinstance(above, Path) else (resolved.name, above)
