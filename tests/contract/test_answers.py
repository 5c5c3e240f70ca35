"""Every tool, through the SDK's client, held against the schema as it is listed on the wire.

The client runs in memory in both eras of the protocol; one walk with a real process is in tests/fronts.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Literal, cast

import anyio
import jsonschema
import pytest
from mcp import Client
from mcp_types import CallToolResult, TextContent, Tool
from pprof_mcp.fronts.mcp import make_server
from pprof_mcp.session.session import Session
from pprof_mcp.settings import load, store_folder
from pprof_mcp.sources.fence import Fence

from tests.cases import BUNDLE, CPU, HEAPS, OUT, Arguments, cases
from tests.property.naive import NaiveProfile, Sample
from tests.support import DATA

pytestmark = pytest.mark.usefixtures("imitated_sources")

Mode = Literal["legacy", "auto"]
MODES: tuple[Mode, ...] = ("legacy", "auto")
DEFAULT_BYTES = 8_000
MOST_BYTES = 80_000
GOOD: dict[str, list[Arguments]] = {name.replace(".", "_"): case.good for name, case in cases().items()}
NOTHING: dict[str, list[Arguments]] = {
    name.replace(".", "_"): case.nothing for name, case in cases().items() if case.nothing
}
"""Calls that find nothing; each is made on a profile with samples and on one without."""
BAD: dict[str, list[Arguments]] = {
    name.replace(".", "_"): [{"nonsense": 1}, *({key: value} for key, value in case.wrong)]
    for name, case in cases().items()
}
UNSTEADY = {name.replace(".", "_") for name, case in cases().items() if not case.is_steady}


class Talk:
    """A client, its tools, and the checks every answer has to pass."""

    def __init__(self, client: Client, tools: list[Tool]) -> None:
        self.client = client
        self.tools = {tool.name: tool for tool in tools}
        self.schemas: dict[str, tuple[dict[str, Any], Any]] = {}
        for tool in tools:
            assert tool.output_schema is not None
            jsonschema.Draft202012Validator.check_schema(tool.output_schema)
            self.schemas[tool.name] = (
                tool.output_schema,
                jsonschema.Draft202012Validator(tool.output_schema),
            )
        self.checked = 0

    async def call(self, name: str, arguments: Arguments) -> CallToolResult:
        result = await self.client.call_tool(name, arguments)
        schema, validator = self.schemas[name]
        content: Any = result.structured_content
        validator.validate(content)
        for path, fields, node in undeclared(content, schema, schema, "$"):
            raise AssertionError(f"{name} {path}: {fields} not in {node}")
        (block,) = result.content
        assert isinstance(block, TextContent)
        text = block.text
        if result.is_error:
            assert set(content) == {"error"}
            assert (
                text
                == f"{content['error']['code']}: {content['error']['message']} — {content['error']['hint']}"
            )
            assert len(text) < 2_000
            assert "Traceback" not in text
        else:
            assert json.loads(text) == content
            assert len(text.encode()) <= MOST_BYTES
        self.checked += 1
        return result


def undeclared(
    value: Any, node: dict[str, Any], root: dict[str, Any], path: str
) -> Iterator[tuple[str, set[str], list[str]]]:
    """Find fields of an answer that its schema does not name."""
    if not isinstance(value, (dict, list)):
        return
    # Everything was validated already; here only the form that holds fields matters.
    options = [option for option in node.get("anyOf", [node]) if option.get("type") != "null"]
    resolved = [root["$defs"][o["$ref"].rpartition("/")[2]] if "$ref" in o else o for o in options]
    wanted = "object" if isinstance(value, dict) else "array"
    (chosen,) = [option for option in resolved if option.get("type") == wanted]
    if isinstance(value, list):
        for index, child in enumerate(cast("list[Any]", value)):
            yield from undeclared(child, chosen["items"], root, f"{path}[{index}]")
    elif "properties" in chosen:
        fields = cast("dict[str, Any]", value)
        extra = set(fields) - set(chosen["properties"])
        if extra:
            yield path, extra, sorted(chosen["properties"])
        for name, child in fields.items():
            yield from undeclared(child, chosen["properties"][name], root, f"{path}.{name}")


def talk(mode: Mode, work: Callable[[Talk], Awaitable[None]], session: Session | None = None) -> int:
    """Do some work with a client connected in memory; give the number of answers that were checked."""

    async def run() -> int:
        fence = Fence([DATA, OUT, store_folder()])
        server = make_server(session or Session(fence=fence, settings=load()))
        async with Client(server, mode=mode) as client:
            conversation = Talk(client, (await client.list_tools()).tools)
            await work(conversation)
            return conversation.checked

    return anyio.run(run)


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> Mode:
    return cast("Mode", request.param)


def test_every_tool_has_good_and_bad_cases(mode: Mode) -> None:
    async def work(conversation: Talk) -> None:
        assert set(conversation.tools) == set(GOOD) == set(BAD)
        assert all(GOOD.values())
        assert all(len(calls) > 1 for calls in BAD.values())
        assert list(conversation.tools) == sorted(conversation.tools)
        for tool in conversation.tools.values():
            assert tool.title
            assert tool.annotations is not None
            assert tool.annotations.read_only_hint is not None
            asks_a_source = tool.name.startswith(("datadog_", "profiles_download", "pprof_discover"))
            assert tool.annotations.open_world_hint is asks_a_source

    assert talk(mode, work) == 0


@pytest.mark.parametrize("name", sorted(GOOD))
def test_good_answers_fit_the_listed_schema_and_are_short_and_always_the_same(mode: Mode, name: str) -> None:
    async def work(conversation: Talk) -> None:
        for arguments in GOOD[name]:
            first = await conversation.call(name, arguments)
            assert not first.is_error, first.content
            size = len(json.dumps(first.structured_content, separators=(",", ":")).encode())
            assert size < DEFAULT_BYTES, (name, arguments, size)
            if name not in UNSTEADY:
                again = await conversation.call(name, arguments)
                assert again.content == first.content

    assert talk(mode, work) >= len(GOOD[name])


@pytest.mark.parametrize("name", sorted(BAD))
def test_errors_fit_the_listed_schema(mode: Mode, name: str) -> None:
    async def work(conversation: Talk) -> None:
        for arguments in BAD[name]:
            result = await conversation.call(name, arguments)
            assert result.is_error, arguments
            assert result.structured_content["error"]["code"] != "internal_error"

    assert talk(mode, work) == len(BAD[name])


@pytest.mark.parametrize("name", sorted(NOTHING))
def test_answers_about_nothing_fit_the_listed_schema(mode: Mode, name: str, empty: str) -> None:
    async def work(conversation: Talk) -> None:
        for arguments in NOTHING[name]:
            for profile in (CPU, empty):
                result = await conversation.call(name, {"profile": profile, **arguments})
                assert not result.is_error
                if name != "pprof_meta" or profile == empty:
                    assert result.structured_content["warnings"]

    session = Session(fence=Fence([DATA, OUT, Path(empty).parent]), settings=load())
    assert talk(mode, work, session) == 2 * len(NOTHING[name])


def test_every_call_that_is_suggested_can_be_made_as_it_is() -> None:
    made: set[str] = set()

    async def work(conversation: Talk) -> None:
        for name, calls in GOOD.items():
            for arguments in calls:
                if name == "profiles_release":
                    continue
                result = await conversation.call(name, arguments)
                for call in result.structured_content["next"]:
                    made.add(call["tool"])
                    followed = await conversation.call(call["tool"], call["arguments"])
                    assert not followed.is_error, (name, call, followed.content)
                    assert not [w for w in followed.structured_content["warnings"] if "matched nothing" in w]

    assert talk("legacy", work) > 20
    assert made >= {"pprof_top", "pprof_peek", "pprof_tags", "pprof_focus_paths"}


def test_handles_bundles_and_paths_give_the_same_answer() -> None:
    async def work(conversation: Talk) -> None:
        opened = await conversation.call("profiles_open", {"path": BUNDLE})
        content: Any = opened.structured_content
        handle = next(row["handle"] for row in content["profiles"] if row["kind"] == "cpu")
        rows: list[Any] = []
        for reference in (handle, f"{content['bundle']}#cpu", f"{BUNDLE}#cpu", f"{BUNDLE}#cpu.pprof"):
            result = await conversation.call("pprof_top", {"profile": reference})
            rows.append(result.structured_content["rows"])
        assert all(found == rows[0] for found in rows)
        assert rows[0]

    assert talk("auto", work) == 5


def test_the_largest_answers_stay_under_the_cap() -> None:
    everything: dict[str, Arguments] = {
        "pprof_top": {"profile": CPU, "nodecount": 500, "nodefraction": 0, "granularity": "addresses"},
        "pprof_peek": {"profile": CPU, "regex": ".", "limit": 200, "edges": 200},
        "pprof_traces_head": {"profile": CPU, "limit": 200, "max_depth": 2_000, "granularity": "lines"},
        "pprof_focus_paths": {"profile": CPU, "function": ".", "limit": 200, "max_depth": 2_000},
        "pprof_tags": {"profile": HEAPS[1], "limit": 500},
    }

    async def work(conversation: Talk) -> None:
        cut = 0
        for name, arguments in everything.items():
            result = await conversation.call(name, arguments)
            assert not result.is_error
            cut += any("lowered" in warning for warning in result.structured_content["warnings"])
        assert cut >= 2

    assert talk("legacy", work) == len(everything)


@pytest.fixture
def wordy(tmp_path: Path) -> str:
    """A profile whose names are long and take even more room as JSON."""
    spelled = 'std::map<"key", std::vector<std::pair<\\int, \t>>>::'
    samples = [
        Sample(
            stack=tuple(((f"{spelled * 8}f{at * row % 97}()", "a/b.cc", at),) for at in range(1, 25)),
            values=(row, row * 10),
            labels=(("tenant", f"{spelled}{row}"),),
        )
        for row in range(1, 60)
    ]
    path = tmp_path / "wordy.pb"
    path.write_bytes(NaiveProfile(tuple(samples)).encode())
    return str(path)


@pytest.mark.parametrize("form", ["rows", "text"])
def test_answers_to_callers_that_name_no_size_are_short_however_long_the_names_are(
    wordy: str, form: str
) -> None:
    calls: dict[str, Arguments] = {
        "pprof_top": {},
        "pprof_peek": {"regex": "f1"},
        "pprof_tags": {},
        "pprof_traces_head": {},
        "pprof_focus_paths": {"function": "f1"},
    }
    lowered: set[str] = set()

    async def work(conversation: Talk) -> None:
        for name, arguments in calls.items():
            result = await conversation.call(name, {"profile": wordy, "format": form, **arguments})
            assert not result.is_error, result.content
            content = result.structured_content
            size = len(json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode())
            assert size <= DEFAULT_BYTES or len(content["rows"]) == 1, (name, size)
            if any(" lowered to " in warning for warning in content["warnings"]):
                lowered.add(name)

    session = Session(fence=Fence([Path(wordy).parent]))
    assert talk("auto", work, session) == len(calls)
    several = {
        "rows": {"pprof_top", "pprof_peek", "pprof_traces_head", "pprof_focus_paths"},
        "text": {"pprof_focus_paths"},
    }
    assert lowered >= several[form]
