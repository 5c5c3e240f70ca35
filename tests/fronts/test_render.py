"""Results for people: documents, plain text, Markdown; and texts that are cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pprof_mcp.render.document import Facts, Notes, Table, Text, document
from pprof_mcp.render.markdown import escape, markdown
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
