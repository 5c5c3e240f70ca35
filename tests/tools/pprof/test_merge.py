"""What pprof.merge must get right."""

from __future__ import annotations

from pathlib import Path

import pprof_mcp as pp
import pytest
from pprof_mcp.errors import IncompatibleProfilesError, InvalidArgumentError, PathNotAllowedError
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import run
from pprof_mcp.sources.fence import Fence

from tests.support import MakeSession


@pytest.fixture
def heaps(data: Path) -> list[str]:
    return [str(data / "go" / "main" / f"heap.{when}.pb.gz") for when in ("before", "after")]


def test_values_add_up_and_the_handle_can_be_used(heaps: list[str]) -> None:
    profiles = [pp.open_profile(path) for path in heaps]
    merged = pp.merge(profiles)
    assert merged.input_count == 2
    both = pp.open_profile(merged.handle).top(nodefraction=0)
    assert both.total == sum(profile.top().total for profile in profiles)
    assert merged.warnings == []
    assert [call.arguments["profile"] for call in merged.next] == [merged.handle]


def test_the_file_holds_what_the_handle_holds(heaps: list[str], tmp_path: Path) -> None:
    target = tmp_path / "all.pb.gz"
    merged = pp.merge([pp.open_profile(path) for path in heaps], output_path=str(target))
    assert merged.output_path == str(target)
    assert merged.output_bytes == target.stat().st_size
    assert pp.open_profile(target).handle == merged.handle


def test_nothing_is_overwritten_unless_asked(heaps: list[str], tmp_path: Path) -> None:
    target = tmp_path / "all.pb.gz"
    target.write_bytes(b"precious")
    profiles = [pp.open_profile(path) for path in heaps]
    with pytest.raises(InvalidArgumentError, match="exists"):
        pp.merge(profiles, output_path=str(target))
    assert target.read_bytes() == b"precious"
    pp.merge(profiles, output_path=str(target), overwrite=True)
    assert target.read_bytes()[:2] == b"\x1f\x8b"


def test_nothing_is_written_outside_the_fence(
    make_session: MakeSession, heaps: list[str], data: Path, tmp_path: Path
) -> None:
    session = make_session(fence=Fence([data]))
    target = tmp_path / "all.pb.gz"
    with pytest.raises(PathNotAllowedError):
        run(load("pprof.merge"), {"profiles": heaps, "output_path": str(target)}, session=session)
    assert not target.exists()


def test_profiles_with_nothing_in_common_do_not_merge(heaps: list[str], cpu: str) -> None:
    with pytest.raises(IncompatibleProfilesError):
        pp.merge([pp.open_profile(heaps[0]), pp.open_profile(cpu)])


def test_the_same_profile_twice_is_pointed_out(cpu: str) -> None:
    profile = pp.open_profile(cpu)
    merged = pp.merge([profile, profile])
    assert any("equal" in warning for warning in merged.warnings)
    assert pp.open_profile(merged.handle).top().total == 2 * profile.top().total
