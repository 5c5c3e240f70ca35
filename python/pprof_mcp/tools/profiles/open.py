"""profiles.open: opens profiles and gives handles for them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pprof_mcp.errors import PprofMcpError
from pprof_mcp.insight.quality import quality_notes
from pprof_mcp.profile import Profile
from pprof_mcp.registry import INJECTED, Cli, tool
from pprof_mcp.registry.arguments import REFERENCE_LENGTH
from pprof_mcp.registry.spec import View
from pprof_mcp.results import Cursor, LeftOut, NextCall, Result, Row, next_call, page_of
from pprof_mcp.session.bundle import Bundle, Member
from pprof_mcp.session.session import Session
from pprof_mcp.suggesting import bundle_calls

MOST_TYPES = 20
MOST_OTHERS = 20
MOST_REASON = 200


class OpenedProfile(Row):
    """One profile that was opened."""

    columns = ("name", "kind", "handle", "samples", "duration_text", "default", "sample_types")
    spare = ("sample_types", "default")

    name: str = Field(description="File or entry name.")
    handle: str = Field(description="Its handle: what other tools take as `profile`.")
    kind: str = Field(
        description="Told by its sample types: cpu, wall, heap, mutex, block, goroutine, ... or other."
    )
    sample_types: list[str] = Field(description="`type/unit` of its sample types, at most 20.")
    sample_types_left_out: int = Field(description="Sample types besides; pprof.meta lists them.")
    default: str = Field(description="Sample type looked at when none is asked for.")
    samples: int = Field(description="Samples.")
    duration_text: str | None = Field(description="Time it covers; null when not said.")
    notes: list[str] = Field(description="What makes it less trustworthy.")


class OtherFile(Row):
    """Something that is no profile."""

    columns = ("name", "reason")

    name: str = Field(description="File or entry name.")
    reason: str = Field(description="Why it was not read as a profile.")


class OpenResult(Result):
    """What was opened."""

    path: str = Field(description="What was asked for.")
    bundle: str = Field(description="Handle of all profiles together; `bundle#kind` names one of them.")
    kinds: list[str] = Field(description="Kinds there are.")
    count: int = Field(description="Profiles there are.")
    profiles: list[OpenedProfile] = Field(description="The profiles by name.")
    left_out: LeftOut = Field(description="Profiles before and behind these.")
    others: list[OtherFile] = Field(description="What else lies there, at most 20.")
    others_left_out: int = Field(description="Other files besides.")
    cursor: str | None = Field(description="Pass it as `cursor` for the next profiles; null at the end.")
    expires_after_seconds: float = Field(description="Handles not used for this long expire.")


@tool(
    "profiles.open",
    title="Open profiles",
    since="0.1",
    toolset="core",
    example={"path": "captures/"},
    view=View(
        "profiles",
        of="bundle",
        title="Profiles of a bundle",
        summary="List the profiles of a bundle: kind, sample types, and what is wrong with each.",
    ),
)
def open(
    path: Annotated[
        str,
        Field(
            min_length=1,
            max_length=REFERENCE_LENGTH,
            description="File, directory, zip, glob, URL, handle.",
        ),
        Cli(positional=True),
    ],
    *,
    limit: Annotated[int, Field(ge=1, le=200, description="Profiles described at most.")] = 10,
    cursor: Cursor = "",
    session: Session = INJECTED,
) -> OpenResult:
    """Open a profile, or all profiles of a directory, zip or glob, and get handles.

    Start here: it tells the kind of each profile, its sample types and what is wrong with it. The bundle
    handle stands for all of them, `handle:...#cpu` for one. A handle lives in this server and expires when it
    is not used.
    """
    page = page_of(cursor, limit)
    bundle = session.bundle(path)
    shown = bundle.members[page.offset : page.offset + page.limit]
    rows = [_describe(member) for member in shown]
    return OpenResult(
        warnings=_warnings(bundle),
        next=[*_next(bundle, session), *_more_types(rows, session)],
        path=path,
        bundle=bundle.handle,
        kinds=list(bundle.kinds),
        count=len(bundle.members),
        profiles=rows,
        left_out=LeftOut(rows=len(bundle.members) - len(rows)),
        others=[
            OtherFile(name=item.name, reason=item.reason[:MOST_REASON])
            for item in bundle.others[:MOST_OTHERS]
        ],
        others_left_out=max(0, len(bundle.others) - MOST_OTHERS),
        cursor=page.cursor(len(rows), len(bundle.members)),
        expires_after_seconds=session.settings.handle_ttl,
    )


def _describe(member: Member) -> OpenedProfile:
    profile: Profile = member.profile
    found = profile.shared.meta
    types: list[str] = [f"{item['type']}/{item['unit']}" for item in found["sample_types"]]
    index: int = found["default_index"]
    duration = found["duration_nanos"]
    notes = quality_notes(found, member.kinds)
    if not profile.shared.kind_is_certain:
        notes.append(f"its stacks do not tell a mutex from a block profile; taken for {profile.kind}")
    return OpenedProfile(
        name=member.name,
        handle=member.handle,
        kind=member.kind,
        sample_types=types[:MOST_TYPES],
        sample_types_left_out=max(0, len(types) - MOST_TYPES),
        default=types[index] if 0 <= index < len(types) else "",
        samples=found["samples"],
        duration_text=f"{duration / 1e9:.4g} s" if duration else None,
        notes=notes,
    )


def _more_types(rows: list[OpenedProfile], session: Session) -> list[NextCall]:
    """Suggest to list the sample types that one of the profiles has besides."""
    cut = next((row for row in rows if row.sample_types_left_out), None)
    if cut is None:
        return []
    why = f"The other sample types of {cut.name}."
    reference = session.reference_of(cut.handle)
    return [next_call("pprof.meta", why, profile=reference, cursor=str(len(cut.sample_types)))]


def _warnings(bundle: Bundle) -> list[str]:
    warnings: list[str] = []
    if not bundle.members:
        warnings.append("there is no profile here")
    for kind in bundle.kinds:
        names = [member.name for member in bundle.members if member.kind == kind]
        if len(names) > 1:
            shown = ", ".join(names[:5]) + (" ..." if len(names) > 5 else "")
            warnings.append(
                f"{len(names)} {kind} profiles ({shown}): name one, {bundle.handle}#{kind} is ambiguous"
            )
    equal = len(bundle.members) - len({member.handle for member in bundle.members})
    if equal:
        warnings.append(f"{equal} profiles have the same content as another one, hence the same handle")
    return warnings


def _next(bundle: Bundle, session: Session) -> list[NextCall]:
    calls = bundle_calls(bundle, session)
    for kind in bundle.kinds:
        member = bundle.of_kind(kind)[0]
        try:
            profile = member.profile
        except PprofMcpError:
            continue
        if len(profile):
            why = f"What costs most: {member.name} ({kind})."
            calls.append(next_call("pprof.top", why, profile=session.reference_of(member.handle)))
        if len(calls) == 3:
            break
    return calls
