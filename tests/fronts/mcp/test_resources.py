"""Handles as resources: what is listed, what is read, what happens when a handle is gone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import pytest
from mcp import Client, MCPError
from mcp.shared.subscriptions import ResourcesListChanged
from mcp_types import ResourceTemplateReference
from pprof_mcp import _native
from pprof_mcp.fronts.mcp.resources import PAGE
from pprof_mcp.profile import Profile
from pprof_mcp.registry import catalogue, tool
from pprof_mcp.registry.catalogue import Entry, entries
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import answer
from pprof_mcp.registry.spec import ToolSpec, View
from pprof_mcp.results import Result
from pprof_mcp.session.handles import PREFIX
from pprof_mcp.session.session import Session
from pydantic import Field

from tests.fronts.mcp.talking import MODES, Mode, ask, read, talk
from tests.support import DATA, Clock, MakeSession

CPU = str(DATA / "go" / "main" / "cpu.pb.gz")
BUNDLE = str(DATA / "bundle.zip")
BOTH = pytest.mark.parametrize("mode", MODES)


def digits(handle: str) -> str:
    return handle.removeprefix(PREFIX)


async def addresses(client: Client) -> list[str]:
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = await client.list_resources(cursor=cursor)
        found.extend(item.uri for item in page.resources)
        cursor = page.next_cursor
        if cursor is None:
            return found


@BOTH
def test_what_is_open_is_listed_by_handle_and_nothing_else(session: Session, mode: Mode) -> None:
    async def work(client: Client) -> None:
        assert await addresses(client) == []
        opened = await ask(client, "profiles_open", path=BUNDLE)
        handles = sorted([opened["bundle"], *(row["handle"] for row in opened["profiles"])])
        assert len(handles) == 6
        expected: list[str] = []
        for handle in handles:
            views = ["profiles"] if handle == opened["bundle"] else ["meta", "top"]
            expected += [f"pprof://handle/{digits(handle)}/{view}" for view in views]
        assert await addresses(client) == expected
        await ask(client, "profiles_release", all=True)
        assert await addresses(client) == []

    talk(session, mode, work)


def test_a_resource_says_what_it_is_of(session: Session) -> None:
    async def work(client: Client) -> None:
        opened = await ask(client, "profiles_open", path=BUNDLE)
        cpu = next(row for row in opened["profiles"] if row["kind"] == "cpu")
        listed = {item.uri: item for item in (await client.list_resources()).resources}
        top = listed[f"pprof://handle/{digits(cpu['handle'])}/top"]
        assert top.name == "bundle.zip#cpu.pprof top"
        assert top.title == "Top functions: bundle.zip#cpu.pprof (cpu)"
        assert cpu["handle"] in (top.description or "")
        assert "sample types samples, cpu" in (top.description or "")
        bundle = listed[f"pprof://handle/{digits(opened['bundle'])}/profiles"]
        assert bundle.title == "Profiles of a bundle: bundle.zip (5 profiles)"
        assert {item.mime_type for item in listed.values()} == {"application/json"}

    talk(session, "auto", work)


@BOTH
@pytest.mark.parametrize("names", ["underscores", "dotted"])
def test_reading_gives_what_the_tool_answers_with_defaults(session: Session, mode: Mode, names: Any) -> None:
    async def work(client: Client) -> None:
        opened = await ask(client, "profiles_open", path=BUNDLE)
        looked_at = 0
        for uri in await addresses(client):
            handle, view = uri.removeprefix("pprof://handle/").split("/")
            tool, argument = {
                "meta": ("pprof.meta", "profile"),
                "top": ("pprof.top", "profile"),
                "profiles": ("profiles.open", "path"),
            }[view]
            told = await ask(client, tool, **{argument: PREFIX + handle})
            assert json.loads(await read(client, uri)) == told
            looked_at += 1
        assert looked_at == 2 * len(opened["profiles"]) + 1

    talk(session, mode, work, names=names)


def test_a_template_is_expanded_with_a_sample_type_or_a_member_of_a_bundle(session: Session) -> None:
    async def work(client: Client) -> None:
        templates = (await client.list_resource_templates()).resource_templates
        assert [item.uri_template for item in templates] == [
            "pprof://handle/{handle}/meta",
            "pprof://handle/{handle}/top{?sample_index}",
            "pprof://handle/{handle}/profiles",
        ]
        assert all(item.title and item.description and item.mime_type for item in templates)
        bundle = (await ask(client, "profiles_open", path=BUNDLE))["bundle"]
        for reference in (f"{digits(bundle)}%23heap", f"handle%3A{digits(bundle)}%23heap"):
            uri = f"pprof://handle/{reference}/top?sample_index=alloc_space"
            told = await ask(client, "pprof_top", profile=f"{bundle}#heap", sample_index="alloc_space")
            assert json.loads(await read(client, uri)) == told
            assert told["sample_type"]["type"] == "alloc_space"

    talk(session, "auto", work)


class CountResult(Result):
    """A count."""

    count: int = Field(description="Samples.")


def count(
    profile: Profile, *, sample_index: Annotated[str, Field(description="Which type.")] = ""
) -> CountResult:
    """Count the samples of a profile."""
    return CountResult(count=len(profile), warnings=[sample_index])


def test_a_tool_that_declares_a_view_is_listed_read_and_completed_with_nothing_else_to_do(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = View("count", variables=("sample_index",))
    added = tool("x.count", title="Count", since="0.1", example={}, view=view)(count).spec
    monkeypatch.setattr("pprof_mcp.fronts.mcp.server.entries", lambda: (*entries(), Entry.of(added)))

    def with_added(name: str) -> ToolSpec:
        return added if name == added.name else load(name)

    monkeypatch.setattr(catalogue, "load", with_added)

    async def work(client: Client) -> None:
        handle = (await ask(client, "profiles_open", path=CPU))["profiles"][0]["handle"]
        uri = f"pprof://handle/{digits(handle)}/count"
        assert uri in await addresses(client)
        assert json.loads(await read(client, uri)) == await ask(client, "x_count", profile=handle)
        template = "pprof://handle/{handle}/count{?sample_index}"
        listed = (await client.list_resource_templates()).resource_templates
        assert template in [item.uri_template for item in listed]
        assert json.loads(await read(client, f"{uri}?sample_index=cpu"))["warnings"] == ["cpu"]
        completed = await client.complete(
            ResourceTemplateReference(uri=template), {"name": "sample_index", "value": ""}
        )
        assert completed.completion.values == ["cpu", "samples"]

    talk(session, "auto", work)


@pytest.mark.parametrize(("mode", "code"), [("legacy", -32002), ("auto", -32602)])
@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("pprof://handle/0123456789abcdef/top", "handle_not_found"),
        ("pprof://handle/xyz/meta", "is not a handle"),
        ("pprof://handle/..%2F..%2Fetc%2Fpasswd/meta", "is not a handle"),
        ("pprof://handle/0123456789abcdef/nonsense", "no view 'nonsense'"),
        ("pprof://handle/0123456789abcdef", "not an address"),
        ("pprof://handle//top", "not an address"),
        ("file:///etc/passwd", "not an address"),
        ("", "not an address"),
        ("pprof://handle/{cpu}/top?focus=main", "'focus' is no variable"),
        ("pprof://handle/{cpu}/top?sample_index=cpu&sample_index=samples", "there twice"),
        ("pprof://handle/{cpu}/top?sample_index=nonsense", "unknown_sample_type"),
        ("pprof://handle/{cpu}/meta?sample_index=cpu", "no variable"),
    ],
)
def test_what_is_not_there_is_the_error_of_the_protocol(
    session: Session, mode: Mode, code: int, uri: str, told: str
) -> None:
    async def work(client: Client) -> None:
        opened = await ask(client, "profiles_open", path=CPU)
        asked = uri.replace("{cpu}", digits(opened["profiles"][0]["handle"]))
        with pytest.raises(MCPError) as caught:
            await client.read_resource(asked)
        assert caught.value.code == code
        assert told in caught.value.message
        assert caught.value.data["uri"] == asked
        assert caught.value.data["error"]["hint"]

    talk(session, mode, work)


@BOTH
def test_reading_keeps_a_handle_alive_and_a_late_reader_is_told_how_to_open_it_again(
    make_session: MakeSession, clock: Clock, mode: Mode
) -> None:
    async def work(client: Client) -> None:
        handle = (await ask(client, "profiles_open", path=CPU))["profiles"][0]["handle"]
        uri = f"pprof://handle/{digits(handle)}/top"
        for _ in range(3):
            clock.forward(60)
            assert json.loads(await read(client, uri))["rows"]
        # Looking at the list is no use.
        clock.forward(60)
        assert len(await addresses(client)) == 2
        clock.forward(60)
        assert await addresses(client) == []
        with pytest.raises(MCPError) as caught:
            await client.read_resource(uri)
        assert f"Open it again with profiles_open, path {CPU!r}" in caught.value.message
        assert caught.value.data["error"]["code"] == "handle_expired"

    talk(make_session(handle_ttl=100), mode, work)


def test_many_handles_come_in_pages_that_hide_and_repeat_nothing(session: Session, tmp_path: Path) -> None:
    for number in range(1, PAGE + 6):
        path = tmp_path / f"{number}.txt"
        path.write_text(f"goroutine profile: total {number}\n{number} @ 0x43a1 0x43b2\n", encoding="utf-8")
        session.handle_of(session.profile(str(path)))
    handles = [record.handle for record in session.records()]
    assert len(handles) == PAGE + 5

    async def work(client: Client) -> None:
        first = await client.list_resources()
        assert first.next_cursor is not None
        assert len(first.resources) == 2 * PAGE
        assert await addresses(client) == [
            f"pprof://handle/{digits(handle)}/{view}" for handle in handles for view in ("meta", "top")
        ]
        # What is gone in between moves nothing.
        session.release(handles[0])
        session.release(PREFIX + first.next_cursor)
        rest = await client.list_resources(cursor=first.next_cursor)
        assert rest.resources[0].uri == f"pprof://handle/{digits(handles[PAGE])}/meta"
        for wrong in ("7", "nonsense", "handle:0123456789abcdef"):
            with pytest.raises(MCPError, match="is not a cursor") as caught:
                await client.list_resources(cursor=wrong)
            assert caught.value.code == -32602

    talk(session, "legacy", work)


def test_an_unplanned_exception_tells_a_reader_nothing(
    session: Session, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def work(client: Client) -> None:
        handle = (await ask(client, "profiles_open", path=CPU))["profiles"][0]["handle"]

        def fail(*_: object) -> bytes:
            raise RuntimeError("canary-51c0")

        monkeypatch.setattr(_native, "top", fail)
        with pytest.raises(MCPError) as caught:
            await client.read_resource(f"pprof://handle/{digits(handle)}/top")
        assert caught.value.code == -32603
        assert "canary-51c0" not in str(caught.value.error)
        assert "canary-51c0" in capsys.readouterr().err

    talk(session, "auto", work)


def test_a_client_that_greeted_is_told_when_handles_come_and_go(
    make_session: MakeSession, clock: Clock
) -> None:
    heard: list[str] = []
    news = "notifications/resources/list_changed"

    async def work(client: Client) -> None:
        assert client.server_capabilities.resources is not None
        assert client.server_capabilities.resources.list_changed is True
        handle = (await ask(client, "profiles_open", path=CPU))["profiles"][0]["handle"]
        assert heard.count(news) == 1
        await ask(client, "pprof_top", profile=handle)
        await ask(client, "profiles_open", path=CPU)
        assert heard.count(news) == 1
        await ask(client, "profiles_release", handles=[handle])
        assert heard.count(news) == 2
        await ask(client, "pprof_merge", profiles=[CPU, CPU])
        assert heard.count(news) == 3
        clock.forward(1_000)
        await ask(client, "profiles_handles")
        assert heard.count(news) == 4

    talk(make_session(handle_ttl=100), "legacy", work, heard=heard)
    assert set(heard) == {news}


def test_a_client_that_listens_is_told_when_handles_come_and_go(session: Session) -> None:
    heard: list[str] = []

    async def work(client: Client) -> None:
        async with client.listen(resources_list_changed=True) as news:
            assert news.honored.resources_list_changed is True
            handle = (await ask(client, "profiles_open", path=CPU))["profiles"][0]["handle"]
            assert await anext(news) == ResourcesListChanged()
            await ask(client, "profiles_release", handles=[handle])
            assert await anext(news) == ResourcesListChanged()

    talk(session, "auto", work, heard=heard)
    # The client hands on what comes by the stream; there was no copy beside it.
    assert heard.count("notifications/resources/list_changed") == 2


def test_a_client_that_does_not_listen_is_not_disturbed(session: Session) -> None:
    heard: list[str] = []

    async def work(client: Client) -> None:
        await ask(client, "profiles_open", path=CPU)
        await ask(client, "profiles_release", all=True)

    talk(session, "auto", work, heard=heard)
    assert heard == []


def test_the_size_that_answers_have_at_most_holds_for_resources(make_session: MakeSession) -> None:
    session = make_session(answer_bytes=3_000)

    async def work(client: Client) -> None:
        handle = (await ask(client, "profiles_open", path=CPU))["profiles"][0]["handle"]
        whole = answer(load("pprof.top"), {"profile": handle}, session=session, most=None)
        text = await read(client, f"pprof://handle/{digits(handle)}/top")
        assert len(text.encode()) <= 3_000 < len(whole.json)
        assert any("lowered" in warning for warning in json.loads(text)["warnings"])

    talk(session, "auto", work)
