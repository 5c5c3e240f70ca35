"""Downloads to files: whole under their names, or not there at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pprof_mcp.sources.net.asking import Answer, Request
from pprof_mcp.sources.net.client import Http

try:
    import fcntl
except ImportError:  # only POSIX has it
    fcntl = None

FOLDER_MODE = 0o700
PART = ".part"
"""Ending of what is not whole yet."""
ABANDONED_SECONDS = 86_400
"""Age of an unfinished file that is surely not written any more, where locks can not tell. Source: chosen."""


def save(
    http: Http, request: Request, target: Path, *, check: Callable[[Path], object] | None = None
) -> Answer:
    """Download a good answer to a file that only its owner may read.

    Args:
        http: Asks.
        request: What to ask; `most_bytes` bounds the file.
        target: The file; what is there is replaced when all is well. Its folder is made.
        check: Looks at the content before it gets its name, and raises when it is no good.

    Returns:
        The answer. There is no new file when it is a refusal.

    Raises:
        PprofMcpError: As `Http.fetch` and `check`; there is no new file then.
        OSError: The file can not be written.
    """
    make_folder(target.parent)
    with _part(target) as (file, part):
        answer = http.fetch(request, file)
        _finish(file)
        if answer.is_good:
            if check is not None:
                check(part)
            part.replace(target)
    return answer


def write_whole(target: Path, content: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all.

    Raises:
        OSError: It can not be written.
    """
    with _part(target) as (file, part):
        file.write(content)
        _finish(file)
        part.replace(target)


def make_folder(folder: Path) -> None:
    """Make a folder that only its owner may look into.

    Raises:
        OSError: It can not be made.
    """
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    if folder.stat().st_mode & 0o077:
        folder.chmod(FOLDER_MODE)


@contextmanager
def _part(target: Path) -> Generator[tuple[BinaryIO, Path], None, None]:
    """Open a new file beside another; what still has that name at the end goes."""
    with contextlib.ExitStack() as stack:
        while True:
            # Made with mode 0600, under a name that no one else has.
            descriptor, name = tempfile.mkstemp(suffix=PART, prefix=".", dir=target.parent)
            part = Path(name)
            if fcntl is None:
                break
            # It is closed before it gets its name, and stays locked until then.
            locked = os.dup(descriptor)
            stack.callback(os.close, locked)
            if not _lock(locked, wait=True) or part.exists():
                break
            # Whoever sweeps saw it before it was locked.
            os.close(descriptor)
        stack.callback(part.unlink, missing_ok=True)
        with os.fdopen(descriptor, "wb") as file:
            yield file, part


def remove_abandoned(folder: Path, now: float) -> None:
    """Remove unfinished files that nobody writes any more: a process that lives holds a lock on its own.

    Args:
        folder: Where they are.
        now: Seconds since 1970.
    """
    with contextlib.suppress(OSError):
        for part in folder.glob(f".*{PART}"):
            with contextlib.suppress(OSError), part.open("rb") as file:
                is_old = now - os.fstat(file.fileno()).st_mtime > ABANDONED_SECONDS
                if _lock(file.fileno(), wait=False) if fcntl else is_old:
                    part.unlink()


def _lock(descriptor: int, *, wait: bool) -> bool:
    """Lock a file for as long as it is open; say whether that was done."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        # Held by another, or a file system that knows no locks.
        return False
    return True


def _finish(file: BinaryIO) -> None:
    """Bring it onto the disk and close it: some systems rename no open file."""
    file.flush()
    os.fsync(file.fileno())
    file.close()
