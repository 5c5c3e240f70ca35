"""Reads goroutine profiles: which goroutines there are, in what, where, since when and from whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pprof_mcp import _native
from pprof_mcp.errors import WrongProfileKindError
from pprof_mcp.insight.frames import go_package
from pprof_mcp.insight.goroutine_leaks import ALIKE, CLIENT_LOOPS, FINALIZING, NETWORK, Group
from pprof_mcp.insight.goroutine_waits import Wait, is_plumbing, kind_of, kinds_of_states, waits
from pprof_mcp.insight.origin import is_own
from pprof_mcp.marking import OWN, PLUMBING, Marked
from pprof_mcp.profile import Profile
from pprof_mcp.reports import Rows, ask
from pprof_mcp.session.kinds import BLOCK, GOROUTINE, phrase_of

MOST_GROUPS = 2_000
"""Groups of one profile that are looked at, largest first (chosen: the rest are of few goroutines each)."""

LEAK_TYPE = "goroutineleak"
"""The sample type of Go's profile of leaked goroutines (specified, Go 1.26)."""

STATE, AGE, LEAKED = "state", "wait_minutes", "leaked"
CREATED = ("created_by", "created_at")

SHOWN_FRAMES = 8
MOST_NAME = 160
"""Characters of a name that are shown; generated names are longer than anyone reads (chosen)."""


def check_kind(profile: Profile, argument: str = "profile") -> None:
    """Refuse what is no goroutine profile.

    Raises:
        WrongProfileKindError: It is of another kind.
    """
    if GOROUTINE not in profile.kinds:
        raise WrongProfileKindError(
            f"{argument}: {profile.name} is {phrase_of(profile.kind)}, a goroutine profile is needed",
            hint="Take one from /debug/pprof/goroutine (with ?debug=2 it also tells ages and creators), or a "
            "dump of a crash. For waits in time use pprof.contention_analysis, for other profiles pprof.top.",
            details={"asked": GOROUTINE, "available": list(profile.kinds)},
        )


def marking(name: str, file: str, runtime: str | None) -> int:
    """Mark a function by what a goroutine waits for in it."""
    plumbing = is_plumbing(name, file)
    return kind_of(name) | (PLUMBING if plumbing else 0) | (OWN if is_own(name, file, runtime) else 0)


@dataclass(frozen=True)
class Found:
    """A group and what is shown of it.

    Attributes:
        group: The group.
        signature: The functions from the site on, in one line.
        stack: The heaviest stack, in one line.
        owner: The first frame of the user's own code; None without one.
        package: The package of that; empty likewise.
        creators: Who started them, most first, when the input says so.
    """

    group: Group
    signature: str
    stack: str
    owner: str | None
    package: str
    creators: tuple[str, ...]


@dataclass(frozen=True)
class Goroutines:
    """What one profile holds.

    Attributes:
        total: Goroutines after filters.
        by_wait: Goroutines by reason; the first reason of `waits` is that they run.
        groups: Groups, largest first.
        left_out: Groups that were not looked at, and their goroutines.
        is_named: Whether functions have names.
        is_leak_profile: Whether it holds leaked goroutines alone.
        ages_known: Whether it says since when they wait, as a dump does.
        warnings: What limits it.
    """

    total: int
    by_wait: dict[Wait, int]
    groups: tuple[Found, ...]
    left_out: tuple[int, int]
    is_named: bool
    is_leak_profile: bool
    ages_known: bool
    warnings: list[str]

    @property
    def by_state(self) -> dict[str, int]:
        """Goroutines by state."""
        if self.total and not self.is_named and not self.ages_known:
            return {"unknown": self.total}
        found = {"running": 0, "syscall": 0, "waiting": 0}
        for wait, count in self.by_wait.items():
            found[wait.state] += count
        return found


