"""`pprof-mcp merge` without what it does not need: no models, no command framework.

Merges are run in loops and over thousands of files. The options are those of the tool, read from their one
declaration; whatever is not understood here (`--help`, `--json`, a mistake) is left to the derived command,
which prints the same for the same call.
"""

from __future__ import annotations

import sys

from pprof_mcp.errors import InvalidArgumentError, PprofMcpError, SourceError
from pprof_mcp.fronts.limits import limits
from pprof_mcp.fronts.progress import QUIET, ProgressLine
from pprof_mcp.fronts.reporting import drop_output, report
from pprof_mcp.merging import work
from pprof_mcp.merging.anywhere import Anywhere
from pprof_mcp.merging.inputs import Gatherer
from pprof_mcp.merging.options import OPTIONS
from pprof_mcp.progress import WATCH
from pprof_mcp.render import lines
from pprof_mcp.render.clean import clean, on_one_line
from pprof_mcp.sources.target import Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from pprof_mcp.merging.inputs import Source

STDOUT = "-"
"""The output that is standard output: the profile goes to a pipe, and nothing else does."""


class Call:
    """A command line, read.

    Attributes:
        profiles: What is to be merged.
        quiet: Whether to show no progress.
        given: The options that were given, by name.
    """

    def __init__(self) -> None:
        self.profiles: list[str] = []
        self.quiet = False
        self.given: dict[str, Any] = {}


def parse(arguments: Sequence[str]) -> Call | None:
    """Read a command line; None for what is left to the derived command.

    Args:
        arguments: Everything behind `pprof-mcp merge`.
    """
    call = Call()
    switches, takers = _spellings()
    waiting = list(reversed(arguments))
    while waiting:
        word = waiting.pop()
        if word == "--":
            call.profiles.extend(reversed(waiting))
            break
        if word == "-" or not word.startswith("-"):
            call.profiles.append(word)
        elif word in QUIET:
            call.quiet = True
        elif word in switches:
            name, value = switches[word]
            call.given[name] = value
        elif not _taken(word, waiting, takers, call):
            return None
    return call if call.profiles else None


def _taken(word: str, waiting: list[str], takers: dict[str, Any], call: Call) -> bool:
    """Read an option with a value; whether it is one."""
    flag, equals, value = word.partition("=")
    if not word.startswith("--"):
        flag, value = word[:2], word[2:]
        equals = value
    option = takers.get(flag)
    if option is None:
        return False
    if not equals:
        if not waiting:
            return False
        value = waiting.pop()
    if option.choices and value not in option.choices:
        return False
    call.given[option.name] = value
    return True


def _spellings() -> tuple[dict[str, tuple[str, bool]], dict[str, Any]]:
    switches: dict[str, tuple[str, bool]] = {}
    takers: dict[str, Any] = {}
    for option in OPTIONS:
        hyphened = option.name.replace("_", "-")
        if option.takes:
            takers.update(dict.fromkeys((*option.flags, f"--{hyphened}"), option))
        else:
            switches[f"--{hyphened}"] = (option.name, True)
            switches[f"--no-{hyphened}"] = (option.name, False)
    return switches, takers


def run(call: Call) -> int:
    """Merge and say what came of it.

    Returns:
        The exit status.
    """
    line = ProgressLine(quiet=call.quiet)
    token = WATCH.set(line)
    try:
        text = _merge(call, line)
        sys.stdout.write(text)
        sys.stdout.flush()
    except PprofMcpError as problem:
        line.clear()
        return report(problem)
    except BrokenPipeError:
        drop_output()
    except OSError as problem:
        status = report(SourceError(f"standard output can not be written: {problem.strerror or problem}"))
        drop_output()
        return status
    finally:
        WATCH.reset(token)
        line.clear()
    return 0


def _merge(call: Call, line: ProgressLine) -> str:
    given = call.given
    output, overwrite = given.get("output_path", ""), given.get("overwrite", False)
    if output == STDOUT and sys.stdout.isatty():
        raise InvalidArgumentError(
            "the merged profile is binary, and standard output is a terminal",
            hint="Name a file with -o, or send the output to a file or a command.",
            details={"argument": "output_path"},
        )
    target = Target(output, overwrite=overwrite) if output not in ("", STDOUT) else None
    given_limits = limits()
    gatherer = Gatherer(
        Anywhere(given_limits), keep_going=given.get("keep_going", False), stdin=_stdin, resolve=_resolve
    )
    gatherer.add(call.profiles)
    merged = work.merge(
        gatherer.inputs,
        keep_going=given.get("keep_going", False),
        intersect_types=given.get("intersect_types", False),
        over_time=given.get("over_time", False),
        snapshots=given.get("snapshots", "auto"),
        limits=given_limits,
    )
    line.clear()
    facts = merged.facts
    if output == STDOUT:
        sys.stdout.buffer.write(merged.encoded())
        for warning in facts["warnings"]:
            print(f"warning: {clean(warning)}", file=sys.stderr)
        return ""
    written = None
    if target is not None:
        data = merged.encoded()
        target.write(data)
        written = len(data)
    else:
        facts["warnings"].append(work.NOTHING_KEPT)
    return _text({**facts, "output_path": output, "output_bytes": written})


def _text(facts: dict[str, Any]) -> str:
    """Write the result as the derived command does."""
    pairs: list[tuple[str, str]] = []
    tables: list[str] = []
    for name, value in facts.items():
        words = name.replace("_", " ")
        if name == "failures" and value:
            tables.append(_table(words, ("name", "code", "message"), value))
        elif name == "sample_types" and value:
            tables.append(_table(words, ("type", "unit", "how"), value))
        elif name.endswith("left_out") and not value:
            continue
        elif isinstance(value, bool):
            pairs.append((words, "yes" if value else "no"))
        elif not isinstance(value, list) and value not in (None, ""):
            pairs.append((words, clean(str(value))))
    parts = [lines.facts(pairs), *tables]
    if facts["warnings"]:
        parts.append(lines.notes("warnings", [clean(warning) for warning in facts["warnings"]]))
    if facts["output_path"] and facts["sample_types"]:
        parts.append(
            lines.notes("next", [clean(f"{work.NEXT} pprof-mcp top {_quoted(facts['output_path'])}")])
        )
    return "\n".join(parts)


def _table(title: str, columns: tuple[str, ...], rows: list[dict[str, Any]]) -> str:
    cells = [tuple(on_one_line(clean(row[name])) for name in columns) for row in rows]
    kept = [at for at in range(len(columns)) if any(line[at] for line in cells)]
    return lines.table(
        title,
        [columns[at] for at in kept],
        [[line[at] for at in kept] for line in cells],
        [False] * len(kept),
    )


def _quoted(path: str) -> str:
    if path.isascii() and path.replace("/", "").replace(".", "").replace("-", "").replace("_", "").isalnum():
        return path
    import shlex

    return shlex.quote(path)


def _stdin() -> bytes:
    return sys.stdin.buffer.read()


def _resolve(reference: str) -> Iterable[tuple[str, Source]]:
    """Give what only a session knows: one profile of a bundle, by its kind or name."""
    from pprof_mcp.fronts.shell import shell_session
    from pprof_mcp.session.inputs import resolved

    return resolved(reference, shell_session())
