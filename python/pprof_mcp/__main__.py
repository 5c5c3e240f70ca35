"""The command `pprof-mcp`: decides which front is meant and loads only that one."""

from __future__ import annotations

import os
import sys

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it: 128 and the number of the signal."""
TERMINATED = 143
"""The same after SIGTERM."""


def main() -> int | None:
    """Run the command line of this process.

    Returns:
        The exit status; None and 0 mean success.
    """
    try:
        status, is_final = _run(sys.argv[1:])
    except KeyboardInterrupt:
        status, is_final = INTERRUPTED, True
    except SystemExit as end:
        if end.code != TERMINATED:
            raise
        status, is_final = TERMINATED, True
    if is_final or status == INTERRUPTED:
        _end(status or 0)
    return status


def _run(arguments: list[str]) -> tuple[int | None, bool]:
    """Run one front; give its status, and whether nothing has to be put in order afterwards."""
    if arguments[:1] == ["pprof"]:
        from pprof_mcp.fronts.pprof_cli import run

        return run(arguments[1:]), False
    if arguments[:1] == ["merge"]:
        from pprof_mcp.fronts import merge_cli

        _end_on_sigterm()
        call = merge_cli.parse(arguments[1:])
        if call is not None:
            return merge_cli.run(call), True
    if arguments in (["--version"], ["-V"]):
        from pprof_mcp import _native

        print(f"pprof-mcp {_native.build_info()['version']}")  # noqa: T201 - the answer to the question
        return 0, False
    if not arguments:
        # A client that starts the bare command on a pipe wants the server; a person wants to be told.
        arguments = ["--help"] if sys.stdin.isatty() else ["serve"]
    from pprof_mcp.fronts.cli import run_cli

    return run_cli(arguments), False


def _end_on_sigterm() -> None:
    """Let SIGTERM end the command as Ctrl-C does: what is half written is taken away."""
    # What `signal` is made of: that module adds enumerations, which take a quarter of the time to start.
    signal = __import__("_signal")

    def end(_number: int, _frame: object) -> None:
        raise SystemExit(TERMINATED)

    signal.signal(signal.SIGTERM, end)


def _end(status: int) -> None:
    """End the process at once: freeing millions of rows one by one serves nobody."""
    for stream in (sys.stdout, sys.stderr):
        try:  # noqa: SIM105 - contextlib is slow to load
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass
    os._exit(status)


if __name__ == "__main__":
    sys.exit(main())
