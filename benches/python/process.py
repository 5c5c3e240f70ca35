"""Whole processes, measured from outside: seconds and peak memory."""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes that ``ru_maxrss`` counts in. Source: getrusage(2) of each system."""


class BenchError(Exception):
    """Something cannot be measured; the message says what to do."""


@dataclass(frozen=True)
class Usage:
    """What one process took.

    Attributes:
        seconds: From before its start until its end was seen.
        peak_bytes: The most memory that was resident at a time.
    """

    seconds: float
    peak_bytes: int


def measured(
    command: Sequence[str | Path], *, output: Path | None = None, env: Mapping[str, str] | None = None
) -> Usage:
    """Run a command to its end.

    Args:
        command: Program and arguments.
        output: Where its standard output goes; None: nowhere.
        env: Variables to add.

    Raises:
        BenchError: It failed, or was too small beside this process to be measured.
    """
    arguments = [str(word) for word in command]
    target = str(output) if output else os.devnull
    errors = Path(tempfile.gettempdir()) / f"bench-{os.getpid()}.stderr"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    opened = ((1, target), (2, str(errors)))
    actions = [(os.POSIX_SPAWN_OPEN, number, path, flags, 0o600) for number, path in opened]
    start = time.perf_counter()
    pid = os.posix_spawnp(arguments[0], arguments, {**os.environ, **(env or {})}, file_actions=actions)
    _, status, usage = os.wait4(pid, 0)
    seconds = time.perf_counter() - start
    said = errors.read_text(errors="replace")
    errors.unlink()
    if status != 0:
        shown, code = " ".join(arguments[:6]), os.waitstatus_to_exitcode(status)
        raise BenchError(f"{shown} ... ended with {code}: {said.strip()[-2000:]}")
    # A new process begins with the peak of the one that it was split from.
    if usage.ru_maxrss <= resource.getrusage(resource.RUSAGE_SELF).ru_maxrss:
        raise BenchError(f"{arguments[0]} took less memory than this program, so it cannot be told how much")
    return Usage(seconds, usage.ru_maxrss * RSS_UNIT)
