"""Opens what a path stands for: one profile, or all that a directory, zip or glob holds."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pprof_mcp import _native
from pprof_mcp.errors import CancelledError, PprofMcpError
from pprof_mcp.profile import Profile, Shared
from pprof_mcp.session.bundle import Other
from pprof_mcp.session.handles import Origin
from pprof_mcp.session.reading import Reader, is_pattern
from pprof_mcp.sources.foreign import HEAD, foreign
from pprof_mcp.sources.refusals import plain

WORKERS = 4
"""Files decoded side by side at most (chosen: decoding is bound by memory beyond that)."""

REMEMBERED = 20_000
"""Keys whose origin is remembered (chosen: far more than fit into the store)."""

Kept = Callable[[str], "Profile | None"]
Keep = Callable[[Shared], Profile]


@dataclass(frozen=True)
class Item:
    """One profile of what was opened."""

    name: str
    profile: Profile


@dataclass(frozen=True)
class Opened:
    """What a directory, zip or glob holds.

    Attributes:
        path: As it was given.
        items: Its profiles, by name.
        others: What else lies there, by name.
    """

    path: str
    items: tuple[Item, ...]
    others: tuple[Other, ...]


class Opener:
    """Opens paths; remembers which file a decoded profile came from.

    Args:
        reader: Reads files through the fence.
    """

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self._origins: OrderedDict[str, Origin] = OrderedDict()
        self._lock = threading.Lock()

    def origin(self, key: str) -> Origin | None:
        """Where the profile under a key can be read again."""
        with self._lock:
            return self._origins.get(key)

    def decode(self, data: bytes) -> _native.Profile:
        """Decode one profile.

        Raises:
            PprofMcpError: The bytes are no good profile.
        """
        return _native.Profile.decode(data, self.reader.limits or None)

    def open(self, path: str, kept: Kept, keep: Keep) -> Profile | Opened:
        """Open a path.

        Args:
            path: A file, directory, zip or glob.
            kept: Gives the decoded profile of a key, if it is still there.
            keep: Keeps a decoded profile.

        Raises:
            PprofMcpError: It can not be opened; a file that is alone is no good profile.
        """
        if is_pattern(path):
            names = [(name, name) for name in self.reader.matching(path)]
            return self._several(path, names, kept, keep)
        if os.path.isdir(path):  # noqa: PTH112 - a str stays the str it was given as
            return self._several(path, self.reader.names(path), kept, keep)
        with self.reader.opened(path) as file:
            known = kept(file.identity)
            if known is not None:
                return known
            data = file.read()
        if _native.sniff(data[:HEAD]) == "zip":
            return self._zip(path, file.identity, data, kept, keep)
        return self._decoded(path, file.identity, data, keep)

    def open_bytes(self, data: bytes, name: str, key: str, keep: Keep) -> Profile | Opened:
        """Open what is in memory: a profile, or a zip of several.

        Args:
            data: The content.
            name: What to call it in messages.
            key: Names it in the store; it can not be read again.
            keep: Keeps a decoded profile.

        Raises:
            PprofMcpError: It is neither.
        """
        if _native.sniff(data[:HEAD]) == "zip":
            return self._zip(name, key, data, lambda _: None, keep, lasting=False)
        return keep(Shared(self.decode(data), key, name))

    def attachment(self, path: str, name: str) -> bytes | None:
        """Read what is no profile in a directory or zip, without its compression.

        Args:
            path: The directory or zip.
            name: Its name there.

        Returns:
            The content; None when there is nothing of that name.

        Raises:
            PprofMcpError: It can not be read.
        """
        if os.path.isdir(path):  # noqa: PTH112
            found = next((inner for known, inner in self.reader.names(path) if known == name), None)
            if found is None:
                return None
            with self.reader.opened(found) as file:
                content = file.read()
        else:
            with self.reader.opened(path) as file:
                entries = _native.zip_entries(file.read(), self.reader.limits or None)
            content = next((content for known, content in entries if known == name), None)
        return None if content is None else _native.unpack(content, self.reader.limits or None)

    def _decoded(self, path: str, identity: str, data: bytes, keep: Keep) -> Profile:
        profile = keep(Shared(self.decode(data), identity, path))
        self._remember(identity, Origin(path))
        return profile

    def _zip(
        self, path: str, identity: str, data: bytes, kept: Kept, keep: Keep, *, lasting: bool = True
    ) -> Opened:
        items: list[Item] = []
        others: list[Other] = []
        for name, content in apart(_native.zip_entries(data, self.reader.limits or None)):
            key = f"{identity}|{name}"
            reason = foreign(Path(name).name, content[:HEAD])
            if reason is not None:
                others.append(Other(name, reason))
                continue
            try:
                profile = kept(key) or keep(Shared(self.decode(content), key, name))
            except CancelledError:
                raise
            except PprofMcpError as problem:
                others.append(Other(name, problem.message))
                continue
            if lasting:
                self._remember(key, Origin(path, name))
            items.append(Item(name, profile))
        return Opened(path, tuple(items), tuple(others))

    def _several(self, path: str, names: Sequence[tuple[str, str]], kept: Kept, keep: Keep) -> Opened:
        items: list[Item] = []
        others: list[Other] = []

        cancellation = _native.Cancellation.current()

        def read(pair: tuple[str, str]) -> Profile | str:
            if cancellation is None:
                return looked_at(pair)
            # A thread of the pool works for whoever waits for it.
            return cancellation.run(lambda: looked_at(pair))

        def looked_at(pair: tuple[str, str]) -> Profile | str:
            if cancellation is not None and cancellation.is_cancelled:
                raise CancelledError("cancelled while files were opened")
            if plain(pair[0]) != pair[0]:
                return "its name is not UTF-8, so no reference could name it; rename it"
            return self._one(pair[1], kept, keep)

        with ThreadPoolExecutor(max_workers=min(WORKERS, os.cpu_count() or 1)) as pool:
            outcomes = pool.map(read, names)
            for (name, _), outcome in zip(names, outcomes, strict=True):
                if isinstance(outcome, Profile):
                    items.append(Item(name, outcome))
                else:
                    others.append(Other(plain(name), outcome))
        return Opened(path, tuple(items), tuple(others))

    def _one(self, path: str, kept: Kept, keep: Keep) -> Profile | str:
        if os.path.isdir(path):  # noqa: PTH112
            return "a folder: open it by itself"
        if not os.path.isfile(path):  # noqa: PTH113
            return "no regular file: a pipe or device is read only when it is named"
        try:
            with self.reader.opened(path) as file:
                known = kept(file.identity)
                if known is not None:
                    return known
                # Looking at the beginning first keeps a large file of another kind out of memory.
                head = file.file.read(HEAD)
                reason = foreign(Path(path).name, head)
                if reason is not None:
                    return reason
                data = head + file.read()
            return self._decoded(path, file.identity, data, keep)
        except CancelledError:
            raise
        except PprofMcpError as problem:
            return problem.message

    def _remember(self, key: str, origin: Origin) -> None:
        with self._lock:
            self._origins[key] = origin
            self._origins.move_to_end(key)
            while len(self._origins) > REMEMBERED:
                self._origins.popitem(last=False)


def apart(entries: Sequence[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """Tell entries of one name apart by a number behind it: a zip may hold several."""
    seen: dict[str, int] = {}
    for name, content in entries:
        seen[name] = seen.get(name, 0) + 1
        yield (name if seen[name] == 1 else f"{name}~{seen[name]}"), content
