"""What pprof.merge must get right."""

from __future__ import annotations

import io
import json
import os
import random
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pprof_mcp as pp
import pytest
from pprof_mcp import _native
from pprof_mcp.errors import (
    EmptyInputError,
    IncompatibleProfilesError,
    InvalidArgumentError,
    PathNotAllowedError,
    PprofMcpError,
    SourceNotFoundError,
    TruncatedProfileError,
)
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import run
from pprof_mcp.session.session import Session
from pprof_mcp.sources.fence import Fence
from pprof_mcp.tools.pprof.merge import MergeResult

from tests.cases import CPU, HEAPS, Cases
from tests.property.naive import NaiveProfile, Sample
from tests.support import MakeSession

CASES = Cases(good=[{"profiles": HEAPS}], wrong=[("profiles", []), ("profiles", [CPU, HEAPS[0]])])

HEAP_TYPES = (("alloc_space", "bytes"), ("inuse_space", "bytes"))


def tiny(
    *values: int, types: Sequence[tuple[str, str]] = HEAP_TYPES, name: str = "f", time: int = 0
) -> bytes:
    """A profile of one stack; `time` in seconds since 1970."""
    sample = Sample(stack=(((name, "f.go", 1),),), values=values)
    made = NaiveProfile(samples=(sample,), sample_types=tuple(types)).encode()
    # Field 9 of the message is the time in nanoseconds.
    return made + (b"\x48" + varint(time * 1_000_000_000) if time else b"")


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def files(folder: Path, **content: bytes) -> list[str]:
    folder.mkdir(exist_ok=True)
    for name, data in content.items():
        (folder / f"{name}.pb.gz").write_bytes(data)
    return [str(folder / f"{name}.pb.gz") for name in content]


def merged(session: Session, *profiles: str, **options: Any) -> MergeResult:
    found = run(load("pprof.merge"), {"profiles": list(profiles), **options}, session=session)
    assert isinstance(found, MergeResult)
    return found


def totals(session: Session, result: MergeResult) -> dict[str, int]:
    assert result.handle is not None
    meta = json.loads(session.profile(result.handle).native.meta())
    return {item["type"]: item["total"] for item in meta["sample_types"]}


@pytest.fixture
def heaps(data: Path) -> list[str]:
    return [str(data / "go" / "main" / f"heap.{when}.pb.gz") for when in ("before", "after")]


def test_values_add_up_and_the_handle_can_be_used(heaps: list[str]) -> None:
    profiles = [pp.open_profile(path) for path in heaps]
    result = pp.merge(profiles)
    assert result.input_count == 2
    assert result.handle is not None
    both = pp.open_profile(result.handle).top(nodefraction=0)
    assert both.total == sum(profile.top().total for profile in profiles)
    assert result.warnings == []
    assert [call.arguments["profile"] for call in result.next] == [result.handle]


def test_paths_profiles_and_bundles_give_the_same_merge(heaps: list[str], tmp_path: Path) -> None:
    by_path = pp.merge(heaps)
    folder = tmp_path / "both"
    folder.mkdir()
    for path in heaps:
        (folder / Path(path).name).write_bytes(Path(path).read_bytes())
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as packed:
        for path in heaps:
            packed.write(path, Path(path).name)
    bundle = pp.open_bundle(str(folder))
    for given in (
        [pp.open_profile(path) for path in heaps],
        [Path(path) for path in heaps],
        [str(folder)],
        [str(folder / "heap.*.pb.gz")],
        [str(tmp_path / "both.zip")],
        [bundle],
        [bundle.handle],
        [f"{folder}#heap.before.pb.gz", bundle["heap.after.pb.gz"]],
    ):
        assert pp.merge(given).handle == by_path.handle, given
    first, second = (pp.open_profile(path) for path in heaps)
    assert second.merge(first).handle == by_path.handle


def test_the_file_holds_what_the_handle_holds(heaps: list[str], tmp_path: Path) -> None:
    target = tmp_path / "all.pb.gz"
    result = pp.merge(heaps, output_path=str(target))
    assert result.output_path == str(target)
    assert result.output_bytes == target.stat().st_size
    assert pp.open_profile(target).handle == result.handle


