"""From what a caller names to what is merged: files, folders, globs, zips, lists of paths, handles.

Nothing is decoded here and, but for zips, nothing is read: an input is a name and where its bytes come from.
"""

from __future__ import annotations

import os

from pprof_mcp import _native
from pprof_mcp.errors import InvalidArgumentError, PprofMcpError
from pprof_mcp.sources.foreign import HEAD, foreign
from pprof_mcp.sources.refusals import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import NoReturn, Protocol

    Source = str | bytes | _native.Profile | Callable[[], bytes | _native.Profile]
    """A path, content, a decoded profile, or what gives one of the latter two when its turn comes."""

    class Files(Protocol):
        """Where files are looked up."""

        limits: dict[str, int]

        def is_folder(self, path: str) -> bool:
            """Whether a path is a folder."""
            ...

        def names(self, folder: str) -> list[tuple[str, str]]:
            """Give name and path of everything in a folder, by name."""
            ...

        def matching(self, pattern: str) -> list[str]:
            """Give the files that match a glob, sorted."""
            ...

        def source(self, path: str) -> Source:
            """Give where the bytes of a named file come from."""
            ...

        def head(self, path: str) -> bytes:
            """Read the beginning of a file."""
            ...

        def content(self, path: str) -> bytes:
            """Read all of a file."""
            ...


PROFILE_ENDINGS = (".pb.gz", ".pprof", ".pb", ".prof", ".pprof.gz", ".pprof.zst", ".pprof.lz4", ".proto.gz")
"""Ends of names under which profiles are stored. A file of a folder that is called so is a profile, and one
that is no good one fails; others are looked at, since something else may lie beside profiles."""

LIST = "-"
"""Stands for a list of paths on standard input."""


class Inputs:
    """What is to be merged.

    Attributes:
        named: Names with sources.
        skipped: What lies in folders, globs and zips but is no profile: names with reasons.
        empty: Folders and zips in which nothing is.
    """

    def __init__(self) -> None:
        self.named: list[tuple[str, Source]] = []
        self.skipped: list[tuple[str, str]] = []
        self.empty: list[str] = []

    @property
    def repeated(self) -> int:
        """How many stand there a second time, told by their names alone."""
        return len(self.named) - len({name for name, _ in self.named})

    def check(self) -> None:
        """Refuse to merge nothing.

        Raises:
            InvalidArgumentError: There is no input.
        """
        if self.named:
            return
        if self.skipped:
            what = f"none of the {len(self.skipped)} files is a profile: {listed(self.skipped)}"
        elif self.empty:
            what = f"there is nothing in {', '.join(repr(name) for name in self.empty[:5])}"
        else:
            what = "the list of profiles is empty"
        raise InvalidArgumentError(
            what,
            hint="Name pprof files, or folders, globs or zips that hold some.",
            details={"argument": "profiles"},
        )


def listed(pairs: list[tuple[str, str]], most: int = 5) -> str:
    """Name the first of some things with their reasons."""
    more = f" and {len(pairs) - most} more" if len(pairs) > most else ""
    return "; ".join(f"{name} ({reason})" for name, reason in pairs[:most]) + more


