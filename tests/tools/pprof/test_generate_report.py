"""What pprof.generate_report must get right."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pprof_mcp as pp
import pytest
from markdown_it import MarkdownIt
from pprof_mcp.session.session import Session
from pprof_mcp.sources.fence import Fence
from pprof_mcp.tools.pprof import generate_report as declared
from pprof_mcp.tools.pprof.generate_report import ReportResult

from tests.cases import BUNDLE, CPU, OUT, Cases
from tests.property.naive import NaiveProfile, Sample
from tests.support import DATA, MakeSession

CASES = Cases(
    good=[
        {"bundle": BUNDLE},
        {"bundle": BUNDLE, "output_path": str(OUT / "report.md"), "pictures": str(OUT), "overwrite": True},
        {"bundle": CPU, "title": "CPU of the shop", "max_bytes": 1_000},
        {"bundle": str(DATA / "go" / "healthy")},
    ],
    wrong=[
        ("bundle", "missing/"),
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
