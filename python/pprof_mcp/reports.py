"""Asks the core about a profile: rows as data, or pprof's own text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from pprof_mcp import _native
from pprof_mcp.errors import PprofMcpError
from pprof_mcp.filters import FILTER_NAMES, MAX_PATTERN, spec
from pprof_mcp.profile import Profile
from pprof_mcp.results.shared import RawMeta
from pprof_mcp.truncate import truncate

Rows = dict[str, Any]
"""An answer of the core: plain data, ready for a result model."""


def ask(
    question: Callable[[_native.Profile, str], bytes],
    profile: Profile,
    filters: Mapping[str, object],
    **options: object,
) -> Rows:
    """Ask one question; what was asked before is answered from memory.

    Args:
        question: A function of the core, such as `_native.top`, that looks at nothing but its arguments.
        profile: About which profile.
        filters: The shared options.
        **options: What this question takes besides.

    Raises:
        PprofMcpError: As the core says.
    """
    body = spec(filters, **options)
    found = profile.shared.answers.get((question, body), lambda: question(profile.native, body))
    return cast("Rows", json.loads(found))


def pprof_text(
    native: _native.Profile, filters: Mapping[str, object], report_format: str, **options: object
) -> tuple[str, RawMeta]:
    """Give the text that `go tool pprof` prints, cut to the size asked for.

    Args:
        native: The profile.
        filters: The shared options, and those of `TextOptions`.
        report_format: pprof's name of the report, such as `top`.
        **options: pprof's other options by their names.

    Returns:
        The text, and what was cut from it. What pprof says besides is among the warnings of the rows.

    Raises:
        PprofMcpError: As the core says.
    """
    out = pprof_report(native, filters, report_format, **options)
    max_bytes = cast("int", filters.get("max_bytes", 6_000))
    strategy = cast("str", filters.get("truncate_strategy", "head"))
    part = _end_of(out, max_bytes, strategy)
    text, meta = truncate(
        part.decode("utf-8", "replace"),
        max_lines=cast("int", filters.get("max_lines", 0)),
        max_bytes=max_bytes,
        strategy=strategy,
    )
    if len(part) < len(out):
        lines = out.count(b"\n") + (not out.endswith(b"\n"))
        meta = meta.model_copy(update={"total_lines": lines, "total_bytes": len(out)})
    return text, meta


def _end_of(out: bytes, most: int, strategy: str) -> bytes:
    """Give the lines at one end that hold more than can be kept: millions need not become texts."""
    if len(out) <= most:
        return out
    if strategy == "head":
        end = out.find(b"\n", most) + 1
        return out[:end] if end else out
    if strategy == "tail":
        return out[out.rfind(b"\n", 0, len(out) - most - 1) + 1 :]
    return out


def pprof_report(
    native: _native.Profile, filters: Mapping[str, object], report_format: str, **options: object
) -> bytes:
    """Give what `go tool pprof` writes, whole.

    Args:
        native: The profile.
        filters: The shared options.
        report_format: pprof's name of the report, such as `dot`.
        **options: pprof's other options by their names.

    Raises:
        PprofMcpError: As the core says.
    """
    kept: dict[str, object] = {name: filters[name] for name in FILTER_NAMES if filters.get(name)}
    # pprof itself decides the granularity of a report when none is asked for.
    if kept.get("granularity") == "functions":
        del kept["granularity"]
    body = json.dumps({"format": report_format, **kept, **options})
    try:
        out, _ = _native.report(_native.prepare_source(native), body, None)
    except PprofMcpError as problem:
        # These two are for the drop-in command, which prints them.
        problem.details.pop("pprof_message", None)
        problem.details.pop("messages", None)
        raise
    return out


def place(row: Rows) -> str | None:
    """Say where a row is: `file:line`, the file alone, or None when it is not known."""
    file, line = cast("str", row["file"]), cast("int", row["line"])
    if not file:
        return None
    return f"{file}:{line}" if line else file


def exactly(name: str) -> str:
    """Give the pattern that matches one name and nothing else; of a very long name only its beginning."""
    pattern = f"^{re.escape(name)}$"
    # Escaping at most doubles a character.
    return pattern if len(pattern) <= MAX_PATTERN else f"^{re.escape(name[: MAX_PATTERN // 2 - 1])}"