class Gatherer:
    """Gathers inputs.

    Args:
        files: Where files are looked up.
        keep_going: Whether what can not be found is to fail when its turn comes, and not at once.
        stdin: Reads standard input; None where there is none.
        resolve: Gives the inputs behind a handle, an address, or a file with `#kind` behind it.
    """

    def __init__(
        self,
        files: Files,
        *,
        keep_going: bool,
        stdin: Callable[[], bytes] | None,
        resolve: Callable[[str], Iterable[tuple[str, Source]]],
    ) -> None:
        self.inputs = Inputs()
        self._files = files
        self._keep_going = keep_going
        self._stdin = stdin
        self._resolve = resolve

    def add(self, references: Iterable[str]) -> None:
        """Add what references stand for.

        Raises:
            PprofMcpError: One stands for nothing, and the merge is not to go on.
        """
        for reference in references:
            self._add(reference)

    def _add(self, reference: str) -> None:
        try:
            if reference == LIST:
                for path in self._list():
                    self._one(path)
            else:
                self._one(reference)
        except PprofMcpError as problem:
            self._failed(reference, problem)

    def _failed(self, reference: str, problem: PprofMcpError) -> None:
        if not self._keep_going or reference == LIST:
            raise problem
        # It fails in its place among the others, and is counted and named like any that can not be merged.
        self.inputs.named.append((plain(reference), _raising(problem)))

    def _one(self, reference: str) -> None:
        try:
            self._path(reference)
        except PprofMcpError as problem:
            self._failed(reference, problem)

    def _path(self, path: str) -> None:
        inputs = self.inputs
        if path.startswith("handle:") or (("#" in path or "://" in path) and not os.path.lexists(path)):
            inputs.named.extend(self._resolve(path))
        elif is_pattern(path):
            for found in self._files.matching(path):
                self._member(found, found)
        elif self._files.is_folder(path):
            names = self._files.names(path)
            if not names:
                inputs.empty.append(plain(path))
            for name, found in names:
                self._member(name, found)
        elif not path.lower().endswith(".zip") or not self._zip(path):
            inputs.named.append((plain(path), self._files.source(path)))

    def _member(self, name: str, path: str) -> None:
        """Take what was found by looking, not named: what is surely no profile is left out, and told."""
        reason = None
        if os.path.isdir(path):  # noqa: PTH112 - pathlib is slow to load
            reason = "a folder: name it too, or use a glob with **"
        elif not os.path.isfile(path):  # noqa: PTH113
            reason = _no_file(path)
        elif not name.endswith(PROFILE_ENDINGS):
            try:
                reason = foreign(os.path.basename(name), self._files.head(path))  # noqa: PTH119
            except PprofMcpError:
                reason = None  # It fails when its turn comes, as any other that can not be read.
        if reason is not None:
            self.inputs.skipped.append((plain(path), reason))
        else:
            self.inputs.named.append((plain(path), self._files.source(path)))

    def _zip(self, path: str) -> bool:
        """Take the profiles of a zip; whether it is one."""
        # What comes out of a pipe can be read once.
        if not os.path.isfile(path) or _native.sniff(self._files.head(path)) != "zip":  # noqa: PTH113
            return False
        entries = _native.zip_entries(self._files.content(path), self._files.limits or None)
        if not entries:
            self.inputs.empty.append(plain(path))
        for entry, content in entries:
            name = plain(f"{path}#{entry}")
            reason = foreign(entry.rpartition("/")[2], content[:HEAD])
            if reason is not None:
                self.inputs.skipped.append((name, reason))
            else:
                self.inputs.named.append((name, content))
        return True

    def _list(self) -> list[str]:
        if self._stdin is None:
            raise InvalidArgumentError(
                "'-' is a list on standard input, which only the command line has",
                hint="Give paths or handles.",
                details={"argument": "profiles"},
            )
        data = self._stdin()
        form = _native.sniff(data[:HEAD])
        if form in ("gzip", "zstd", "lz4", "zip"):
            raise InvalidArgumentError(
                f"standard input is {form} data, and '-' is a list of paths",
                hint="Name the profile: in most shells `<(command)` names what a command writes.",
                details={"argument": "profiles"},
            )
        # A path may hold line breaks but no zero byte, so one zero byte settles what separates them.
        separator = b"\0" if b"\0" in data else b"\n"
        return [os.fsdecode(path) for path in data.split(separator) if path]


def is_pattern(path: str) -> bool:
    """Whether a path is a glob, and no file that happens to be called so."""
    return any(mark in path for mark in "*?[") and not os.path.lexists(path)


def _raising(problem: PprofMcpError) -> Callable[[], NoReturn]:
    def fail() -> NoReturn:
        raise problem

    return fail


def _no_file(path: str) -> str:
    if os.path.islink(path) and not os.path.exists(path):  # noqa: PTH114, PTH110
        return "a link that leads nowhere"
    return "no regular file: a pipe or device is read only when it is named"
