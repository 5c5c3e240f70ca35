"""Completions: handles and sample types of what is open, the best first."""

from __future__ import annotations

from pathlib import Path

import pytest
from mcp import Client, MCPError
from mcp_types import Completion, PromptReference, ResourceTemplateReference
from pprof_mcp.session.handles import PREFIX
from pprof_mcp.session.session import Session

from tests.fronts.mcp.talking import MODES, Mode, ask, talk
from tests.support import DATA, Clock, MakeSession

CPU = str(DATA / "go" / "main" / "cpu.pb.gz")
HEAP = str(DATA / "go" / "main" / "heap.after.pb.gz")
BUNDLE = str(DATA / "bundle.zip")
BOTH = pytest.mark.parametrize("mode", MODES)
TOP = ResourceTemplateReference(uri="pprof://handle/{handle}/top{?sample_index}")
HEAP_TYPES = ["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"]


def prompt(name: str) -> PromptReference:
    return PromptReference(name=name)


async def complete(
    client: Client, ref: PromptReference | ResourceTemplateReference, name: str, value: str, **given: str
) -> Completion:
    return (await client.complete(ref, {"name": name, "value": value}, given or None)).completion


@BOTH
def test_handles_complete_by_their_digits_their_kind_and_their_file(session: Session, mode: Mode) -> None:
    async def work(client: Client) -> None:
        nothing = await complete(client, prompt("leak"), "after", "")
        assert (nothing.values, nothing.total, nothing.has_more) == ([], 0, False)
        opened = await ask(client, "profiles_open", path=BUNDLE)
        by_kind = {row["kind"]: row["handle"] for row in opened["profiles"]}
        everything = await complete(client, prompt("leak"), "after", "")
        assert set(everything.values) == set(by_kind.values())
        assert everything.total == 5
        cpu = by_kind["cpu"]
        for typed in (cpu, cpu[:14], cpu.removeprefix(PREFIX)[:6], "cpu", "CPU.pp"):
            assert (await complete(client, prompt("leak"), "after", typed)).values[0] == cpu, typed
        assert (await complete(client, prompt("leak"), "after", "no such file")).values == []
        # Where anything that can be opened will do, the bundle is offered, too.
        captures = await complete(client, prompt("first_look"), "path", "bundle")
        assert captures.values[0] == opened["bundle"]
        assert captures.total == 6
        digits = [handle.removeprefix(PREFIX) for handle in by_kind.values()]
        assert sorted((await complete(client, TOP, "handle", "")).values) == sorted(digits)
        bundles = ResourceTemplateReference(uri="pprof://handle/{handle}/profiles")
        only = await complete(client, bundles, "handle", "")
        assert only.values == [opened["bundle"].removeprefix(PREFIX)]

    talk(session, mode, work)


def test_what_was_used_last_comes_first_and_offering_is_no_use(
    make_session: MakeSession, clock: Clock
) -> None:
    session = make_session(handle_ttl=100)

    async def work(client: Client) -> None:
        cpu = (await ask(client, "profiles_open", path=CPU))["profiles"][0]["handle"]
        clock.forward(10)
        heap = (await ask(client, "profiles_open", path=HEAP))["profiles"][0]["handle"]
        assert (await complete(client, prompt("leak"), "after", "")).values == [heap, cpu]
        clock.forward(10)
        await ask(client, "pprof_top", profile=cpu)
        assert (await complete(client, prompt("leak"), "after", "")).values == [cpu, heap]
        clock.forward(95)
        assert (await complete(client, prompt("leak"), "after", "")).values == [cpu]
        clock.forward(10)
        assert (await complete(client, prompt("leak"), "after", "")).values == []

    talk(session, "auto", work)


@BOTH
def test_sample_types_are_those_of_the_profile_that_is_named_else_of_all(
    session: Session, mode: Mode
) -> None:
    async def work(client: Client) -> None:
        cpu = (await ask(client, "profiles_open", path=CPU))["profiles"][0]["handle"]
        bundle = (await ask(client, "profiles_open", path=BUNDLE))["bundle"]
        every = sorted({"samples", "cpu", *HEAP_TYPES, "contentions", "delay", "goroutine"})
        assert (await complete(client, prompt("tenant"), "sample_index", "")).values == every
        of_cpu = await complete(client, prompt("tenant"), "sample_index", "", profile=cpu)
        assert (of_cpu.values, of_cpu.total) == (["cpu", "samples"], 2)
        for named in (CPU, f"{bundle}#cpu", f"{bundle}#cpu.pprof"):
            found = await complete(client, prompt("tenant"), "sample_index", "", profile=named)
            assert found.values == ["cpu", "samples"], named
        of_heap = await complete(client, prompt("regression"), "sample_index", "", after=f"{bundle}#heap")
        assert of_heap.values == HEAP_TYPES
        both = await complete(
            client, prompt("regression"), "sample_index", "", before=cpu, after=f"{bundle}#heap"
        )
        assert both.values == sorted([*HEAP_TYPES, "cpu", "samples"])
        best = await complete(client, prompt("tenant"), "sample_index", "s")
        assert best.values == ["samples", "alloc_objects", "alloc_space", "contentions", "inuse_objects",
                               "inuse_space"]  # fmt: skip
        gone = await complete(client, TOP, "sample_index", "", handle="0123456789abcdef")
        assert gone.values == []
        found = await complete(client, TOP, "sample_index", "c", handle=cpu.removeprefix(PREFIX))
        assert found.values == ["cpu"]

    talk(session, mode, work)


def test_at_most_a_hundred_values_are_sent_and_the_total_is_told(session: Session, tmp_path: Path) -> None:
    for number in range(1, 121):
        path = tmp_path / f"{number}.txt"
        path.write_text(f"goroutine profile: total {number}\n{number} @ 0x43a1 0x43b2\n", encoding="utf-8")
        session.handle_of(session.profile(str(path)))

    async def work(client: Client) -> None:
        found = await complete(client, prompt("leak"), "after", "")
        assert (len(found.values), found.total, found.has_more) == (100, 120, True)

    talk(session, "auto", work)


@BOTH
def test_arguments_that_nobody_can_know_have_no_values_and_unknown_ones_are_errors(
    session: Session, mode: Mode
) -> None:
    async def work(client: Client) -> None:
        assert (await complete(client, prompt("first_look"), "question", "w")).values == []
        template = ResourceTemplateReference(uri="pprof://handle/{handle}/nonsense")
        for ref, name, told in (
            (prompt("nonsense"), "path", "first_look"),
            (prompt("leak"), "nonsense", "after"),
            (template, "handle", "no template"),
            (TOP, "nonsense", "sample_index"),
        ):
            with pytest.raises(MCPError) as caught:
                await complete(client, ref, name, "")
            assert caught.value.code == -32602
            assert told in caught.value.message

    talk(session, mode, work)
