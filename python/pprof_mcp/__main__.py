"""The command `pprof-mcp`: decides which front is meant and loads only that one."""

from __future__ import annotations

import sys


def main() -> int | None:
    """Run the command line of this process.

    Returns:
        The exit status; None and 0 mean success.
    """
    arguments = sys.argv[1:]
    if arguments[:1] == ["pprof"]:
        from pprof_mcp.fronts.pprof_cli import run

        return run(arguments[1:])
    if arguments in (["--version"], ["-V"]):
        from pprof_mcp import _native

        print(f"pprof-mcp {_native.build_info()['version']}")  # noqa: T201 - the answer to the question
        return 0
    if not arguments:
        # A client that starts the bare command on a pipe wants the server; a person wants to be told.
        arguments = ["--help"] if sys.stdin.isatty() else ["serve"]
    from pprof_mcp.fronts.cli import run_cli

    return run_cli(arguments)


if __name__ == "__main__":
    sys.exit(main())
