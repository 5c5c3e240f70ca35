"""The MCP server: names, protocol errors, hygiene of the wire, and what a client is told first."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError
from mcp.client.stdio import StdioServerParameters
from mcp.shared.subscriptions import ResourcesListChanged
from mcp_types import PromptReference
from pprof_mcp import _native
from pprof_mcp.errors import InternalError
from pprof_mcp.fronts.mcp import make_server
from pprof_mcp.registry.discover import load_all
from pprof_mcp.session.session import Session
from pprof_mcp.sources.fence import Fence

from tests.fronts.mcp.talking import read
from tests.support import DATA

CPU = DATA / "go" / "main" / "cpu.pb.gz"


@pytest.fixture
def confined() -> Session:
    return Session(fence=Fence([DATA]))


def test_an_unknown_tool_is_a_protocol_error(confined: Session) -> None:
    async def run() -> None:
        async with Client(make_server(confined)) as client:
            with pytest.raises(MCPError) as caught:
                await client.call_tool("pprof_nonsense", {})
            assert caught.value.code == -32602
            assert "pprof_top" in caught.value.message

    anyio.run(run)


def test_a_server_lists_the_groups_it_is_limited_to_and_answers_the_others(confined: Session) -> None:
    async def run() -> None:
        async with Client(make_server(confined, toolsets=["core", "compare"])) as client:
            listed = {tool.name for tool in (await client.list_tools()).tools}
            assert listed == {spec.advertised for spec in load_all() if spec.toolset in ("core", "compare")}
            assert {"pprof_top", "pprof_diff_top"} <= listed
            assert "pprof_discover" not in listed
            answer = await client.call_tool("pprof_hotspot_summary", {"bundle": str(CPU)})
            assert answer.structured_content is not None
            assert answer.structured_content["cpu_top5"]

    anyio.run(run)


@pytest.mark.parametrize("names", ["underscores", "dotted"])
def test_names_are_advertised_one_way_and_understood_both_ways(confined: Session, names: Any) -> None:
    async def run() -> None:
        async with Client(make_server(confined, names)) as client:
            listed = {tool.name for tool in (await client.list_tools()).tools}
            assert listed == {spec.name if names == "dotted" else spec.advertised for spec in load_all()}
            answers: list[Any] = []
            for spelled in ("pprof.top", "pprof_top"):
                result = await client.call_tool(spelled, {"profile": str(CPU)})
                answers.append(result.structured_content)
            assert answers[0] == answers[1]
            suggested = {call["tool"] for call in answers[0]["next"]}
            assert suggested
            assert suggested <= listed
            found = await client.call_tool("pprof_discover", {"bundle": str(CPU)})
            shown_by = {row["call"]["tool"] for row in found.structured_content["recommendations"]}
            assert shown_by
            assert shown_by <= listed
            # Errors speak of tools by the same names.
            gone = await client.call_tool("pprof_top", {"profile": "handle:0123456789abcdef"})
            listing = "profiles.handles" if names == "dotted" else "profiles_handles"
            assert listing in gone.structured_content["error"]["hint"]

    anyio.run(run)


def test_an_unplanned_exception_tells_the_client_nothing_and_the_log_everything(
    confined: Session, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> bytes:
        raise RuntimeError("canary-7f3a")

    monkeypatch.setattr(_native, "top", fail)

    async def run() -> Any:
        async with Client(make_server(confined)) as client:
            return await client.call_tool("pprof_top", {"profile": str(CPU)})

    result = anyio.run(run)
    assert result.is_error
    assert result.structured_content["error"]["code"] == InternalError.code
    assert "canary-7f3a" not in str(result)
    assert "canary-7f3a" in capsys.readouterr().err


def test_many_calls_at_once_are_all_answered(confined: Session) -> None:
    done: list[bool] = []

    async def run() -> None:
        async with Client(make_server(confined)) as client:

            async def one(number: int) -> None:
                result = await client.call_tool(
                    "pprof_top", {"profile": str(CPU), "nodecount": 1 + number % 20}
                )
                done.append(not result.is_error and len(result.structured_content["rows"]) == 1 + number % 20)

            async with anyio.create_task_group() as group:
                for number in range(100):
                    group.start_soon(one, number)

    anyio.run(run)
    assert done == [True] * 100


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_a_real_process_serves_a_real_client_over_stdio(tmp_path: Path, mode: Any) -> None:
    (tmp_path / "cpu.pb.gz").write_bytes(CPU.read_bytes())
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "pprof_mcp", "serve"], cwd=tmp_path, env=dict(os.environ)
    )

    async def run() -> None:
        async with Client(server, mode=mode) as client:
            assert client.server_info is not None
            assert client.server_info.name == "pprof-mcp"
            assert client.server_info.version == _native.build_info()["version"]
            assert "profiles_open" in (client.instructions or "")
            tools = (await client.list_tools()).tools
            assert len(tools) == len(load_all())
            opened: Any = (await client.call_tool("profiles_open", {"path": "cpu.pb.gz"})).structured_content
            handle = opened["profiles"][0]["handle"]
            top: Any = (await client.call_tool("pprof_top", {"profile": handle})).structured_content
            assert top["rows"]
            address = f"pprof://handle/{handle.removeprefix('handle:')}/top"
            assert address in [item.uri for item in (await client.list_resources()).resources]
            assert json.loads(await read(client, address)) == top
            prompt = await client.get_prompt("first_look", {"path": "cpu.pb.gz"})
            assert 'profiles_open` path="cpu.pb.gz"' in str(prompt.messages[0].content)
            completed = await client.complete(PromptReference(name="leak"), {"name": "after", "value": "cpu"})
            assert completed.completion.values == [handle]
            outside: Any = await client.call_tool("pprof_top", {"profile": str(CPU)})
            assert outside.structured_content["error"]["code"] == "path_not_allowed"

    with_limit = anyio.run(_within, run)
    assert with_limit


def test_a_client_that_listens_hears_over_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "cpu.pb.gz").write_bytes(CPU.read_bytes())
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "pprof_mcp", "serve"], cwd=tmp_path, env=dict(os.environ)
    )
    heard: list[Any] = []

    async def run() -> None:
        async with Client(server) as client, client.listen(resources_list_changed=True) as news:
            await client.call_tool("profiles_open", {"path": "cpu.pb.gz"})
            heard.append(await anext(news))
            assert len((await client.list_resources()).resources) == 3

    assert anyio.run(_within, run)
    assert heard == [ResourcesListChanged()]


async def _within(work: Any) -> bool:
    with anyio.fail_after(60):
        await work()
    return True


def speak(
    arguments: list[str], sent: bytes, wanted: int, folder: Path, **environment: str
) -> tuple[dict[int, Any], int, bytes]:
    """Talk to a server until an answer has come, then close its input.

    Returns:
        What was answered by id, the exit status, and what stood on standard error.
    """
    answers: dict[int, Any] = {}
    with subprocess.Popen(
        [sys.executable, "-m", "pprof_mcp", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env={**os.environ, **environment},
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdin.write(sent)
        running.stdin.flush()
        while wanted not in answers:
            line = running.stdout.readline()
            if not line:
                break
            found = json.loads(line)
            answers[found.get("id")] = found
        running.stdin.close()
        rest = running.stdout.read()
        errors = running.stderr.read()
        status = running.wait(60)
    assert rest == b""
    return answers, status, errors


def message(number: int, method: str, params: dict[str, Any]) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode() + b"\n"


HELLO = message(
    1,
    "initialize",
    {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
)


@pytest.mark.parametrize("arguments", [[], ["serve"]])
def test_the_end_of_input_ends_the_process_and_nothing_else_was_written(
    arguments: list[str], tmp_path: Path
) -> None:
    answers, status, errors = speak(arguments, HELLO, 1, tmp_path)
    assert status == 0
    assert answers[1]["result"]["serverInfo"]["name"] == "pprof-mcp"
    assert len(answers) == 1
    assert b"Traceback" not in errors


def test_a_broken_line_does_not_end_the_server(tmp_path: Path) -> None:
    answers, status, _ = speak(["serve"], b"this is not json\n" + HELLO, 1, tmp_path)
    assert status == 0
    assert answers[1]["result"]["serverInfo"]["name"] == "pprof-mcp"


def test_settings_choose_names_and_folders(tmp_path: Path) -> None:
    ready = b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n'
    sent = HELLO + ready + message(2, "tools/list", {})
    answers, status, _ = speak(["serve"], sent, 2, tmp_path, PPROF_MCP_TOOL_NAME_MODE="dotted")
    assert status == 0
    assert "pprof.top" in [tool["name"] for tool in answers[2]["result"]["tools"]]
    answers, status, errors = speak(["serve"], HELLO, 1, tmp_path, PPROF_MCP_ROOTS=str(tmp_path / "missing"))
    assert (answers, status) == ({}, 2)
    assert b"missing" in errors
