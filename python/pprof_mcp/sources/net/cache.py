"""Downloads that were made: kept on disk up to a size, checked when they are used again, fetched once."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pprof_mcp.errors import UnreadableError
from pprof_mcp.sources.net import patience
from pprof_mcp.sources.net.saving import PART, make_folder, remove_abandoned, write_whole

Facts = Mapping[str, Any]
"""What is told about a download: plain data, no secrets."""

FORM = 1
"""Version of the files that tell about downloads; others are as good as none."""
_FACTS = ".json"


@dataclass(frozen=True)
class Kept:
    """One download.

    Attributes:
        path: The file.
        facts: What its source told about it.
        was_there: Whether it was downloaded before.
    """

    path: Path
    facts: Facts
    was_there: bool


class DownloadCache:
    """Files by what they are the download of. Safe to use from several threads and processes.

    Nothing but the digest of a key is in a file name. A file and what is told about it belong together by the
    digest of the content: whatever does not fit is fetched again.

    Args:
        folder: Where they are kept; made when needed, for its owner alone.
        most_bytes: Bytes of all files; beyond it the least recently used ones go.
        now: Seconds since 1970.
    """

    def __init__(self, folder: Path, most_bytes: int, *, now: Callable[[], float] = time.time) -> None:
        self.folder = folder
        self._most = most_bytes
        self._now = now
        self._lock = threading.Lock()
        self._under_way: dict[str, threading.Event] = {}
        self._is_swept = False

    def get(self, key: str, fetch: Callable[[Path], Facts], *, ending: str = "") -> Kept:
        """Give a download, fetching it when it is not there or broken.

        Args:
            key: What it is the download of; no secret.
            fetch: Writes the file, whole or not at all, and gives what is to be told about it. Of several
                threads that want the same, one fetches and the others wait.
            ending: Of the file name, such as `.zip`.

        Raises:
            PprofMcpError: As `fetch`; the folder can not be used.
        """
        name = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:40]
        path = self.folder / f"{name}{ending}"
        with self._alone(name):
            try:
                self._sweep()
                facts = self._known(path)
                if facts is not None:
                    return Kept(path, facts, was_there=True)
                make_folder(self.folder)
                facts = fetch(path)
                self._tell(path, facts)
            except OSError as problem:
                raise UnreadableError(
                    f"downloads can not be kept in {self.folder}: {problem.strerror or problem}",
                    hint="Make room or set permissions there, or set XDG_CACHE_HOME to another folder.",
                    details={"path": str(self.folder)},
                ) from problem
        self._make_room(path)
        return Kept(path, facts, was_there=False)

    def facts(self, path: Path) -> Facts | None:
        """Give what was told about a file that is kept here; None when it is none, or nothing is known."""
        if path.parent != self.folder:
            return None
        try:
            told = json.loads(_facts_of(path).read_bytes())
            return cast("Facts", dict(told["facts"])) if told["form"] == FORM else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def drop(self, key: str, *, ending: str = "") -> None:
        """Forget a download whose content turned out to be of no use."""
        name = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:40]
        with self._alone(name), contextlib.suppress(OSError):
            self._remove(self.folder / f"{name}{ending}")

    @contextlib.contextmanager
    def _alone(self, name: str) -> Generator[None, None, None]:
        """Hold the only place for what has a name; whoever waits for it can be cancelled."""
        while True:
            with self._lock:
                if name not in self._under_way:
                    own = self._under_way[name] = threading.Event()
                    break
                other = self._under_way[name]
            patience.check_cancelled()
            other.wait(patience.SLICE)
        try:
            yield
        finally:
            with self._lock:
                del self._under_way[name]
            own.set()

    def _known(self, path: Path) -> Facts | None:
        try:
            told = json.loads(_facts_of(path).read_bytes())
            if told["form"] != FORM or told["sha256"] != _digest(path):
                return None
            # The time of reading is when it was used; that of writing stays, since it tells the content.
            os.utime(path, ns=(int(self._now() * 1e9), path.stat().st_mtime_ns))
            return cast("Facts", dict(told["facts"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _tell(self, path: Path, facts: Facts) -> None:
        told = {"form": FORM, "sha256": _digest(path), "facts": facts}
        write_whole(_facts_of(path), json.dumps(told, sort_keys=True).encode())

    def _sweep(self) -> None:
        """Remove, once, what processes that were killed left half written."""
        with self._lock:
            if self._is_swept:
                return
            self._is_swept = True
        remove_abandoned(self.folder, self._now())

    def _make_room(self, newest: Path) -> None:
        found: list[tuple[float, str, int]] = []
        with contextlib.suppress(OSError), os.scandir(self.folder) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    if not entry.name.endswith((PART, _FACTS)):
                        found.append((status.st_atime, entry.name, status.st_size))
        size = sum(item[2] for item in found)
        for _, name, freed in sorted(found):
            if size <= self._most:
                return
            if name != newest.name:
                with contextlib.suppress(OSError):
                    self._remove(self.folder / name)
                    size -= freed

    @staticmethod
    def _remove(path: Path) -> None:
        path.unlink(missing_ok=True)
        _facts_of(path).unlink(missing_ok=True)


def _facts_of(path: Path) -> Path:
    return path.with_name(path.name + _FACTS)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
