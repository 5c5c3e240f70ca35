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
from pprof_mcp.results.capture import CapturedFile, CaptureResult, OtherEntry
from pprof_mcp.session.bundle import Bundle, Member
from pprof_mcp.session.opening import apart
from pprof_mcp.session.session import Session
from pprof_mcp.sources.datadog.bundles import Told, read_told
from pprof_mcp.sources.foreign import HEAD, NOTED
from pprof_mcp.sources.named import Fetched, Wanted, choose, load
from pprof_mcp.sources.times import DEFAULT_HOURS, text

MOST_FILES = 20
MOST_TAGS = 40
MOST_METRICS = 40
MOST_ENDPOINTS = 10
"""What is told of one bundle at most. Source: chosen; the answer stays under its usual size."""
MOST_REASON = 200


def capture(source: str, given: Mapping[str, object], session: Session, out_dir: str = "") -> CaptureResult:
    """Download from a source, and give what came.

    Args:
        source: Name of the source, or `auto`.
        given: Arguments by name; those that are empty, or as by default, count as not given.
        session: Opens the files.
        out_dir: Folder the profiles are written to as well; none when empty.

    Raises:
        PprofMcpError: It can not be had, opened or written.
    """
    said = {name: value for name, value in given.items() if value not in ("", None)}
    if said.get("hours") == DEFAULT_HOURS:
        del said["hours"]
    wanted = Wanted(said)
    if out_dir:
        session.check_write(str(Path(out_dir) / "profile"))
    chosen = choose(source, wanted, session.remote)
    fetched = load(chosen).fetch(wanted, session.remote)
    bundle = session.bundle(str(fetched.path))
    entries = _entries(fetched.path, session)
    told = read_told(_noted(entries), session.settings.limits)
    about = _About(fetched, told)
    written = _write(out_dir, about, entries, bundle, session) if out_dir else []
    warnings = [*fetched.warnings, *told.warnings]
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
        next=_next(bundle, session),
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


def _entries(path: Path, session: Session) -> dict[str, bytes]:
    """Give the files of a zip or folder by name; the file itself when it is neither."""
    if path.is_dir():
        return {one.name: _content(one, session) for one in session.fence.list_dir(path) if one.is_file()}
    data = _content(path, session)
    if _native.sniff(data[:HEAD]) == "zip":
        return dict(apart(_native.zip_entries(data, dict(session.settings.limits))))
    return {path.name: data}


def _content(path: Path, session: Session) -> bytes:
    file, _ = session.fence.open_read(path, max_bytes=session.settings.net.download_bytes)
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
    prefix = "_".join(_part(part) for part in parts if part)
    wanted = {member.name for member in bundle.members}
    wanted |= {name for name in entries if name.rpartition("/")[2] == "metrics.json"}
    written: list[str] = []
    for name in sorted(wanted & entries.keys()):
        path = str(Path(out_dir) / f"{prefix}_{_part(name.rpartition('/')[2])}")
        try:
            written.append(session.write(path, entries[name]))
        except InvalidArgumentError:
            if not _is_there(path, entries[name], session):
                raise
            written.append(path)
    return written


def _part(text_of: str) -> str:
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


def _next(bundle: Bundle, session: Session) -> list[NextCall]:
    first = {(member := bundle.of_kind(kind)[0]).handle: member for kind in bundle.kinds}
    return [
        next_call(
            "pprof.top", f"What costs most: {member.name}.", profile=session.reference_of(member.handle)
        )
        for member in first.values()
        if len(member.profile)
    ][:3]
