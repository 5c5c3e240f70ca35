"""From a download to its answer: the bundle opened, what lies beside the profiles read, files written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pprof_mcp import _native
from pprof_mcp.errors import InvalidArgumentError, PprofMcpError
from pprof_mcp.insight.quality import quality_notes
from pprof_mcp.results import NextCall, next_call
from pprof_mcp.results.capture import CapturedFile, CaptureResult, NotFetched, OtherEntry
from pprof_mcp.session.bundle import Bundle, Member
from pprof_mcp.session.kinds import GOROUTINE
from pprof_mcp.session.opening import apart
from pprof_mcp.session.session import Session
from pprof_mcp.sources.datadog.bundles import Told, read_told
from pprof_mcp.sources.foreign import HEAD, NOTED
from pprof_mcp.sources.named import AUTO, Fetched, Wanted, choose, load
from pprof_mcp.sources.pprof_http import STACKS
from pprof_mcp.sources.times import text
from pprof_mcp.suggesting import bundle_calls

MOST_FILES = 20
MOST_TAGS = 40
MOST_METRICS = 40
MOST_ENDPOINTS = 10
"""What is told of one bundle at most. Source: chosen; the answer stays under its usual size."""
MOST_REASON = 200
DEFAULTS = {"hours": 0, "seconds": 10, "deltas": False, "limit": 1}
"""Values that arguments have when nothing is said."""


def wanted_of(given: Mapping[str, object]) -> Wanted:
    """Give what is wanted by arguments: those that are empty, or as by default, count as not given."""
    return Wanted(
        {name: value for name, value in given.items() if value not in ("", None, [], DEFAULTS.get(name))}
    )


def fetched_bundle(wanted: Wanted, session: Session) -> tuple[Bundle, Fetched]:
    """Download from the source that the arguments fit, and open what came.

    Raises:
        PprofMcpError: It can not be had, or not opened.
    """
    fetched = load(choose(AUTO, wanted, session.remote)).fetch(wanted, session.remote)
    return session.bundle(str(fetched.path)), fetched


def capture(source: str, given: Mapping[str, object], session: Session, out_dir: str = "") -> CaptureResult:
    """Download from a source, and give what came.

    Args:
        source: Name of the source, or `auto`.
        given: Arguments by name.
        session: Opens the files.
        out_dir: Folder the profiles are written to as well; none when empty.

    Raises:
        PprofMcpError: It can not be had, opened or written.
    """
    wanted = wanted_of(given)
    if out_dir:
        session.check_write(str(Path(out_dir) / "profile"))
    chosen = choose(source, wanted, session.remote)
    fetched = load(chosen).fetch(wanted, session.remote)
    bundle = session.bundle(str(fetched.path))
    entries = _entries(fetched.path, bundle, session)
    told = read_told(_noted(entries), session.settings.limits)
    about = _About(fetched, told)
    written = _write(out_dir, about, entries, bundle, session) if out_dir else []
    warnings = [*fetched.warnings, *told.warnings, *(f"no {one.kind}" for one in fetched.failures)]
    stacks = None
    if STACKS in fetched.apart:
        try:
            stacks = session.profile(str(fetched.apart[STACKS])).handle
        except PprofMcpError as problem:
            warnings.append(f"goroutine stacks can not be read: {problem.message}")
    if not bundle.members:
        warnings.append(f"the bundle holds no pprof profile: {_listed(bundle) or 'it is empty'}")
    if about.seq == 0:
        warnings.append("it is the first of its process: values that grow hold everything since the start")
    for found, most, what in (
        (len(bundle.members), MOST_FILES, "profiles; profiles.open lists all"),
        (len(bundle.others), MOST_FILES, "other files"),
        (len(about.tags), MOST_TAGS, "tags"),
        (len(told.metrics), MOST_METRICS, "metrics"),
        (len(told.endpoints), MOST_ENDPOINTS, "endpoints"),
    ):
        if found > most:
            warnings.append(f"{most} of {found} {what}")
    busiest = sorted(told.endpoints.items(), key=lambda item: (-item[1], item[0]))[:MOST_ENDPOINTS]
    return CaptureResult(
        warnings=warnings,
        next=_next(bundle, stacks, session),
        source=chosen,
        service=fetched.service or about.tag("service") or wanted.text("service"),
        env=fetched.env or about.tag("env") or wanted.text("env"),
        version=fetched.version or about.tag("version") or None,
        host=fetched.host or about.tag("host") or None,
        runtime=fetched.runtime or about.tag("runtime") or told.family or None,
        tags=list(about.tags[:MOST_TAGS]),
        dd_site=fetched.site,
        from_ts=_text(fetched.since),
        to_ts=_text(fetched.until),
        profile_id=fetched.profile_id or None,
        event_id=fetched.event_id or None,
        timestamp=_text(fetched.timestamp) or told.end or None,
        start=_text(fetched.start) or told.start or None,
        end=_text(fetched.end) or told.end or None,
        seq=about.seq,
        bundle=bundle.handle,
        kinds=list(bundle.kinds),
        files=[_file(member, entries) for member in bundle.members[:MOST_FILES]],
        stacks=stacks,
        not_fetched=[
            NotFetched(kind=one.kind, code=one.problem.code, reason=one.problem.message[:MOST_REASON])
            for one in fetched.failures
        ],
        others=[
            OtherEntry(name=other.name, reason=other.reason[:MOST_REASON])
            for other in bundle.others[:MOST_FILES]
        ],
        metrics=dict(list(told.metrics.items())[:MOST_METRICS]),
        endpoints=dict(busiest),
        libraries=told.libraries,
        written=written,
    )


@dataclass(frozen=True)
class _About:
    """What list and bundle say together."""

    fetched: Fetched
    told: Told

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(sorted({*self.fetched.tags, *self.told.tags}))

    @property
    def seq(self) -> int | None:
        found = self.tag("profile_seq")
        return int(found) if found.isascii() and found.isdigit() and len(found) < 16 else None

    def tag(self, name: str) -> str:
        start = f"{name}:"
        return next((tag[len(start) :] for tag in self.tags if tag.startswith(start)), "")


def _entries(path: Path, bundle: Bundle, session: Session) -> dict[str, bytes]:
    """Give the files of a zip by name; the file itself when it is none; of a folder what is told of it."""
    if path.is_file():
        data = _content(path, session)
        if _native.sniff(data[:HEAD]) == "zip":
            return dict(apart(_native.zip_entries(data, dict(session.settings.limits))))
        return {path.name: data}
    folder = path if path.is_dir() else Path()
    names = [member.name for member in bundle.members[:MOST_FILES]]
    names += [other.name for other in bundle.others if other.name.rpartition("/")[2] in NOTED]
    return {name: _content(folder / name, session) for name in names}


def _content(path: Path, session: Session) -> bytes:
    most = session.settings.limits.get("input_bytes", _native.default_limits()["input_bytes"])
    file, _ = session.fence.open_read(path, max_bytes=most)
    with file:
        return file.read()


def _noted(entries: Mapping[str, bytes]) -> dict[str, bytes]:
    return {base: content for name, content in entries.items() if (base := name.rpartition("/")[2]) in NOTED}


def _file(member: Member, entries: Mapping[str, bytes]) -> CapturedFile:
    profile = member.profile
    meta = profile.shared.meta
    duration = meta["duration_nanos"]
    return CapturedFile(
        name=member.name,
        type=member.kind,
        handle=member.handle,
        bytes=len(entries.get(member.name, b"")),
        samples=meta["samples"],
        sample_types=[f"{item['type']}/{item['unit']}" for item in meta["sample_types"]],
        duration_text=f"{duration / 1e9:.4g} s" if duration else None,
        notes=quality_notes(meta, member.kinds),
    )


def _listed(bundle: Bundle) -> str:
    return "; ".join(f"{other.name}: {other.reason[:MOST_REASON]}" for other in bundle.others[:3])


def _text(time: datetime | None) -> str | None:
    return None if time is None else text(time)


def _write(
    out_dir: str, about: _About, entries: Mapping[str, bytes], bundle: Bundle, session: Session
) -> list[str]:
    """Write the profiles and metrics.json as they came, under names made of what they are."""
    fetched = about.fetched
    when = fetched.timestamp or fetched.end or fetched.start
    parts = (fetched.service, fetched.env, when.strftime("%Y%m%dT%H%M%SZ") if when else "")
    prefix = "_".join(part_of_name(part) for part in parts if part)
    wanted = {member.name for member in bundle.members}
    wanted |= {name for name in entries if name.rpartition("/")[2] == "metrics.json"}
    written: list[str] = []
    for name in sorted(wanted & entries.keys()):
        base = part_of_name(name.rpartition("/")[2])
        written.append(write_once(session, out_dir, f"{prefix}_{base}", entries[name]))
    return written


def write_once(session: Session, folder: str, name: str, content: bytes) -> str:
    """Write a file that is not there yet; one of this name and content is good as it is.

    Raises:
        PprofMcpError: It can not be written, or has other content.
    """
    path = str(Path(folder) / name)
    try:
        return session.write(path, content)
    except InvalidArgumentError:
        if not _is_there(path, content, session):
            raise
        return path


def part_of_name(text_of: str) -> str:
    """Give a part of a file name: nothing in it leads anywhere."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text_of).strip(".-")[:60] or "x"


def _is_there(path: str, content: bytes, session: Session) -> bool:
    """Whether a file of this name and content exists already."""
    try:
        file, _ = session.fence.open_read(path, max_bytes=len(content))
    except PprofMcpError:
        return False
    with file:
        return file.read() == content


def _next(bundle: Bundle, stacks: str | None, session: Session) -> list[NextCall]:
    first = {(member := bundle.of_kind(kind)[0]).handle: member for kind in bundle.kinds}
    calls = bundle_calls(bundle, session)
    calls += [
        next_call(
            "pprof.top", f"What costs most: {member.name}.", profile=session.reference_of(member.handle)
        )
        for member in first.values()
        if len(member.profile)
    ][:2]
    goroutines = bundle.of_kind(GOROUTINE)
    if stacks and goroutines:
        both = {"profile": session.reference_of(goroutines[0].handle), "stacks": session.reference_of(stacks)}
        why = "What goroutines wait for, since when, and who started them."
        calls.append(next_call("pprof.goroutine_analysis", why, **both))
    return calls
