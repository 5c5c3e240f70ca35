"""Findings about one line are one; the order is total; nothing wrong is said."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest
from pprof_mcp.insight.recommendations import Finding, Kind, Severity, ranked, summary

KINDS: tuple[Kind, ...] = ("cpu", "heap", "lock", "goroutine")


def finding(
    area: str,
    *,
    priority: Severity = "medium",
    share: float | None = 10.0,
    location: str = "",
    kind: Kind = "cpu",
) -> Finding:
    return Finding(
        kind=kind,
        area=area,
        priority=priority,
        suggestion=f"Mend {area}.",
        evidence=(f"{area} costs.", "more", "still more", "even more", "and more"),
        function=f"ex.com/m.{area}",
        location=location,
        share_pct=share,
        share_of="CPU time",
    )


def test_priority_comes_first_then_the_share() -> None:
    findings = [
        finding("a", priority="low", share=90),
        finding("b", priority="high", share=5),
        finding("c", priority="high", share=50),
        finding("d", priority="medium", share=None),
    ]
    assert [one.area for one in ranked(findings)] == ["c", "b", "d", "a"]


def test_the_order_does_not_depend_on_the_order_given() -> None:
    findings = [
        finding(area, priority=priority, kind=kind)
        for area, priority, kind in itertools.product("ab", ("high", "low"), KINDS)
    ]
    expected = ranked(findings)
    shuffled = random.Random(7)  # noqa: S311 - no secret
    for _ in range(20):
        shuffled.shuffle(findings)
        assert ranked(findings) == expected


def test_findings_about_one_line_are_one_with_the_gravest_first() -> None:
    (one, other) = ranked(
        [
            finding("churn", priority="low", location="a/b.go:7", kind="heap"),
            finding("json", priority="high", location="a/b.go:7"),
            finding("json", priority="low", location="a/b.go:8"),
        ]
    )
    assert (one.area, one.priority, other.location) == ("json", "high", "a/b.go:8")
    assert one.evidence == ("json costs.", "more", "still more", "also churn (low): churn costs. Mend churn.")


def test_findings_with_one_cause_or_of_one_sort_of_work_are_one() -> None:
    one = replace(finding("x", location="a/b.go:7", priority="high"), cause="lock at 9")
    two = replace(finding("y", location="a/b.go:8"), cause="lock at 9")
    three = finding("z", location="a/b.go:8")
    packed = [
        replace(finding(area), function="ex.com/m.f") for area in ("compression", "compression_buffers")
    ]
    apart = replace(finding("cgo"), function="ex.com/m.f")
    found = ranked([one, two, three, *packed, apart])
    assert [row.area for row in found] == ["x", "cgo", "compression"]
    assert sum(text.startswith("also ") for text in found[0].evidence) == 2


@pytest.mark.parametrize("location", ["", "a/b.go"])
def test_what_has_no_line_is_joined_with_nothing(location: str) -> None:
    assert len(ranked([finding("a", location=location), finding("b", location=location)])) == 2


def test_a_saving_is_written_with_its_unit() -> None:
    told = {
        ("bytes", "/s"): "1MB/s", ("nanoseconds", ""): "1.05ms", ("goroutines", ""): "1048576 goroutines",
    }  # fmt: skip
    for (unit, per), text in told.items():
        one = Finding("cpu", "a", "low", "b", (), saving=float(1 << 20), unit=unit, per=per)
        assert one.saving_text == text
    assert Finding("cpu", "a", "low", "b", ()).saving_text == ""


def test_nothing_wrong_is_said_and_so_is_what_could_not_be_judged() -> None:
    assert summary([], ["cpu"], [], is_whole=True) == "nothing stands out: looked at cpu"
    unsure = summary([], ["cpu"], ["heap"], is_whole=False)
    assert unsure == ("nothing was found, but not everything could be judged: looked at cpu; not there: heap")
    one = summary([finding("json", location="a/b.go:7")], ["cpu"], [], is_whole=True)
    assert (
        one == "1 recommendation (1 medium); first: json at m.json (b.go:7), 10 % of CPU time; looked at cpu"
    )
