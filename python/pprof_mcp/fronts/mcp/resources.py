"""Handles as resources: what a tool says about each of them when asked nothing else.

Which tools do so is declared with the tools. A profile is read by its views; a bundle is a listing of its
profiles, and those are resources of their own, so their views are not repeated under the bundle.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext

from pprof_mcp.errors import InvalidArgumentError, PprofMcpError
from pprof_mcp.fronts.mcp import addresses
from pprof_mcp.fronts.mcp.calling import Caller
from pprof_mcp.fronts.mcp.changes import Changes
from pprof_mcp.fronts.mcp.failures import invalid, unreadable
from pprof_mcp.fronts.mcp.working import in_thread
from pprof_mcp.registry.catalogue import Entry
from pprof_mcp.registry.run import Answer
from pprof_mcp.registry.spec import View
from pprof_mcp.session.handles import PREFIX, Record

JSON = "application/json"
PAGE = 50
"""Handles listed at once (chosen: their resources take about 40 KB)."""

_CURSOR = re.compile(r"[0-9a-f]{16}")

MOST_REFERENCE = 120
"""Characters of a path that are shown, its end (chosen: a line of a menu)."""

MOST_NAME = 60
"""The same for a name alone."""

MOST_TYPES = 20
"""Sample types that are named (chosen: more than most profilers write)."""


class Resources:
    """Lists and reads resources.

    Sizes are not told: they are known only after a tool has run.

    Args:
        entries: The tools.
        caller: Calls them.
        changes: Tells clients when handles have come or gone.
    """

    def __init__(self, entries: Sequence[Entry], caller: Caller, changes: Changes) -> None:
        self._caller = caller
        self._changes = changes
        with_view = [(entry, entry.view) for entry in sorted(entries, key=lambda entry: entry.name)]
        self._views: list[tuple[Entry, View]] = [(entry, view) for entry, view in with_view if view]
        self.templates = [self._template(entry, view) for entry, view in self._views]

    @property
    def views(self) -> list[View]:
        """All views, by the names of their tools."""
        return [view for _, view in self._views]

    async def list_resources(
        self, context: ServerRequestContext[Any], params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        """Give the views of all living handles, by handle, in pages.

        A cursor is the last handle of a page, so handles that come or go meanwhile neither hide nor repeat
        others.

        Raises:
            MCPError: The cursor is none of ours.
        """
        cursor = params.cursor if params and params.cursor else ""
        if cursor and not _CURSOR.fullmatch(cursor):
            raise invalid(
                InvalidArgumentError(
                    f"{cursor[:40]!r} is not a cursor", hint="Pass nextCursor of the last answer unchanged."
                )
            )
        await self._changes.tell(context)
        prefixed = PREFIX + cursor
        behind = [record for record in self._caller.session.records() if record.handle > prefixed]
        shown = behind[:PAGE]
        more = len(behind) > PAGE
        return types.ListResourcesResult(
            resources=[resource for record in shown for resource in self._resources(record)],
            next_cursor=shown[-1].handle.removeprefix(PREFIX) if more else None,
        )

    async def list_templates(
        self, _context: ServerRequestContext[Any], _params: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        """Give the templates of all views."""
        return types.ListResourceTemplatesResult(resource_templates=self.templates)

    async def read_resource(
        self, context: ServerRequestContext[Any], params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        """Read a view of a handle, which counts as use of the handle.

        Raises:
            MCPError: There is nothing at that address, or no longer; the text says how to open it again.
        """
        try:
            read = partial(self._read, params.uri)
            found = await in_thread(context, read)
        except PprofMcpError as problem:
            raise unreadable(params.uri, problem, context.protocol_version) from problem
        finally:
            await self._changes.tell(context)
        contents = types.TextResourceContents(uri=params.uri, mime_type=JSON, text=found.json.decode())
        return types.ReadResourceResult(contents=[contents])

    def _read(self, uri: str) -> Answer:
        found, view = addresses.parse(uri, self.views)
        spec = next(entry for entry, one in self._views if one is view).spec
        return self._caller.call(spec, {spec.required[0]: found.handle, **found.variables})

    def _resources(self, record: Record) -> list[types.Resource]:
        of = "bundle" if record.is_bundle else "profile"
        name = _last_part(record.reference)
        what = f"{len(record.members)} profiles" if record.is_bundle else record.kinds[0]
        told = f"{record.handle}, opened as {_shortened(record.reference)}"
        if record.sample_types:
            more = ", ..." if len(record.sample_types) > MOST_TYPES else ""
            told += f"; sample types {', '.join(record.sample_types[:MOST_TYPES])}{more}"
        return [
            types.Resource(
                uri=addresses.address(record.handle, view),
                name=f"{name} {view.name}",
                title=f"{view.title or entry.title}: {name} ({what})",
                description=f"{view.summary or entry.summary} Of {told}.",
                mime_type=JSON,
            )
            for entry, view in self._views
            if view.of == of
        ]

    def _template(self, entry: Entry, view: View) -> types.ResourceTemplate:
        tool = self._caller.spelling.name(entry.name)
        return types.ResourceTemplate(
            uri_template=addresses.template(view),
            name=view.name,
            title=view.title or entry.title,
            description=f"{view.summary or entry.summary} What {tool} answers about a {view.of}.",
            mime_type=JSON,
        )


def _last_part(reference: str) -> str:
    path, mark, entry = reference.replace("\\", "/").partition("#")
    name = path.rstrip("/").rpartition("/")[2] or reference
    return _shortened(f"{name}{mark}{entry}", MOST_NAME)


def _shortened(text: str, most: int = MOST_REFERENCE) -> str:
    """Give the end of a text on one line: that of a path tells more than its beginning."""
    plain = " ".join(text.split())
    return plain if len(plain) <= most else f"...{plain[3 - most :]}"
