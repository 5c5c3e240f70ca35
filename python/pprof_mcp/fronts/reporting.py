"""What a command says when it fails. Loads nothing: the quick commands use it."""

from __future__ import annotations

import os
import sys

from pprof_mcp.render.clean import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pprof_mcp.errors import PprofMcpError


def report(problem: PprofMcpError) -> int:
    """Say an error on standard error.

    Returns:
        Its exit status.
    """
    print(f"error: {clean(problem.message)} ({problem.code})", file=sys.stderr)
    if problem.hint:
        print(f"hint: {clean(problem.hint)}", file=sys.stderr)
    return problem.exit_status


def drop_output() -> None:
    """Whoever read has seen enough; the interpreter must not complain about it while it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
