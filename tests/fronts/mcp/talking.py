"""A client in memory, in either era of the protocol."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal

import anyio
import mcp_types as types
from mcp import Client
from pprof_mcp.fronts.mcp import make_server
from pprof_mcp.session.session import Session
from pprof_mcp.settings import NameMode

Mode = Literal["legacy", "auto"]
MODES: tuple[Mode, ...] = ("legacy", "auto")


def talk(
    session: Session,
    mode: Mode,
    work: Callable[[Client], Awaitable[None]],
    *,
    names: NameMode = "underscores",
    heard: list[str] | None = None,
) -> None:
    """Do some work with a client; collect the methods of what the server sends unasked."""

    async def listen(message: Any) -> None:
        if heard is not None:
            heard.append(str(getattr(message, "method", message)))

    async def run() -> None:
        # A test that hangs fails inside the client's own scope, with a stack.
        with anyio.fail_after(60):
            async with Client(make_server(session, names), mode=mode, message_handler=listen) as client:
                assert client.protocol_version == ("2026-07-28" if mode == "auto" else "2025-11-25")
                await work(client)

    anyio.run(run)


async def ask(client: Client, tool: str, **arguments: Any) -> Any:
    """Call a tool that has to succeed; give its structured answer."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    return result.structured_content


async def read(client: Client, uri: str) -> str:
    """Read a resource that is one text."""
    (content,) = (await client.read_resource(uri)).contents
    assert isinstance(content, types.TextResourceContents)
    assert content.uri == uri
    assert content.mime_type == "application/json"
    return content.text
