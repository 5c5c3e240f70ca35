"""What a session lets a merge read: files through its fence, and the profiles behind handles."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from pprof_mcp import _native
from pprof_mcp.merging.anywhere import Anywhere
from pprof_mcp.merging.inputs import Gatherer, Inputs
from pprof_mcp.profile import Profile
from pprof_mcp.session.bundle import Bundle, Member
from pprof_mcp.session.handles import PREFIX
from pprof_mcp.session.reading import Reader
from pprof_mcp.sources.fence import MAX_ENTRIES
from pprof_mcp.sources.foreign import HEAD

if TYPE_CHECKING:
    from pprof_mcp.merging.inputs import Source
    from pprof_mcp.session.session import Session

Given = str | os.PathLike[str] | Profile | Bundle
"""How an input may be named: by a reference, or as what it stands for."""


class Fenced:
    """Looks files up through a fence; each is opened, and the fence asked, when its turn comes.

    Args:
        reader: Reads through the fence.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.limits = reader.limits

    def is_folder(self, path: str) -> bool:
        """Whether a path is a folder."""
        return os.path.isdir(path)  # noqa: PTH112 - a str stays the str it was given as

    def names(self, folder: str) -> list[tuple[str, str]]:
        """Give name and path of everything in a folder, by name."""
        return sorted((path.name, str(path)) for path in self._reader.fence.list_dir(folder))

    def matching(self, pattern: str) -> list[str]:
        """Give the files that match a glob and lie inside the fence, sorted."""
        return self._reader.matching(pattern, MAX_ENTRIES)

    def source(self, path: str) -> Callable[[], bytes]:
        """Give what reads the file."""
        return lambda: self.content(path)

    def head(self, path: str) -> bytes:
        """Read the beginning of a file."""
        with self._reader.opened(path) as file:
            return file.file.read(HEAD)

    def content(self, path: str) -> bytes:
        """Read all of a file."""
        with self._reader.opened(path) as file:
            return file.read()


def gather(
    given: Sequence[Given],
    session: Session,
    reader: Reader,
    *,
    keep_going: bool,
    stdin: Callable[[], bytes] | None,
) -> Inputs:
    """Gather what is to be merged.

    Args:
        given: References and objects.
        session: Resolves handles, and what has `#kind` behind it.
        reader: Reads files.
        keep_going: Whether what can not be found is to fail when its turn comes.
        stdin: Reads standard input; None where there is none.

    Raises:
        PprofMcpError: A reference stands for nothing.
    """
    files = Anywhere(reader.limits) if reader.fence.roots is None else Fenced(reader)
    gatherer = Gatherer(
        files, keep_going=keep_going, stdin=stdin, resolve=lambda reference: resolved(reference, session)
    )
    for one in given:
        if isinstance(one, Profile):
            gatherer.inputs.named.append((one.name, one.native))
        elif isinstance(one, Bundle):
            gatherer.inputs.named.extend(_members(one))
        else:
            gatherer.add([os.fspath(one)])
    return gatherer.inputs


def resolved(reference: str, session: Session) -> Iterable[tuple[str, Source]]:
    """Give the inputs behind a handle, or behind a reference that chooses one profile of several.

    Raises:
        PprofMcpError: It stands for nothing.
    """
    if reference.startswith(PREFIX) and "#" not in reference:
        return _members(session.bundle(reference))
    return [(reference, session.profile(reference).native)]


def _members(bundle: Bundle) -> Iterable[tuple[str, Source]]:
    return [(member.handle, _loader(member)) for member in bundle]


def _loader(member: Member) -> Callable[[], _native.Profile]:
    return lambda: member.profile.native
