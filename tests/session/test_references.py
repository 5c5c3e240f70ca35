"""What a reference may be: a path, a handle, a bundle with a kind; and what is said about anything else."""

from __future__ import annotations

import os
import shutil
import threading
import zipfile
from pathlib import Path

import pytest
from pprof_mcp.errors import (
    HostNotAllowedError,
    InvalidArgumentError,
    NotAProfileError,
    PathNotAllowedError,
    PprofMcpError,
    ProfileTooLargeError,
    SourceNotFoundError,
    WrongProfileKindError,
)
from pprof_mcp.session.session import Session
from pprof_mcp.settings import Settings
from pprof_mcp.sources.fence import Fence

from tests.support import DATA, MakeSession


def test_a_zip_is_a_bundle_whose_kinds_are_told_by_content(session: Session, data: Path) -> None:
    bundle = session.bundle(str(data / "bundle.zip"))
    kinds = {member.name: member.kind for member in bundle.members}
    assert kinds == {
        "cpu.pprof": "cpu",
        "delta-block.pprof": "block",
        "delta-heap.pprof": "heap",
        "delta-mutex.pprof": "mutex",
        "goroutines.pprof": "goroutine",
    }
    assert {other.name for other in bundle.others} == {"event.json", "metrics.json"}


def test_kinds_do_not_come_from_names(session: Session, data: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(data / "bundle.zip") as archive:
        (tmp_path / "cpu.pprof").write_bytes(archive.read("delta-mutex.pprof"))
        (tmp_path / "heap.pprof").write_bytes(archive.read("delta-block.pprof"))
    bundle = session.bundle(str(tmp_path))
    assert [(member.name, member.kind) for member in bundle.members] == [
        ("cpu.pprof", "mutex"),
        ("heap.pprof", "block"),
    ]


@pytest.mark.parametrize("selector", ["cpu", "cpu.pprof"])
def test_a_bundle_with_a_kind_or_name_is_one_profile(session: Session, data: Path, selector: str) -> None:
    path = str(data / "bundle.zip")
    by_path = session.profile(f"{path}#{selector}")
    by_handle = session.profile(f"{session.bundle(path).handle}#{selector}")
    assert by_path.kind == by_handle.kind == "cpu"
    assert by_path.handle == by_handle.handle


def test_a_bundle_of_several_without_a_kind_lists_what_it_holds(session: Session, data: Path) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        session.profile(str(data / "bundle.zip"))
    assert "cpu.pprof (cpu)" in caught.value.message
    assert "#" in caught.value.hint


def test_a_kind_that_is_not_there_says_which_are(session: Session, data: Path) -> None:
    with pytest.raises(WrongProfileKindError) as caught:
        session.profile(f"{data / 'bundle.zip'}#threadcreate")
    assert caught.value.details["available"] == ["cpu", "heap", "mutex", "block", "goroutine"]


def test_a_kind_of_which_there_are_several_is_not_chosen_silently(session: Session, data: Path) -> None:
    with pytest.raises(InvalidArgumentError, match=r"heap profiles: .*heap\.after") as caught:
        session.profile(f"{data / 'go' / 'main'}#heap")
    assert "heap.before.pb.gz" in str(caught.value.details["available"])


def test_a_directory_lists_what_is_no_profile_with_a_reason(
    session: Session, tmp_path: Path, cpu: str
) -> None:
    shutil.copy(cpu, tmp_path / "a.pb.gz")
    (tmp_path / "main.jfr").write_bytes(b"FLR\0\0\2\0\1" + bytes(60))
    (tmp_path / "page.pb.gz").write_text("<!DOCTYPE html><html>login</html>", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    bundle = session.bundle(str(tmp_path))
    assert [member.name for member in bundle.members] == ["a.pb.gz"]
    reasons = {other.name: other.reason for other in bundle.others}
    assert "JFR" in reasons["main.jfr"]
    assert "HTML" in reasons["page.pb.gz"]
    assert "folder" in reasons["folder"]


def test_a_glob_takes_what_matches(session: Session, data: Path) -> None:
    bundle = session.bundle(str(data / "go" / "main" / "heap.*.pb.gz"))
    assert [Path(member.name).name for member in bundle.members] == ["heap.after.pb.gz", "heap.before.pb.gz"]
    with pytest.raises(SourceNotFoundError, match="nothing matches"):
        session.bundle(str(data / "*.nothing"))


def test_a_list_of_references_is_a_bundle(session: Session, data: Path, cpu: str) -> None:
    bundle = session.bundle([cpu, f"{data / 'bundle.zip'}#heap"])
    assert bundle.kinds == ("cpu", "heap")
    with pytest.raises(InvalidArgumentError, match="empty"):
        session.bundle([])


def test_the_same_members_make_the_same_bundle_handle(session: Session, data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere.zip"
    shutil.copy(data / "bundle.zip", copy)
    assert session.bundle(str(copy)).handle == session.bundle(str(data / "bundle.zip")).handle


def test_a_url_of_a_host_that_is_not_allowed_is_refused_with_what_to_do(
    make_session: MakeSession, tmp_path: Path
) -> None:
    with pytest.raises(HostNotAllowedError, match="localhost:6060 is not among") as caught:
        make_session(fence=Fence([tmp_path])).profile("http://localhost:6060/debug/pprof/heap")
    assert "PPROF_MCP_HOSTS" in caught.value.hint


def test_standard_input_is_for_the_command_line_only(session: Session, cpu: str) -> None:
    with pytest.raises(InvalidArgumentError, match="standard input"):
        session.profile("-")
    piped = Session(fence=Fence.unrestricted(), stdin=lambda: Path(cpu).read_bytes())
    assert piped.profile("-").kind == "cpu"


def test_a_missing_file_and_a_wrong_format_are_told_apart(session: Session, tmp_path: Path) -> None:
    with pytest.raises(SourceNotFoundError):
        session.profile(str(tmp_path / "nothing.pb.gz"))
    page = tmp_path / "page.pb.gz"
    page.write_text("<html><body>401</body></html>", encoding="utf-8")
    with pytest.raises(NotAProfileError, match="HTML"):
        session.profile(str(page))


def test_nothing_outside_the_fence_is_opened_listed_or_matched(
    make_session: MakeSession, tmp_path: Path, cpu: str
) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link.pb.gz").symlink_to(cpu)
    session = make_session(fence=Fence([inside]))
    for reference in (cpu, str(inside / "link.pb.gz"), str(inside / ".." / "x")):
        with pytest.raises((PathNotAllowedError, SourceNotFoundError)):
            session.profile(reference)
    with pytest.raises(PathNotAllowedError):
        session.bundle(str(Path(cpu).parent))
    with pytest.raises(PathNotAllowedError):
        session.bundle(f"{Path(cpu).parent}/*.gz")
    assert session.bundle(str(inside)).members == ()
    with pytest.raises(PathNotAllowedError):
        session.bundle(f"{inside}/../*/*/*.gz")
    (inside / "sub").mkdir()
    (tmp_path / "outside.pb.gz").write_bytes(Path(cpu).read_bytes())
    with pytest.raises(InvalidArgumentError, match="behind a wildcard"):
        session.bundle(f"{inside}/*/../../*.gz")


def test_a_folder_with_a_pipe_or_an_unspeakable_name_is_opened_without_them(
    make_session: MakeSession, tmp_path: Path, cpu: str
) -> None:
    content = Path(cpu).read_bytes()
    (tmp_path / "cpu.pb.gz").write_bytes(content)
    os.mkfifo(tmp_path / "pipe")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/n\xff.pb.gz")).write_bytes(content)
    bundle = make_session().bundle(str(tmp_path))
    assert [member.name for member in bundle] == ["cpu.pb.gz"]
    reasons = {other.name: other.reason for other in bundle.others}
    assert "pipe" in reasons["pipe"]
    assert "not UTF-8" in reasons["n\\udcff.pb.gz"]


def test_a_pipe_is_read_once_and_to_its_end(tmp_path: Path, cpu: str) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(Path(cpu).read_bytes()), daemon=True)
    writer.start()
    session = Session(fence=Fence.unrestricted())
    assert session.profile(str(pipe)).kind == "cpu"
    writer.join(10)


@pytest.mark.parametrize(
    ("limit", "value"), [("input_bytes", 100), ("inflated_bytes", 1_000), ("samples", 1), ("stack_depth", 1)]
)
def test_limits_from_the_settings_hold_and_name_their_variable(cpu: str, limit: str, value: int) -> None:
    session = Session(fence=Fence.unrestricted(), settings=Settings(limits={limit: value}))
    with pytest.raises(ProfileTooLargeError) as caught:
        session.profile(cpu)
    assert f"PPROF_MCP_LIMIT_{limit.upper()}" in caught.value.hint


def test_a_directory_of_too_many_files_is_refused(cpu: str) -> None:
    session = Session(fence=Fence.unrestricted(), settings=Settings(limits={"zip_entries": 2}))
    with pytest.raises(ProfileTooLargeError, match="more than 2 files"):
        session.bundle(str(Path(cpu).parent))


def test_every_broken_profile_is_an_error_of_ours_and_never_a_crash(session: Session, data: Path) -> None:
    refused: list[PprofMcpError] = []
    paths = sorted((data / "broken").iterdir())
    for path in paths:
        try:
            session.profile(str(path)).top()
        except PprofMcpError as problem:
            refused.append(problem)
    assert len(paths) > 10
    assert len(refused) > 5
    assert all(problem.message and problem.hint for problem in refused)


def test_threads_may_share_a_session(session: Session, data: Path) -> None:
    paths = sorted(str(path) for path in (data / "go" / "main").glob("*.pb.gz"))
    found: list[str] = []

    def work() -> None:
        found.extend(session.profile(path).handle for path in paths)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(paths) > 5
    assert sorted(found) == sorted(8 * [session.profile(path).handle for path in paths])


def test_a_part_of_a_bundle_handle_is_a_bundle_of_one(session: Session) -> None:
    whole = session.bundle(str(DATA / "bundle.zip"))
    part = session.bundle(f"{whole.handle}#mutex")
    assert [member.kind for member in part] == ["mutex"]


@pytest.mark.parametrize(("limit", "value"), [("inflated_bytes", 500_000), ("zip_entries", 2)])
def test_a_zip_that_grows_beyond_the_limits_is_refused_by_their_name(
    data: Path, tmp_path: Path, limit: str, value: int
) -> None:
    path = tmp_path / "grows.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(data / "go" / "main" / "cpu.pb.gz", "cpu.pprof")
        for name in ("heap.pprof", "readme.txt"):
            archive.writestr(name, bytes(2_000_000))
    with pytest.raises(ProfileTooLargeError, match=str(value)) as caught:
        Session(fence=Fence.unrestricted(), settings=Settings(limits={limit: value})).bundle(str(path))
    assert f"PPROF_MCP_LIMIT_{limit.upper()}" in caught.value.hint
    assert len(Session(fence=Fence.unrestricted()).bundle(str(path)).members) == 1
