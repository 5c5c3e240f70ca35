"""Prompts over MCP: what is listed, what is written, what is refused."""

from __future__ import annotations

from typing import Any

import mcp_types as types
import pytest
from mcp import Client, MCPError
from pprof_mcp.session.session import Session

from tests.fronts.mcp.talking import MODES, Mode, talk

BOTH = pytest.mark.parametrize("mode", MODES)


async def text_of(client: Client, name: str, arguments: dict[str, str]) -> str:
    (message,) = (await client.get_prompt(name, arguments)).messages
    assert message.role == "user"
    assert isinstance(message.content, types.TextContent)
    return message.content.text


@BOTH
def test_the_workflows_are_listed_with_their_arguments(session: Session, mode: Mode) -> None:
    async def work(client: Client) -> None:
        listed = {item.name: item for item in (await client.list_prompts()).prompts}
        assert list(listed) == ["contention", "first_look", "leak", "oom", "regression", "tenant"]
        for item in listed.values():
            assert item.title
            assert item.description
            assert item.arguments
            assert item.arguments[0].required is True
            assert all(len(argument.description or "") > 20 for argument in item.arguments)
        needed = {name: [a.name for a in item.arguments or [] if a.required] for name, item in listed.items()}
        assert needed == {
            "contention": ["profile"],
            "first_look": ["path"],
            "leak": ["after"],
            "oom": ["heap"],
            "regression": ["before", "after"],
            "tenant": ["profile"],
        }

    talk(session, mode, work)


@BOTH
def test_what_is_given_stands_in_the_text_ready_for_a_call(session: Session, mode: Mode) -> None:
    async def work(client: Client) -> None:
        hostile = 'a "b"\n# c\\pprof.top'
        text = await text_of(client, "first_look", {"path": hostile, "question": ""})
        assert '`profiles_open` path="a \\"b\\"\\n# c\\\\pprof.top".' in text
        assert "The question" not in text
        text = await text_of(client, "first_look", {"path": "x", "question": "why so slow?"})
        assert 'The question: "why so slow?".' in text
        one = await text_of(client, "leak", {"after": "handle:0123456789abcdef"})
        assert "There is one profile only" in one
        two = await text_of(client, "leak", {"after": "b.pb", "before": "a.pb"})
        assert "There is one profile only" not in two
        assert '`pprof_diff_top` before="a.pb" after="b.pb"' in two

    talk(session, mode, work)


@BOTH
@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("nonsense", {}, "first_look"),
        ("leak", {}, "needs the argument after"),
        ("leak", {"after": ""}, "needs the argument after"),
        ("regression", {"after": "x"}, "needs the argument before"),
        ("leak", {"after": "x", "befor": "y"}, "'befor'"),
        ("leak", {"after": "x" * 5_000}, "4096 are allowed"),
    ],
)
def test_a_request_that_can_not_be_met_is_the_error_of_the_protocol(
    session: Session, mode: Mode, name: str, arguments: dict[str, str], told: str
) -> None:
    async def work(client: Client) -> None:
        with pytest.raises(MCPError) as caught:
            await client.get_prompt(name, arguments)
        assert caught.value.code == -32602
        assert told in caught.value.message
        assert caught.value.data["error"]["hint"]

    talk(session, mode, work)


@pytest.mark.parametrize(
    ("names", "spelled"), [("underscores", "profiles_open"), ("dotted", "profiles.open")]
)
def test_texts_and_instructions_name_tools_as_they_are_listed(
    session: Session, names: Any, spelled: str
) -> None:
    async def work(client: Client) -> None:
        assert spelled in [tool.name for tool in (await client.list_tools()).tools]
        assert f"Start with {spelled}:" in (client.instructions or "")
        assert f"`{spelled}` path=" in await text_of(client, "first_look", {"path": "x"})
        described = {tool.name: tool.description or "" for tool in (await client.list_tools()).tools}
        other = "pprof.peek" if names == "dotted" else "pprof_peek"
        assert f"use {other}" in described[other.replace("peek", "top")]

    talk(session, "auto", work, names=names)
