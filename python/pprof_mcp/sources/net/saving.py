"""Downloads to files: whole under their names, or not there at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

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
        The answer. There is no file when it is a refusal.

    Raises:
        PprofMcpError: As `Http.fetch` and `check`; there is no new file then.
        OSError: The file can not be written.
    """
    target.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    # Made with mode 0600, under a name that no one else has.
    descriptor, name = tempfile.mkstemp(suffix=PART, prefix=".", dir=target.parent)
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            answer = http.fetch(request, file)
            file.flush()
            os.fsync(file.fileno())
        if not answer.is_good:
            return answer
        if check is not None:
            check(part)
        part.replace(target)
        return answer
    finally:
        part.unlink(missing_ok=True)
