"""`open` takes whatever holds profiles, and a profile gives what the core gives."""

from __future__ import annotations

import io
from pathlib import Path

import pprof_mcp as pp
import pytest


def test_a_file_its_bytes_and_a_file_object_give_the_same_profile(data: Path) -> None:
    path = data / "go" / "main" / "cpu.pb.gz"
    content = path.read_bytes()
    sources = (path, str(path), content, bytearray(content), memoryview(content), io.BytesIO(content))
    opened = [pp.open(source) for source in sources]
    assert all(isinstance(one, pp.Profile) for one in opened)
    assert len({one.handle for one in opened}) == 1


def test_a_directory_a_zip_and_a_zip_in_memory_give_bundles(data: Path) -> None:
    folder = pp.open(data / "go" / "healthy")
    assert isinstance(folder, pp.Bundle)
    assert {"cpu", "heap", "mutex", "block", "goroutine"} <= set(folder.kinds)
    archive = data / "bundle.zip"
    on_disk, in_memory = pp.open(archive), pp.open(archive.read_bytes())
    assert isinstance(on_disk, pp.Bundle)
    assert isinstance(in_memory, pp.Bundle)
    assert on_disk.handle == in_memory.handle
    assert [member.kind for member in on_disk] == [member.kind for member in in_memory]
    assert on_disk["cpu"].top().rows == in_memory["cpu"].top().rows
    assert len(on_disk) == 5


def test_a_selector_chooses_one_profile_of_several(data: Path) -> None:
    chosen = pp.open(f"{data / 'bundle.zip'}#heap")
    assert isinstance(chosen, pp.Profile)
    assert chosen.kind == "heap"
    with pytest.raises(pp.InputError, match="holds 5 profiles"):
        pp.open_profile(data / "bundle.zip")


def test_a_handle_gives_again_what_it_stands_for(data: Path) -> None:
    bundle = pp.open_bundle(data / "bundle.zip")
    again = pp.open(bundle.handle)
    assert isinstance(again, pp.Bundle)
    assert again.handle == bundle.handle
    assert pp.open(bundle["cpu"].handle).handle == bundle["cpu"].handle


def test_a_single_profile_is_a_bundle_of_one(data: Path) -> None:
    path = data / "go" / "main" / "cpu.pb.gz"
    for bundle in (pp.open_bundle(path), pp.open_bundle(path.read_bytes()), pp.open_bundle([str(path)])):
        assert bundle.kinds == ("cpu",)


def test_bytes_that_are_no_profile_are_an_error_that_says_what_they_are() -> None:
    with pytest.raises(pp.ProfileError, match="HTML"):
        pp.open(b"<!DOCTYPE html><html><body>502</body></html>")
    with pytest.raises(pp.ProfileError, match="no bytes"):
        pp.open(b"")


def test_merging_adds_and_subtracting_takes_away(data: Path) -> None:
    profile = pp.open_profile(data / "go" / "main" / "cpu.pb.gz")
    total = profile.top().total
    twice = profile.merge(profile)
    assert twice.top().total == 2 * total
    assert twice.diff(profile).top().total == total
    assert profile.diff(profile).top().rows == []
    with pytest.raises(pp.ProfileError, match="measure different things"):
        profile.merge(pp.open_profile(data / "go" / "main" / "heap.after.pb.gz"))


def test_a_written_profile_is_read_as_it_was_and_nothing_is_overwritten_unasked(
    data: Path, tmp_path: Path
) -> None:
    profile = pp.open_profile(data / "go" / "main" / "cpu.pb.gz").filter(focus="pricing")
    path = tmp_path / "pricing.pb.gz"
    profile.write(path)
    assert pp.open(path).handle == profile.handle
    with pytest.raises(pp.PprofMcpError):
        profile.write(path)
    profile.write(path, overwrite=True)


def test_a_filter_that_matches_nothing_gives_an_empty_profile_with_a_warning(data: Path) -> None:
    profile = pp.open_profile(data / "go" / "main" / "cpu.pb.gz")
    nothing = profile.filter(focus="^nobody is called so$")
    assert len(nothing) == 0
    assert any("focus matched nothing" in warning for warning in nothing.warnings)
    assert profile.filter(focus="pricing").warnings == ()


def test_gzip_zstd_and_plain_bytes_are_the_same_profile(data: Path, tmp_path: Path) -> None:
    zstd, gzip = (pp.open_profile(data / "python" / name) for name in ("profile.pprof", "profile.pb.gz"))
    plain = tmp_path / "plain.pb"
    plain.write_bytes(zstd.to_bytes(compress=False))
    assert (data / "python" / "profile.pprof").read_bytes()[:4] == b"\x28\xb5\x2f\xfd"
    assert zstd.handle == gzip.handle == pp.open_profile(plain).handle
