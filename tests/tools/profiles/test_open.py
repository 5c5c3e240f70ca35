"""What profiles.open must get right."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pprof_mcp.errors import SourceNotFoundError
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import run
from pprof_mcp.session.session import Session
from pprof_mcp.tools.profiles.open import OpenResult

from tests.cases import BUNDLE, CPU, Cases

CASES = Cases(
    good=[{"path": BUNDLE}, {"path": CPU}], wrong=[("path", "/etc/passwd"), ("path", "http://localhost:0/x")]
)


def opened(session: Session, path: Path | str, **more: object) -> OpenResult:
    found = run(load("profiles.open"), {"path": str(path), **more}, session=session)
    assert isinstance(found, OpenResult)
    return found


def test_every_profile_of_a_bundle_gets_a_handle_that_works(session: Session, data: Path) -> None:
    found = opened(session, data / "bundle.zip")
    assert found.count == len(found.profiles) == 5
    assert found.kinds == ["cpu", "heap", "mutex", "block", "goroutine"]
    for row in found.profiles:
        assert session.profile(row.handle).kind == row.kind
        assert row.default in row.sample_types
    assert session.bundle(found.bundle).kinds == tuple(found.kinds)
    assert {other.name for other in found.others} == {"event.json", "metrics.json"}


def test_a_single_file_is_a_bundle_of_one(session: Session, cpu: str) -> None:
    found = opened(session, cpu)
    assert found.count == 1
    assert session.profile(found.bundle).handle == found.profiles[0].handle


def test_several_of_a_kind_and_equal_ones_are_pointed_out(session: Session, cpu: str, tmp_path: Path) -> None:
    shutil.copy(cpu, tmp_path / "a.pb.gz")
    shutil.copy(cpu, tmp_path / "b.pb.gz")
    found = opened(session, tmp_path)
    assert any("2 cpu profiles" in warning for warning in found.warnings)
    assert any("same content" in warning for warning in found.warnings)


def test_many_profiles_are_listed_in_parts(session: Session, data: Path) -> None:
    part = opened(session, data / "go" / "main", limit=4)
    names = [row.name for row in part.profiles]
    while part.cursor is not None:
        part = opened(session, data / "go" / "main", limit=4, cursor=part.cursor)
        names += [row.name for row in part.profiles]
        assert part.left_out.rows == part.count - len(part.profiles)
    assert len(names) == len(set(names)) == part.count > 8


def test_bad_profiles_are_noted_not_hidden(session: Session, data: Path) -> None:
    found = opened(session, data / "legacy" / "cpp.cpu-64-little.bin")
    assert any("function names" in note for note in found.profiles[0].notes)
    contention = opened(session, data / "legacy" / "cpp.contention.txt")
    assert any("mutex from a block" in note for note in contention.profiles[0].notes)


def test_an_empty_folder_is_an_answer_and_a_missing_one_an_error(session: Session, tmp_path: Path) -> None:
    found = opened(session, tmp_path)
    assert (found.count, found.warnings) == (0, ["there is no profile here"])
    with pytest.raises(SourceNotFoundError):
        opened(session, tmp_path / "missing")


def test_of_hundreds_of_sample_types_the_first_are_listed(session: Session, many_types: str) -> None:
    found = opened(session, many_types)
    (row,) = found.profiles
    assert len(found.model_dump_json()) < 8_000
    assert (len(row.sample_types), row.sample_types_left_out) == (20, 280)
    assert found.next[-1].tool == "pprof_meta"
    assert found.next[-1].arguments == {"profile": row.handle, "cursor": "20"}
