"""Files for a caller who may read any: a shell, a script. The core opens them itself."""

from __future__ import annotations

import os
import stat

from pprof_mcp import _native
from pprof_mcp.errors import ProfileTooLargeError, SourceNotFoundError
from pprof_mcp.sources.foreign import HEAD
from pprof_mcp.sources.refusals import check_kind, explained

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Anywhere:
    """Looks files up without bounds.

    Args:
        limits: Limits that were set; the others keep the core's defaults.
    """

    def __init__(self, limits: Mapping[str, int]) -> None:
        self.limits = dict(limits)

    def is_folder(self, path: str) -> bool:
        """Whether a path is a folder; one that is nothing at all is refused here, before any work.

        Raises:
            SourceNotFoundError: There is nothing.
            PathNotAllowedError: The system denies it, or it is a device or socket.
        """
        with explained(path, path):
            found = os.stat(path)  # noqa: PTH116 - pathlib is slow to load
            if stat.S_ISDIR(found.st_mode):
                return True
            check_kind(path, found, pipes=True)
        return False

    def names(self, folder: str) -> list[tuple[str, str]]:
        """Give name and path of everything in a folder, by name."""
        with explained(folder, folder):
            return [(name, os.path.join(folder, name)) for name in sorted(os.listdir(folder))]  # noqa: PTH118, PTH208

    def matching(self, pattern: str) -> list[str]:
        """Give the files that match a glob, sorted.

        Raises:
            SourceNotFoundError: Nothing matches.
        """
        import glob

        found = glob.glob(pattern, recursive=True)  # noqa: PTH207 - paths as given
        if not found:
            raise SourceNotFoundError(
                f"nothing matches {pattern}",
                hint="Check the pattern; ** goes into sub-folders.",
                details={"path": pattern},
            )
        # With ** a folder matches besides what is in it; one that is matched by itself is told.
        if "**" in pattern:
            found = [path for path in found if not os.path.isdir(path)]  # noqa: PTH112
        return sorted(found)

    def source(self, path: str) -> str:
        """Give the path: the core reads it when its turn comes."""
        return path

    def head(self, path: str) -> bytes:
        """Read the beginning of a file."""
        with explained(path, path), open(path, "rb") as file:  # noqa: PTH123
            return file.read(HEAD)

    def content(self, path: str) -> bytes:
        """Read all of a file.

        Raises:
            ProfileTooLargeError: It has more bytes than an input may have.
        """
        most = self.limits.get("input_bytes", _native.default_limits()["input_bytes"])
        with explained(path, path), open(path, "rb") as file:  # noqa: PTH123
            data = file.read(most + 1)
        if len(data) > most:
            raise ProfileTooLargeError(
                f"{path} is larger than {most} bytes",
                details={"what": "bytes", "limit": most, "setting": "input_bytes"},
            )
        return data
