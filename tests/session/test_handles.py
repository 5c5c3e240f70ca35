"""Handles: what they stand for, how long, and what is said when they are over."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pprof_mcp.errors import HandleExpiredError, HandleNotFoundError
from pprof_mcp.session.session import Session

from tests.support import Clock, MakeSession


def test_a_handle_is_sixteen_hex_digits_of_the_content(session: Session, cpu: str) -> None:
    profile = session.profile(cpu)
    assert re.fullmatch(r"handle:[0-9a-f]{16}", profile.handle)
    assert profile.handle == f"handle:{profile.native.sha256()[:16]}"


def test_the_same_content_has_the_same_handle_wherever_it_lies(
    session: Session, cpu: str, tmp_path: Path
) -> None:
    copy = tmp_path / "other-name.bin"
    copy.write_bytes(session.profile(cpu).to_bytes(compress=False))
    assert session.profile(str(copy)).handle == session.profile(cpu).handle


def test_another_content_under_the_same_name_has_another_handle(
    session: Session, data: Path, tmp_path: Path
) -> None:
    path = tmp_path / "now.pb.gz"
    path.write_bytes((data / "go" / "main" / "heap.before.pb.gz").read_bytes())
    before = session.profile(str(path)).handle
    path.write_bytes((data / "go" / "main" / "heap.after.pb.gz").read_bytes())
    after = session.profile(str(path)).handle
    assert before != after


def test_a_handle_that_is_used_does_not_expire(make_session: MakeSession, clock: Clock, cpu: str) -> None:
    session = make_session(handle_ttl=100.0)
    handle = session.profile(cpu).handle
    for _ in range(5):
        clock.forward(99)
        assert session.profile(handle).handle == handle


def test_an_unused_handle_expires_and_says_how_to_open_it_again(
    make_session: MakeSession, clock: Clock, cpu: str
) -> None:
    session = make_session(handle_ttl=100.0)
    handle = session.profile(cpu).handle
    clock.forward(101)
    with pytest.raises(HandleExpiredError) as caught:
        session.profile(handle)
    assert handle in caught.value.message
    assert "100 s" in caught.value.message
    assert cpu in caught.value.hint
    assert caught.value.details["reference"] == cpu
    assert session.profile(cpu).handle == handle


def test_expiry_frees_the_memory_of_the_profile(make_session: MakeSession, clock: Clock, cpu: str) -> None:
    session = make_session(handle_ttl=100.0)
    assert session.profile(cpu).handle
    assert session.kept_bytes > 0
    clock.forward(101)
    assert session.records() == []
    assert session.kept_bytes == 0


def test_a_handle_nobody_gave_out_is_not_found_and_near_ones_are_named(session: Session, cpu: str) -> None:
    handle = session.profile(cpu).handle
    wrong = handle[:-1] + ("0" if handle[-1] != "0" else "1")
    with pytest.raises(HandleNotFoundError) as caught:
        session.profile(wrong)
    assert handle in caught.value.message
    with pytest.raises(HandleNotFoundError, match="look like handle:"):
        session.profile("handle:nonsense")


def test_a_profile_dropped_for_room_is_read_again(make_session: MakeSession, data: Path) -> None:
    session = make_session(store_bytes=1)
    first = session.profile(str(data / "go" / "main" / "cpu.pb.gz")).handle
    second = session.profile(str(data / "go" / "main" / "heap.after.pb.gz")).handle
    assert session.profile(first).kind == "cpu"
    assert session.profile(second).kind == "heap"


def test_a_dropped_profile_whose_file_has_changed_is_expired(
    make_session: MakeSession, data: Path, tmp_path: Path
) -> None:
    session = make_session(store_bytes=1)
    path = tmp_path / "now.pb.gz"
    path.write_bytes((data / "go" / "main" / "heap.before.pb.gz").read_bytes())
    handle = session.profile(str(path)).handle
    path.write_bytes((data / "go" / "main" / "heap.after.pb.gz").read_bytes())
    assert session.profile(str(path)).handle != handle
    with pytest.raises(HandleExpiredError, match="other content"):
        session.profile(handle)


def test_a_dropped_profile_that_was_computed_says_how_it_was_made(
    make_session: MakeSession, data: Path
) -> None:
    session = make_session(store_bytes=1)
    native = session.profile(str(data / "go" / "main" / "heap.before.pb.gz")).native
    handle = session.add(native, "merged from 2 profiles").handle
    session.profile(str(data / "go" / "main" / "cpu.pb.gz"))
    with pytest.raises(HandleExpiredError) as caught:
        session.profile(handle)
    assert "merged from 2 profiles" in caught.value.hint


def test_a_released_handle_is_expired_and_its_memory_free(session: Session, cpu: str) -> None:
    handle = session.profile(cpu).handle
    assert session.release(handle) is not None
    assert session.release(handle) is None
    assert session.kept_bytes == 0
    with pytest.raises(HandleExpiredError, match="released"):
        session.profile(handle)


def test_the_profiles_of_a_bundle_live_as_long_as_the_bundle_is_used(
    make_session: MakeSession, clock: Clock, data: Path
) -> None:
    session = make_session(handle_ttl=100.0)
    bundle = session.bundle(str(data / "bundle.zip"))
    for _ in range(3):
        clock.forward(99)
        assert session.bundle(bundle.handle).kinds == bundle.kinds
    assert session.profile(f"{bundle.handle}#cpu").kind == "cpu"


def test_a_session_counts_how_often_handles_come_and_go(
    make_session: MakeSession, clock: Clock, cpu: str
) -> None:
    session = make_session(handle_ttl=100)
    assert session.changes == 0
    handle = session.profile(cpu).handle
    assert session.changes == 1
    assert session.profile(cpu).handle == handle
    session.profile(handle)
    assert session.changes == 1
    clock.forward(101)
    assert session.changes == 2
    assert session.profile(cpu).handle == handle
    assert session.changes == 3
    session.release(handle)
    assert session.release(handle) is None
    assert session.changes == 4


def test_a_record_knows_the_sample_types(session: Session, cpu: str, data: Path) -> None:
    session.profile(cpu)
    bundle = session.bundle([cpu, str(data / "go" / "main" / "heap.after.pb.gz")])
    told = {record.kinds[0]: record.sample_types for record in session.records()}
    assert told == {
        "cpu": ("samples", "cpu"),
        "heap": ("alloc_objects", "alloc_space", "inuse_objects", "inuse_space"),
        "bundle": (),
    }
    assert len(bundle) == 2


def test_a_file_that_has_not_changed_is_decoded_once(session: Session, cpu: str, tmp_path: Path) -> None:
    path = tmp_path / "cpu.pb.gz"
    path.write_bytes(Path(cpu).read_bytes())
    first = session.profile(str(path))
    for reference in (str(path), first.handle, str(path)):
        assert session.profile(reference).native is first.native, reference
