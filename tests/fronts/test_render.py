"""Results for people: documents, plain text, Markdown; and texts that are cut."""

from __future__ import annotations

from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pprof_mcp.registry.run import Answer, dump
from pprof_mcp.render.answer import Form, write
from pprof_mcp.render.document import Facts, Notes, Table, Text, document
from pprof_mcp.render.markdown import code, code_line, escape, markdown
from pprof_mcp.render.plain import plain
from pprof_mcp.results.base import NextCall, Result, Row, next_call
from pprof_mcp.truncate import truncate
from pydantic import Field


class Part(Row):
    """A part."""

    columns = ("name", "share_pct")
    beneath = ("parts",)

    name: str = Field(description="Name.")
    share_pct: float = Field(description="Share.")
    parts: list[Part] = Field(description="Parts.")


class Advice(Row):
    """What to do."""

    columns = ("name",)
    beneath = ("why", "proof", "call", "nothing")

    name: str = Field(description="Name.")
    why: str = Field(description="Why.")
    proof: list[str] = Field(description="Proof.")
    call: NextCall = Field(description="Call.")
    nothing: str | None = Field(description="Null.")


class Section(Row):
    """A section of an answer."""

    columns = ("share_pct",)
    beneath = ("parts", "section")

    share_pct: float = Field(description="Share.")
    by_state: dict[str, int] = Field(description="Counts.")
    parts: list[Part] = Field(description="Parts.")
    section: Section | None = Field(description="A section in it.")


class Sections(Result):
    """Sections and advice."""

    advice: list[Advice] = Field(description="Advice.")
    heap: Section = Field(description="A section.")
    by_state: dict[str, int] = Field(description="Counts.")


class Page(Result):
    """A page."""

    page = "text"

    title: str = Field(description="Title.")
    text: str | None = Field(description="The page.")


class Whole(Result):
    """A whole."""

    title: str = Field(description="Title.")
    nothing: str | None = Field(description="Null.")
    parts: list[Part] = Field(description="Parts.")
    raw: str | None = Field(description="Text.")


def spoken(call: NextCall) -> str:
    return f"{call.tool}!"


def whole(name: str = "leaf") -> Whole:
    inner = Part(name=name, share_pct=12.345, parts=[])
    return Whole(
        warnings=["careful"],
        next=[next_call("x.y", "Look there.", profile="p")],
        title="T",
        nothing=None,
        parts=[Part(name="root", share_pct=100, parts=[inner])],
        raw=None,
    )


def test_a_document_has_facts_first_and_suggestions_last() -> None:
    blocks = document(whole(), spoken)
    assert blocks[0] == Facts((("title", "T"),))
    assert [type(block) for block in blocks] == [Facts, Table, Table, Notes, Notes]
    inner = blocks[2]
    assert isinstance(inner, Table)
    assert (inner.depth, inner.rows, inner.columns) == (1, (("leaf", "12.35"),), ("name", "share%"))
    assert blocks[-1] == Notes("next", ("Look there. x_y!",))


def sections() -> Sections:
    inner = Section(share_pct=5, by_state={}, parts=[Part(name="in", share_pct=1, parts=[])], section=None)
    outer = Section(share_pct=50, by_state={}, parts=[], section=inner)
    advice = Advice(
        name="json",
        why="It | costs.",
        proof=["one", "two"],
        call=next_call("x.y", "Look.", profile="p"),
        nothing=None,
    )
    return Sections(advice=[advice], heap=outer, by_state={"running": 1, "waiting": 2})


def test_texts_and_calls_beneath_a_row_are_facts_and_no_letters_in_a_list() -> None:
    blocks = document(sections(), spoken)
    (facts,) = [block for block in blocks if isinstance(block, Facts) and block.depth]
    assert facts == Facts((("why", "It | costs."), ("proof", "one"), ("", "two"), ("call", "x_y!")), depth=1)
    text = plain(blocks)
    assert "    why:   It | costs.\n    proof: one\n           two\n    call:  x_y!\n" in text
    assert "- **proof**: one\n  - two\n" in markdown("T", blocks)


def test_sections_in_sections_are_told_with_their_tables() -> None:
    blocks = document(sections(), spoken)
    assert blocks[0] == Facts(
        (("heap", "share% 50"), ("heap section", "share% 5"), ("by state", "running 1, waiting 2"))
    )
    assert any(isinstance(block, Table) and block.rows == (("in", "1.00"),) for block in blocks)


