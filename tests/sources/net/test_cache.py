"""Downloads are made once, checked when used again, and go when room is needed."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import pytest
from pprof_mcp.errors import NetworkError, UnreadableError
from pprof_mcp.sources.net import saving
from pprof_mcp.sources.net.asking import Answer, Request
from pprof_mcp.sources.net.cache import DownloadCache, Facts
from pprof_mcp.sources.net.together import together

from tests.support import Clock

if TYPE_CHECKING:
    from pprof_mcp.sources.net.client import Http


class Fetch:
    """Writes a content and counts."""

    def __init__(self, content: bytes = b"content") -> None:
        self.content = content
        self.calls = 0

    def __call__(self, path: Path) -> Facts:
        self.calls += 1
        path.write_bytes(self.content)
        return {"service": "shop", "tags": ["a:b"]}


@pytest.fixture
def cache(tmp_path: Path, clock: Clock) -> DownloadCache:
    clock.now = 1_700_000_000.0
    return DownloadCache(tmp_path / "downloads", 1_000, now=clock)


def test_the_same_is_fetched_once_and_told_about_each_time(cache: DownloadCache) -> None:
    fetch = Fetch()
    first = cache.get("a", fetch, ending=".zip")
    again = cache.get("a", fetch, ending=".zip")
    assert (first.was_there, again.was_there, fetch.calls) == (False, True, 1)
    assert first.path == again.path
    assert again.path.read_bytes() == b"content"
    assert again.facts == first.facts == {"service": "shop", "tags": ["a:b"]}
    assert cache.get("b", fetch, ending=".zip").path != first.path


def test_another_process_finds_it(cache: DownloadCache, tmp_path: Path) -> None:
    cache.get("a", Fetch())
    other = DownloadCache(tmp_path / "downloads", 1_000)
    assert other.get("a", Fetch(b"new")).path.read_bytes() == b"content"


def test_files_are_for_their_owner_and_are_not_called_after_what_they_are(
    cache: DownloadCache, tmp_path: Path
) -> None:
    (tmp_path / "downloads").mkdir(mode=0o755)
    kept = cache.get("../../etc/secret-service", Fetch())
    names = [path.name for path in cache.folder.iterdir()]
    assert len(names) == 2
    assert not any("secret" in name or "service" in name for name in names)
    assert kept.path.parent == cache.folder
    assert cache.folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("harm", ["flip", "cut", "gone", "facts", "no facts", "other form"])
def test_what_is_broken_is_fetched_again(cache: DownloadCache, harm: str) -> None:
    kept = cache.get("a", Fetch())
    facts = kept.path.with_name(kept.path.name + ".json")
    harms: dict[str, Callable[[], object]] = {
        "flip": lambda: kept.path.write_bytes(b"c0ntent"),
        "cut": lambda: kept.path.write_bytes(b"cont"),
        "gone": kept.path.unlink,
        "facts": lambda: facts.write_bytes(b"{"),
        "no facts": facts.unlink,
        "other form": lambda: facts.write_text('{"form": 99}'),
    }
    harms[harm]()
    fetch = Fetch(b"new one")
    assert cache.get("a", fetch).path.read_bytes() == b"new one"
    assert fetch.calls == 1


def test_the_least_recently_used_go_first(cache: DownloadCache, clock: Clock) -> None:
    for name in "abcd":
        clock.forward(1)
        path = cache.get(name, Fetch(name.encode() * 300)).path
        os.utime(path, ns=(int(clock.now * 1e9), path.stat().st_mtime_ns))
        if name == "c":
            clock.forward(1)
            cache.get("a", Fetch())
    was_there = {name: cache.get(name, Fetch(b"")).was_there for name in "acdb"}
    assert was_there == {"a": True, "c": True, "d": True, "b": False}
    assert sum(path.stat().st_size for path in cache.folder.iterdir() if path.suffix != ".json") <= 1_000


def test_one_that_is_larger_than_all_room_is_kept_alone(cache: DownloadCache) -> None:
    cache.get("a", Fetch())
    assert cache.get("b", Fetch(b"x" * 5_000)).path.exists()
    assert not cache.get("a", Fetch()).was_there


def test_what_a_killed_process_left_half_written_goes_and_what_is_being_written_stays(
    cache: DownloadCache, tmp_path: Path
) -> None:
    cache.folder.mkdir()
    left = cache.folder / ".x.part"
    left.write_bytes(b"half")
    seen: list[list[str]] = []

    def check(part: Path) -> None:
        # Another process begins meanwhile.
        DownloadCache(tmp_path / "downloads", 1_000).get("b", Fetch())
        seen.append([path.name for path in cache.folder.glob(".*.part")])
        assert seen == [[part.name]]

    class Whole:
        def fetch(self, request: Request, file: BinaryIO) -> Answer:
            file.write(b"whole")
            return Answer(request, 200, {}, b"", 5, 0.0)

    def fetch(path: Path) -> Facts:
        saving.save(cast("Http", Whole()), Request("http://127.0.0.1/", "it"), path, check=check)
        return {}

    assert cache.get("a", fetch).path.read_bytes() == b"whole"
    assert seen
    assert not left.exists()


def test_where_locks_can_not_tell_leftovers_go_after_a_day(
    cache: DownloadCache, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "fcntl", None)
    cache.folder.mkdir()
    old, new = cache.folder / ".x.part", cache.folder / ".y.part"
    for path, age in ((old, 90_000), (new, 10)):
        path.write_bytes(b"half")
        os.utime(path, (clock.now - age, clock.now - age))
    cache.get("b", Fetch())
    assert (old.exists(), new.exists()) == (False, True)


def test_threads_that_want_the_same_wait_for_one(cache: DownloadCache) -> None:
    calls: list[int] = []
    all_there = threading.Barrier(4)

    def slow(path: Path) -> Facts:
        calls.append(1)
        path.write_bytes(b"x")
        return {}

    def job() -> bool:
        all_there.wait(timeout=60)
        return cache.get("a", slow).was_there

    assert sorted(map(str, together([job] * 4))) == ["False", "True", "True", "True"]
    assert len(calls) == 1


def test_a_failed_fetch_leaves_nothing_and_the_next_one_tries_again(cache: DownloadCache) -> None:
    def fail(_: Path) -> Facts:
        raise NetworkError("gone")

    with pytest.raises(NetworkError):
        cache.get("a", fail)
    assert list(cache.folder.iterdir()) == []
    assert not cache.get("a", Fetch()).was_there


def test_what_was_dropped_is_fetched_again(cache: DownloadCache) -> None:
    cache.get("a", Fetch())
    cache.drop("a")
    cache.drop("never there")
    assert not cache.get("a", Fetch()).was_there


def test_a_folder_that_can_not_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UnreadableError, match="can not be kept"):
        DownloadCache(tmp_path / "file" / "downloads", 1_000).get("a", Fetch())
