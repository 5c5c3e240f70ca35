"""Every setting that comes from the environment: name, kind, default, and what it does.

Everything else gets a `Settings`; only the drop-in command and the colours of a terminal look for
themselves.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.sources.datadog.settings import DATADOG_VARIABLES, DatadogSettings, read_datadog
from pprof_mcp.sources.net.settings import NET_VARIABLES, NetSettings, read_net
from pprof_mcp.sources.places import PLACE_VARIABLES, PlaceSettings, read_places
from pprof_mcp.toolsets import ALL, Toolset, parse_toolsets

NameMode = Literal["underscores", "dotted"]

LIMIT_NAMES = (
    "input_bytes",
    "inflated_bytes",
    "nesting",
    "ratio",
    "ratio_floor",
    "samples",
    "stack_depth",
    "sample_values",
    "table_rows",
    "string_bytes",
    "zip_entries",
)
"""The limits of the Rust core that can be set, by their names there."""

_LIMIT_HELP = {
    "input_bytes": "Bytes of one input as given, compressed or not.",
    "inflated_bytes": "Bytes of one input after all decompression.",
    "nesting": "Compression layers on top of each other (gzip in gzip).",
    "ratio": "Decompressed bytes for each compressed one.",
    "ratio_floor": "Decompressed bytes below which any ratio is accepted.",
    "samples": "Samples of one profile.",
    "stack_depth": "Locations of one sample.",
    "sample_values": "Values of one sample.",
    "table_rows": "Functions, mappings and locations of one profile, each.",
    "string_bytes": "Bytes of all strings of one profile together.",
    "zip_entries": "Entries of one zip, and files of one directory, that are looked at.",
}


@dataclass(frozen=True)
class Variable:
    """One environment variable, as the reference page shows it."""

    name: str
    kind: str
    default: str
    description: str


@dataclass(frozen=True)
class Settings:
    """What the environment says, checked.

    Attributes:
        roots: Folders that may be read and written besides the working directory.
        name_mode: How tool names are advertised.
        toolsets: Groups of tools that a server lists.
        handle_ttl: Seconds without use after which a handle expires.
        store_bytes: Memory for decoded profiles; the least recently used ones go first.
        answer_bytes: Size of one answer as JSON that is never passed.
        limits: Limits of the Rust core that were set; the others keep its defaults.
        baselines: File of stored baselines; empty for the usual place.
        net: How sources are asked over the network.
        datadog: How Datadog is asked.
        places: Which places besides Datadog may be asked.
    """

    roots: tuple[str, ...] = ()
    name_mode: NameMode = "underscores"
    toolsets: tuple[Toolset, ...] = ALL
    handle_ttl: float = 14_400.0
    store_bytes: int = 2 << 30
    answer_bytes: int = 80_000
    limits: Mapping[str, int] = field(default_factory=dict[str, int])
    baselines: str = ""
    net: NetSettings = field(default_factory=NetSettings)
    datadog: DatadogSettings = field(default_factory=DatadogSettings)
    places: PlaceSettings = field(default_factory=PlaceSettings)


def variables() -> tuple[Variable, ...]:
    """Give every environment variable that is read, in the order of the reference page."""
    base = Settings()
    return (
        Variable(
            "PPROF_MCP_ROOTS",
            f"paths, separated by `{os.pathsep}`",
            "none",
            "Folders the server may read and write besides its working directory.",
        ),
        Variable(
            "CLAUDE_PROJECT_DIR",
            "path",
            "none",
            "Set by Claude Code; one more folder the server may read and write.",
        ),
        Variable(
            "PPROF_MCP_TOOL_NAME_MODE",
            "`underscores` or `dotted`",
            base.name_mode,
            "Spelling of the tool names that are advertised; both are always understood. "
            "`default` and `codex` mean `underscores`.",
        ),
        Variable(
            "PPROF_MCP_TOOLSETS",
            "names, separated by `,`",
            "`all`",
            "Groups of tools that a server lists: " + ", ".join(ALL) + ". The others are still answered.",
        ),
        Variable(
            "PPROF_MCP_HANDLE_TTL",
            "seconds",
            f"{base.handle_ttl:.0f}",
            "A handle that is not used for this long expires.",
        ),
        Variable(
            "PPROF_MCP_STORE_BYTES",
            "bytes",
            str(base.store_bytes),
            "Memory for decoded profiles; beyond it the least recently used ones are dropped and read again "
            "when asked for.",
        ),
        Variable(
            "PPROF_MCP_ANSWER_BYTES",
            "bytes, 8000 or more",
            str(base.answer_bytes),
            "Size of one answer that is never passed; longer lists are cut and say so.",
        ),
        *(
            Variable(f"PPROF_MCP_LIMIT_{name.upper()}", "number, 1 or more", "built in", _LIMIT_HELP[name])
            for name in LIMIT_NAMES
        ),
        Variable(
            "PPROF_MCP_BASELINES",
            "path",
            "`baselines.sqlite3` under $XDG_STATE_HOME/pprof-mcp; the server's own is under "
            "$XDG_CACHE_HOME/pprof-mcp",
            "File of the runs that pprof.baseline records.",
        ),
        *(Variable(*item) for item in (*DATADOG_VARIABLES, *PLACE_VARIABLES, *NET_VARIABLES)),
        Variable("PPROF_MCP_TRACEBACK", "anything", "none", "Show where a defect of this program happened."),
        Variable("NO_COLOR", "anything", "none", "No colours on a terminal."),
        Variable("COLUMNS", "number", "the terminal's width", "Width of tables on a terminal."),
        Variable(
            "PPROF_TMPDIR",
            "path",
            "$HOME/pprof",
            "`pprof-mcp pprof`: accepted for compatibility; only fetched profiles would be saved there.",
        ),
    )


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings.

    Args:
        environment: Variables by name; the process's own when not given.

    Raises:
        InvalidArgumentError: A variable has a value it can not have; the message names both.
    """
    given = os.environ if environment is None else environment
    base = Settings()
    roots = [part for part in given.get("PPROF_MCP_ROOTS", "").split(os.pathsep) if part]
    if given.get("CLAUDE_PROJECT_DIR"):
        roots.append(given["CLAUDE_PROJECT_DIR"])
    limits = {
        name: _integer(given, f"PPROF_MCP_LIMIT_{name.upper()}", 1, 1)
        for name in LIMIT_NAMES
        if given.get(f"PPROF_MCP_LIMIT_{name.upper()}")
    }
    return Settings(
        roots=tuple(roots),
        name_mode=_name_mode(given),
        toolsets=parse_toolsets(given.get("PPROF_MCP_TOOLSETS", ""), "PPROF_MCP_TOOLSETS"),
        handle_ttl=_number(given, "PPROF_MCP_HANDLE_TTL", base.handle_ttl),
        store_bytes=_integer(given, "PPROF_MCP_STORE_BYTES", base.store_bytes, 1),
        answer_bytes=_integer(given, "PPROF_MCP_ANSWER_BYTES", base.answer_bytes, 8_000),
        limits=limits,
        baselines=given.get("PPROF_MCP_BASELINES", "").strip(),
        net=read_net(given),
        datadog=read_datadog(given),
        places=read_places(given),
    )


