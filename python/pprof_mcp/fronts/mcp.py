"""The MCP server over the registry.

The SDK's low-level server checks neither arguments nor answers; the registry does both, once. This module
only carries: names, schemas, results and errors go out as the registry gives them.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError
from pydantic_core import from_json

from pprof_mcp import _native
from pprof_mcp.errors import InternalError, PprofMcpError
from pprof_mcp.registry.discover import load_all
from pprof_mcp.registry.failure import failure_of, one_line, unexpected
from pprof_mcp.registry.run import Answer, answer, dump
from pprof_mcp.registry.spec import ToolSpec
from pprof_mcp.session.session import Session
from pprof_mcp.settings import NameMode

INSTRUCTIONS = """
Analyses pprof profiles (CPU, heap, mutex, block, goroutine ...) of Go, Java, Python, Node, Ruby, .NET,
PHP, C++ and Rust, with the numbers of `go tool pprof`.

Start with profiles_open: give it a file, directory, zip or glob; it answers with a handle for each
profile, its kind, and what is wrong with it. Then pprof_top for the functions that cost most; pprof_peek
for callers and callees; pprof_focus_paths for every way to a function; pprof_traces_head for whole
stacks; pprof_tags for labels such as tenant or endpoint; pprof_diff_top to compare two profiles;
pprof_merge to add several; pprof_meta for sample types and quality.

A `profile` argument takes a path, `handle:...`, or a bundle with `#kind`, such as `handle:...#cpu`.
Handles stand for content, so they never change their meaning; one that is not used for some hours
expires, and the error says how to open it again. All analyses share the filters sample_index, focus,
ignore, hide, show, show_from, tagfocus, tagignore, granularity and noinlines; patterns are Go regular
expressions.

Answers are compact JSON: flat is what a node spends itself, cum includes what it calls, percentages are
0-100 of `total`. Lists say what they leave out; pass `cursor` to go on. `warnings` limits the answer,
`next` holds calls worth making, ready to use. format=text gives pprof's own text. Files are opened under
the allowed folders only.
""".strip()
"""What a client shows a model before any tool; clients cut it at 2 KB."""


class Front:
    """Answers the requests of one server.

    Args:
        specs: The tools.
        session: Where handles live and files are opened.
        names: Spelling of the names that are advertised; both are understood.
    """

    def __init__(self, specs: Sequence[ToolSpec], session: Session, names: NameMode) -> None:
        self.session = session
        self.names = names
        self._specs = {spec.advertised: spec for spec in specs}
        self.tools = [self._tool(spec) for spec in sorted(specs, key=lambda spec: spec.name)]

    async def list_tools(
        self, _context: ServerRequestContext[Any], _params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        """Give all tools, always in the same order."""
        return types.ListToolsResult(tools=self.tools)

    async def call_tool(
        self, _context: ServerRequestContext[Any], params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        """Call a tool in a thread; a cancelled request is answered at once.

        Raises:
            MCPError: There is no such tool; no better arguments could help.
        """
        spec = self._specs.get(params.name.replace(".", "_"))
        if spec is None:
            listed = ", ".join(tool.name for tool in self.tools)
            raise MCPError(types.INVALID_PARAMS, f"unknown tool {params.name[:100]!r}; tools: {listed}")
        call = partial(self.answer, spec, params.arguments or {})
        return await anyio.to_thread.run_sync(call, abandon_on_cancel=True)

    def answer(self, spec: ToolSpec, arguments: Mapping[str, Any]) -> types.CallToolResult:
        """Call a tool; whatever happens is an answer that fits the schema as listed."""
        try:
            found = answer(spec, arguments, session=self.session, most=self.session.settings.answer_bytes)
        except InternalError as problem:
            print(f"pprof-mcp: {problem.message}", file=sys.stderr)
            return _failed(problem)
        except PprofMcpError as problem:
            return _failed(problem)
        except Exception:  # noqa: BLE001 - nothing else may reach the client, whose model would read it
            traceback.print_exc(file=sys.stderr)
            return _failed(unexpected())
        return _succeeded(self._spelled(found))

    def _spelled(self, found: Answer) -> Answer:
        """Name suggested tools as they are advertised here."""
        if self.names == "underscores" or not found.result.next:
            return found
        calls = [call.model_copy(update={"tool": self._specs[call.tool].name}) for call in found.result.next]
        result = found.result.model_copy(update={"next": calls})
        return Answer(result=result, json=dump(result))

    def _tool(self, spec: ToolSpec) -> types.Tool:
        return types.Tool(
            name=spec.advertised if self.names == "underscores" else spec.name,
            title=spec.title,
            description=spec.description,
            input_schema=spec.input_schema,
            output_schema=spec.output_schema,
            annotations=types.ToolAnnotations(
                title=spec.title,
                read_only_hint=spec.effects.read_only,
                destructive_hint=spec.effects.destructive,
                idempotent_hint=spec.effects.idempotent,
                open_world_hint=spec.effects.open_world,
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


def make_server(session: Session, names: NameMode = "underscores") -> Server[Any]:
    """Make a server over all tools.

    Args:
        session: Where handles live and files are opened.
        names: Spelling of the names that are advertised.
    """
    front = Front(load_all(), session, names)
    return Server(
        "pprof-mcp",
        version=_native.build_info()["version"],
        title="pprof",
        instructions=INSTRUCTIONS,
        on_list_tools=front.list_tools,
        on_call_tool=front.call_tool,
    )


def serve(session: Session, names: NameMode) -> None:
    """Serve one client over standard input and output until it closes them."""
    server = make_server(session, names)

    async def run() -> None:
        async with stdio_server() as (read, write):
            await server.run(read, write, server.create_initialization_options())

    anyio.run(run)
