"""What pprof.tags must get right."""

from __future__ import annotations

from pathlib import Path

import pprof_mcp as pp
import pytest

from tests.cases import BUNDLE, CPU, HEAPS, Cases
from tests.property.naive import NaiveProfile, Sample

CASES = Cases(
    good=[{"profile": CPU}, {"profile": HEAPS[1]}, {"profile": CPU, "format": "text"}],
    wrong=[("profile", BUNDLE)],
    nothing=[{"key": "no such label"}],
)


def test_tenants_have_the_shares_that_were_planted(cpu: str) -> None:
    (tenant,) = pp.open_profile(cpu).tags(key="tenant").keys
    assert [value.value for value in tenant.values] == ["acme", "globex", "initech"]
    shares = [value.flat_pct for value in tenant.values]
    assert shares == pytest.approx([60, 30, 10], abs=6)
    assert tenant.total + tenant.unlabelled == sum(value.flat for value in tenant.values) + tenant.unlabelled


def test_all_keys_are_listed_without_one(cpu: str) -> None:
    keys = [item.key for item in pp.open_profile(cpu).tags().keys]
    assert keys == sorted(keys)
    assert {"tenant", "endpoint"} <= set(keys)


def test_a_value_can_be_looked_into_with_the_call_that_is_suggested(cpu: str) -> None:
    profile = pp.open_profile(cpu)
    found = profile.tags(key="tenant")
    (call,) = found.next
    assert call.tool == "pprof_top"
    inside = profile.top(tagfocus=str(call.arguments["tagfocus"]), nodecount=500, nodefraction=0)
    assert sum(row.flat for row in inside.rows) == found.keys[0].values[0].flat


def test_numbers_have_a_range_and_a_unit(data: Path) -> None:
    (size,) = pp.open_profile(data / "go" / "main" / "heap.after.pb.gz").tags(key="bytes").keys
    assert size.numeric
    assert size.min is not None
    assert size.max is not None
    assert 0 < size.min < size.max
    assert all(value.unit == "bytes" and value.number is not None for value in size.values)


def test_values_not_shown_are_counted_and_the_cursor_goes_on(data: Path) -> None:
    profile = pp.open_profile(data / "go" / "main" / "heap.after.pb.gz")
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        part = profile.tags(key="bytes", limit=10, cursor=cursor)
        (size,) = part.keys
        assert size.left_out.values == size.distinct - len(size.values)
        seen += [value.value for value in size.values]
        cursor = part.cursor
    assert len(seen) == len(set(seen)) > 10


def test_a_key_that_is_not_there_says_which_are(cpu: str) -> None:
    found = pp.open_profile(cpu).tags(key="customer")
    assert found.keys == []
    assert any("tenant" in warning for warning in found.warnings)


def test_a_profile_without_labels_says_so(data: Path) -> None:
    found = pp.open_profile(data / "go" / "main" / "threadcreate.pb.gz").tags()
    assert found.keys == []
    assert found.warnings == ["no sample has labels"]


def test_hundreds_of_keys_are_a_short_answer_that_names_the_rest(tmp_path: Path) -> None:
    samples = tuple(
        Sample(
            stack=((("f", "f.go", 1),),), values=(at,), labels=(("tenant", f"t{at}"), (f"key{at:03}", "v"))
        )
        for at in range(1, 301)
    )
    path = tmp_path / "labels.pb"
    path.write_bytes(NaiveProfile(samples, (("things", "count"),)).encode())
    profile = pp.open_profile(path)
    found = profile.tags()
    names = [item.key for item in found.keys]
    assert names == [*(f"key{at:03}" for at in range(287, 301)), "tenant"]
    assert found.keys_left_out == 286
    (told,) = found.warnings
    assert told.startswith("286 keys are not shown, ask for one with key: key001, key002")
    assert [item.key for item in profile.tags(key="key001").keys] == ["key001"]
    assert profile.tags(key="key001").keys_left_out == 0