def _name_mode(given: Mapping[str, str]) -> NameMode:
    text = given.get("PPROF_MCP_TOOL_NAME_MODE", "").strip().lower()
    # `default` and `codex` are the spellings of the system whose users this variable comes from.
    known = {
        "": "underscores",
        "default": "underscores",
        "codex": "underscores",
        "underscores": "underscores",
    }
    mode = {**known, "dotted": "dotted"}.get(text)
    if mode is None:
        raise InvalidArgumentError(
            f"PPROF_MCP_TOOL_NAME_MODE is {text!r}; it can be underscores or dotted",
            details={"argument": "PPROF_MCP_TOOL_NAME_MODE"},
        )
    return cast("NameMode", mode)


def _integer(given: Mapping[str, str], name: str, default: int, least: int) -> int:
    text = given.get(name, "").strip()
    if not text:
        return default
    try:
        value = int(text.replace("_", ""))
    except ValueError:
        value = least - 1
    if value < least:
        raise InvalidArgumentError(
            f"{name} is {text!r}; it must be a whole number, {least} or more", details={"argument": name}
        )
    return value


def _number(given: Mapping[str, str], name: str, default: float) -> float:
    text = given.get(name, "").strip()
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise InvalidArgumentError(
            f"{name} is {text!r}; it must be a number of seconds above 0", details={"argument": name}
        )
    return value


def store_folder(environment: Mapping[str, str] | None = None) -> Path:
    """Give the folder of this program's own, which may always be read and written; it need not exist."""
    given = os.environ if environment is None else environment
    base = given.get("XDG_CACHE_HOME") or given.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".cache") / "pprof-mcp"


def baseline_file(
    settings: Settings, *, in_store: bool, environment: Mapping[str, str] | None = None
) -> Path:
    """Give the file of stored baselines; it need not exist.

    Args:
        settings: May name it.
        in_store: Whether it lies in the folder of this program's own, as for a server, which may write
            nowhere else; else where the user's state is kept.
        environment: Variables by name; the process's own when not given.
    """
    given = os.environ if environment is None else environment
    if settings.baselines:
        return Path(settings.baselines).expanduser()
    if in_store:
        return store_folder(given) / "baselines.sqlite3"
    base = given.get("XDG_STATE_HOME") or given.get("LOCALAPPDATA")
    folder = Path(base) if base else Path.home() / ".local" / "state"
    return folder / "pprof-mcp" / "baselines.sqlite3"
