"""`pprof-mcp pprof`: the flags of `go tool pprof`, and its text.

Loads the core and nothing heavier: this command is run in loops. The order of work, the messages and the exit
status follow pprof's driver (internal/driver: cli.go, fetch.go, driver.go).
"""

from __future__ import annotations

import json
import os
import stat
import sys

from pprof_mcp import _native
from pprof_mcp.errors import PprofMcpError
from pprof_mcp.fronts.pprof_flags import Choices, FlagError, HelpWantedError, choose, parse
from pprof_mcp.fronts.pprof_sources import Sources, SourcesError, read, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

AWAY_FROM_TERMINAL = {"proto": "pb.gz", "topproto": "pb.gz", "callgrind": "callgraph.out"}
"""Formats that go to a new file when standard output is a terminal, with the end of its name."""

LONGEST_SOURCE = 64 << 20
"""Bytes of a source file that are read for a listing (chosen: far above any that people write)."""

WRONG_USAGE = 2
"""pprof's exit status for every failure."""


def run(arguments: Sequence[str]) -> int | None:
    """Run one command line.

    Args:
        arguments: Everything behind `pprof-mcp pprof`.

    Returns:
        None for success, else the exit status.
    """
    try:
        _report(choose(parse(list(arguments)), say))
    except HelpWantedError as help_text:
        say(help_text.text)
    except (FlagError, SourcesError) as problem:
        say(str(problem))
        return WRONG_USAGE
    except PprofMcpError as problem:
        for message in _messages(problem):
            say(message)
        say(pprof_words(problem))
        return WRONG_USAGE
    except BrokenPipeError:
        _drop_output()
    except OSError as problem:
        say(f"standard output: {(problem.strerror or str(problem)).lower()}")
        _drop_output()
        return WRONG_USAGE
    except KeyboardInterrupt:
        return 130
    return None


def pprof_words(problem: PprofMcpError) -> str:
    """Give pprof's own words for an error, where it has some."""
    words = problem.details.get("pprof_message") or problem.details.get("reason")
    return words if isinstance(words, str) and words else problem.message


def _messages(problem: PprofMcpError) -> list[str]:
    found = problem.details.get("messages")
    return found if isinstance(found, list) else []


def _report(choices: Choices) -> None:
    profile = _fetch(choices)
    spec = {**choices.config, "format": choices.format}
    if choices.regex is not None:
        spec["regex"] = choices.regex
    if choices.comment:
        spec["comment"] = choices.comment
    if choices.format == "list":
        spec["working_dir"] = os.getcwd()  # noqa: PTH109 - pathlib is slow to load
    out, messages = _native.report(profile, json.dumps(spec), _read_source)
    for message in messages:
        say(message)
    _write(choices, out)


def _fetch(choices: Choices) -> _native.Profile:
    sources = Sources(choices.executable, choices.build_id)
    profile = sources.grab(choices.sources, "source")
    if not choices.bases:
        return profile
    base = sources.grab(choices.bases, "base")
    return _native.diff(base, profile, diff_base=choices.diff_base, normalize=choices.normalize)


def _read_source(path: str) -> bytes | str:
    """Read a source file for a listing: its content, or why there is none, in Go's words.

    The name comes from the profile, so it may be anything: only regular files are opened.
    """
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - pathlib is slow to load
        if stat.S_ISDIR(mode):
            return b""
        if not stat.S_ISREG(mode):
            return f"open {path}: not a regular file"
        return read(path, LONGEST_SOURCE)
    except OSError as problem:
        return f"open {path}: {(problem.strerror or str(problem)).lower()}"


def _write(choices: Choices, out: bytes) -> None:
    output = choices.output
    if output:
        say(f"Generating report in {output}")
        try:
            with open(output, "wb") as file:  # noqa: PTH123 - pprof replaces what is there
                file.write(out)
        except OSError as problem:
            raise SourcesError(f"open {output}: {(problem.strerror or str(problem)).lower()}") from problem
        return
    if choices.format in AWAY_FROM_TERMINAL and sys.stdout.isatty():
        name = _new_file("profile", AWAY_FROM_TERMINAL[choices.format], out)
        say(f"Generating report in {name}")
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(out)
    sys.stdout.buffer.flush()


def _new_file(prefix: str, suffix: str, content: bytes) -> str:
    for number in range(1, 10_000):
        name = f"{prefix}{number:03d}.{suffix}"
        try:
            with open(name, "xb") as file:  # noqa: PTH123
                file.write(content)
        except FileExistsError:
            continue
        except OSError as problem:
            raise SourcesError(f"open {name}: {(problem.strerror or str(problem)).lower()}") from problem
        return name
    raise SourcesError(f"could not create file of the form {prefix}001.{suffix}")


def _drop_output() -> None:
    """Whoever read has seen enough; the interpreter must not complain about it while it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
