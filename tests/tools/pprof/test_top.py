"""What pprof.top must get right."""

from __future__ import annotations

import re
from pathlib import Path

import pprof_mcp as pp
import pytest
from pprof_mcp.errors import InvalidPatternError, UnknownSampleTypeError

from tests.cases import CPU, Cases

CASES = Cases(
    good=[{"profile": CPU}, {"profile": CPU, "cum": True, "format": "text"}],
    wrong=[("profile", "handle:0123456789abcdef"), ("profile", "missing.pb.gz"), ("profile", 3)],
    nothing=[{"focus": "no such function"}],
)

ROW = re.compile(r"^\s*(\S+)\s+(\S+%|0)\s+(\S+%)\s+(\S+)\s+(\S+%|0)\s{2}(.*)$")


@pytest.mark.parametrize("cum", [False, True])
@pytest.mark.parametrize("file", ["cpu", "heap.after", "mutex.after", "goroutine.after"])
def test_rows_say_what_pprofs_own_text_says(data: Path, file: str, cum: bool) -> None:
    profile = pp.open_profile(data / "go" / "main" / f"{file}.pb.gz")
    rows = profile.top(cum=cum, nodecount=30).rows
    text = profile.top(cum=cum, nodecount=30, format="text", max_bytes=60_000).raw
    assert text is not None
    printed = [found.groups() for line in text.splitlines() if (found := ROW.match(line))]
    assert len(printed) == len(rows) > 0
    for (_, flat, total, _, cum_pct, name), row in zip(printed, rows, strict=True):
        assert name == row.name + (f" ({row.inlined})" if row.inlined else "")
        for shown, value in ((flat, row.flat_pct), (total, row.sum_pct), (cum_pct, row.cum_pct)):
            assert float(shown.rstrip("%")) == pytest.approx(value, rel=0.02, abs=0.0051)


def test_the_planted_hot_function_is_first_by_cum_among_our_own(cpu: str) -> None:
    rows = pp.open_profile(cpu).top(cum=True, show=r"^example\.com/shop/(pricing|catalog)\.").rows
    assert rows[0].name.startswith("example.com/shop/pricing.")
    assert any(row.name == "example.com/shop/pricing.weakHash" for row in rows[:4])


def test_lines_have_a_place(cpu: str) -> None:
    rows = pp.open_profile(cpu).top(granularity="lines", focus="weakHash", nodecount=3).rows
    assert any(row.location and re.search(r"pricing/hash\.go:\d+$", row.location) for row in rows)


def test_what_is_left_out_adds_up(cpu: str) -> None:
    profile = pp.open_profile(cpu)
    found = profile.top(nodecount=3, nodefraction=0)
    assert len(found.rows) == 3
    assert found.left_out.rows == found.nodes - 3
    assert sum(row.flat for row in found.rows) + found.left_out.flat == found.total
    assert found.dropped_nodes == 0


def test_a_cursor_goes_on_where_the_answer_ended(cpu: str) -> None:
    profile = pp.open_profile(cpu)
    whole = [row.name for row in profile.top(nodecount=500).rows]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        part = profile.top(nodecount=40, cursor=cursor)
        seen += [row.name for row in part.rows]
        cursor = part.cursor
    assert seen == whole
    assert len(set(seen)) == len(seen) > 40


def test_a_focus_that_matches_nothing_is_an_answer_with_a_warning(cpu: str) -> None:
    found = pp.open_profile(cpu).top(focus="no such function")
    assert found.rows == []
    assert any("focus" in warning for warning in found.warnings)
    assert found.total > 0


def test_an_empty_profile_is_an_answer_with_a_warning(empty: str) -> None:
    found = pp.open_profile(empty).top()
    assert (found.rows, found.total) == ([], 0)
    assert found.warnings == ["the profile has no samples"]


def test_labels_and_other_sample_types_are_hinted_at(cpu: str, data: Path) -> None:
    found = pp.open_profile(cpu).top()
    assert any("tenant" in hint and "pprof.tags" in hint for hint in found.hints)
    assert "pprof_tags" in [call.tool for call in found.next]
    heap = pp.open_profile(data / "go" / "main" / "heap.after.pb.gz").top()
    assert any("alloc_space" in hint for hint in heap.hints)
    assert "pprof_memory_sanity" in [call.tool for call in heap.next]


def test_wrong_options_are_errors_that_say_what_exists(cpu: str) -> None:
    profile = pp.open_profile(cpu)
    with pytest.raises(UnknownSampleTypeError) as unknown:
        profile.top(sample_index="alloc_space")
    assert unknown.value.details["available"] == ["samples", "cpu"]
    with pytest.raises(InvalidPatternError) as pattern:
        profile.top(focus="(")
    assert pattern.value.details["option"] == "focus"


def test_text_is_cut_to_whole_lines_and_says_so(cpu: str) -> None:
    profile = pp.open_profile(cpu)
    whole = profile.top(format="text", nodecount=50, max_bytes=60_000)
    cut = profile.top(format="text", nodecount=50, max_lines=7)
    assert whole.raw is not None
    assert whole.raw_meta is not None
    assert cut.raw == "".join(whole.raw.splitlines(keepends=True)[:7])
    assert cut.raw_meta is not None
    assert cut.raw_meta.truncated_reason == "max_lines"
    assert cut.raw_meta.total_lines == whole.raw_meta.total_lines > 7
    assert not whole.raw_meta.truncated
    both = profile.top(format="text", nodecount=50, max_lines=9, truncate_strategy="head_tail")
    assert both.raw is not None
    assert "lines left out" in both.raw
    assert both.raw.endswith(whole.raw.splitlines(keepends=True)[-1])
