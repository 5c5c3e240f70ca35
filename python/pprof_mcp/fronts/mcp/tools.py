"""Tools over MCP."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from pydantic_core import from_json

from pprof_mcp.errors import PprofMcpError
from pprof_mcp.fronts.mcp.calling import Caller
from pprof_mcp.fronts.mcp.changes import Changes
from pprof_mcp.fronts.mcp.working import in_thread
from pprof_mcp.registry.catalogue import Entry
from pprof_mcp.registry.failure import failure_of, one_line
from pprof_mcp.registry.run import Answer
from pprof_mcp.toolsets import Toolset


class Tools:
    """Lists and calls tools.

    Args:
        entries: The tools; each is imported when it is called first.
        caller: Calls them.
        changes: Tells clients when handles have come or gone.
        toolsets: Groups that are listed.
    """

    def __init__(
        self, entries: Sequence[Entry], caller: Caller, changes: Changes, toolsets: Collection[Toolset]
    ) -> None:
        self._caller = caller
        self._changes = changes
        self._entries = {entry.advertised: entry for entry in entries}
        listed = sorted((one for one in entries if one.toolset in toolsets), key=lambda one: one.advertised)
        self.listed = [self._tool(entry) for entry in listed]

    async def list_tools(
        self, _context: ServerRequestContext[Any], _params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        """Give the tools of the groups that are served, always in the same order."""
        return types.ListToolsResult(tools=self.listed)

    async def call_tool(
        self, context: ServerRequestContext[Any], params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        """Call a tool in a thread; a cancelled request is answered at once, and the work stops.

        Raises:
            MCPError: There is no such tool; no better arguments could help.
        """
        entry = self._entries.get(params.name.replace(".", "_"))
        if entry is None:
            listed = ", ".join(tool.name for tool in self.listed)
            raise MCPError(types.INVALID_PARAMS, f"unknown tool {params.name[:100]!r}; tools: {listed}")
        call = partial(self._answer, entry, params.arguments or {})
        result = await in_thread(context, call)
        await self._changes.tell(context)
        return result

    def _answer(self, entry: Entry, arguments: Mapping[str, Any]) -> types.CallToolResult:
        """Call a tool; whatever happens is an answer that fits the schema as listed."""
        try:
            return _succeeded(self._caller.call(entry.spec, arguments))
        except PprofMcpError as problem:
            return _failed(problem)

    def _tool(self, entry: Entry) -> types.Tool:
        spelling = self._caller.spelling
        return types.Tool(
            name=spelling.name(entry.name),
            title=entry.title,
            description=spelling.text(entry.description),
            input_schema=dict(entry.input_schema),
            output_schema=dict(entry.output_schema),
            annotations=types.ToolAnnotations(
                title=entry.title,
                read_only_hint=entry.effects.read_only,
                destructive_hint=entry.effects.destructive,
                idempotent_hint=entry.effects.idempotent,
                open_world_hint=entry.effects.open_world,
            ),
        )


def _succeeded(found: Answer) -> types.CallToolResult:
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=found.json.decode())],
        structured_content=from_json(found.json),
    )


def _failed(problem: PprofMcpError) -> types.CallToolResult:
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=one_line(problem))],
        structured_content=failure_of(problem).model_dump(mode="json"),
        is_error=True,
    )
