"""What a downloaded bundle must be, and what it says about itself."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from pprof_mcp import _native
from pprof_mcp.errors import (
    BadAnswerError,
    PprofMcpError,
    ProfileGoneError,
    ProfileTooLargeError,
    WrongHostError,
)
from pprof_mcp.sources.foreign import HEAD

MOST_ENTRIES: Final = 64
"""Files of one bundle. Source: chosen; profilers send up to ten."""
MOST_NOTED: Final = 16 << 20
"""Bytes of an entry that is read as JSON, decompressed. Source: chosen; the backend takes 16 MiB in all."""


@dataclass(frozen=True)
class Told:
    """What the files of a bundle say that are no profiles.

    Attributes:
        metrics: Numbers of `metrics.json`.
        tags: Tags of `event.json`.
        start: When it begins, as `event.json` writes it; empty when unknown.
        end: When it ends.
        family: Language or runtime.
        endpoints: Calls of each endpoint.
        libraries: Libraries that `code-provenance.json` names.
        warnings: What could not be read.
    """

    metrics: Mapping[str, float] = field(default_factory=dict[str, float])
    tags: tuple[str, ...] = ()
    start: str = ""
    end: str = ""
    family: str = ""
    endpoints: Mapping[str, int] = field(default_factory=dict[str, int])
    libraries: int = 0
    warnings: tuple[str, ...] = ()


def check_bundle(path: Path, limits: Mapping[str, int]) -> int:
    """Refuse a download that is no whole zip: its end, its directory and the checksum of every entry.

    Args:
        path: The download.
        limits: Limits of the core that were set.

    Returns:
        The number of its files.

    Raises:
        WrongHostError: It is a page for people.
        ProfileGoneError: It holds nothing.
        ProfileTooLargeError: It passes a limit.
        BadAnswerError: It is broken, or no zip.
    """
    data = path.read_bytes()
    form = _native.sniff(data[:HEAD])
    if form == "html":
        raise WrongHostError("Datadog answered the download with a page for people, such as a login")
    try:
        entries = _native.zip_entries(data, {"zip_entries": MOST_ENTRIES, **limits})
    except ProfileTooLargeError:
        raise
    except PprofMcpError as problem:
        found = "" if form == "zip" else f" (it looks like {form})"
        raise BadAnswerError(
            f"the downloaded bundle is broken or no zip{found}: {problem.message}",
            hint="Download it again; when it stays so, pick another profile.",
            details={"bytes": len(data), "form": form},
        ) from problem
    if not entries:
        raise ProfileGoneError("the downloaded bundle is empty: its files are no longer kept")
    return len(entries)


def read_told(contents: Mapping[str, bytes], limits: Mapping[str, int]) -> Told:
    """Read what lies beside the profiles.

    Args:
        contents: Content of `metrics.json`, `event.json` and `code-provenance.json`, as far as they are
            there, compressed or not.
        limits: Limits of the core that were set.
    """
    warnings: list[str] = []
    read: dict[str, Any] = {}
    for name, content in sorted(contents.items()):
        try:
            read[name] = json.loads(_native.unpack(content, {**limits, "inflated_bytes": MOST_NOTED}))
        except (ValueError, RecursionError, PprofMcpError) as problem:
            why = problem.message if isinstance(problem, PprofMcpError) else "it is no JSON"
            warnings.append(f"{name} could not be read: {why}")
    event = _object(read.get("event.json"))
    metrics = _numbers(read.get("metrics.json"))
    if "metrics.json" in read and not metrics:
        warnings.append("metrics.json holds no names with numbers")
    endpoints = {name: int(count) for name, count in _numbers(event.get("endpoint_counts")).items()}
    return Told(
        metrics=metrics,
        tags=_tags(event),
        start=_text(event.get("start")),
        end=_text(event.get("end")),
        family=_text(event.get("family")),
        endpoints=endpoints,
        libraries=len(_list(_object(read.get("code-provenance.json")).get("v1"))),
        warnings=tuple(warnings),
    )


def _tags(event: Mapping[str, Any]) -> tuple[str, ...]:
    given = event.get("tags_profiler", event.get("tags", ""))
    parts: Sequence[Any] = given.split(",") if isinstance(given, str) else _list(given)
    return tuple(sorted({part.strip() for part in parts if isinstance(part, str) and part.strip()}))


def _numbers(value: Any) -> dict[str, float]:
    """Read names with numbers: a list of pairs, as the profilers write it, or an object."""
    pairs: list[Any] = [list(pair) for pair in _object(value).items()] or _list(value)
    found: dict[str, float] = {}
    for pair in pairs:
        both = _list(pair)
        if len(both) == 2 and isinstance(both[0], str) and isinstance(both[1], (int, float)):
            number = float(both[1])
            if math.isfinite(number):
                found[both[0]] = number
    return dict(sorted(found.items()))


def _object(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
