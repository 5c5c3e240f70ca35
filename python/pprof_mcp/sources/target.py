"""A file to write, for a caller who may write anywhere: looked at before the work, written after it."""

from __future__ import annotations

import os

from pprof_mcp.sources.draft import Draft
from pprof_mcp.sources.refusals import check_writable, explained, refuse_folder


class Target:
    """Where a file is to be.

    Args:
        path: The file, in a folder that exists.
        overwrite: Whether a file of that name may be replaced; it keeps its permissions.

    Raises:
        SourceNotFoundError: There is no such folder.
        InvalidArgumentError: A file of that name exists and `overwrite` is false, or it is a folder.
        PathNotAllowedError: It is no regular file, or the system denies it.
    """

    def __init__(self, path: str, *, overwrite: bool) -> None:
        self._path = path
        self._overwrite = overwrite
        self._resolved = os.path.realpath(path)
        with explained(path, self._resolved):
            self._look()

    def write(self, data: bytes) -> None:
        """Write the file, whole or not at all.

        Raises:
            PprofMcpError: As for the place itself, which may have changed; the disk is full.
        """
        with explained(self._path, self._resolved):
            old = self._look()
            above = os.path.dirname(self._resolved)  # noqa: PTH120 - pathlib is slow to load
            draft = Draft(above, self._resolved, old if self._overwrite else None)
            try:
                draft.file.write(data)
            except BaseException:
                draft.drop()
                raise
            draft.keep()

    def _look(self) -> os.stat_result | None:
        if self._path.endswith(("/", os.sep)) or os.path.isdir(self._resolved):  # noqa: PTH112
            refuse_folder()
        os.stat(os.path.dirname(self._resolved))  # noqa: PTH116, PTH120
        try:
            found = os.lstat(self._resolved)
        except FileNotFoundError:
            found = None
        check_writable(self._path, found, overwrite=self._overwrite)
        return found