def test_nothing_is_overwritten_unless_asked_and_no_work_is_done_before(
    heaps: list[str], tmp_path: Path
) -> None:
    target = tmp_path / "all.pb.gz"
    target.write_bytes(b"precious")
    with pytest.raises(InvalidArgumentError, match="exists"):
        pp.merge([str(tmp_path / "missing")], output_path=str(target))
    assert target.read_bytes() == b"precious"
    pp.merge(heaps, output_path=str(target), overwrite=True)
    assert target.read_bytes()[:2] == b"\x1f\x8b"
    assert list(tmp_path.iterdir()) == [target]


def test_the_order_of_a_thousand_files_does_not_matter(session: Session, tmp_path: Path) -> None:
    content = {
        f"p{at:04}": tiny(at, 2 * at + 1, name=f"f{at % 7}", time=1_000_000 + at) for at in range(1_000)
    }
    paths = files(tmp_path / "many", **content)
    shuffled = list(paths)
    random.Random(7).shuffle(shuffled)  # noqa: S311 - nothing secret
    assert shuffled != paths
    outputs = [tmp_path / "one.pb.gz", tmp_path / "other.pb.gz", tmp_path / "folder.pb.gz"]
    for given, output in zip((paths, shuffled, [str(tmp_path / "many")]), outputs, strict=True):
        result = merged(session, *given, output_path=str(output))
        assert result.input_count == 1_000
        assert result.samples == 7
        assert totals(session, result)["alloc_space"] == sum(range(1_000))
    assert len({output.read_bytes() for output in outputs}) == 1


def test_types_that_differ_are_named_with_the_files_that_have_them(session: Session, tmp_path: Path) -> None:
    paths = files(tmp_path, a=tiny(1, 2), b=tiny(3, 4), c=tiny(5, types=(("alloc_space", "bytes"),)))
    with pytest.raises(IncompatibleProfilesError) as caught:
        merged(session, *paths)
    told = caught.value.message
    assert "2 of 3 have [alloc_space/bytes, inuse_space/bytes]" in told
    assert "1 of 3 have [alloc_space/bytes]" in told
    assert "c.pb.gz" in told
    assert "intersect_types" in told
    shared = merged(session, *paths, intersect_types=True)
    assert [(item.type, item.how) for item in shared.sample_types] == [("alloc_space", "sum")]
    assert shared.types_differ
    assert totals(session, shared) == {"alloc_space": 9}
    assert any("different sample types" in warning for warning in shared.warnings)


def test_profiles_with_nothing_in_common_do_not_merge(heaps: list[str], cpu: str) -> None:
    for intersect in (False, True):
        with pytest.raises(IncompatibleProfilesError, match=r"heap\.before"):
            pp.merge([heaps[0], cpu], intersect_types=intersect)


@pytest.mark.parametrize(
    ("options", "inuse", "how"),
    [
        ({}, 120, "sum"),
        ({"over_time": True}, 40, "mean"),
        ({"over_time": True, "snapshots": "last"}, 30, "last"),
        ({"snapshots": "mean"}, 40, "mean"),
        ({"over_time": True, "snapshots": "sum"}, 120, "sum"),
    ],
)
def test_snapshots_are_combined_as_asked_and_deltas_always_added(
    options: dict[str, Any], inuse: int, how: str, session: Session, tmp_path: Path
) -> None:
    paths = files(
        tmp_path, a=tiny(10, 40, time=1_000), b=tiny(20, 50, time=2_000), c=tiny(30, 30, time=3_000)
    )
    result = merged(session, *paths, **options)
    assert totals(session, result) == {"alloc_space": 60, "inuse_space": inuse}
    assert [(item.type, item.how, item.is_snapshot) for item in result.sample_types] == [
        ("alloc_space", "sum", False),
        ("inuse_space", how, True),
    ]
    assert (result.first_time, result.last_time) == ("1970-01-01T00:16:40Z", "1970-01-01T00:50:00Z")
    assert any("over_time" in warning for warning in result.warnings) == (how == "sum")


