"""Downloads to files: whole under their names, or not there at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pprof_mcp.sources.net.asking import Answer, Request
from pprof_mcp.sources.net.client import Http

FOLDER_MODE = 0o700
PART = ".part"
"""Ending of what is not whole yet."""


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
    # Made with mode 0600, under a name that no one else has.
    descriptor, name = tempfile.mkstemp(suffix=PART, prefix=".", dir=target.parent)
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file, part
    finally:
        part.unlink(missing_ok=True)


def _finish(file: BinaryIO) -> None:
    """Bring it onto the disk and close it: some systems rename no open file."""
    file.flush()
    os.fsync(file.fileno())
    file.close()
