"""What pprof.meta must get right."""

from __future__ import annotations

from pathlib import Path

import pprof_mcp as pp
import pytest
from pprof_mcp.errors import UnknownSampleTypeError

from tests.cases import CPU, HEAPS, Cases

CASES = Cases(
    good=[{"profile": CPU}, {"profile": HEAPS[1]}],
    wrong=[("profile", "")],
    nothing=[{}],
)


def test_a_go_profile_says_what_it_is(cpu: str) -> None:
    found = pp.open_profile(cpu).meta()
    assert (found.kind, found.runtime) == ("cpu", "go")
    assert [(item.type, item.unit) for item in found.sample_types] == [
        ("samples", "count"),
        ("cpu", "nanoseconds"),
    ]
    assert found.default_index == 1
    assert found.period_type is not None
    assert found.time is not None
    assert found.time.endswith("Z")
    assert found.duration_nanos > 9e9
    assert {"tenant", "endpoint"} <= {item.key for item in found.label_keys}
    assert found.mappings[0].build_id
    assert found.warnings == []
    assert found.handle == pp.open_profile(cpu).handle


@pytest.mark.parametrize(
    ("file", "runtime"),
    [
        ("go/main/heap.after.pb.gz", "go"),
        ("go/main/threadcreate.pb.gz", None),
        ("legacy/java.cpu.bin", "java"),
    ],
)
def test_the_runtime_comes_from_source_files(data: Path, file: str, runtime: str | None) -> None:
    assert pp.open_profile(data / file).meta().runtime == runtime


def test_a_profile_without_names_is_told_as_such(data: Path) -> None:
    found = pp.open_profile(data / "legacy" / "cpp.cpu-64-little.bin").meta()
    assert found.quality.unsymbolized_locations > 0
    assert any("function names" in warning for warning in found.warnings)


def test_hundreds_of_sample_types_come_in_pages(many_types: str) -> None:
    found = pp.open_profile(many_types).meta()
    assert len(found.model_dump_json()) < 8_000
    assert (len(found.sample_types), found.sample_types_left_out, found.cursor) == (40, 260, "40")
    rest = pp.open_profile(many_types).meta(limit=1_000, cursor="40")
    names = [item.type for item in (*found.sample_types, *rest.sample_types)]
    assert names == [f"type{at}" for at in range(300)]
    assert (rest.sample_types_left_out, rest.cursor) == (40, None)


def test_an_empty_profile_is_told_as_such(empty: str) -> None:
    found = pp.open_profile(empty).meta()
    assert found.samples == 0
    assert "it has no samples" in found.warnings


def test_a_profile_without_sample_types_suggests_nothing_that_would_fail(data: Path) -> None:
    profile = pp.open_profile(data / "broken" / "no-sample-types.pb.gz")
    found = profile.meta()
    assert (found.default_index, found.sample_types, found.next) == (-1, [], [])
    with pytest.raises(UnknownSampleTypeError, match="no sample types") as caught:
        profile.top()
    assert "Record it again" in caught.value.hint
