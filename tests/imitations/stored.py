"""Profiles with labels and times, as continuous profilers keep them, and the queries that choose some."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pprof_mcp import _native

from tests.imitations.pprofs import only, period_type, sample_types


@dataclass(frozen=True)
class Stored:
    """One profile that was pushed.

    Attributes:
        name: What the agent calls it: `process_cpu`, `memory`, `mutex` ...
        labels: Its labels.
        at: When it was taken, in milliseconds since 1970.
        content: The profile as pprof.
    """

    name: str
    labels: Mapping[str, str]
    at: int
    content: bytes

    def types(self) -> list[str]:
        """The profile types it holds: `name:type:unit:period type:period unit`."""
        period = ":".join(period_type(self.content))
        return [f"{self.name}:{kind}:{unit}:{period}" for kind, unit in sample_types(self.content)]


class BadQueryError(ValueError):
    """A query that can not be read."""


_MATCHER = re.compile(r'\s*([a-zA-Z_][\w.]*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)')


def matches(selector: str, labels: Mapping[str, str]) -> bool:
    """Whether labels fit a selector in braces.

    Raises:
        BadQueryError: It is none.
    """
    text = selector.strip()
    if not (text.startswith("{") and text.endswith("}")):
        raise BadQueryError(f"parse error: unexpected {text[:20]!r}, expected a label selector")
    rest = text[1:-1].strip()
    good = True
    while rest:
        found = _MATCHER.match(rest)
        if not found:
            raise BadQueryError(f"parse error: unexpected {rest[:20]!r} in label matching")
        name, how, raw = found.groups()
        value, wanted = labels.get(name, ""), re.sub(r"\\(.)", r"\1", raw)
        hit = bool(re.fullmatch(wanted, value)) if "~" in how else value == wanted
        good &= hit != how.startswith("!")
        rest = rest[found.end() :].strip()
    return good


def merged(profiles: list[Stored], kind: str) -> bytes:
    """Merge one sample type of profiles; nothing when there is none."""
    parts = [only(one.content, kind) for one in profiles]
    if len(parts) < 2:
        return b"".join(parts)
    return _native.merge([_native.Profile.decode(part) for part in parts]).encode(compress=False)
