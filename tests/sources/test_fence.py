"""Files are opened under the allowed roots, and nowhere else, whatever the path says."""

import os
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pprof_mcp.errors import (
    InvalidArgumentError,
    PathNotAllowedError,
    PprofMcpError,
    ProfileTooLargeError,
    SourceNotFoundError,
)
from pprof_mcp.sources import descent, fence, refusals
from pprof_mcp.sources.draft import Draft
from pprof_mcp.sources.fence import Fence, parse_roots

NO_ROOT = pytest.mark.skipif(
    hasattr(os, "geteuid") and os.geteuid() == 0, reason="the superuser is denied nothing"
)


@pytest.fixture(params=["walking", "by path"])
def root(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root with some files, and a secret beside it; opened in both ways there are."""
    if request.param == "by path":
        monkeypatch.setattr(descent, "WALKS", False)
    elif not descent.WALKS:
        pytest.skip("this system does not open relative to a folder")
    root = tmp_path / "root"
    (root / "deep" / "er").mkdir(parents=True)
    (root / "cpu.pprof").write_bytes(b"cpu")
    (root / "deep" / "er" / "heap.pprof").write_bytes(b"heap")
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "rootless").mkdir()
    (tmp_path / "rootless" / "secret").write_bytes(b"secret")
    return root


def read(inside: Fence, path: str | Path) -> bytes:
    file, _ = inside.open_read(path)
    with file:
        return file.read()


def left_over(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".part"))


@pytest.fixture
def descriptors() -> Iterator[None]:
    """Nothing stays open behind a test."""
    table = Path("/proc/self/fd")
    before = len(list(table.iterdir())) if table.is_dir() else 0
    yield
    after = len(list(table.iterdir())) if table.is_dir() else 0
    assert after == before


@pytest.mark.usefixtures("descriptors")
class TestReading:
    def test_files_under_a_root_open_and_say_where_they_are(self, root: Path) -> None:
        inside = Fence([root])
        assert read(inside, root / "cpu.pprof") == b"cpu"
        assert read(inside, str(root / "deep" / "er" / "heap.pprof")) == b"heap"
        assert read(inside, root / "deep" / ".." / "cpu.pprof") == b"cpu"
        file, resolved = inside.open_read(root / "deep" / ".." / "cpu.pprof")
        file.close()
        assert resolved == (root / "cpu.pprof").resolve()

    def test_relative_paths_start_at_the_working_directory(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(root / "deep")
        inside = Fence([root])
        assert read(inside, "er/heap.pprof") == b"heap"
        assert read(inside, "../cpu.pprof") == b"cpu"

    @pytest.mark.parametrize(
        "path",
        ["../secret", "../rootless/secret", "deep/../../secret", "/etc/passwd", "..", "/", "../missing"],
    )
    def test_paths_that_lead_out_are_refused_whether_they_exist_or_not(self, root: Path, path: str) -> None:
        for attempt in (Fence([root]).open_read, Fence([root]).list_dir):
            with pytest.raises(PathNotAllowedError) as caught:
                attempt(root / path)
            assert "outside of the allowed folders" in str(caught.value)
            assert str(root) in str(caught.value)
            assert "--allow-root" in caught.value.hint

    def test_links_are_followed_inside_and_refused_when_they_lead_out(
        self, root: Path, tmp_path: Path
    ) -> None:
        (root / "inside").symlink_to("deep/er/heap.pprof")
        (root / "out").symlink_to(tmp_path / "secret")
        (root / "folder").symlink_to(tmp_path)
        (root / "circle").symlink_to("circle")
        (root / "hop").symlink_to("out")
        inside = Fence([root])
        assert read(inside, root / "inside") == b"heap"
        for path in ("out", "folder/secret", "hop"):
            with pytest.raises(PathNotAllowedError, match="leads by a link out of"):
                inside.open_read(root / path)
        assert read(inside, root / "folder" / "root" / "cpu.pprof") == b"cpu"
        with pytest.raises(PprofMcpError):
            inside.open_read(root / "circle")

    def test_a_root_that_is_a_link_allows_what_it_leads_to(self, root: Path, tmp_path: Path) -> None:
        (tmp_path / "alias").symlink_to(root)
        assert read(Fence([tmp_path / "alias"]), root / "cpu.pprof") == b"cpu"
        assert read(Fence([root]), tmp_path / "alias" / "cpu.pprof") == b"cpu"

    def test_a_root_that_does_not_exist_allows_nothing_until_it_does(
        self, root: Path, tmp_path: Path
    ) -> None:
        inside = Fence([tmp_path / "store"])
        with pytest.raises(PathNotAllowedError):
            inside.open_read(root / "cpu.pprof")
        with pytest.raises(SourceNotFoundError):
            inside.open_read(tmp_path / "store" / "kept")
        (tmp_path / "store").mkdir()
        (tmp_path / "store" / "kept").write_bytes(b"kept")
        assert read(inside, tmp_path / "store" / "kept") == b"kept"

    def test_no_roots_allow_nothing(self, root: Path) -> None:
        with pytest.raises(PathNotAllowedError, match="none"):
            Fence([]).open_read(root / "cpu.pprof")

    @pytest.mark.parametrize("path", ["", "cpu\0.pprof", "\ud800"])
    def test_paths_that_no_system_can_have_are_named(self, root: Path, path: str) -> None:
        with pytest.raises(InvalidArgumentError) as caught:
            Fence([root]).open_read(path)
        str(caught.value).encode()
        assert caught.value.hint

    def test_names_that_are_too_long_are_told_in_a_short_sentence(self, root: Path) -> None:
        for path in (root / ("x" * 5000), root / ("y/" * 5000)):
            with pytest.raises(PprofMcpError) as caught:
                Fence([root]).open_read(path)
            assert caught.value.code in ("invalid_argument", "source_not_found")
            assert len(str(caught.value)) < 500

    def test_bytes_that_are_no_text_make_an_error_that_is(self, root: Path) -> None:
        with pytest.raises(SourceNotFoundError) as caught:
            Fence([root]).open_read(os.fsdecode(os.fsencode(root) + b"/\xff"))
        str(caught.value).encode()
        str(caught.value.details).encode()

    def test_missing_files_are_told_with_a_near_name(self, root: Path) -> None:
        with pytest.raises(SourceNotFoundError) as caught:
            Fence([root]).open_read(root / "cpu.prof")
        assert "'cpu.pprof'" in caught.value.hint
        with pytest.raises(SourceNotFoundError) as caught:
            Fence([root]).open_read(root / "nowhere" / "cpu.pprof")
        assert "There is no folder" in caught.value.hint
        with pytest.raises(SourceNotFoundError):
            Fence([root]).open_read(root / "cpu.pprof" / "inside")

    def test_a_tilde_is_explained(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(root)
        with pytest.raises(SourceNotFoundError) as caught:
            Fence([root]).open_read("~/cpu.pprof")
        assert "not expanded" in caught.value.hint

    def test_folders_are_no_files(self, root: Path) -> None:
        for path in (root, root / "deep"):
            for inside in (Fence([root]), Fence.unrestricted()):
                with pytest.raises(InvalidArgumentError, match="a folder, where a file is needed"):
                    inside.open_read(path)

    def test_larger_files_than_asked_for_are_refused_unread(self, root: Path) -> None:
        inside = Fence([root])
        with pytest.raises(ProfileTooLargeError, match="3 bytes, over the limit of 2"):
            inside.open_read(root / "cpu.pprof", max_bytes=2)
        file, _ = inside.open_read(root / "cpu.pprof", max_bytes=3)
        file.close()

    @NO_ROOT
    def test_denied_access_is_told(self, root: Path) -> None:
        (root / "cpu.pprof").chmod(0)
        with pytest.raises(PathNotAllowedError, match="the system denies access"):
            Fence([root]).open_read(root / "cpu.pprof")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names on this system")
@pytest.mark.usefixtures("descriptors")
class TestOtherThanRegularFiles:
    def test_pipes_are_refused_without_waiting(self, root: Path) -> None:
        os.mkfifo(root / "pipe")
        with pytest.raises(PathNotAllowedError, match="a pipe, not a regular file"):
            Fence([root]).open_read(root / "pipe")

    def test_sockets_and_devices_are_refused(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(root)  # the path of a socket is short
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("s")
            for inside in (Fence([root]), Fence.unrestricted()):
                with pytest.raises(PathNotAllowedError, match="a socket, not a regular file"):
                    inside.open_read(root / "s")
        for inside in (Fence([Path("/dev")]), Fence.unrestricted()):
            with pytest.raises(PathNotAllowedError, match="a device, not a regular file"):
                inside.open_read("/dev/zero")

    def test_without_bounds_pipes_are_read(self, root: Path) -> None:
        inside = Fence.unrestricted()
        reading, writing = os.pipe()
        os.write(writing, b"substituted")
        os.close(writing)
        assert read(inside, f"/dev/fd/{reading}") == b"substituted"
        os.close(reading)
        os.mkfifo(root / "pipe")
        writer = threading.Thread(target=(root / "pipe").write_bytes, args=(b"named",))
        writer.start()
        assert read(inside, root / "pipe") == b"named"
        writer.join()


@pytest.mark.usefixtures("descriptors")
class TestExchangesMeanwhile:
    def test_a_folder_exchanged_for_a_link_is_not_followed(
        self, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "rootless" / "heap.pprof").write_bytes(b"secret")
        real = os.path.realpath

        def exchanging(path: str) -> str:
            resolved = real(path)
            if path == str(root / "deep" / "er" / "heap.pprof") and not (root / "deep").is_symlink():
                (root / "deep").rename(root / "moved")
                (root / "deep").mkdir()
                (root / "deep" / "er").symlink_to(tmp_path / "rootless")
            return resolved

        monkeypatch.setattr(os.path, "realpath", exchanging)
        with pytest.raises(PprofMcpError) as caught:
            Fence([root]).open_read(str(root / "deep" / "er" / "heap.pprof"))
        assert caught.value.code in ("path_not_allowed", "source_not_found")

    def test_a_file_exchanged_for_another_is_not_opened(
        self, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = refusals.check_kind

        def exchanging(path: str | os.PathLike[str], found: os.stat_result, *, pipes: bool = False) -> None:
            real(path, found, pipes=pipes)
            (root / "cpu.pprof").unlink()
            (root / "cpu.pprof").symlink_to(tmp_path / "secret")

        monkeypatch.setattr(descent, "check_kind", exchanging)
        with pytest.raises(PathNotAllowedError, match="changed while it was opened"):
            Fence([root]).open_read(root / "cpu.pprof")


@pytest.mark.usefixtures("descriptors")
class TestListing:
    def test_entries_come_sorted_with_their_paths(self, root: Path) -> None:
        assert Fence([root]).list_dir(root) == [root / "cpu.pprof", root / "deep"]
        assert Fence.unrestricted().list_dir(root / "deep") == [root / "deep" / "er"]

    def test_a_file_is_no_folder(self, root: Path) -> None:
        with pytest.raises(SourceNotFoundError, match="is a file, no folder"):
            Fence([root]).list_dir(root / "cpu.pprof")
        with pytest.raises(SourceNotFoundError):
            Fence([root]).list_dir(root / "missing")

    def test_folders_of_too_many_entries_are_refused(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(fence, "MAX_ENTRIES", 1)
        with pytest.raises(InvalidArgumentError, match="more than 1 entries"):
            Fence([root]).list_dir(root)


@pytest.mark.usefixtures("descriptors")
class TestWriting:
    def test_a_file_appears_whole_when_the_block_ends(self, root: Path) -> None:
        with Fence([root]).open_write(root / "deep" / "new") as file:
            file.write(b"half, ")
            file.flush()
            assert not (root / "deep" / "new").exists()
            file.write(b"whole")
        assert (root / "deep" / "new").read_bytes() == b"half, whole"
        assert left_over(root / "deep") == []

    def test_nothing_is_left_when_the_block_fails(self, root: Path) -> None:
        def fail(error: BaseException, path: Path, *, overwrite: bool = False) -> None:
            with Fence([root]).open_write(path, overwrite=overwrite) as file:
                file.write(b"half")
                raise error

        for error in (KeyboardInterrupt(), ConnectionResetError("the caller's own")):
            with pytest.raises(type(error)):
                fail(error, root / "new")
            with pytest.raises(type(error)):
                fail(error, root / "cpu.pprof", overwrite=True)
        assert not (root / "new").exists()
        assert (root / "cpu.pprof").read_bytes() == b"cpu"
        assert left_over(root) == []

    def test_nothing_is_overwritten_unless_asked_for(self, root: Path) -> None:
        with (
            pytest.raises(InvalidArgumentError, match="exists already"),
            Fence([root]).open_write(root / "cpu.pprof"),
        ):
            pytest.fail("opened")
        (root / "cpu.pprof").chmod(0o640)
        with Fence([root]).open_write(root / "cpu.pprof", overwrite=True) as file:
            file.write(b"new")
        assert (root / "cpu.pprof").read_bytes() == b"new"
        assert stat.S_IMODE((root / "cpu.pprof").stat().st_mode) == 0o640

    def test_a_file_that_appears_meanwhile_is_kept(self, root: Path) -> None:
        with (
            pytest.raises(InvalidArgumentError, match="exists already"),
            Fence([root]).open_write(root / "new"),
        ):
            (root / "new").write_bytes(b"theirs")
        assert (root / "new").read_bytes() == b"theirs"
        assert left_over(root) == []

    def test_folders_without_hard_links_will_do(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def no_links(*_args: object, **_options: object) -> None:
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(os, "link", no_links)
        with Fence([root]).open_write(root / "new") as file:
            file.write(b"whole")
        assert (root / "new").read_bytes() == b"whole"
        with (
            pytest.raises(InvalidArgumentError, match="exists already"),
            Fence([root]).open_write(root / "newer"),
        ):
            (root / "newer").write_bytes(b"theirs")
        assert (root / "newer").read_bytes() == b"theirs"
        assert left_over(root) == []

    @pytest.mark.parametrize("path", ["../new", "../secret", "folder/new", "out"])
    def test_nothing_is_written_outside(self, root: Path, tmp_path: Path, path: str) -> None:
        (root / "folder").symlink_to(tmp_path)
        (root / "out").symlink_to(tmp_path / "not-yet")
        before = sorted(tmp_path.iterdir())
        with (
            pytest.raises(PathNotAllowedError, match="the allowed folders"),
            Fence([root]).open_write(root / path, overwrite=True),
        ):
            pytest.fail("opened")
        assert sorted(tmp_path.iterdir()) == before
        assert (tmp_path / "secret").read_bytes() == b"secret"

    def test_a_link_inside_is_written_through(self, root: Path) -> None:
        (root / "latest").symlink_to("cpu.pprof")
        with Fence([root]).open_write(root / "latest", overwrite=True) as file:
            file.write(b"new")
        assert (root / "latest").is_symlink()
        assert (root / "cpu.pprof").read_bytes() == b"new"

    @pytest.mark.parametrize("path", [".", "deep", "deep/..", "new/", "deep/"])
    def test_folders_are_not_written_over(self, root: Path, path: str) -> None:
        with (
            pytest.raises(InvalidArgumentError, match="a folder"),
            Fence([root]).open_write(f"{root}/{path}", overwrite=True),
        ):
            pytest.fail("opened")

    def test_a_missing_folder_is_told(self, root: Path) -> None:
        with pytest.raises(SourceNotFoundError), Fence([root]).open_write(root / "missing" / "new"):
            pytest.fail("opened")

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names on this system")
    def test_what_is_no_file_is_not_replaced(self, root: Path) -> None:
        os.mkfifo(root / "pipe")
        for inside in (Fence([root]), Fence.unrestricted()):
            with (
                pytest.raises(PathNotAllowedError, match="a pipe"),
                inside.open_write(root / "pipe", overwrite=True),
            ):
                pytest.fail("opened")
        assert (root / "pipe").is_fifo()

    def test_write_protected_files_are_not_replaced(self, root: Path) -> None:
        (root / "cpu.pprof").chmod(0o444)
        with (
            pytest.raises(PathNotAllowedError, match="write-protected"),
            Fence([root]).open_write(root / "cpu.pprof", overwrite=True),
        ):
            pytest.fail("opened")

    def test_a_name_of_the_greatest_length_can_be_written(self, root: Path) -> None:
        with Fence([root]).open_write(root / ("n" * 255)) as file:
            file.write(b"whole")
        assert (root / ("n" * 255)).read_bytes() == b"whole"

    def test_a_full_disk_is_told_and_leaves_nothing(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(_descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with (
            pytest.raises(InvalidArgumentError, match="the disk is full"),
            Fence([root]).open_write(root / "new") as file,
        ):
            file.write(b"too much")
        assert not (root / "new").exists()
        assert left_over(root) == []

    def test_without_bounds_files_are_written_anywhere_and_still_not_over_others(self, root: Path) -> None:
        with Fence.unrestricted().open_write(root / "new") as file:
            file.write(b"1")
        with (
            pytest.raises(InvalidArgumentError, match="exists already"),
            Fence.unrestricted().open_write(root / "new"),
        ):
            pytest.fail("opened")
        assert (root / "new").read_bytes() == b"1"

    def test_a_draft_may_be_dropped_twice(self, root: Path) -> None:
        draft = Draft(root, root / "new", None)
        draft.drop()
        draft.drop()
        assert left_over(root) == []


class TestRoots:
    def test_roots_are_the_working_directory_the_store_and_what_is_added(self, tmp_path: Path) -> None:
        for name in ("work", "a", "b"):
            (tmp_path / name).mkdir()
        working, store = tmp_path / "work", tmp_path / "store"
        environment = os.pathsep.join(["", str(tmp_path / "b"), "", str(tmp_path / "a")])
        found = parse_roots([str(tmp_path / "a")], environment, working=working, store=store)
        assert found == (working, store, tmp_path / "a", tmp_path / "b")
        assert parse_roots([], None, working=working, store=store) == (working, store)

    def test_added_roots_are_relative_to_the_working_directory(self, tmp_path: Path) -> None:
        (tmp_path / "sub").mkdir()
        assert tmp_path / "sub" in parse_roots(["sub"], None, working=tmp_path, store=tmp_path)

    def test_a_tilde_is_the_home_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("USERPROFILE", str(tmp_path))
        assert tmp_path in parse_roots(["~"], None, working=tmp_path / "w", store=tmp_path / "s")

    @pytest.mark.parametrize("text", ["missing", "file", "nul\0", "~nobody-of-that-name/x"])
    def test_an_added_root_that_is_no_folder_is_an_error(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(InvalidArgumentError, match="is not a folder"):
            parse_roots([text], None, working=tmp_path, store=tmp_path)