def test_snapshots_of_one_time_are_added_without_a_word(session: Session, tmp_path: Path) -> None:
    paths = files(tmp_path, a=tiny(1, 2, time=1_000), b=tiny(3, 4, time=1_060))
    assert merged(session, *paths).warnings == []


def test_the_last_of_profiles_without_a_time_is_said_to_be_unknown(session: Session, tmp_path: Path) -> None:
    paths = files(tmp_path, a=tiny(1, 2), b=tiny(3, 4))
    result = merged(session, *paths, snapshots="last")
    assert totals(session, result)["inuse_space"] == 6
    assert any("no profile says its time" in warning for warning in result.warnings)


def test_a_bad_input_in_the_middle_fails_the_merge_by_its_name(session: Session, tmp_path: Path) -> None:
    good = tiny(1, 2)
    paths = files(tmp_path, a=good, b=good[: len(good) // 2], c=good)
    with pytest.raises(TruncatedProfileError, match=r"b\.pb\.gz"):
        merged(session, *paths, output_path=str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_with_keep_going_the_rest_is_merged_and_what_failed_is_named_and_counted(
    session: Session, tmp_path: Path
) -> None:
    good = tiny(1, 2)
    paths = files(tmp_path, a=good, cut=good[: len(good) // 2], none=b"", c=good)
    dangling = tmp_path / "dangling"
    dangling.symlink_to(tmp_path / "nowhere")
    missing = str(tmp_path / "missing.pb.gz")
    result = merged(session, *paths, str(dangling), missing, keep_going=True)
    assert result.input_count == 2
    assert result.failed_count == 4
    assert {(failure.name, failure.code) for failure in result.failures} == {
        (paths[1], "truncated_profile"),
        (paths[2], "empty_input"),
        (str(dangling), "source_not_found"),
        (missing, "source_not_found"),
    }
    assert any(warning.startswith("4 of 6 inputs were left out") for warning in result.warnings)
    assert totals(session, result)["alloc_space"] == 2


def test_many_failures_are_counted_and_the_first_listed(session: Session, tmp_path: Path) -> None:
    paths = files(tmp_path, good=tiny(1, 2), **{f"bad{at:02}": b"" for at in range(50)})
    result = merged(session, *paths, keep_going=True)
    assert result.failed_count == 50
    assert [failure.name for failure in result.failures] == paths[1:21]


def test_nothing_but_failures_is_an_error_even_with_keep_going(session: Session, tmp_path: Path) -> None:
    paths = files(tmp_path, a=b"", b=b"")
    with pytest.raises(EmptyInputError, match="none of 2 inputs"):
        merged(session, *paths, keep_going=True)


def test_what_is_not_there_is_told_before_any_work(
    session: Session, heaps: list[str], tmp_path: Path
) -> None:
    with pytest.raises(SourceNotFoundError) as caught:
        merged(session, heaps[0], heaps[1].replace("after", "aftr"))
    assert "heap.after.pb.gz" in caught.value.hint
    with pytest.raises(SourceNotFoundError, match="nothing matches"):
        merged(session, str(tmp_path / "*.pb.gz"))


def test_merging_nothing_is_refused(session: Session, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="nothing in"):
        merged(session, str(tmp_path))
    with pytest.raises(InvalidArgumentError, match="at least 1"):
        pp.merge([])


def test_what_lies_beside_profiles_in_a_folder_is_left_out_and_told(session: Session, tmp_path: Path) -> None:
    files(tmp_path, a=tiny(1, 2), b=tiny(3, 4))
    (tmp_path / "metrics.json").write_text("[]")
    (tmp_path / "below").mkdir()
    result = merged(session, str(tmp_path))
    assert result.input_count == 2
    (warning,) = result.warnings
    assert warning.startswith("2 files were no profiles")
    assert "metrics of the profiler" in warning
    assert "below" in warning


def test_a_broken_profile_in_a_folder_is_no_neighbour_but_a_failure(session: Session, tmp_path: Path) -> None:
    files(tmp_path, a=tiny(1, 2), b=tiny(3, 4)[:-3])
    with pytest.raises(PprofMcpError, match=r"b\.pb\.gz"):
        merged(session, str(tmp_path))


def test_the_same_profile_twice_is_pointed_out(cpu: str) -> None:
    profile = pp.open_profile(cpu)
    result = pp.merge([profile, profile])
    assert any("1 of 2 inputs were given more than once" in warning for warning in result.warnings)
    assert result.handle is not None
    assert pp.open_profile(result.handle).top().total == 2 * profile.top().total


def test_names_that_are_not_utf8_are_read_from_a_folder(session: Session, tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path / "odd")
    Path(os.fsdecode(folder)).mkdir()
    for name in (b"caf\xe9.pb.gz", b"plain.pb.gz"):
        Path(os.fsdecode(folder + b"/" + name)).write_bytes(tiny(1, 2))
    assert merged(session, os.fsdecode(folder)).input_count == 2


def test_a_zip_is_read_as_its_profiles(session: Session, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.pprof", tiny(1, 2))
        archive.writestr("metrics.json", "[]")
        archive.writestr("b.pprof", tiny(3, 4))
    (tmp_path / "capture.zip").write_bytes(packed.getvalue())
    result = merged(session, str(tmp_path / "capture.zip"))
    assert result.input_count == 2
    assert any("capture.zip#metrics.json" in warning for warning in result.warnings)
    chosen = merged(session, f"{tmp_path / 'capture.zip'}#a.pprof")
    assert chosen.input_count == 1


def test_nothing_is_read_or_written_outside_the_fence(
    make_session: MakeSession, heaps: list[str], data: Path, tmp_path: Path
) -> None:
    session = make_session(fence=Fence([data]))
    target = tmp_path / "all.pb.gz"
    with pytest.raises(PathNotAllowedError):
        merged(session, *heaps, output_path=str(target))
    assert not target.exists()
    (outside,) = files(tmp_path, outside=tiny(1, 2))
    for given in (outside, str(tmp_path), str(tmp_path / "*.gz")):
        with pytest.raises(PathNotAllowedError):
            merged(session, *heaps, given)
    result = merged(session, *heaps, outside, keep_going=True)
    assert [failure.code for failure in result.failures] == ["path_not_allowed"]
    assert merged(session, *heaps).input_count == 2


def test_a_link_out_of_the_fence_fails_where_it_lies(make_session: MakeSession, tmp_path: Path) -> None:
    (outside,) = files(tmp_path / "outside", secret=tiny(1, 2))
    files(tmp_path / "inside", a=tiny(1, 2))
    (tmp_path / "inside" / "b.pb.gz").symlink_to(outside)
    session = make_session(fence=Fence([tmp_path / "inside"]))
    with pytest.raises(PathNotAllowedError):
        merged(session, str(tmp_path / "inside"))


def test_no_profile_is_decoded_before_the_merge(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = files(tmp_path, a=tiny(1, 2), b=tiny(3, 4))
    given: list[Any] = []
    real = _native.merge_inputs

    def listen(inputs: Any, **options: Any) -> Any:
        given.extend(inputs)
        return real(inputs, **options)

    monkeypatch.setattr(_native, "merge_inputs", listen)
    merged(session, *paths)
    assert given == [(path, path) for path in paths]
    assert session.kept_bytes > 0  # The result alone.
    assert len(session.records()) == 1


def test_threads_that_find_nothing_left_to_do_change_nothing(heaps: list[str]) -> None:
    # A thread that starts late comes away with no input; which one does is chance, so this is asked often.
    one_by_one, _ = _native.merge_inputs([(path, path) for path in heaps], threads=1)
    assert one_by_one is not None
    for _ in range(300):
        side_by_side, outcome = _native.merge_inputs([(path, path) for path in heaps], threads=2)
        assert outcome["inputs"] == 2
        assert side_by_side is not None
        assert side_by_side.sample_count == one_by_one.sample_count


def test_of_hundreds_of_sample_types_the_first_are_listed(session: Session, many_types: str) -> None:
    found = run(load("pprof.merge"), {"profiles": [many_types, many_types]}, session=session)
    assert isinstance(found, MergeResult)
    assert len(found.model_dump_json()) < 8_000
    assert (len(found.sample_types), found.sample_types_left_out) == (40, 260)
    assert "40 of 300 sample types are listed; pprof.meta lists all" in found.warnings
