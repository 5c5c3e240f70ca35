"""What pprof.explain_overhead must get right."""

from __future__ import annotations

from pathlib import Path

import pprof_mcp as pp
import pytest
from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.insight.overhead import overhead_knowledge
from pprof_mcp.tools.pprof.explain_overhead import explain_overhead
from pprof_mcp.tools.pprof.overhead_report import overhead_report

from tests.cases import CPU, HEAPS, Cases
from tests.tools.pprof.functions import profile_of

CASES = Cases(
    good=[
        {"category": "json", "profile": CPU},
        {"category": "gc"},
        {"function": "runtime.mallocgc", "profile": CPU},
        {"category": "compression", "profile": HEAPS[1]},
    ],
    wrong=[("category", "nonsense"), ("category", ""), ("runtime", "cobol"), ("profile", "missing.pb.gz")],
    nothing=[{"category": "tls", "focus": "no such function"}],
)


def test_every_category_has_causes_and_ways_out_in_every_runtime_that_knows_it() -> None:
    knowledge = overhead_knowledge()
    looked_at = 0
    for runtime, entries in knowledge.packs.items():
        for entry in entries:
            found = explain_overhead(entry.category, runtime=runtime)
            (way,) = found.explanations
            assert way.runtime == runtime
            assert way.causes
            assert way.ways_out
            assert way.examples
            looked_at += 1
    assert looked_at > 120
    for category in knowledge.categories:
        assert explain_overhead(category.id).explanations, category.id
        assert explain_overhead(category.title.upper()).category == category.id


def test_the_share_in_a_profile_is_that_of_the_report(cpu: str) -> None:
    profile = pp.open_profile(cpu)
    rows = overhead_report(profile, limit=50, min_pct=0).detections
    assert len(rows) > 5
    for row in rows:
        share = explain_overhead(row.category, profile=profile).in_your_profile
        assert share is not None
        assert (share.value, share.total_pct, share.disjoint_pct) == (
            row.value,
            row.percentage,
            row.disjoint_pct,
        )
        assert (share.top_contributors, share.callers) == (row.top_functions, row.callers)


def test_a_function_is_told_by_the_rules_and_not_by_a_short_name(cpu: str, tmp_path: Path) -> None:
    assert explain_overhead(function="google.golang.org/protobuf/proto.Marshal").category == "protobuf"
    found = explain_overhead(function="encoding/json.Marshal", profile=pp.open_profile(cpu))
    assert (found.category, [way.runtime for way in found.explanations]) == ("json", ["go"])
    # In Python the file decides, which the profile knows.
    path = profile_of(tmp_path, [("dumps @ /usr/lib/python3.11/json/__init__.py:3 < main @ /srv/a.py:1", 5)])
    assert explain_overhead(function="dumps", profile=pp.open_profile(path)).category == "json"
    with pytest.raises(InvalidArgumentError, match="no rule knows 'dumps'"):
        explain_overhead(function="dumps")


def test_errors_say_what_exists() -> None:
    with pytest.raises(InvalidArgumentError) as unknown:
        explain_overhead("nonsense")
    assert unknown.value.details["available"] == [one.id for one in overhead_knowledge().categories]
    with pytest.raises(InvalidArgumentError, match="neither"):
        explain_overhead()
    with pytest.raises(InvalidArgumentError) as runtime:
        explain_overhead("gc", runtime="cobol")
    assert runtime.value.details["available"] == sorted(overhead_knowledge().packs)


def test_a_category_without_samples_is_an_answer_with_a_warning(cpu: str, empty: str, data: Path) -> None:
    found = explain_overhead("tls", profile=pp.open_profile(cpu))
    assert found.in_your_profile is not None
    assert found.in_your_profile.value == 0
    assert any("no sample" in warning for warning in found.warnings)
    assert explain_overhead("tls", profile=pp.open_profile(empty)).warnings == ["the profile has no samples"]
    heap = pp.open_profile(data / "go" / "main" / "heap.after.pb.gz")
    assert any("all allocation" in warning for warning in explain_overhead("gc", profile=heap).warnings)


def test_without_a_profile_nothing_is_said_about_one() -> None:
    found = explain_overhead("idle")
    assert (found.in_your_profile, found.is_overhead, found.next) == (None, False, [])
