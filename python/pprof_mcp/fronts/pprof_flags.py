"""The flags of `go tool pprof`, in the syntax of Go's flag package."""

from __future__ import annotations

from pprof_mcp.fronts.pprof_sources import is_program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

FORMATS: Final = (
    "callgrind", "comments", "dot", "list", "peek", "proto", "raw", "tags", "text", "top", "topproto",
    "traces", "tree",
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
    "call_tree", "relative_percentages", "compact_labels", "intel_syntax", "mean", "normalize",
    "drop_negative", "trim", "noinlines", "showcolumns", "cum", "flat", "functions", "filefunctions", "files",
    "lines", "addresses", "inuse_space", "inuse_objects", "alloc_space", "alloc_objects", "total_delay",
    "contentions", "mean_delay", "no_browser",
    *(name for name in FORMATS if name not in WITH_PATTERN),
    *(name for name in NOT_HERE if name not in NOT_HERE_WITH_PATTERN),
}  # fmt: skip
INTS: Final = {"nodecount", "seconds", "timeout"}
FLOATS: Final = {"nodefraction", "edgefraction", "divide_by"}
STRINGS: Final = {
    "output", "unit", "source_path", "trim_path", "sample_index", "tagroot", "tagleaf", "focus", "ignore",
    "prune_from", "hide", "show", "show_from", "tagfocus", "tagignore", "tagshow", "taghide", "diff_base",
    "base", "symbolize", "buildid", "add_comment", "tools", "http", "tls_cert", "tls_key", "tls_ca",
    *WITH_PATTERN, *NOT_HERE_WITH_PATTERN,
}  # fmt: skip

GRANULARITIES: Final = ("functions", "filefunctions", "files", "lines", "addresses")
CONFIG: Final = (
    "call_tree", "relative_percentages", "unit", "compact_labels", "source_path", "trim_path", "mean",
    "sample_index", "divide_by", "tagroot", "tagleaf", "drop_negative", "nodecount", "nodefraction",
    "edgefraction", "trim", "focus", "ignore", "prune_from", "hide", "show", "show_from", "tagfocus",
    "tagignore", "tagshow", "taghide", "noinlines", "showcolumns",
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


class HelpWantedError(Exception):
    """`-h` was given."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Flags:
    """A command line, taken apart.

    Attributes:
        values: Flags that were given, by name.
        sources: What is left: profiles, perhaps a program before them.
        bases: Values of `-base` and `-diff_base`.
    """

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.sources: list[str] = []
        self.bases: dict[str, list[str]] = {"base": [], "diff_base": []}


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

    def __init__(self, flags: Flags) -> None:
        values = flags.values
        self.format = ""
        self.regex: str | None = None
        self.config: dict[str, Any] = {name: values[name] for name in CONFIG if name in values}
        self.sources = flags.sources
        self.bases: list[str] = []
        self.diff_base = False
        self.normalize = bool(values.get("normalize"))
        self.executable = ""
        self.build_id = str(values.get("buildid", ""))
        self.comment = str(values.get("add_comment", ""))
        self.output = str(values.get("output", ""))


def parse(arguments: list[str]) -> Flags:
    """Take a command line apart as Go's flag package does.

    Flags come first, `--` ends them, `-x` and `--x` are the same.

    Raises:
        FlagError: An unknown flag, a value of the wrong kind, or none.
        HelpWantedError: `-h` or `-help`.
    """
    flags = Flags()
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
        raise HelpWantedError(usage())
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
    if not flags.sources:
        raise FlagError(usage() + "\nno profile source specified")
    choices = Choices(flags)
    if len(choices.sources) > 1 and is_program(choices.sources[0]):
        choices.executable, *choices.sources = choices.sources
    config = choices.config
    granularity = _one_of(values, GRANULARITIES)
    if granularity:
        config["granularity"] = granularity
    config["cum"] = _one_of(values, ("cum", "flat")) == "cum"
    choices.format, choices.regex = _format(values)
    if values.get("no_browser"):
        raise FlagError("-no_browser only makes sense with -http")
    config["sample_index"] = _sample_index(values, say)
    if values.get("mean_delay"):
        config["mean"] = True
    choices.bases, choices.diff_base = _bases(flags)
    if choices.normalize and not choices.bases:
        raise FlagError("must have base profile to normalize by")
    return choices


def _sample_index(values: dict[str, Any], say: Callable[[str], None]) -> str:
    index = str(values.get("sample_index", ""))
    for flag, sample_type in SHORTHANDS:
        if not values.get(flag):
            continue
        if index:
            say(f"Multiple value selections, ignoring -{flag}")
        else:
            index = sample_type
    return index


def _bases(flags: Flags) -> tuple[list[str], bool]:
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
        known = "name a format, such as -top, -tree or -peek=REGEX"
        raise FlagError(f"there is no interactive shell here; {known}")
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


def _float(name: str, value: str) -> float:
    try:
        if value != value.strip() or not value.isascii():
            raise ValueError
        number = float(value)
    except ValueError:
        raise _usage(f'invalid value "{value}" for flag -{name}: parse error') from None
    if number - number != 0:  # infinite, or not a number
        raise _usage(f'invalid value "{value}" for flag -{name}: value out of range')
    return number


def _usage(problem: str) -> FlagError:
    return FlagError(f"{problem}\n{usage()}")


def usage() -> str:
    """Say how the command is called."""
    from pprof_mcp.fronts.pprof_usage import USAGE

    return USAGE
