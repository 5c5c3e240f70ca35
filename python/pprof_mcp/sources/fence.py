"""The one place through which files are opened: reads and writes stay under the allowed folders.

A path is resolved when it is opened, not before: every symlink and every `..` is followed first, and what
comes out must lie under an allowed root. How it is opened then, so that nothing can be exchanged between the
check and the opening, is in `descent`.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from pprof_mcp.errors import InvalidArgumentError, PathNotAllowedError, ProfileTooLargeError
from pprof_mcp.sources import descent
from pprof_mcp.sources.draft import Draft
from pprof_mcp.sources.refusals import (
    AnyPath,
    check_writable,
    explained,
    plain,
    refuse_folder,
    shown,
)

MAX_ENTRIES: Final = 10_000
"""Entries of a folder above which it is not listed. Source: chosen; a folder of profiles has hundreds."""


def parse_roots(
    values: Sequence[str], environment: str | None, *, working: Path, store: Path
) -> tuple[Path, ...]:
    """Put together the allowed roots: the working directory, the store, and what the operator adds.

    Args:
        values: Folders given as options, in their order.
        environment: Folders in one text, separated as in `PATH`; empty parts are ignored.
        working: The working directory; relative folders are relative to it.
        store: The folder of this program's own; it need not exist yet.

    Returns:
        The roots, each once, in that order.

    Raises:
        InvalidArgumentError: An added folder does not exist or is none.
    """
    roots = [working, store]
    for text in [*values, *(environment or "").split(os.pathsep)]:
        if not text.strip():
            continue
        root = _added(text, working)
        if root is None:
            raise InvalidArgumentError(
                f"allowed root {text!r} is not a folder",
                hint=f"Give folders that exist; in PPROF_MCP_ROOTS they are separated by {os.pathsep!r}.",
                details={"root": text},
            )
        roots.append(root)
    return tuple(dict.fromkeys(roots))


def _added(text: str, working: Path) -> Path | None:
    # Settings of editors and agents are no shell: nobody else expands a `~` there.
    try:
        root = working / Path(text).expanduser()
        return root if root.is_dir() else None
    except (OSError, RuntimeError, ValueError):
        return None


class Fence:
    """Opens files under the allowed roots and nowhere else.

    Args:
        roots: Folders under which everything may be read and written. One that does not exist allows nothing
            until it does.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots: tuple[Path, ...] | None = tuple(roots)

    @classmethod
    def unrestricted(cls) -> Fence:
        """Make a fence without bounds, for a command whose user names each file himself.

        Pipes may be read (`<(...)` of a shell is one), once; devices and sockets still may not.
        """
        fence = cls(())
        fence._roots = None
        return fence

    @property
    def roots(self) -> tuple[Path, ...] | None:
        """The allowed roots as given, or `None` when there are no bounds."""
        return self._roots

    def resolve(self, path: AnyPath) -> Path:
        """Follow every link of a path; the last part need not exist.

        Raises:
            InvalidArgumentError: An empty path, or one that no system can have.
            PathNotAllowedError: It leads out of the allowed roots.
        """
        return self._locate(path)[0]

    def open_read(self, path: AnyPath, *, max_bytes: int | None = None) -> tuple[BinaryIO, Path]:
        """Open a file for reading.

        Args:
            path: The file; relative to the working directory.
            max_bytes: Refuse larger files before reading any of it; `None` for no bound. A pipe has no size:
                count while reading.

        Returns:
            The open file and where it really is.

        Raises:
            SourceNotFoundError: There is no such file.
            InvalidArgumentError: A folder, an empty path, or one that no system can have.
            PathNotAllowedError: Outside of the allowed roots, no regular file, or the system denies it.
            ProfileTooLargeError: More than `max_bytes`.
        """
        resolved, root = self._locate(path)
        with explained(path, resolved):
            descriptor = (
                descent.open_anywhere(path) if root is None else descent.open_under(root, resolved, path)
            )
        try:
            size = os.fstat(descriptor).st_size
            if max_bytes is not None and size > max_bytes:
                raise ProfileTooLargeError(
                    f"{shown(path)} has {size} bytes, over the limit of {max_bytes}",
                    details={"path": plain(resolved), "size": size, "limit": max_bytes},
                )
            return os.fdopen(descriptor, "rb"), resolved
        except BaseException:
            os.close(descriptor)
            raise

    def list_dir(self, path: AnyPath) -> list[Path]:
        """List the paths of everything in a folder, sorted by name.

        What is listed can not always be opened: a link in the folder may lead out of the fence.

        Raises:
            SourceNotFoundError: There is no such folder, or it is a file.
            InvalidArgumentError: More than `MAX_ENTRIES` entries, an empty path, or one that no system can
                have.
            PathNotAllowedError: Outside of the allowed roots, or the system denies it.
        """
        resolved, root = self._locate(path)
        names: list[str] = []
        with ExitStack() as opened, explained(path, resolved):
            folder = opened.enter_context(descent.folder(root, resolved, readable=True))
            for entry in opened.enter_context(os.scandir(folder)):
                names.append(entry.name)
                if len(names) > MAX_ENTRIES:
                    raise InvalidArgumentError(
                        f"{shown(path)} has more than {MAX_ENTRIES} entries",
                        hint="Name the file, or a folder of fewer.",
                        details={"path": plain(resolved), "limit": MAX_ENTRIES},
                    )
        return [Path(path) / name for name in sorted(names)]

    @contextmanager
    def open_write(self, path: AnyPath, *, overwrite: bool = False) -> Generator[BinaryIO, None, None]:
        """Open a file for writing; when the block ends it appears under its name, whole, or not at all.

        Args:
            path: The file, in a folder that exists.
            overwrite: Whether a file of that name may be replaced; it keeps its permissions.

        Yields:
            The file to write to.

        Raises:
            SourceNotFoundError: There is no such folder.
            InvalidArgumentError: A file of that name exists and `overwrite` is false, it is a folder, the
                disk is full, an empty path, or one that no system can have.
            PathNotAllowedError: Outside of the allowed roots, no regular file, or the system denies it.
        """
        resolved, root = self._locate(path)
        with ExitStack() as opened:
            with explained(path, resolved):
                folder = opened.enter_context(self._above(path, resolved, root))
                draft = Draft(folder, resolved, _status(folder, path, resolved, overwrite=overwrite))
            # Errors of the block are the caller's own and pass as they are.
            try:
                yield draft.file
            except BaseException:
                draft.drop()
                raise
            with explained(path, resolved):
                draft.keep()

    def check_write(self, path: AnyPath, *, overwrite: bool = False) -> None:
        """Refuse at once what `open_write` would refuse after the work; nothing is written.

        Raises:
            PprofMcpError: As `open_write`.
        """
        resolved, root = self._locate(path)
        with explained(path, resolved), self._above(path, resolved, root) as folder:
            _status(folder, path, resolved, overwrite=overwrite)

    @staticmethod
    def _above(path: AnyPath, resolved: Path, root: Path | None) -> AbstractContextManager[int | Path]:
        """Open the folder of a file that is to be written."""
        if resolved in (root, resolved.parent) or os.fspath(path).endswith(("/", os.sep)):
            refuse_folder()
        return descent.folder(root, resolved.parent)

    def _locate(self, path: AnyPath) -> tuple[Path, Path | None]:
        """Where a path leads, and the root above it (`None` without bounds)."""
        text = os.fspath(path)
        if not text or "\0" in text:
            what = f"a path with a zero byte: {shown(path)}" if text else "an empty path"
            raise InvalidArgumentError(what, hint="Give the path of a file.", details={"path": text})
        try:
            resolved = Path(os.path.realpath(text))
        except ValueError as error:
            raise InvalidArgumentError(
                f"{shown(path)} is no path on this system",
                hint="Give the path of a file.",
                details={"path": plain(path)},
            ) from error
        if self._roots is None:
            return resolved, None
        for root in self._roots:
            real = Path(os.path.realpath(root))
            if resolved.is_relative_to(real):
                return resolved, real
        raise self._outside(path, self._roots)

    @staticmethod
    def _outside(path: AnyPath, roots: Sequence[Path]) -> PathNotAllowedError:
        absolute = Path(os.path.normpath(Path.cwd() / path))
        linked = any(absolute.is_relative_to(os.path.normpath(Path.cwd() / root)) for root in roots)
        allowed = ", ".join(str(root) for root in roots) or "none"
        how = "leads by a link out of" if linked else "is outside of"
        return PathNotAllowedError(
            f"{shown(path)} {how} the allowed folders ({allowed})",
            details={"path": plain(path), "allowed_roots": [str(root) for root in roots]},
        )


def _status(folder: int | Path, path: AnyPath, resolved: Path, *, overwrite: bool) -> os.stat_result | None:
    """Look at what a file would replace; None for nothing."""
    found = descent.status(folder, resolved)
    check_writable(path, found, overwrite=overwrite)
    return found
