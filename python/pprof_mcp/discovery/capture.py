"""The profiles of a bundle that are looked at, one of each kind, and whose they are."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import cached_property
from typing import Any, Final, cast

from pprof_mcp.insight.units import NANOSECONDS
from pprof_mcp.marking import Marked
from pprof_mcp.overhead import LONGEST
from pprof_mcp.profile import Profile
from pprof_mcp.session.bundle import Bundle, Member
from pprof_mcp.session.session import Session
from pprof_mcp.sources.datadog.decoding import read_candidate
from pprof_mcp.sources.foreign import FOREIGN, NOTED

KINDS: Final = ("cpu", "heap", "mutex", "block", "goroutine")
"""Kinds that there are analyses for."""

_CPU_TYPES: Final = ("cpu", "cpu-time", "cpu-samples")
"""Sample types that say what CPU time was spent, the best first (specified: Go, the Datadog tracers)."""

_WALL: Final = "wall"

_COUNTS: Final = ("samples", "cpu-samples", "sample")
"""Sample types that count what was recorded (specified likewise)."""

MOST_TOLD: Final = 200
"""Characters about files that could not be read (chosen: two of them)."""

_ID: Final = re.compile(r"[\w=.+/-]{1,300}", re.ASCII)
"""What an id of a profile looks like; likewise."""
_TAG: Final = re.compile(r"[\w.:/@+-]{1,100}")
"""What a name of a service, an environment or a version looks like; anything else is not shown."""


@dataclass(frozen=True)
class Part:
    """One profile of a capture.

    Attributes:
        kind: As what it is looked at.
        member: Where it is in the bundle.
        profile: The profile.
    """

    kind: str
    member: Member
    profile: Profile

    @property
    def is_dump(self) -> bool:
        """Whether it is a text of stacks, which says since when goroutines wait."""
        meta = self.profile.shared.meta
        return not meta["mappings"] and any(key["key"] == "state" for key in meta["label_keys"])

    @cached_property
    def seconds(self) -> float | None:
        """What it covers; None when it does not say, or not believably."""
        seconds = self.profile.shared.meta["duration_nanos"] / 1e9
        return round(seconds, 3) if 0 < seconds < LONGEST else None


@dataclass(frozen=True)
class Capture:
    """One profile of each kind.

    Attributes:
        bundle: The bundle, of which only these profiles are left.
        parts: Those with samples, by kind.
        empty: Kinds of which there is a profile without samples.
        warnings: What was not chosen.
        stacks: A dump of goroutines (`debug=2`) beside their profile: it adds ages.
    """

    bundle: Bundle
    parts: dict[str, Part]
    empty: tuple[str, ...]
    warnings: tuple[str, ...]
    stacks: Part | None = None

    @property
    def key(self) -> Hashable:
        """What tells this choice of profiles, and how they are called, from any other."""
        chosen = {**self.parts, **({"stacks": self.stacks} if self.stacks else {})}
        parts = ((kind, part.member.name, part.member.handle) for kind, part in chosen.items())
        return (self.bundle.reference, *parts)

    @property
    def missing(self) -> list[str]:
        """Kinds that can not be looked at."""
        return [
            f"{kind} (no samples)" if kind in self.empty else kind for kind in KINDS if kind not in self.parts
        ]

    @property
    def cpu_type(self) -> str:
        """The sample type of the CPU profile that counts CPU time; empty for its own default."""
        types = {item["type"] for item in self.parts["cpu"].profile.shared.meta["sample_types"]}
        return next((name for name in (*_CPU_TYPES, _WALL) if name in types), "")

    @property
    def cpu_words(self) -> str:
        """What its shares are of."""
        return "wall time" if self.cpu_type == _WALL else "CPU time"

    @property
    def timestamp(self) -> str | None:
        """When the latest of the profiles was taken, in UTC."""
        times = [part.profile.shared.meta["time_nanos"] for part in self.parts.values()]
        last = max(times, default=0) // 1_000_000_000
        if last <= 0:
            return None
        try:
            return datetime.fromtimestamp(last, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        except (OverflowError, ValueError, OSError):
            return None


def captured(bundle: Bundle) -> Capture:
    """Choose of each kind the latest profile; of several at one time the one that covers an interval.

    Source:
        Chosen, as pprof.memory_sanity does. A profile that is chiefly of another kind comes last.

    Raises:
        PprofMcpError: A profile can not be had any more.
    """
    parts: dict[str, Part] = {}
    empty: list[str] = []
    stacks: Part | None = None
    warnings = list(_unread(bundle))
    for kind in KINDS:
        members = bundle.of_kind(kind) or (_of_node(bundle) if kind == "cpu" else ())
        found = sorted((Part(kind, member, member.profile) for member in members), key=_order)
        with_samples = [part for part in found if len(part.profile)]
        if not with_samples:
            empty.extend([kind] if found else [])
            continue
        parts[kind] = with_samples[0]
        if kind == "goroutine":
            stacks = next((part for part in with_samples[1:] if part.is_dump), None)
            found = [part for part in found if part is not stacks]
        if len(found) > 1:
            name = with_samples[0].member.name
            warnings.append(f"{name} is used, the latest of {len(found)} {kind} profiles")
    chosen = [*parts.values(), *([stacks] if stacks else [])]
    kept = tuple(
        sorted({part.member.handle: part.member for part in chosen}.values(), key=lambda member: member.name)
    )
    return Capture(replace(bundle, members=kept), parts, tuple(empty), tuple(warnings), stacks)


def _of_node(bundle: Bundle) -> list[Member]:
    """Give profiles of wall time that stand for CPU time: Node's.

    Source: specified by V8: its one thread is sampled, and frames other than `(idle)` are work.
    """
    return [one for one in bundle.of_kind(_WALL) if Marked(one.profile, {}).runtime == "node"]


def _unread(bundle: Bundle) -> Iterator[str]:
    """Say what may have been a profile and could not be read as one."""
    known = {*FOREIGN.values(), *NOTED.values()}
    unread = [other for other in bundle.others if other.reason not in known]
    if unread:
        told = "; ".join(f"{other.name}: {other.reason}" for other in unread[:2])
        yield f"{len(unread)} files could not be read as profiles: {told[:MOST_TOLD]}"


def _order(part: Part) -> tuple[object, ...]:
    meta = part.profile.shared.meta
    end, length = meta["time_nanos"] + meta["duration_nanos"], meta["duration_nanos"]
    return (part.member.kind != part.kind, -end, -length, part.member.name)


def utilization_pct(part: Part, total: int, unit: str, sample_type: str) -> float | None:
    """Say how busy the process was: 100 is one CPU all the time.

    Args:
        part: The CPU profile.
        total: Of all samples.
        unit: Its unit.
        sample_type: What total counts; a profile that counts samples has the time of one as its period.
    """
    meta = part.profile.shared.meta
    scale = NANOSECONDS.get(unit)
    if scale is None and sample_type in _COUNTS and meta["period_type"]:
        period = NANOSECONDS.get(meta["period_type"]["unit"])
        scale = None if period is None else period * meta["period"]
    if part.seconds is None or not scale:
        return None
    return round(100 * total * scale / 1e9 / part.seconds, 2)


def cpu_events(part: Part, total: int, unit: str) -> float:
    """Say how many samples were recorded, of which a row of the profile stands for many.

    Args:
        part: The CPU profile.
        total: CPU time of all samples.
        unit: Its unit.
    """
    meta = part.profile.shared.meta
    counts = [item["total"] for item in meta["sample_types"] if item["type"] in _COUNTS]
    if counts and counts[0] > 0:
        return float(counts[0])
    period_type = meta["period_type"]
    if period_type and period_type["unit"] == unit and meta["period"] > 0:
        return total / meta["period"]
    return float(len(part.profile))


@dataclass(frozen=True)
class Owner:
    """Whose capture it is, as far as the bundle says.

    Attributes:
        service: The service.
        env: The environment.
        version: The version.
        source: Where it was downloaded, with what names it there; None for files.
    """

    service: str | None = None
    env: str | None = None
    version: str | None = None
    source: str | None = None


def owner(bundle: Bundle, session: Session) -> Owner:
    """Read whose it is from `event.json`, with which Datadog's tracers describe an upload, and from the list.

    Only three tags are looked at: others may hold what is nobody's business.
    """
    uploaded = _uploaded(bundle, session)
    facts = session.remote.told(bundle.reference) or {}
    listed = read_candidate(facts.get("listed"))
    if listed is None:
        return uploaded
    names = (_tag(listed.service), _tag(listed.env), _tag(listed.version))
    ids = (listed.profile_id, listed.event_id)
    source = f"{facts.get('site')} profile {ids[0]} event {ids[1]}" if all(map(_ID.fullmatch, ids)) else None
    return Owner(uploaded.service or names[0], uploaded.env or names[1], uploaded.version or names[2], source)


def _tag(value: str) -> str | None:
    return value if _TAG.fullmatch(value) else None


def _uploaded(bundle: Bundle, session: Session) -> Owner:
    content = session.attachment(bundle, "event.json")
    if content is None:
        return Owner()
    try:
        read: Any = json.loads(content)
    except (ValueError, RecursionError):
        return Owner()
    told: Any = cast("dict[str, Any]", read).get("tags_profiler") if isinstance(read, dict) else None
    pairs: dict[str, str] = {}
    for tag in told.split(",") if isinstance(told, str) else ():
        name, _, value = tag.strip().partition(":")
        if _TAG.fullmatch(value):
            pairs.setdefault(name, value)
    return Owner(pairs.get("service"), pairs.get("env"), pairs.get("version"))
