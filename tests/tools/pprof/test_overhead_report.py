"""What pprof.overhead_report must get right."""

from __future__ import annotations

import json
from pathlib import Path

import pprof_mcp as pp
import pytest
from pprof_mcp.tools.pprof.overhead_report import overhead_report

from tests.cases import BUNDLE, CPU, HEAPS, Cases
from tests.tools.pprof.functions import profile_of

CASES = Cases(
    good=[{"profile": CPU}, {"profile": HEAPS[1]}, {"profile": f"{BUNDLE}#cpu", "limit": 2}],
    wrong=[("profile", "missing.pb.gz"), ("min_pct", 101), ("sample_index", "nonsense"), ("cursor", "x")],
    nothing=[{"focus": "no such function"}],
)

SERVE = "net/http.(*conn).serve @ net/http/server.go:1"
MARSHAL = "encoding/json.Marshal @ encoding/json/e.go:1"
OWN = "example.com/shop/api.Serve @ example.com/shop/api/a.go:7"


def test_the_planted_encoder_is_found_with_its_caller_and_nothing_else_is_called_high_or_medium(
    cpu: str, data: Path
) -> None:
    planted = {one["id"]: one for one in json.loads((data / "planted.json").read_text())}["json-in-loop"]
    found = overhead_report(pp.open_profile(cpu), limit=50)
    assert [(row.category, row.severity) for row in found.detections if row.severity != "low"] == [
        ("json", "high")
    ]
    row = found.detections[0]
    # What stands on the planted line besides encoding is the loop itself: one sample.
    assert row.value == planted["recorded"] - 10_000_000
    assert row.callers[0].function == planted["function"]
    assert row.callers[0].value == row.value
    assert found.hints[0].startswith(f"JSON: {row.inclusive_pct:.2f} % (high")
    assert row.suggestion


def test_nothing_is_called_high_or_medium_in_the_healthy_profiles(data: Path) -> None:
    looked_at = 0
    for file in ("cpu", "heap.after", "mutex.after", "block.after", "goroutine.after"):
        found = overhead_report(pp.open_profile(data / "go" / "healthy" / f"{file}.pb.gz"))
        assert found.hints == []
        assert all(row.severity == "low" and row.suggestion is None for row in found.detections), file
        looked_at += len(found.detections)
    assert looked_at > 3


def test_shares_are_those_of_pprof_itself(cpu: str) -> None:
    profile = pp.open_profile(cpu)
    row = next(row for row in overhead_report(profile).detections if row.category == "json")
    pattern = r"^encoding/json\."
    focused = sum(one.flat for one in profile.top(focus=pattern, nodecount=500, nodefraction=0).rows)
    assert row.inclusive_pct == pytest.approx(focused / profile.top().total * 100, abs=0.01)
    leaves = sum(
        one.flat
        for one in profile.top(nodecount=500, nodefraction=0).rows
        if one.name.startswith("encoding/json.")
    )
    assert row.exclusive_pct == pytest.approx(leaves / profile.top().total * 100, abs=0.01)


def test_a_sample_counts_once_a_category_however_often_it_is_in_the_stack(tmp_path: Path) -> None:
    deep = " < ".join(["encoding/json.encode @ encoding/json/e.go:1"] * 30)
    path = profile_of(tmp_path, [(f"{deep} < {OWN} < {SERVE}", 60), (f"{OWN} < {SERVE}", 40)])
    found = overhead_report(pp.open_profile(path))
    (row,) = found.detections
    assert (row.category, row.value, row.percentage, row.inclusive_pct) == ("json", 60, 60.0, 60.0)
    assert (row.disjoint_pct, row.exclusive_pct) == (60.0, 60.0)
    assert (found.total_overhead_pct, found.own_pct) == (60.0, 40.0)


def test_disjoint_shares_add_up_and_what_hosts_own_code_is_no_overhead(tmp_path: Path) -> None:
    path = profile_of(
        tmp_path,
        [
            (
                f"runtime.mallocgc @ runtime/m.go:1 < {MARSHAL} < {OWN} < {SERVE}",
                30,
            ),
            (f"{MARSHAL} < {OWN} < {SERVE}", 20),
            (f"{OWN} < {SERVE}", 40),
            ("runtime.gcBgMarkWorker @ runtime/g.go:1", 10),
        ],
    )
    found = overhead_report(pp.open_profile(path), limit=50, min_pct=0)
    rows = {row.category: row for row in found.detections}
    assert {name: (row.percentage, row.disjoint_pct) for name, row in rows.items()} == {
        "json": (50.0, 20.0), "allocation": (30.0, 30.0), "gc": (10.0, 10.0)
    }  # fmt: skip
    assert found.total_overhead_pct + found.own_pct + found.idle_pct + found.other_pct == 100.0
    assert found.total_overhead_pct == 60.0
    assert rows["json"].callers[0].function == "example.com/shop/api.Serve"
    assert found.left_out.rows == 1, "net/http, which only hosts"


