"""What must hold for every prompt, and for every text that names tools."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from pprof_mcp.fronts.mcp.instructions import MOST_BYTES, instructions
from pprof_mcp.fronts.mcp.spelling import Spelling
from pprof_mcp.registry.discover import load, load_all, names
from pprof_mcp.registry.prompts import Prompt, load_prompts
from pprof_mcp.registry.run import run
from pprof_mcp.session.session import Session

from tests.support import DATA

PROMPTS = load_prompts()
EVERY = pytest.mark.parametrize("prompt", PROMPTS, ids=[prompt.name for prompt in PROMPTS])
GROUPS = {name.partition(".")[0] for name in names()}
LIKE_A_TOOL = re.compile(rf"(?<![\w./])(?:{'|'.join(sorted(GROUPS))})[._][a-z][a-z_]*(?:\.[a-z][a-z_]*)*")
MOST_TEXT = 4_000
"""Bytes of one prompt (chosen: a thousand tokens, read once)."""


def mentioned(text: str) -> set[str]:
    return set(LIKE_A_TOOL.findall(text))


def texts(spelling: Spelling) -> dict[str, str]:
    found = {"instructions": instructions([prompt.name for prompt in PROMPTS], spelling)}
    for prompt in PROMPTS:
        for given in ("required", "all"):
            arguments = {a.name: "given" for a in prompt.arguments if a.required or given == "all"}
            found[f"{prompt.name} {given}"] = spelling.text(prompt.text(arguments))
    for spec in load_all():
        found[spec.name] = spelling.text(spec.description)
    return found


@pytest.mark.parametrize("mode", ["underscores", "dotted"])
def test_every_tool_that_a_text_names_exists_in_the_spelling_that_is_advertised(mode: Any) -> None:
    advertised = {spec.name if mode == "dotted" else spec.advertised for spec in load_all()}
    named = {where: mentioned(text) for where, text in texts(Spelling(names(), mode)).items()}
    # Go's own package has the name of the group: `pprof.Do` is no tool, and does not look like one.
    assert {where: found - advertised for where, found in named.items() if found - advertised} == {}
    assert len(named["instructions"]) >= 9
    assert all(len(named[f"{prompt.name} all"]) >= 4 for prompt in PROMPTS)


def test_a_name_that_does_not_exist_would_be_found() -> None:
    spelled = Spelling(names(), "underscores").text(
        "`pprof.topp`, pprof.top. (pprof.diff_top) pprof_nonsense"
    )
    assert spelled == "`pprof.topp`, pprof_top. (pprof_diff_top) pprof_nonsense"
    assert mentioned(spelled) == {"pprof.topp", "pprof_top", "pprof_diff_top", "pprof_nonsense"}


def test_what_a_user_gave_is_never_respelled() -> None:
    spelling = Spelling(names(), "underscores")
    given = [
        '"pprof.top"',
        "'pprof.top'",
        "a/pprof.top",
        "pprof.top/a",
        "x.pprof.top",
        "my-pprof.top",
        "pprof.top-1",
    ]
    assert [spelling.text(text) for text in given] == given
    for prompt in PROMPTS:
        for argument in prompt.arguments:
            required = {a.name: "x" for a in prompt.arguments if a.required}
            text = spelling.text(prompt.text({**required, argument.name: "pprof.top"}))
            assert '"pprof.top"' in text, (prompt.name, argument.name)


@EVERY
def test_prompts_are_short_and_read_well(prompt: Prompt) -> None:
    for given in (
        {a.name: "x" for a in prompt.arguments if a.required},
        {a.name: "x" for a in prompt.arguments},
    ):
        text = prompt.text(given)
        assert 1_500 < len(text.encode()) < MOST_TEXT
        assert text.startswith("# ")
        assert "\nReport: " in text
        assert not [line for line in text.splitlines() if line != line.rstrip()]
        # An indentation that differs from the rest would turn a paragraph into a block of code.
        assert not re.search(r"^ {4,}\S", text.replace("\n     ", "\n"), re.MULTILINE)


def test_instructions_fit_what_clients_keep_and_name_every_prompt() -> None:
    text = instructions([prompt.name for prompt in PROMPTS], Spelling(names(), "dotted"))
    assert len(text.encode()) <= MOST_BYTES
    assert all(prompt.name in text for prompt in PROMPTS)


OPTION = re.compile(r'\b([a-z_]+)=("(?:[^"\\]|\\.)*"|true|<[^>]+>)')


@EVERY
def test_options_that_a_prompt_writes_out_are_taken_by_some_tool_and_are_good_ones(
    prompt: Prompt, session: Session
) -> None:
    known = {item.name: spec for spec in load_all() for item in spec.parameters}
    text = prompt.text({a.name: "given" for a in prompt.arguments})
    found = OPTION.findall(text)
    assert len(found) >= 3
    cpu = str(DATA / "go" / "main" / "cpu.pb.gz")
    for name, value in found:
        assert name in known, name
        if name in ("hide", "focus", "function") and value.startswith('"'):
            run(load("pprof.top"), {"profile": cpu, "hide": json.loads(value)}, session=session)
        if name == "normalize":
            run(
                load("pprof.diff_top"),
                {"before": cpu, "after": cpu, name: json.loads(value)},
                session=session,
            )


def option(prompt: str, name: str, at: int = 0) -> str:
    text = next(item for item in PROMPTS if item.name == prompt)
    found = OPTION.findall(text.text({a.name: "given" for a in text.arguments}))
    return json.loads([value for key, value in found if key == name][at])


def test_what_a_prompt_advises_finds_the_fault_that_was_planted(session: Session) -> None:
    main = DATA / "go" / "main"

    def first(tool: str, rows: str, **arguments: Any) -> str:
        found: Any = run(load(tool), arguments, session=session)
        return getattr(found, rows)[0].name

    ours = option("contention", "hide")
    held = first(
        "pprof.top", "rows", profile=str(main / "delta-mutex.pb.gz"), sample_index="delay", hide=ours
    )
    waits = first(
        "pprof.top", "rows", profile=str(main / "delta-block.pb.gz"), sample_index="delay", hide=ours,
        focus=option("contention", "focus"),
    )  # fmt: skip
    assert held == waits == "example.com/shop/inventory.(*Ledger).Reserve"
    goroutines = {
        "before": str(main / "goroutine.before.pb.gz"),
        "after": str(main / "goroutine.after.pb.gz"),
    }
    grown = first("pprof.diff_top", "deltas", **goroutines, hide=option("leak", "hide"))
    assert grown == "example.com/shop/notify.listen"
    heaps = {"before": str(main / "heap.before.pb.gz"), "after": str(main / "heap.after.pb.gz")}
    kept = first("pprof.diff_top", "deltas", **heaps, sample_index=option("leak", "sample_index"))
    assert kept == "example.com/shop/session.newEntry"
    large: Any = run(
        load("pprof.top"),
        {"profile": str(main / "delta-heap.pb.gz"), "tagfocus": option("oom", "tagfocus"),
         "sample_index": "alloc_space"},
        session=session,
    )  # fmt: skip
    assert large.rows
    assert not [warning for warning in large.warnings if "matched nothing" in warning]