@pytest.mark.parametrize("form", ["table", "markdown"])
def test_a_page_is_shown_alone(form: Form) -> None:
    def written(text: str | None) -> str:
        out = StringIO()
        result = Page(title="T", text=text)
        write(Answer(result=result, json=dump(result)), form, "Title", out, suggestion=spoken)
        return out.getvalue()

    assert written("# A page\n") == "# A page\n"
    assert "title" in written(None)


def test_plain_text_is_aligned_and_whole() -> None:
    text = plain(document(whole("x" * 300), spoken))
    assert "x" * 300 in text
    assert text.endswith("\n")


def test_markdown_escapes_what_names_may_hold() -> None:
    hostile = "a|b<script>*_`#\n# heading"
    text = markdown("T", document(whole(hostile), spoken))
    assert escape(hostile) in text
    assert "\n# heading" not in text
    assert "<script>" not in text
    fenced = markdown("T", [Text("```\nx")])
    assert fenced.count("````") == 2


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("0.54", "0.54"),
        ("-5 MB", "-5 MB"),
        ("- a list", r"\- a list"),
        ("1. a list", r"1\. a list"),
        ("+ a list", r"\+ a list"),
        ("https://x.example", r"https\://x.example"),
        ("www.x.example", r"www\.x.example"),
        ("@someone", r"\@someone"),
        ("&lt;b&gt;", r"\&lt;b\&gt;"),
        ("a::b", "a::b"),
        ("a\x1bb\u202ec", r"a\\x1bb\\u202ec"),
    ],
)
def test_what_would_be_more_than_text_is_escaped(text: str, safe: str) -> None:
    assert escape(text) == safe


def test_code_holds_anything() -> None:
    assert code("a.(*B).c") == "`a.(*B).c`"
    assert code("a|b") == r"a\|b"
    assert code_line("a|b\\") == "`a|b\\`"
    assert code_line("``x`") == "``` ``x` ```"
    assert (code(""), code_line("")) == ("", "")


def test_control_characters_are_shown_not_sent() -> None:
    assert "\x1b" not in plain(document(whole("a\x1b[31mb"), spoken))


LINES = st.lists(st.text(alphabet="abé😀 ", max_size=12), max_size=30).map(
    lambda lines: "".join(f"{x}\n" for x in lines)
)


@given(LINES, st.integers(0, 20), st.integers(1, 200), st.sampled_from(["head", "tail", "head_tail"]))
def test_cut_texts_hold_their_limits_and_say_what_there_was(
    text: str, max_lines: int, max_bytes: int, strategy: str
) -> None:
    kept, meta = truncate(text, max_lines=max_lines, max_bytes=max_bytes, strategy=strategy)
    assert len(kept.encode()) <= max_bytes
    assert meta.total_lines == len(text.splitlines())
    assert meta.total_bytes == len(text.encode())
    assert meta.truncated == (kept != text)
    assert (meta.truncated_reason is None) == (not meta.truncated)
    if not meta.truncated:
        return
    if strategy == "head":
        assert text.startswith(kept)
    elif strategy == "tail":
        assert text.endswith(kept)
    if max_lines > 0:
        assert len(kept.splitlines()) <= max_lines + 1


@pytest.mark.parametrize("strategy", ["head", "tail"])
def test_a_line_longer_than_the_limit_is_cut_between_characters(strategy: str) -> None:
    kept, meta = truncate("é" * 100, max_lines=0, max_bytes=11, strategy=strategy)
    assert kept == "é" * 5
    assert meta.truncated_reason == "max_bytes"


def test_both_ends_are_kept_with_a_mark_between() -> None:
    text = "".join(f"line {number}\n" for number in range(100))
    kept, meta = truncate(text, max_lines=5, max_bytes=10_000, strategy="head_tail")
    assert kept.splitlines() == [
        "line 0",
        "line 1",
        "line 2",
        "[... 95 lines left out ...]",
        "line 98",
        "line 99",
    ]
    assert meta.truncated


class Span(Row):
    """From when to when."""

    begin: str = Field(description="Start.")
    end: str = Field(description="End.")


class Side(Row):
    """One side."""

    columns = ("span", "count")

    span: Span = Field(description="When.")
    count: int = Field(description="How many.")


class Sides(Result):
    """Both sides."""

    before: Side = Field(description="Before.")


def test_a_row_in_a_row_is_told_in_words() -> None:
    found = Sides(warnings=[], next=[], before=Side(span=Span(begin="9:00", end="10:00"), count=4))
    assert "begin 9:00, end 10:00, count 4" in plain(document(found, lambda _: ""))