def test_every_sample_of_every_profile_of_ours_is_counted_once(data: Path) -> None:
    looked_at = 0
    for path in sorted(data.glob("*/**/*.pb.gz")):
        if "broken" in path.parts or "legacy" in path.parts:
            continue
        profile = pp.open_profile(path)
        for sample_type in profile.shared.meta["sample_types"]:
            found = overhead_report(profile, sample_index=sample_type["type"])
            parts = (found.total_overhead_pct, found.own_pct, found.idle_pct, found.other_pct)
            if sample_type["total"]:
                assert sum(parts) == pytest.approx(100, abs=0.03), (path, sample_type)
                assert all(-0.001 <= part <= 100 for part in parts), (path, parts)
                looked_at += 1
    assert looked_at > 15


def test_a_heap_profile_is_asked_who_allocates_and_not_whether(data: Path) -> None:
    found = overhead_report(pp.open_profile(data / "go" / "main" / "delta-heap.pb.gz"), limit=50)
    assert found.sample_type.type == "alloc_space"
    categories = [row.category for row in found.detections]
    assert categories[0] == "json"
    assert not {"allocation", "gc"} & set(categories)
    in_use = overhead_report(
        pp.open_profile(data / "go" / "main" / "heap.after.pb.gz"), sample_index="inuse_space"
    )
    assert in_use.sample_type.type == "inuse_space"


@pytest.mark.parametrize(
    ("frames", "runtime", "category"),
    [
        ("writeValue @ com/fasterxml/jackson/databind/ObjectMapper.java:1", "java", None),
        ("com/fasterxml/jackson/databind/ObjectMapper.writeValue < java/lang/Thread.run", "java", "json"),
        ("dumps @ /usr/lib/python3.11/json/__init__.py:3 < main @ /srv/app/main.py:1", "python", "json"),
        ("asJson @ /srv/node_modules/pino/lib/tools.js:1 < main @ /srv/app/main.js:1", "node", "logging"),
        ("System.Text.Json!JsonSerializer.Serialize < App!Program.Main", "dotnet", "json"),
        ("json|json_encode < main @ /srv/src/main.php:1", "php", "json"),
        ("add @ /usr/local/lib/ruby/3.2.0/logger.rb:9 < main @ /srv/app/main.rb:1", "ruby", "logging"),
        ("deflate_slow @ deflate.c:1 < main @ main.cc:1", "native", "compression"),
        ("pbkdf2Sync @ node:internal/crypto/pbkdf2:7 < main @ /srv/app/main.js:1", "node", "blocking"),
    ],
)
def test_other_runtimes_have_rules_of_their_own(
    tmp_path: Path, frames: str, runtime: str, category: str | None
) -> None:
    found = overhead_report(pp.open_profile(profile_of(tmp_path, [(frames, 5)])))
    assert found.runtime == runtime
    assert [row.category for row in found.detections] == ([category] if category else [])


def test_waiting_is_said_and_is_no_overhead(tmp_path: Path) -> None:
    path = profile_of(tmp_path, [("(idle)", 90), ("work @ /srv/app/a.js:1", 10)])
    found = overhead_report(pp.open_profile(path))
    assert (found.idle_pct, found.total_overhead_pct, found.own_pct) == (90.0, 0.0, 10.0)
    assert found.detections == []


def test_prefixes_that_are_given_decide_what_is_own(tmp_path: Path) -> None:
    stack = f"{MARSHAL} < example.com/lib.Do @ l.go:1 < example.com/app.Run @ a.go:1"
    profile = pp.open_profile(profile_of(tmp_path, [(stack, 5)]))
    found = overhead_report(profile, repo_prefixes=["example.com/app"])
    assert found.detections[0].callers[0].function == "example.com/app.Run"
    assert found.own_code == ["example.com/app"]
    # Whole parts of a path only.
    other = overhead_report(profile, repo_prefixes=["example.com/ap"])
    assert other.detections[0].callers == []


def test_few_samples_and_profiles_without_names_or_values_are_said(tmp_path: Path, empty: str) -> None:
    few = overhead_report(pp.open_profile(profile_of(tmp_path, [(OWN, 1)])))
    assert any("rough" in warning for warning in few.warnings)
    nothing = overhead_report(pp.open_profile(empty))
    assert (nothing.detections, nothing.total, nothing.warnings) == ([], 0, ["the profile has no samples"])
    nameless = overhead_report(pp.open_profile(profile_of(tmp_path, [("", 5)], name="nameless.pb")))
    assert any("symbolize" in warning for warning in nameless.warnings)
    zero = overhead_report(pp.open_profile(profile_of(tmp_path, [(OWN, 0)], name="zero.pb")))
    assert any("zero" in warning for warning in zero.warnings)


def test_pages_go_on_and_add_up(cpu: str) -> None:
    profile = pp.open_profile(cpu)
    whole = overhead_report(profile, limit=50)
    first = overhead_report(profile, limit=2)
    second = overhead_report(profile, limit=2, cursor=first.cursor or "")
    assert [*first.detections, *second.detections] == whole.detections[:4]
    shown = sum(row.disjoint_pct for row in first.detections)
    assert shown + first.left_out.disjoint_pct == pytest.approx(first.total_overhead_pct, abs=0.03)
