"""What pprof.regression_check must get right."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pprof_mcp as pp
import pytest
from pprof_mcp.checks import Check, read_file
from pprof_mcp.errors import (
    InvalidArgumentError,
    InvalidPatternError,
    PathNotAllowedError,
    WrongProfileKindError,
)
from pprof_mcp.fronts.cli import run_cli
from pprof_mcp.session.session import Session
from pprof_mcp.sources.fence import Fence
from pprof_mcp.tools.pprof.regression_check import CheckRow, RegressionCheckResult, regression_check

from tests.cases import CPU, HEAPS, Cases
from tests.tools.pprof.cpus import cpu_of
from tests.tools.pprof.heaps import HEAP, MIB, heap_of

MALLOC = {"function": "runtime.mallocgc", "metric": "flat_pct", "max": 5.0}
JSON = {"function": "encoding/json.*", "metric": "cum_pct", "max": 10.0}

CASES = Cases(
    good=[
        {"profile": CPU, "checks": [MALLOC, JSON]},
        {
            "profile": HEAPS[1],
            "base": HEAPS[0],
            "checks": [{**MALLOC, "max_increase": "1MB", "metric": "cum"}],
        }
        | {"checks": [{"function": "session", "metric": "cum", "max_increase": "1MB"}]},
    ],
    wrong=[("profile", "missing.pb.gz"), ("checks", []), ("checks", [{"function": "x"}])],
)


def check(profile: object, *checks: Any, **more: Any) -> RegressionCheckResult:
    return regression_check(profile, checks=list(checks), **more)  # pyright: ignore[reportArgumentType]


def one(profile: object, given: dict[str, Any], **more: Any) -> CheckRow:
    (row,) = check(profile, given, **more).checks
    return row


@pytest.fixture
def small(tmp_path: Path) -> str:
    """100 samples: 30 in a callee of `app.hot`, 10 in `app.hot` itself, 60 elsewhere; 20 pass both `app`s."""
    return cpu_of(
        tmp_path,
        "small.pb",
        {
            "lib.slow:1 < app.hot:2 < main.main:3": 30,
            "app.hot:2 < main.main:3": 10,
            "lib.other:1 < main.main:4": 40,
            "lib.x:1 < app.cold:1 < app.hot:2 < main.main:3": 20,
        },
    )


def test_only_functions_that_match_count_and_not_what_they_call(small: str) -> None:
    assert one(small, {"function": r"^app\.hot$", "metric": "flat_pct", "max": 10}).actual == 10
    # The hottest callee has 30.
    row = one(small, {"function": r"^main\.main$", "metric": "flat_pct", "max": 0})
    assert (row.actual, row.passed, row.function_count) == (0, True, 1)


def test_together_each_sample_counts_once_and_the_largest_is_one_function(small: str) -> None:
    both = {"function": r"^app\.", "metric": "cum_pct", "max": 100}
    assert one(small, both).actual == 60
    assert one(small, {**both, "function": "."}).actual == 100
    largest = one(small, {**both, "function": r"cold|other", "combine": "largest"})
    assert largest.actual == 40
    assert one(small, {**both, "function": r"cold|other"}).actual == 60
    assert [row.name for row in largest.matched] == ["lib.other", "app.cold"]


def test_values_are_those_of_top_for_every_function() -> None:
    profile = pp.open_profile(CPU)
    rows = profile.top(nodecount=40, nodefraction=0, cum=True).rows
    for start in range(0, 40, 20):
        part = rows[start : start + 20]
        given = [
            {"function": f"^{_literal(row.name)}$", "metric": metric, "max": 100}
            for row in part
            for metric in ("flat_pct", "cum_pct")
        ]
        found = [row.actual for row in check(profile, *given).checks]
        assert found == [value for row in part for value in (row.flat_pct, row.cum_pct)]
    assert len(rows) == 40


def _literal(name: str) -> str:
    return "".join(f"\\{letter}" if not letter.isalnum() else letter for letter in name)


def test_the_planted_functions_break_their_limits_and_the_others_keep_theirs() -> None:
    planted = [r"pricing\.weakHash$", r"\(\*Renderer\)\.each$", r"\(\*category\)\.visit$"]
    quiet = [r"^example\.com/shop/cart\.", r"^example\.com/shop/session\.", r"^example\.com/shop/notify\."]
    limits = [{"function": name, "metric": "cum", "max": "500ms"} for name in (*planted, *quiet)]
    found = check(CPU, *limits)
    assert not found.passed
    assert [row.function for row in found.checks if row.status == "failed"] == planted
    assert all(row.actual is not None and row.actual > 5e8 for row in found.checks[:3])
    assert found.failed_count == 3


def test_an_answer_has_the_fields_of_the_contract(small: str) -> None:
    found = check(small, {**MALLOC, "function": "hot"}, {**JSON, "function": "hot"}).model_dump()
    passed, failed = found["checks"]
    assert found["passed"] is False
    names = ("function", "metric", "threshold", "actual", "passed")
    assert [failed[name] for name in names] == ["hot", "cum_pct", 10.0, 60.0, False]
    assert failed["message"] == "hot cum_pct is 60 %, above the max of 10 %"
    assert [passed[name] for name in names] == ["hot", "flat_pct", 5.0, 10.0, False]


def test_a_pattern_that_matches_nothing_passes_with_zero_and_a_note_unless_it_is_to_fail(small: str) -> None:
    nothing = {"function": "no such function", "metric": "flat_pct", "max": 0}
    row = one(small, nothing)
    assert (row.actual, row.passed, row.status, row.matched) == (0, True, "passed", [])
    assert row.message == "no such function flat_pct: no function matches, so it is 0"
    assert one(small, nothing, fail_unmatched=True).status == "failed"
    assert not check(small, nothing, fail_unmatched=True).passed


def test_a_minimum_is_a_limit_too_and_one_check_may_have_several(small: str) -> None:
    found = check(small, {"function": "hot", "metric": "cum_pct", "min": 61, "max": 70})
    assert [(row.limit, row.status) for row in found.checks] == [("max", "passed"), ("min", "failed")]
    assert found.checks[1].message == "hot cum_pct is 60 %, below the min of 61 %"


@pytest.mark.parametrize(
    ("metric", "limit", "threshold", "text"),
    [
        ("cum", "200ms", 2e8, "200ms"),
        ("cum", "0.6s", 6e8, "600ms"),
        ("cum", "600000µs", 6e8, "600ms"),
        ("cum", 6e8, 6e8, "600ms"),
        ("flat_per_s", "20ms", 2e7, "20ms/s"),
        ("flat_per_s", "20ms/s", 2e7, "20ms/s"),
        ("flat_pct", "5%", 5, "5 %"),
        ("flat_pct", "5", 5, "5 %"),
    ],
)
def test_limits_may_have_a_unit(
    small: str, metric: str, limit: float | str, threshold: float, text: str
) -> None:
    row = one(small, {"function": "hot", "metric": metric, "max": limit})
    assert (row.threshold, row.threshold_text) == (pytest.approx(threshold), text)


def test_values_per_second_are_divided_by_the_duration(small: str) -> None:
    row = one(small, {"function": r"^app\.hot$", "metric": "cum_per_s", "max": "60ms"})
    assert (row.actual, row.actual_text, row.passed) == (6e7, "60ms/s", True)


def test_bytes_are_bytes(tmp_path: Path) -> None:
    heap = heap_of(tmp_path, "heap.pb", [("app.keep:1 < main.main:1", (1, MIB, 1, 10 * MIB))])
    row = one(heap, {"function": "keep", "metric": "flat", "max": "9.5MB"})
    assert (row.threshold, row.actual, row.actual_text, row.passed) == (9.5 * MIB, 10 * MIB, "10MB", False)
    row = one(heap, {"function": "keep", "metric": "flat", "max": "9.5MB"}, sample_index="alloc_space")
    assert (row.actual, row.passed) == (MIB, True)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"metric": "cum", "max": "10MB"}, "does not measure what cpu counts, which is in nanoseconds"),
        ({"metric": "cum", "max": "10%"}, "does not measure what cpu counts"),
        ({"metric": "cum", "max": "10 parsecs"}, "does not measure what cpu counts"),
        ({"metric": "cum_pct", "max": "10ms"}, "has a unit, but the metric is in percent"),
        ({"metric": "cum_pct", "max": "much"}, "'much' is no number"),
        ({"metric": "cum_pct", "max": "1e999"}, "'1e999' is no number"),
        ({"metric": "cum_pct"}, "has no limit"),
        ({"metric": "cum_pct", "max_increase": 2}, "needs something to compare with"),
    ],
)
def test_limits_that_make_no_sense_are_errors_that_say_why(
    small: str, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        check(small, {"function": "hot", **given})
    assert message in caught.value.message
    assert caught.value.hint


def test_wrong_checks_are_errors(small: str) -> None:
    with pytest.raises(InvalidPatternError):
        check(small, {"function": "(", "metric": "flat_pct", "max": 1})
    with pytest.raises(InvalidArgumentError, match="checks: input should be"):
        check(small, {"function": "x", "metric": "hits", "max": 1})
    with pytest.raises(InvalidArgumentError, match="0 checks were given"):
        check(small)
    with pytest.raises(InvalidArgumentError, match="41 checks were given"):
        check(small, *[MALLOC] * 41)


def test_without_a_duration_nothing_is_per_second(tmp_path: Path) -> None:
    timeless = cpu_of(tmp_path, "timeless.pb", {"app.hot:1": 5}, seconds=0)
    with pytest.raises(InvalidArgumentError, match="needs a duration, and") as caught:
        check(timeless, {"function": "hot", "metric": "cum_per_s", "max": 1})
    assert caught.value.hint == "Use cum, or cum_pct."


def test_an_empty_profile_and_one_without_names_have_nothing_over_a_limit(empty: str, tmp_path: Path) -> None:
    found = check(empty, MALLOC)
    assert found.passed
    assert found.warnings == ["the profile has no samples"]
    nameless = tmp_path / "nameless.pb"
    nameless.write_bytes(Path(cpu_of(tmp_path, "x.pb", {":1": 5})).read_bytes())
    assert check(str(nameless), {**MALLOC, "function": "x"}).passed


# -- compared with a base


def test_an_increase_beyond_what_counting_explains_fails(tmp_path: Path) -> None:
    before = cpu_of(tmp_path, "before.pb", {"app.hot:1": 1_000, "app.rest:1": 9_000})
    after = cpu_of(tmp_path, "after.pb", {"app.hot:1": 2_000, "app.rest:1": 8_000})
    row = one(after, {"function": "hot", "metric": "cum_pct", "max_increase": 5}, base=before)
    assert (row.actual, row.value, row.base_value, row.status) == (10, 20, 10, "failed")
    assert row.message == "hot cum_pct increased by +10 points, above the increase allowed of +5 points"
    # sqrt(0.1 * 0.9 / 10000 + 0.2 * 0.8 / 10000) = 0.5 points.
    assert (row.low, row.high) == (pytest.approx(10 - 0.98), pytest.approx(10 + 0.98))
    assert row.method == "counting error of samples (normal approximation), 95 %"
    relative = one(after, {"function": "hot", "metric": "cum", "max_increase_pct": 50}, base=before)
    assert (relative.actual, relative.actual_text, relative.status) == (100, "+100 %", "failed")
    assert one(after, {"function": "hot", "metric": "cum", "max_increase": "20s"}, base=before).passed


def test_an_increase_that_chance_explains_passes_and_says_so(tmp_path: Path) -> None:
    before = cpu_of(tmp_path, "before.pb", {"app.hot:1": 10, "app.rest:1": 90})
    after = cpu_of(tmp_path, "after.pb", {"app.hot:1": 14, "app.rest:1": 86})
    found = check(after, {"function": "hot", "metric": "cum_pct", "max_increase": 2}, base=before)
    (row,) = found.checks
    assert (row.actual, row.status, row.passed) == (4, "inconclusive", True)
    assert found.passed
    assert found.inconclusive_count == 1
    assert row.message is not None
    assert "no more than chance explains" in row.message
    relative = one(after, {"function": "hot", "metric": "cum", "max_increase_pct": 10}, base=before)
    assert (relative.actual, relative.status) == (40, "inconclusive")


def test_several_profiles_on_both_sides_give_welchs_interval_and_an_effect_size(tmp_path: Path) -> None:
    def side(name: str, counts: list[int]) -> list[str]:
        return [
            cpu_of(tmp_path, f"{name}{at}.pb", {"app.hot:1": count, "app.rest:1": 1_000 - count})
            for at, count in enumerate(counts)
        ]

    before, after = side("before", [100, 104, 96]), side("after", [200, 204, 196])
    limit = {"function": "hot", "metric": "cum_pct", "max_increase": 5}
    row = one(after[0], limit, more=after[1:], base=before)
    # Standard deviation 0.4 on both sides, 4 degrees of freedom: 2.776 * sqrt(2 * 0.16 / 3).
    assert (row.actual, row.method) == (pytest.approx(10), "Welch's t interval, 95 %")
    assert row.low == pytest.approx(10 - 2.776 * (0.32 / 3) ** 0.5, abs=1e-4)
    # 10 / 0.4, corrected by 1 - 3 / 15.
    assert row.effect_size == pytest.approx(20)
    assert row.status == "failed"
    noisy = side("noisy", [60, 250, 100])
    row = one(noisy[0], limit | {"max_increase": 2}, more=noisy[1:], base=before)
    assert (row.status, row.actual) == ("inconclusive", pytest.approx(3.6667, abs=1e-3))
    alone = one(after[0], limit, base=before)
    assert alone.method == "prediction interval of one run (Student's t), 95 %"
    assert alone.low == pytest.approx(10 - 4.303 * 0.4 * (4 / 3) ** 0.5, abs=1e-4)
    assert alone.effect_size is None
    fixed = one(noisy[0], {"function": "hot", "metric": "cum_pct", "max": 13}, more=noisy[1:])
    assert (fixed.status, fixed.method) == ("inconclusive", "Student's t interval of the mean, 95 %")


def test_what_costs_something_for_the_first_time_is_over_any_relative_limit(tmp_path: Path) -> None:
    before = cpu_of(tmp_path, "before.pb", {"app.rest:1": 1_000})
    after = cpu_of(tmp_path, "after.pb", {"app.hot:1": 500, "app.rest:1": 500})
    row = one(after, {"function": "hot", "metric": "cum", "max_increase_pct": 1_000}, base=before)
    assert (row.actual, row.actual_text, row.status) == (None, "from nothing", "failed")


def test_a_fixed_limit_on_one_profile_is_held_to_the_number(tmp_path: Path) -> None:
    few = cpu_of(tmp_path, "few.pb", {"app.hot:1": 11, "app.rest:1": 89})
    row = one(few, {"function": "hot", "metric": "cum_pct", "max": 10})
    assert (row.status, row.low) == (
        "failed",
        pytest.approx(11 - 1.96 * (0.11 * 0.89 / 100) ** 0.5 * 100, abs=1e-3),
    )


def test_a_base_of_another_kind_is_refused(small: str) -> None:
    with pytest.raises(WrongProfileKindError, match="base has no cpu profile"):
        check(small, {"function": "x", "metric": "cum", "max_increase": 1}, base=HEAPS[0])


def test_the_same_profile_twice_on_a_side_is_warned_about(small: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy.pb"
    copy.write_bytes(Path(small).read_bytes())
    found = check(small, {"function": "hot", "metric": "cum_pct", "max": 70}, more=str(copy))
    assert found.warnings == [
        "more: the same profile is given more than once, which makes the interval too narrow"
    ]


def test_handles_and_bundles_are_as_good_as_paths(session: Session) -> None:
    bundle = session.bundle(str(Path(CPU).parent.parent.parent / "bundle.zip"))
    profile = bundle.select("cpu")
    given = {"function": r"^runtime\.", "metric": "flat_pct", "max_increase": 0.5}
    by_handle = regression_check(profile.handle, checks=[given], base=bundle.handle, session=session)  # pyright: ignore[reportArgumentType]
    assert by_handle.passed
    assert by_handle.checks[0].actual == 0


# -- files, and the command line


def test_junit_holds_every_check_and_any_text(small: str, tmp_path: Path) -> None:
    out = tmp_path / "out.xml"
    odd = 'hot|<&"\x01\n>'
    found = check(
        small,
        {"function": odd, "metric": "cum_pct", "max": 1},
        {"function": "hot", "metric": "cum_pct", "max": 99},
        junit_path=str(out),
    )
    assert found.junit_path == str(out)
    root = ET.fromstring(out.read_text(encoding="utf-8"))  # noqa: S314 - this test made it
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("2", "1", "0")
    cases = root.findall("testsuite/testcase")
    assert [case.get("name") for case in cases] == [
        'hot|<&"\ufffd\n> cum_pct max 1 %', "hot cum_pct max 99 %",
    ]  # fmt: skip
    assert [len(case) for case in cases] == [1, 0]
    failure = cases[0].find("failure")
    assert failure is not None
    assert "is 60 %, above the max of 1 %" in (failure.get("message") or "")
    before = out.read_bytes()
    with pytest.raises(InvalidArgumentError):
        check(small, MALLOC, junit_path=str(out))
    assert out.read_bytes() == before


def test_files_stay_inside_the_fence(small: str, tmp_path: Path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    profile = inside / "small.pb"
    profile.write_bytes(Path(small).read_bytes())
    (tmp_path / "checks.json").write_text(json.dumps([MALLOC]))
    fenced = Session(fence=Fence([inside]))
    for more in ({"junit_path": str(tmp_path / "x.xml")}, {"checks_file": str(tmp_path / "checks.json")}):
        with pytest.raises(PathNotAllowedError):
            check(str(profile), MALLOC, session=fenced, **more)


def shell(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = run_cli(["regression-check", *arguments])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_a_command_says_by_its_status_what_came_out(
    small: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = shell(capsys, small, "--check", "hot cum_pct <= 60", "--json")
    assert (status, json.loads(out)["passed"]) == (0, True)
    status, out, _ = shell(
        capsys, small, "--check", "hot cum_pct <= 59.9", "--check", "x flat >= 0", "--markdown"
    )
    assert status == 1
    assert "above the max of 59.9 %" in out
    assert shell(capsys, small, "--check", "hot cum_pct below 5")[0] == 2
    assert shell(capsys, small)[0] == 2
    assert shell(capsys, str(tmp_path / "missing.pb"), "--check", "hot cum_pct <= 5")[0] == 4
    status, out, _ = shell(
        capsys, small, "--base", small, "--check", "hot cum_pct increase <= 1", "--check",
        "hot cum increase <= 5%", "--check", "cold|other largest cum_pct <= 40", "--json",
        "--junit", str(tmp_path / "j.xml"),
    )  # fmt: skip
    rows = json.loads(out)["checks"]
    assert status == 0
    assert [row["limit"] for row in rows] == ["max_increase", "max_increase_pct", "max"]
    assert rows[2]["combine"] == "largest"
    assert (tmp_path / "j.xml").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("c.json", '{"checks": [{"function": "hot", "metric": "cum_pct", "max": 60}, "zz flat_pct <= 1"]}'),
        ("c.json", '["hot cum_pct <= 60", "zz flat_pct <= 1"]'),
        ("c.toml", 'checks = ["hot cum_pct <= 60", {function = "zz", metric = "flat_pct", max = 1}]'),
    ],
)
def test_checks_come_from_files_too(
    small: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: str
) -> None:
    file = tmp_path / name
    file.write_text(content)
    status, out, err = shell(capsys, small, "--checks", str(file), "--json")
    if name.endswith(".toml") and sys.version_info < (3, 11):
        assert status == 2
        assert "Python 3.11" in err
        return
    assert status == 0
    assert [(row["function"], row["threshold"]) for row in json.loads(out)["checks"]] == [
        ("hot", 60),
        ("zz", 1),
    ]


def test_every_check_of_the_guide_can_be_read_and_written_again() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "ci.md").read_text(encoding="utf-8")
    lines = re.findall(r"--check '([^']+)'", guide)
    assert len(lines) >= 4
    for line in lines:
        assert Check.read(line).written() == line
    block = guide.partition("```json\n")[2].partition("```")[0]
    assert len(read_file("limits.json", block.encode())) == 2


@pytest.mark.parametrize("content", ["", "{", "[]", '{"check": []}', "[3]", '["nonsense"]', "[" * 100_000])
def test_files_without_good_checks_are_usage_errors(
    small: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    file = tmp_path / "c.json"
    file.write_text(content)
    status, _, err = shell(capsys, small, "--checks", str(file))
    assert status == 2
    assert "hint:" in err


def test_the_sample_types_of_a_heap_are_told_apart_by_their_names(tmp_path: Path) -> None:
    before = heap_of(tmp_path, "a.pb", [("app.keep:1", (7, 7 * MIB, 5, 5 * MIB))])
    swapped = (HEAP[2], HEAP[3], HEAP[0], HEAP[1])
    after = heap_of(tmp_path, "b.pb", [("app.keep:1", (5, 5 * MIB, 50, 50 * MIB))], types=swapped)
    given = {"function": "keep", "metric": "cum", "max_increase": 0}
    row = one(after, given, base=before, sample_index="inuse_space")
    assert (row.value, row.base_value) == (5 * MIB, 5 * MIB)


def test_a_total_that_wraps_below_zero_has_an_error_all_the_same(tmp_path: Path) -> None:
    """pprof's sums wrap, so ours do: such a profile is odd, not a reason to fail."""
    path = cpu_of(tmp_path, "wraps.pb", {"app.hot:1 < main.main:2": 1})
    lowest = heap_of(
        tmp_path, "lowest.pb", [("app.hot:1 < main.main:2", (1, -(1 << 63)))],
        types=(("samples", "count"), ("cpu", "nanoseconds")), period=10_000_000,
    )  # fmt: skip
    for after in (path, lowest):
        row = one(after, {"function": "hot", "metric": "flat_pct", "max_increase_pct": 5}, base=lowest)
        assert (row.status, row.actual) == ("passed", 0.0), row


def test_what_a_command_suggests_names_files_and_no_handles(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main = str(Path(CPU).parent)
    failing = ["--check", "session cum increase <= 1%"]
    calls = [
        ["regression-check", HEAPS[1], "--base", HEAPS[0], *failing],
        ["contention-analysis", f"{main}/delta-mutex.pb.gz", f"{main}/delta-block.pb.gz"],
        ["cross-correlate", f"{main}/delta-heap.pb.gz", CPU],
    ]
    for arguments in calls:
        run_cli([*arguments, "--json"])
        told = json.loads(capsys.readouterr().out)
        assert told["next"]
        assert "handle:" not in json.dumps(told)
