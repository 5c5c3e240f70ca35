"""A file that is being written: it gets its name when it is whole, or never."""

from __future__ import annotations

import errno
import os
import stat

# The quick commands load this module: what is slow to load stays away.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO, Final

_CREATE: Final = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOFOLLOW", 0)
)
_MODE: Final = 0o666
"""Permissions of new files before the umask, as any program leaves them."""
_NO_LINKS: Final = frozenset(
    {errno.EPERM, errno.EACCES, errno.EMLINK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}
)
"""What systems answer where a folder knows no hard links (FAT, some network folders)."""


class Draft:
    """Bytes beside the place where they are to be.

    Args:
        folder: The folder of the file: a descriptor of it, or its path where descriptors can not be used so.
            It must stay open until `keep` or `drop`.
        target: Where the file is to be.
        old: The file that is replaced, whose permissions are kept; `None` when none may be, also none that
            turns up meanwhile.

    Attributes:
        file: Open for writing.

    Raises:
        OSError: The system allows no new file there.
    """

    def __init__(self, folder: int | Path | str, target: Path | str, old: os.stat_result | None) -> None:
        self._at = folder if isinstance(folder, int) else None
        # Short, so that a target with a name of the greatest length still has room for it.
        beside = f".{os.urandom(8).hex()}.part"
        above, name = os.path.split(target)
        self._beside = beside if self._at is not None else os.path.join(above, beside)  # noqa: PTH118
        self._name = name if self._at is not None else os.fspath(target)
        self._replaces = old is not None
        descriptor = os.open(self._beside, _CREATE, _MODE, dir_fd=self._at)
        self.file: BinaryIO = os.fdopen(descriptor, "wb")
        if old is not None and hasattr(os, "fchmod"):
            # Another's file on a system with owners may be replaced, but its permissions not be set.
            try:  # noqa: SIM105 - contextlib is slow to load
                os.fchmod(descriptor, stat.S_IMODE(old.st_mode))
            except PermissionError:
                pass

    def keep(self) -> None:
        """Gives the file its name; what was written is on the disk before that.

        Raises:
            FileExistsError: None may be replaced and there is one.
            OSError: Anything else that the system refuses, a full disk for one. The draft is gone then.
        """
        try:
            self.file.flush()
            os.fsync(self.file.fileno())
            self.file.close()
            if self._replaces:
                os.replace(self._beside, self._name, src_dir_fd=self._at, dst_dir_fd=self._at)
            else:
                self._take_name()
        finally:
            self.drop()

    def drop(self) -> None:
        """Removes the draft; the file of that name, if there is one, is as it was."""
        # Closing writes what is still buffered, which a full disk refuses a second time.
        try:  # noqa: SIM105
            self.file.close()
        except OSError:
            pass
        # Gone already when it was renamed; after a link, this takes off its other name.
        try:  # noqa: SIM105
            os.unlink(self._beside, dir_fd=self._at)
        except FileNotFoundError:
            pass

    def _take_name(self) -> None:
        try:
            os.link(self._beside, self._name, src_dir_fd=self._at, dst_dir_fd=self._at, follow_symlinks=False)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
        else:
            return
        # An empty file takes the name first, so that the renaming replaces none but it.
        os.close(os.open(self._name, _CREATE, _MODE, dir_fd=self._at))
        try:
            os.replace(self._beside, self._name, src_dir_fd=self._at, dst_dir_fd=self._at)
        except BaseException:
            os.unlink(self._name, dir_fd=self._at)
            raise
