"""profiles.handles: what is open."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pprof_mcp.registry import INJECTED, tool
from pprof_mcp.results import Cursor, LeftOut, NextCall, Result, Row, next_call, page_of
from pprof_mcp.session.handles import Record
from pprof_mcp.session.session import Session


class HandleRow(Row):
    """One handle."""

    columns = ("handle", "kind", "age_seconds", "expires_in_seconds", "reference")

    handle: str = Field(description="The handle.")
    kind: str = Field(description="Kind of the profile, or `bundle`.")
    reference: str = Field(description="What it was opened as.")
    members: int = Field(description="Profiles of a bundle; 0 for a profile.")
    bytes: int = Field(description="Memory it takes while it is decoded; of a bundle, all its profiles.")
    age_seconds: float = Field(description="Since it was opened.")
    idle_seconds: float = Field(description="Since it was used.")
    expires_in_seconds: float = Field(description="Until it expires, unless it is used.")


class HandlesResult(Result):
    """All handles of this server."""

    handles: list[HandleRow] = Field(description="Handles, the last used first.")
    count: int = Field(description="Handles there are.")
    left_out: LeftOut = Field(description="Handles before and behind these.")
    cursor: str | None = Field(description="Pass it as `cursor` for the next handles; null at the end.")
    kept_bytes: int = Field(description="Memory that decoded profiles take now.")
    store_bytes: int = Field(description="Memory they may take.")


@tool("profiles.handles", title="List handles", since="0.1", toolset="core", example={})
def handles(
    *,
    limit: Annotated[int, Field(ge=1, le=200, description="Handles at most.")] = 20,
    cursor: Cursor = "",
    session: Session = INJECTED,
) -> HandlesResult:
    """List the profiles and bundles that are open, with age and time left.

    Use it to find a handle again. To open files use profiles.open, to free memory profiles.release.
    """
    page = page_of(cursor, limit)
    now = session.clock()
    records = sorted(session.records(), key=lambda record: (-record.used, record.handle))
    rows = [
        _row(record, now, session.settings.handle_ttl)
        for record in records[page.offset : page.offset + limit]
    ]
    return HandlesResult(
        warnings=[] if records else ["nothing is open"],
        next=_next(records),
        handles=rows,
        count=len(records),
        left_out=LeftOut(rows=len(records) - len(rows)),
        cursor=page.cursor(len(rows), len(records)),
        kept_bytes=session.kept_bytes,
        store_bytes=session.settings.store_bytes,
    )


def _row(record: Record, now: float, ttl: float) -> HandleRow:
    return HandleRow(
        handle=record.handle,
        kind=record.kinds[0],
        reference=record.reference,
        members=len(record.members),
        bytes=record.size,
        age_seconds=round(now - record.opened, 3),
        idle_seconds=round(now - record.used, 3),
        expires_in_seconds=round(ttl - (now - record.used), 3),
    )


def _next(records: list[Record]) -> list[NextCall]:
    for record in records:
        if not record.is_bundle:
            return [next_call("pprof.top", f"What costs most: {record.reference}.", profile=record.handle)]
    return []