def read(profile: Profile, filters: Mapping[str, object]) -> Goroutines:
    """Read a goroutine profile.

    Args:
        profile: The profile, or a dump of stacks.
        filters: The shared options.

    Raises:
        WrongProfileKindError: It is of another kind.
        PprofMcpError: As the core says.
    """
    check_kind(profile)
    states = states_of(profile, filters)
    marked = Marked(profile, filters)
    found = marked.groups(
        marked.kept_marks(marking),
        pick="leading",
        kind_label={"key": STATE, "kinds": kinds_of_states(states)} if states else {},
        labels=[AGE, LEAKED, *CREATED],
        site="behind",
        lines=True,
        limit=MOST_GROUPS,
        max_depth=SHOWN_FRAMES + 8,
    )
    index = found["sample_type"]["index"]
    table = waits()
    by_wait = {
        table[int(kind["kind"])]: int(kind["first"][index]) for kind in found["kinds"] if kind["first"][index]
    }
    left = found["left_out"]
    return Goroutines(
        total=found["totals"][index],
        by_wait=by_wait,
        groups=tuple(_found(group, index, ages_known=bool(states)) for group in found["groups"]),
        left_out=(left["rows"], left["values"][index] if left["values"] else 0),
        is_named=any(marked.functions["name"]),
        is_leak_profile=found["sample_type"]["type"] == LEAK_TYPE,
        ages_known=bool(states),
        warnings=[*found["warnings"], *(note["detail"] for note in profile.shared.meta["notes"])],
    )


def states_of(profile: Profile, filters: Mapping[str, object]) -> list[str]:
    """Give the states that occur in a dump of stacks; none in a profile that does not say them.

    Programs may set a label `state` of their own: in a dump every goroutine has one, and no binary is named.
    """
    meta = profile.shared.meta
    of_all = any(key["key"] == STATE and key["samples"] == meta["samples"] for key in meta["label_keys"])
    if not of_all or meta["mappings"]:
        return []
    keys = ask(_native.tags, profile, filters, key=STATE)["keys"]
    return [value["value"] for key in keys if not key["numeric"] for value in key["values"]]


def _found(row: Rows, index: int, *, ages_known: bool) -> Found:
    labels: dict[str, Any] = {label["key"]: label for label in row["labels"]}
    site: Rows = row["site"] or {"function": "", "file": "", "line": 0}
    age = labels.get(AGE)
    stack: list[Rows] = row["stacks"][0]["frames"] if row["stacks"] else []
    worth = [frame["function"] for frame in stack if not frame["mark"] & PLUMBING]
    creators = labels.get("created_by") or labels.get("created_at")
    owner = row["owners"][0] if row["owners"] else None
    group = Group(
        wait=waits()[int(row["kind"])],
        site=(site["function"], site["file"], site["line"]),
        count=row["values"][index],
        leaked=labels[LEAKED]["labelled"] if LEAKED in labels else 0,
        aged=age["labelled"] if age else 0,
        oldest=age["max"] if age else None,
        ages_known=ages_known,
        is_own=owner is not None,
        client=next((name for frame in stack if (name := frame["function"]) in CLIENT_LOOPS), ""),
        is_finalizing=any(FINALIZING.match(frame["function"]) for frame in stack),
    )
    return Found(
        group=group,
        signature=" < ".join(clip(name) for name in worth[:4]) or clip(site["function"]),
        stack=" < ".join(told(frame) for frame in stack[:SHOWN_FRAMES]),
        owner=told(owner) if owner else None,
        package=go_package(owner["function"]) if owner else "",
        creators=_creators(labels, creators),
    )


def _creators(labels: Mapping[str, Any], creators: Rows | None) -> tuple[str, ...]:
    if creators is None:
        return ()
    names = [value["value"] for value in creators["values"]]
    places = labels.get("created_at")
    if places is not None and len(names) == 1 and places["distinct"] == 1:
        return (f"{clip(names[0])} ({places['values'][0]['value']})",)
    return tuple(clip(name) for name in names)


def compared(now: Goroutines, before: Goroutines) -> Goroutines:
    """Say of each group how many there were before.

    Groups are the same when line and reason are; a nil channel, which only dumps tell, is a channel.
    """
    counts: dict[tuple[str, tuple[str, str, int]], int] = {}
    for found in before.groups:
        key = (_family(found.group.wait), found.group.site)
        counts[key] = counts.get(key, 0) + found.group.count
    groups = tuple(
        replace(
            found,
            group=replace(found.group, before=counts.get((_family(found.group.wait), found.group.site), 0)),
        )
        for found in now.groups
    )
    return with_connections(replace(now, groups=groups))


