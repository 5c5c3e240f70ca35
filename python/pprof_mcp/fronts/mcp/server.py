"""The server: its parts put together."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import Any

import anyio
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.models import InitializationOptions
from mcp.server.stdio import stdio_server
from typing_extensions import override

from pprof_mcp import _native
from pprof_mcp.fronts.mcp.calling import Caller
from pprof_mcp.fronts.mcp.changes import Changes
from pprof_mcp.fronts.mcp.completions import Completions
from pprof_mcp.fronts.mcp.instructions import instructions
from pprof_mcp.fronts.mcp.prompts import Prompts
from pprof_mcp.fronts.mcp.resources import Resources
from pprof_mcp.fronts.mcp.spelling import Spelling
from pprof_mcp.fronts.mcp.tools import Tools
from pprof_mcp.registry.catalogue import entries
from pprof_mcp.registry.prompts import load_prompts
from pprof_mcp.session.session import Session
from pprof_mcp.settings import NameMode
from pprof_mcp.toolsets import ALL, Toolset


class _Server(Server[Any]):
    """A server that says to clients of every transport that its resources come and go."""

    @override
    def create_initialization_options(
        self,
        notification_options: NotificationOptions | None = None,
        experimental_capabilities: dict[str, dict[str, Any]] | None = None,
        extensions: dict[str, dict[str, Any]] | None = None,
    ) -> InitializationOptions:
        """Give what the answer to `initialize` is made of."""
        options = notification_options or NotificationOptions(resources_changed=True)
        return super().create_initialization_options(options, experimental_capabilities, extensions)


def make_server(
    session: Session, names: NameMode = "underscores", toolsets: Sequence[Toolset] = ALL
) -> Server[Any]:
    """Make a server over all tools, resources and prompts.

    Args:
        session: Where handles live and files are opened.
        names: Spelling of the names that are advertised; both are understood.
        toolsets: Groups of tools that are listed. The others are answered all the same when they are called:
            what an answer suggests is always there.
    """
    listed = entries()
    spelling = Spelling((entry.name for entry in listed), names)
    caller = Caller(session, spelling)
    changes = Changes(session)
    tools = Tools(listed, caller, changes, toolsets)
    resources = Resources(listed, caller, changes)
    workflows = load_prompts()
    prompts = Prompts(workflows, spelling)
    return _Server(
        "pprof-mcp",
        version=_native.build_info()["version"],
        title="pprof",
        instructions=instructions([prompt.name for prompt in workflows], spelling),
        on_list_tools=tools.list_tools,
        on_call_tool=tools.call_tool,
        on_list_resources=resources.list_resources,
        on_list_resource_templates=resources.list_templates,
        on_read_resource=resources.read_resource,
        on_subscriptions_listen=changes.listen,
        on_list_prompts=prompts.list_prompts,
        on_get_prompt=prompts.get_prompt,
        on_completion=Completions(session, resources.views, prompts).complete,
    )


def serve(session: Session, names: NameMode, toolsets: Sequence[Toolset] = ALL) -> None:
    """Serve one client over standard input and output until it closes them."""
    server = make_server(session, names, toolsets)
    # What is loaded stays: no collection between calls is to walk through it.
    gc.freeze()
    gc.enable()

    async def run() -> None:
        async with stdio_server() as (read, write):
            await server.run(read, write, server.create_initialization_options())

    anyio.run(run)
