"""What pprof.generate_report must get right."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import pprof_mcp as pp
import pytest
from markdown_it import MarkdownIt
from mcp import Client
from pprof_mcp.fronts.mcp import make_server
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import dump, run
from pprof_mcp.session.session import Session
from pprof_mcp.sources.fence import Fence
from pprof_mcp.tools.pprof import generate_report as declared
from pprof_mcp.tools.pprof.generate_report import ReportResult

from tests.cases import BUNDLE, CPU, OUT, Cases
from tests.property.naive import NaiveProfile, Sample
from tests.support import DATA, MakeSession


def anywhere() -> Session:
    return Session(fence=Fence.unrestricted())


def answered(tool: str, **arguments: Any) -> dict[str, Any]:
    """Give what a call answers, as a client gets it."""
    return {
        "tool": tool,
        "result": json.loads(dump(run(load(tool), arguments, session=anywhere()))),
    }


def kept(tool: str, **arguments: Any) -> dict[str, Any]:
    """Keep what a call answers in a file, as a command does."""
    path = OUT / f"{tool}.json"
    path.write_text(json.dumps(answered(tool, **arguments)["result"]))
    return {"tool": tool, "file": str(path)}


CASES = Cases(
    good=[
        {"bundle": BUNDLE},
        {"results": [kept("pprof.top", profile=CPU), kept("pprof.contention_analysis", profile=BUNDLE)]},
        {"bundle": CPU, "results": [kept("pprof.meta", profile=CPU)]},
        {"bundle": BUNDLE, "output_path": str(OUT / "report.md"), "pictures": str(OUT), "overwrite": True},
        {"bundle": CPU, "title": "CPU of the shop", "max_bytes": 1_000},
        {"bundle": str(DATA / "go" / "healthy")},
    ],
    wrong=[
        ("bundle", "missing/"),
        ("results", [{"tool": "pprof.nothing", "file": str(OUT / "pprof.top.json")}]),
        ("results", [{"tool": "pprof.meta", "file": str(OUT / "pprof.top.json")}]),
        ("results", [{"tool": "pprof.top", "file": str(OUT / "missing.json")}]),
        ("results", [{"tool": "pprof.top"}]),
        ("output_path", "-"),
        ("output_path", "missing/report.md"),
        ("pictures", "missing"),
        ("max_bytes", -1),
        ("title", "x" * 201),
    ],
)
PLANTED: dict[str, Any] = {item["id"]: item for item in json.loads((DATA / "planted.json").read_text())}


def report(bundle: Any, **options: Any) -> ReportResult:
    return declared.generate_report(bundle, **options)


def page_of(bundle: Any, folder: Path, **options: Any) -> str:
    path = folder / "page.md"
    report(bundle, output_path=str(path), overwrite=True, **options)
    return path.read_text(encoding="utf-8")


def headings(page: str) -> list[str]:
    return [line[3:] for line in page.splitlines() if line.startswith("## ")]


def tables(page: str) -> list[list[str]]:
    """Give the lines of each table."""
    found: list[list[str]] = [[]]
    for line in page.splitlines():
        if line.startswith("|"):
            found[-1].append(line)
        elif found[-1]:
            found.append([])
    return [table for table in found if table]


def test_a_page_begins_with_a_summary_and_ends_with_where_it_comes_from(tmp_path: Path) -> None:
    page = page_of(BUNDLE, tmp_path)
    assert page.startswith("# Profile report: shop (test)\n\n## Summary\n\n10 recommendations (3 high")
    assert headings(page) == [
        "Summary",
        "Recommendations",
        "CPU",
        "Memory",
        "Locks",
        "Goroutines",
        "Hot in several kinds",
        "What was not looked at, and what limits this",
        "Where this comes from",
    ]
    summary = page.partition("## Recommendations")[0]
    assert "1. **goroutine leak** at `notify.listen (hub.go:28)`: 96.92 % of goroutines." in summary
    cpu = pp.open_profile(CPU)
    used, seconds = cpu.top().total / 1e9, cpu.shared.meta["duration_nanos"] / 1e9
    assert f"- CPU: {used:.2f}s in {seconds:.3f} s: {100 * used / seconds:.2f} % of one CPU" in summary
    assert "pprof-mcp " + pp.build_info()["version"] in page
    assert "b32c109c189d00bd9d9c287c90ecba8f6f414a10" in page
    assert "samples/count, cpu/nanoseconds" in page


def test_every_planted_fault_is_on_the_page_with_the_call_that_shows_it(tmp_path: Path) -> None:
    page = page_of(BUNDLE, tmp_path)
    for plant in ("json-in-loop", "recursion", "heap-leak", "alloc-churn", "goroutine-leak-receive",
                  "goroutine-leak-send", "hot-lock-wait", "write-lock-wait"):  # fmt: skip
        assert f"`{PLANTED[plant]['function']}`" in page, plant
        assert f"{PLANTED[plant]['file']}:{PLANTED[plant]['line']}`" in page, plant
    assert "light" not in page
    assert len(re.findall(r"^### \d+\. ", page, re.MULTILINE)) == 10
    calls = re.findall(r"^- \*\*Shown by\*\*: `(.*)`$", page, re.MULTILINE)
    assert len(calls) == 10
    # A page outlives handles.
    assert "handle:" not in page
    assert 'pprof.list(profile="' in page


def test_tables_keep_their_columns(tmp_path: Path) -> None:
    looked_at = 0
    for bundle in (BUNDLE, hostile(tmp_path)):
        for table in tables(page_of(bundle, tmp_path)):
            widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table}
            assert len(widths) == 1, table
            looked_at += 1
    assert looked_at >= 8


HOSTILE = [
    "a|b",
    "`x` <script>alert(1)</script>",
    "[click](https://evil.example/)",
    "![x](https://evil.example/x.png)",
    "\\|<img src=x onerror=y>",
    "@everyone www.evil.example &lt;b&gt;",
    "# heading\n## another\n| a |\n---",
    "\x1b[31mred\u202egnp",
    "~~~\n```sh\nrm -rf\n```",
]


def hostile(folder: Path) -> str:
    stacks = ((((name, f"/srv/{name}.py", 5),),) for name in HOSTILE)
    samples = tuple(Sample(stack, (10_000, 10**11)) for stack in stacks)
    path = folder / "hostile.pb"
    types = (("samples", "count"), ("cpu", "nanoseconds"))
    path.write_bytes(NaiveProfile(samples, types).encode())
    return str(path)


def test_hostile_names_are_text_and_nothing_else(tmp_path: Path) -> None:
    page = page_of(hostile(tmp_path), tmp_path, title="<b>T</b> | `x`")
    assert page.startswith(r"# \<b\>T\</b\> \| \`x\`")
    assert len(re.findall(r"^### \d+\. own code", page, re.MULTILINE)) == len(HOSTILE)
    # As a renderer of CommonMark with GitHub's tables reads it: text and code, whatever the names hold.
    seen = [
        token
        for block in MarkdownIt().enable("table").parse(page)
        for token in (block, *(block.children or ()))
    ]
    kinds = {token.type for token in seen}
    assert kinds >= {"inline", "code_inline", "table_open", "heading_open"}
    assert not kinds & {"html_inline", "html_block", "link_open", "image", "fence", "code_block", "hr"}
    for text in (token.content for token in seen if token.type in ("text", "code_inline")):
        assert not re.search("[\x00-\x1f\u202a-\u202e]", text)
    shown = "".join(token.content for token in seen if token.type in ("text", "text_special", "code_inline"))
    for name in HOSTILE[:6]:
        assert name in shown, name
    # What GitHub makes links and mentions of outside of code.
    outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", re.sub(r"\\.", "", page))
    assert not re.search(r"https?://|www\.|@\w", outside)
    assert headings(page) == [
        "Summary",
        "Recommendations",
        "CPU",
        "What was not looked at, and what limits this",
        "Where this comes from",
    ]
    assert "\n```" not in page


def test_a_healthy_process_gets_a_page_that_says_so(tmp_path: Path) -> None:
    page = page_of(str(DATA / "go" / "healthy"), tmp_path)
    assert "Nothing stands out: looked at cpu, heap, mutex, block, goroutine." in page
    assert "## Recommendations" not in page


def test_what_is_missing_is_on_the_page(tmp_path: Path, empty: str) -> None:
    page = page_of(CPU, tmp_path)
    limits = page.partition("## What was not looked at")[2]
    for kind in ("heap", "mutex", "block", "goroutine"):
        assert f"- no {kind} profile" in limits
    nothing = page_of(empty, tmp_path)
    assert "- no cpu (no samples) profile" in nothing
    assert "not everything could be judged" in nothing


def test_pictures_are_drawn_and_linked_from_where_the_page_is(tmp_path: Path) -> None:
    folder = tmp_path / "pictures (new)"
    folder.mkdir()
    found = report(BUNDLE, output_path=str(tmp_path / "page.md"), pictures=str(folder))
    assert [one.kind for one in found.pictures] == ["cpu", "heap", "mutex", "block", "goroutine"]
    page = (tmp_path / "page.md").read_text()
    assert "[![cpu flame graph](pictures%20%28new%29/cpu.svg)](pictures%20%28new%29/cpu.svg)" in page
    for one in found.pictures:
        assert Path(one.output_path).read_bytes().startswith(b"<?xml")
        assert one.output_bytes == Path(one.output_path).stat().st_size
    assert (found.markdown, found.output_bytes) == (None, len(page.encode()))


def test_nothing_is_overwritten_unless_asked_and_nothing_is_written_in_part(tmp_path: Path) -> None:
    (tmp_path / "block.svg").write_text("mine")
    with pytest.raises(pp.errors.InvalidArgumentError, match=r"block\.svg"):
        report(BUNDLE, output_path=str(tmp_path / "page.md"), pictures=str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["block.svg"]
    report(BUNDLE, output_path=str(tmp_path / "page.md"), pictures=str(tmp_path), overwrite=True)
    with pytest.raises(pp.errors.InvalidArgumentError, match="exists"):
        report(BUNDLE, output_path=str(tmp_path / "page.md"))


def test_files_are_written_inside_the_fence_only(tmp_path: Path) -> None:
    session = Session(fence=Fence([DATA]))
    for option in ({"output_path": str(tmp_path / "page.md")}, {"pictures": str(tmp_path)}):
        with pytest.raises(pp.errors.PathNotAllowedError):
            report(BUNDLE, session=session, **option)
    assert list(tmp_path.iterdir()) == []


def test_a_client_gets_the_beginning_and_a_command_all_of_it(make_session: MakeSession) -> None:
    served = report(BUNDLE, session=make_session())
    assert served.markdown
    assert served.markdown_meta.truncated
    assert served.markdown_meta.total_bytes > len(served.markdown.encode())
    assert any("output_path writes all of it" in warning for warning in served.warnings)
    command = report(BUNDLE, session=Session(fence=Fence.unrestricted(), lasting=False))
    assert command.markdown
    assert not command.markdown_meta.truncated
    assert command.markdown.startswith(served.markdown.splitlines()[0])
    assert len(command.markdown.encode()) == command.markdown_meta.total_bytes
    short = report(BUNDLE, max_bytes=500)
    assert short.markdown
    assert len(short.markdown.encode()) <= 500


def only(folder: Path, *results: dict[str, Any], **options: Any) -> str:
    """Give the page about results alone."""
    path = folder / "only.md"
    made = run(
        load("pprof.generate_report"),
        {"results": list(results), "output_path": str(path), "overwrite": True, **options},
        session=anywhere(),
    )
    assert isinstance(made, ReportResult)
    assert made.bundle is None
    return path.read_text(encoding="utf-8")


def test_answers_of_earlier_calls_become_sections_behind_a_summary(tmp_path: Path) -> None:
    checks = [{"function": "weakHash", "metric": "cum_pct", "max": 1}]
    found = (
        answered("pprof.top", profile=CPU, nodecount=3),
        answered("pprof.memory_sanity", heap_profile=BUNDLE),
        answered("pprof.discover", bundle=BUNDLE),
        answered("pprof.regression_check", profile=CPU, checks=checks),
    )
    page = only(tmp_path, *found, title="Shop")
    assert page.startswith("# Shop\n\n## Summary\n\n- Top functions (`pprof.top`): first of rows: ")
    assert headings(page)[0] == "Summary"
    assert [name.partition("(")[2] for name in headings(page)[1:-1]] == [f"`{one['tool']}`)" for one in found]
    summary = page.partition("\n## ")[2].partition("\n## ")[0]
    assert PLANTED["hot-hash"]["function"] in summary
    assert "10 recommendations" in summary
    # What they advise stands beneath them, and one that says no says so.
    assert "\n  - " in summary
    assert "(`pprof.regression_check`): **failed**: " in summary
    for plant in ("json-in-loop", "heap-leak", "goroutine-leak-send", "hot-lock-wait"):
        assert PLANTED[plant]["file"] in page, plant
    for table in tables(page):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table}) == 1, table


def test_a_bundle_and_earlier_answers_make_one_page(tmp_path: Path) -> None:
    page = page_of(CPU, tmp_path, results=[answered("pprof.meta", profile=CPU)])
    assert page.index("## CPU") < page.index("(`pprof.meta`)\n") < page.index("## What was not looked at")
    assert "(`pprof.meta`): " in page.partition("## Recommendations")[0]
    assert page.rstrip().endswith("Earlier answers as they were given: `pprof.meta`.")


def test_handles_in_answers_become_the_files_they_stand_for(tmp_path: Path) -> None:
    session = anywhere()
    handle = session.bundle(BUNDLE).handle
    call = {"profile": f"{handle}#cpu"}
    given = json.loads(dump(run(load("pprof.top"), call, session=session)))
    assert given["profile"].startswith("handle:")
    call = {"results": [{"tool": "pprof_top", "result": given}], "output_path": str(tmp_path / "p.md")}
    run(load("pprof.generate_report"), call, session=session)
    page = (tmp_path / "p.md").read_text()
    assert "handle:" not in page
    assert "bundle.zip" in page


def test_hostile_answers_are_text_and_nothing_else(tmp_path: Path) -> None:
    path = hostile(tmp_path)
    page = only(
        tmp_path,
        answered("pprof.top", profile=path),
        answered("pprof.storylines", profile=path),
        answered("pprof.discover", bundle=path),
    )
    seen = [
        token
        for block in MarkdownIt().enable("table").parse(page)
        for token in (block, *(block.children or ()))
    ]
    kinds = {token.type for token in seen}
    assert kinds >= {"inline", "table_open", "heading_open"}
    assert not kinds & {"html_inline", "html_block", "link_open", "image", "fence", "code_block", "hr"}
    for text in (token.content for token in seen if token.type in ("text", "code_inline")):
        assert not re.search("[\x00-\x1f\u202a-\u202e]", text)
    assert all(re.fullmatch(r"Summary|Where .*|.* \(`pprof\.\w+`\)", name) for name in headings(page))


NO_ANSWERS: list[tuple[list[dict[str, Any]], str]] = [
    ([], "nothing to report on"),
    ([{"tool": "pprof.nothing", "result": {"a": 1}}], "number 1: there is no tool 'pprof.nothing'"),
    ([{"tool": "../top", "result": {"a": 1}}], "there is no tool"),
    ([{"tool": "pprof.generate_report", "result": {"a": 1}}], "there is no tool"),
    ([{"tool": "pprof.top", "result": {"rows": 3}}], "number 1 is no answer of pprof.top: "),
    ([{"tool": "pprof.top", "result": {"error": {"code": "x"}}}], "number 1 is no answer of pprof.top: "),
    ([{"tool": "pprof.top", "result": {}}], "number 1 is no answer of pprof.top: "),
    ([{"tool": "pprof.top"}], "either a result or a file"),
    ([{"tool": "pprof.top", "result": {"a": 1}, "file": "x.json"}], "either a result or a file"),
    ([{"tool": "pprof.top", "more": 1}], "results"),
    ([{"tool": "pprof.top", "result": {"a": 1}}] * 21, "results"),
]


@pytest.mark.parametrize(("results", "said"), NO_ANSWERS)
def test_what_is_no_answer_is_refused_with_a_reason(results: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(pp.errors.InvalidArgumentError) as raised:
        run(load("pprof.generate_report"), {"results": results}, session=anywhere())
    assert said in str(raised.value)
    assert raised.value.hint


def test_files_of_answers_are_checked_like_answers(tmp_path: Path) -> None:
    path = tmp_path / "top.json"

    def refused(content: bytes, kind: type[Exception], said: str) -> None:
        path.write_bytes(content)
        with pytest.raises(kind, match=said):
            only(tmp_path, {"tool": "pprof.top", "file": str(path)})

    wrong = pp.errors.InvalidArgumentError
    for content in (b"", b"[" * 100_000, b"\xff\x00", b"3", b'{"total": NaN}'):
        refused(content, wrong, "no answer of pprof.top")
    refused(b" " * (1 << 20) + b"{}", pp.errors.ResultTooLargeError, "more than 1048576 bytes")
    outside = Session(fence=Fence([DATA]))
    with pytest.raises(pp.errors.PathNotAllowedError):
        run(load("pprof.generate_report"), {"results": [{"tool": "top", "file": str(path)}]}, session=outside)


def test_answers_are_bounded_together() -> None:
    one = answered("pprof.top", profile=CPU)
    one["result"]["warnings"] = ["x" * 300_000]
    with pytest.raises(pp.errors.ResultTooLargeError, match="number 4: "):
        run(load("pprof.generate_report"), {"results": [one] * 4}, session=anywhere())


def test_what_needs_a_bundle_is_refused_without_one(tmp_path: Path) -> None:
    given = [answered("pprof.meta", profile=CPU)]
    for option in ({"pictures": str(tmp_path)}, {"base": CPU}):
        with pytest.raises(pp.errors.InvalidArgumentError, match="needs a bundle"):
            run(
                load("pprof.generate_report"),
                {"results": given, **option},
                session=anywhere(),
            )
    assert list(tmp_path.iterdir()) == []


def test_a_command_takes_what_commands_print(tmp_path: Path) -> None:
    def called(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pprof_mcp", *words]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    (tmp_path / "top=1.json").write_text(called("top", CPU, "--json").stdout)
    made = called("generate-report", "--results", f"top={tmp_path / 'top=1.json'}")
    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout.startswith("# Profile report\n\n## Summary\n\n- Top functions (`pprof.top`)")
    wrong = called("generate-report", "--results", "top")
    assert wrong.returncode
    assert "TOOL=FILE" in wrong.stderr
    assert "Traceback" not in wrong.stderr


def test_a_client_hands_on_what_it_was_answered() -> None:
    async def talk() -> None:
        async with Client(make_server(Session(fence=Fence([DATA])))) as client:
            top = await client.call_tool("pprof_top", {"profile": CPU})
            given = {"tool": "pprof_top", "result": top.structured_content}
            page = await client.call_tool("pprof_generate_report", {"results": [given]})
            assert page.structured_content is not None
            markdown: str = page.structured_content["markdown"]
            assert markdown.startswith("# Profile report\n\n## Summary\n\n- Top functions (`pprof.top`)")
            given["tool"] = "pprof_meta"
            refused = await client.call_tool("pprof_generate_report", {"results": [given]})
            assert refused.is_error
            assert "is no answer of pprof.meta" in json.dumps(refused.structured_content)

    anyio.run(talk)
