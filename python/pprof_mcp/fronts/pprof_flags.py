"""The flags of `go tool pprof`, in the syntax of Go's flag package."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pprof_mcp.fronts.pprof_sources import is_program

FORMATS: Final = (
    "callgrind", "comments", "dot", "list", "peek", "proto", "raw", "tags", "text", "top", "topproto", "traces", "tree",
)  # fmt: skip
WITH_PATTERN: Final = {"list", "peek"}

NOT_HERE: Final = {
    "disasm": "use -list for source lines, or -granularity addresses with -addresses -top",
    "weblist": "use -list",
    "web": "use -dot, or -tree for text",
    "svg": "use -dot and draw it with Graphviz",
    "png": "use -dot and draw it with Graphviz",
    "gif": "use -dot and draw it with Graphviz",
    "pdf": "use -dot and draw it with Graphviz",
    "ps": "use -dot and draw it with Graphviz",
    "eog": "use -dot and draw it with Graphviz",
    "evince": "use -dot and draw it with Graphviz",
    "gv": "use -dot and draw it with Graphviz",
    "kcachegrind": "use -callgrind -output=FILE and open the file",
}
"""Formats of pprof that need another program, with what to use instead."""
NOT_HERE_WITH_PATTERN: Final = {"disasm", "weblist"}

BOOLS: Final = {
    "call_tree", "relative_percentages", "compact_labels", "intel_syntax", "mean", "normalize", "drop_negative", "trim",
    "noinlines", "showcolumns", "cum", "flat", "functions", "filefunctions", "files", "lines", "addresses", "inuse_space",
    "inuse_objects", "alloc_space", "alloc_objects", "total_delay", "contentions", "mean_delay", "no_browser",
    *(name for name in FORMATS if name not in WITH_PATTERN),
    *(name for name in NOT_HERE if name not in NOT_HERE_WITH_PATTERN),
}  # fmt: skip
INTS: Final = {"nodecount", "seconds", "timeout"}
FLOATS: Final = {"nodefraction", "edgefraction", "divide_by"}
STRINGS: Final = {
    "output", "unit", "source_path", "trim_path", "sample_index", "tagroot", "tagleaf", "focus", "ignore", "prune_from",
    "hide", "show", "show_from", "tagfocus", "tagignore", "tagshow", "taghide", "diff_base", "base", "symbolize",
    "buildid", "add_comment", "tools", "http", "tls_cert", "tls_key", "tls_ca", *WITH_PATTERN, *NOT_HERE_WITH_PATTERN,
}  # fmt: skip

GRANULARITIES: Final = ("functions", "filefunctions", "files", "lines", "addresses")
CONFIG: Final = (
    "call_tree", "relative_percentages", "unit", "compact_labels", "source_path", "trim_path", "mean", "sample_index",
    "divide_by", "tagroot", "tagleaf", "drop_negative", "nodecount", "nodefraction", "edgefraction", "trim", "focus",
    "ignore", "prune_from", "hide", "show", "show_from", "tagfocus", "tagignore", "tagshow", "taghide", "noinlines",
    "showcolumns",
)  # fmt: skip
"""Flags that the core takes under the same name."""

SHORTHANDS: Final = (
    ("total_delay", "delay"),
    ("mean_delay", "delay"),
    ("contentions", "contentions"),
    ("inuse_space", "inuse_space"),
    ("inuse_objects", "inuse_objects"),
    ("alloc_space", "alloc_space"),
    ("alloc_objects", "alloc_objects"),
)
"""Flags that stand for a sample index, in the order in which pprof looks at them."""


class FlagError(Exception):
    """The command line is wrong; the text is pprof's."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class HelpWanted(Exception):
    """`-h` was given."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@dataclass
class Flags:
    """A command line, taken apart.

    Attributes:
        values: Flags that were given, by name.
        sources: What is left: profiles, perhaps a program before them.
        bases: Values of `-base` and `-diff_base`, in order.
    """

    values: dict[str, Any]
    sources: list[str]
    bases: dict[str, list[str]]


@dataclass
class Choices:
    """What a command line asks for.

    Attributes:
        format: Report, by pprof's name.
        regex: Its pattern, for reports that take one.
        config: Options of the core by pprof's names.
        sources: Profiles.
        bases: Base profiles.
        diff_base: Whether percentages are of the base.
        normalize: Whether the profile is scaled to the base.
        executable: File name for the first mapping; empty when not given.
        build_id: Build id for the first mapping; empty when not given.
        comment: Comment to add; empty when not given.
        output: File to write; empty for standard output.
    """

    format: str
    regex: str | None
    config: dict[str, Any]
    sources: list[str]
    bases: list[str]
    diff_base: bool
    normalize: bool
    executable: str
    build_id: str
    comment: str
    output: str


def parse(arguments: list[str]) -> Flags:
    """Take a command line apart as Go's flag package does: flags first, `--` ends them, `-x` and `--x` are the same.

    Raises:
        FlagError: An unknown flag, a value of the wrong kind, or none.
        HelpWanted: `-h` or `-help`.
    """
    flags = Flags({}, [], {"base": [], "diff_base": []})
    rest = list(arguments)
    while rest:
        word = rest[0]
        if len(word) < 2 or not word.startswith("-"):
            break
        rest.pop(0)
        if word == "--":
            break
        name = word[2:] if word.startswith("--") else word[1:]
        if not name or name[0] in "-=":
            raise _usage(f"bad flag syntax: {word}")
        name, given, value = name.partition("=")
        _take(flags, name, value if given else None, rest)
    flags.sources = rest
    return flags


def _take(flags: Flags, name: str, value: str | None, rest: list[str]) -> None:
    if name in BOOLS:
        flags.values[name] = True if value is None else _bool(name, value)
        return
    if name in ("h", "help"):
        raise HelpWanted(usage())
    if name not in STRINGS and name not in INTS and name not in FLOATS:
        raise _usage(f"flag provided but not defined: -{name}")
    if value is None:
        if not rest:
            raise _usage(f"flag needs an argument: -{name}")
        value = rest.pop(0)
    if name in INTS:
        flags.values[name] = _int(name, value)
    elif name in FLOATS:
        flags.values[name] = _float(name, value)
    elif name in flags.bases:
        # Go's flags keep the last value, and so does pprof, whatever the name of its list suggests.
        flags.bases[name] = [value]
    else:
        flags.values[name] = value


def choose(flags: Flags, say: Callable[[str], None]) -> Choices:
    """Decide what is asked for.

    Args:
        flags: The command line, taken apart.
        say: Writes a message.

    Raises:
        FlagError: Flags that exclude each other, a format this program has not, no profile.
    """
    values = flags.values
    sources = flags.sources
    if not sources:
        raise FlagError(usage() + "\nno profile source specified")
    executable = ""
    if len(sources) > 1 and is_program(sources[0]):
        executable, sources = sources[0], sources[1:]
    config = {name: values[name] for name in CONFIG if name in values}
    granularity = _one_of(values, GRANULARITIES)
    if granularity:
        config["granularity"] = granularity
    config["cum"] = _one_of(values, ("cum", "flat")) == "cum"
    report, regex = _format(values)
    if values.get("no_browser"):
        raise FlagError("-no_browser only makes sense with -http")
    index = str(config.get("sample_index", ""))
    for flag, sample_type in SHORTHANDS:
        if values.get(flag):
            if index:
                say(f"Multiple value selections, ignoring -{flag}")
            else:
                index = sample_type
    config["sample_index"] = index
    if values.get("mean_delay"):
        config["mean"] = True
    bases, diff_base = _bases(flags)
    if values.get("normalize") and not bases:
        raise FlagError("must have base profile to normalize by")
    return Choices(
        format=report,
        regex=regex,
        config=config,
        sources=sources,
        bases=bases,
        diff_base=diff_base,
        normalize=bool(values.get("normalize")),
        executable=executable,
        build_id=str(values.get("buildid", "")),
        comment=str(values.get("add_comment", "")),
        output=str(values.get("output", "")),
    )


def _bases(flags: Flags) -> tuple[list[str], bool]:
    # Go keeps the last value of a repeated flag; here all are taken, as the flag's own help promises a list.
    base = [value for value in flags.bases["base"] if value]
    diff_base = [value for value in flags.bases["diff_base"] if value]
    if base and diff_base:
        raise FlagError("-base and -diff_base flags cannot both be specified")
    return (diff_base, True) if diff_base else (base, False)


def _one_of(values: dict[str, Any], names: tuple[str, ...]) -> str:
    given = [name for name in names if values.get(name)]
    if len(given) > 1:
        raise FlagError(f"conflicting options set: [{' '.join(sorted(given))}]")
    return given[0] if given else ""


def _format(values: dict[str, Any]) -> tuple[str, str | None]:
    asked = [name for name in (*FORMATS, *NOT_HERE) if values.get(name)]
    if len(asked) > 1:
        raise FlagError("must set at most one output format")
    if values.get("http"):
        if asked:
            raise FlagError("-http is not compatible with an output format on the command line")
        raise FlagError("-http: there is no web interface here; name a format, such as -top")
    if not asked:
        raise FlagError("there is no interactive shell here; name a format, such as -top, -tree or -peek=REGEX")
    name = asked[0]
    if name in NOT_HERE:
        raise FlagError(f"-{name} is not offered here: {NOT_HERE[name]}")
    return name, str(values[name]) if name in WITH_PATTERN else None


def _bool(name: str, value: str) -> bool:
    if value in ("1", "t", "T", "TRUE", "true", "True"):
        return True
    if value in ("0", "f", "F", "FALSE", "false", "False"):
        return False
    raise _usage(f'invalid boolean value "{value}" for -{name}: parse error')


def _int(name: str, value: str) -> int:
    digits = value.lstrip("+-") if value[:1] in "+-" else value
    try:
        if value != value.strip() or value[:2] in ("++", "--", "+-", "-+"):
            raise ValueError
        # Go reads a leading zero as octal.
        octal = len(digits) > 1 and digits[0] == "0" and digits[1:].replace("_", "").isdigit()
        number = int(value, 8) if octal else int(value, 0)
    except ValueError:
        raise _usage(f'invalid value "{value}" for flag -{name}: parse error') from None
    if not -(1 << 63) <= number < 1 << 63:
        raise _usage(f'invalid value "{value}" for flag -{name}: value out of range')
    return number


_NUMBER = re.compile(r"[+-]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)([eE][+-]?\d+)?|[+-]?(inf|infinity|nan)", re.IGNORECASE)


def _float(name: str, value: str) -> float:
    if not _NUMBER.fullmatch(value):
        raise _usage(f'invalid value "{value}" for flag -{name}: parse error')
    number = float(value)
    if number in (float("inf"), float("-inf")) or number != number:  # noqa: PLR0124 - NaN
        raise _usage(f'invalid value "{value}" for flag -{name}: value out of range')
    return number


def _usage(problem: str) -> FlagError:
    return FlagError(f"{problem}\n{usage()}")


def usage() -> str:
    """Say how the command is called."""
    from pprof_mcp.fronts.pprof_usage import USAGE

    return USAGE
