"""The entrances of the Python face."""

from __future__ import annotations

import os
from typing import Protocol

from pprof_mcp import _native
from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.profile import Profile
from pprof_mcp.session.bundle import Bundle
from pprof_mcp.session.session import default_session


class Readable(Protocol):
    """A file opened for reading bytes, or anything like it."""

    def read(self) -> bytes:
        """Give all that is left."""
        ...


Source = str | os.PathLike[str] | bytes | bytearray | memoryview | Readable
"""Where a profile may come from."""


def open(source: Source) -> Profile | Bundle:
    """Open whatever holds profiles.

    Args:
        source: A file, directory, zip or glob by its path; `handle:...`; a path or handle with `#kind` or
            `#name` behind it, which chooses one of several; the content as bytes; or a file object.

    Returns:
        A profile for a file, a bundle for a directory, zip or glob. `open_profile` and `open_bundle` always
        give the one or the other.

    Raises:
        SourceError: There is no such file, or it may not be read.
        ProfileError: It is no profile, a broken one, or over a limit.
        InputError: The reference can not be understood.
    """
    if isinstance(source, (str, os.PathLike)):
        return default_session().open(os.fspath(source))
    return default_session().open_bytes(_content(source))


def open_profile(source: Source) -> Profile:
    """Open one profile.

    Args:
        source: As `open`; of a directory, zip or glob it must be the only profile, or be chosen.

    Raises:
        PprofMcpError: As `open`; it holds several profiles and none was chosen.
    """
    if isinstance(source, (str, os.PathLike)):
        return default_session().profile(os.fspath(source))
    opened = default_session().open_bytes(_content(source))
    return opened if isinstance(opened, Profile) else opened.only()


def open_bundle(source: Source | list[str] | tuple[str, ...]) -> Bundle:
    """Open all profiles of a capture.

    Args:
        source: As `open`, or a list of references; a single profile is a bundle of one.

    Returns:
        The profiles by name, and what else lies there.

    Raises:
        PprofMcpError: As `open`; the list is empty.
    """
    session = default_session()
    if isinstance(source, (str, os.PathLike)):
        return session.bundle(os.fspath(source))
    if isinstance(source, (list, tuple)):
        return session.bundle(list(source))
    opened = session.open_bytes(_content(source))
    return session.bundle([opened.handle]) if isinstance(opened, Profile) else opened


def _content(source: bytes | bytearray | memoryview | Readable) -> bytes:
    if isinstance(source, bytes):
        return source
    if isinstance(source, (bytearray, memoryview)):
        return bytes(source)
    # Callers without a type checker may hand in anything.
    content: object = source.read() if hasattr(source, "read") else source
    if isinstance(content, bytes):
        return content
    raise InvalidArgumentError(
        f"{type(content).__name__} is no profile",
        hint="Give a path, bytes, or a file opened for reading bytes (mode 'rb').",
        details={"argument": "source"},
    )


def build_info() -> dict[str, str]:
    """Say which build of the core this is: `version` and `profile` (release or debug)."""
    return _native.build_info()