def with_connections(now: Goroutines) -> Goroutines:
    """Say of groups that grew whether as many connections came that the same package reads.

    Source: chosen: a server of many clients has a reader and often a writer for each.
    """
    came: dict[str, list[int]] = {}
    for found in now.groups:
        if found.package and found.group.wait.reason == NETWORK and found.group.grows:
            came.setdefault(found.package, []).append(found.group.change)

    def known(found: Found) -> Found:
        group = found.group
        if not group.grows or group.wait.lasting not in ("receive", "send", "idle"):
            return found
        alike = (count for count in came.get(found.package, ()) if abs(count - group.change) <= ALIKE * count)
        return replace(found, group=replace(group, connections=next(alike, 0)))

    return replace(now, groups=tuple(map(known, now.groups)))


def joined(now: Goroutines, dump: Goroutines) -> Goroutines:
    """Take ages, creators and marks of leaks from a dump of the same process, by line of code."""
    known = {(_family(found.group.wait), found.group.site): found for found in dump.groups}
    groups: list[Found] = []
    for found in now.groups:
        other = known.get((_family(found.group.wait), found.group.site))
        if other is None:
            groups.append(found)
            continue
        group = replace(
            found.group,
            leaked=max(found.group.leaked, other.group.leaked),
            aged=other.group.aged,
            oldest=other.group.oldest,
            ages_known=True,
        )
        groups.append(replace(found, group=group, creators=found.creators or other.creators))
    return replace(now, groups=tuple(groups), ages_known=True)


def with_others(now: Goroutines) -> Goroutines:
    """Say of each group whether others are old, which tells that the process is."""
    aged = [found.group.site for found in now.groups if found.group.aged]
    if not aged:
        return now
    return replace(
        now,
        groups=tuple(
            replace(
                found, group=replace(found.group, others_aged=any(site != found.group.site for site in aged))
            )
            for found in now.groups
        ),
    )


def with_ends(now: Goroutines, block: Profile) -> Goroutines:
    """Say of each group how many waits at its line ended, by a block profile of the same process.

    Raises:
        WrongProfileKindError: It is of another kind.
        PprofMcpError: As the core says.
    """
    types = [item["type"] for item in block.shared.meta["sample_types"]]
    # One whose stacks do not say which of the two it is, such as an empty one, is what its user says.
    may_be = BLOCK in block.kinds or not block.shared.kind_is_certain
    if not may_be or "contentions" not in types:
        raise WrongProfileKindError(
            f"block: {block.name} is a {block.kind} profile, a block profile of Go is needed",
            hint="Take one from /debug/pprof/block; leave it out if there is none.",
            details={"asked": BLOCK, "available": list(block.kinds)},
        )
    if not len(block):
        return now
    found = Marked(block, {"sample_index": "contentions"}).groups(
        marking, pick="leading", site="behind", lines=True, limit=MOST_GROUPS, names=0, stacks=0
    )
    index, table = found["sample_type"]["index"], waits()
    counts: dict[tuple[str, tuple[str, str, int]], int] = {}
    for row in found["groups"]:
        site = row["site"]
        if site:
            key = (_family(table[int(row["kind"])]), (site["function"], site["file"], site["line"]))
            counts[key] = counts.get(key, 0) + row["values"][index]

    def ended(found: Found) -> Found:
        count = counts.get((_family(found.group.wait), found.group.site), 0)
        return replace(found, group=replace(found.group, ended=count))

    return replace(now, groups=tuple(map(ended, now.groups)))


def _family(wait: Wait) -> str:
    return wait.reason.removesuffix(" (nil chan)")


def clip(name: str) -> str:
    """Shorten a name that nobody reads to its end."""
    return name if len(name) <= MOST_NAME else f"{name[: MOST_NAME - 3]}..."


def told(frame: Rows) -> str:
    """Write a frame with its place."""
    name = clip(frame["function"])
    if not frame["file"]:
        return name
    return f"{name} ({frame['file']}:{frame['line']})" if frame["line"] else f"{name} ({frame['file']})"
