"""The entrances of the Python face."""

from __future__ import annotations

import os
from collections.abc import Sequence

from pprof_mcp import _native
from pprof_mcp.profile import Profile
from pprof_mcp.session.bundle import Bundle
from pprof_mcp.session.session import default_session


def open(path: str | os.PathLike[str]) -> Profile:
    """Open one profile.

    Args:
        path: A file, `handle:...`, or a directory or zip with `#kind` or `#name` behind it when it holds
            several.

    Returns:
        The decoded profile.

    Raises:
        SourceError: There is no such file, or it may not be read.
        ProfileError: It is no profile, a broken one, or over a limit.
        InputError: It holds several profiles and none was chosen.
    """
    return default_session().profile(os.fspath(path))


def open_bundle(path: str | os.PathLike[str] | Sequence[str]) -> Bundle:
    """Open all profiles of a capture.

    Args:
        path: A directory, zip, glob or file, a bundle's handle, or a list of references.

    Returns:
        The profiles by name, and what else lies there.

    Raises:
        PprofMcpError: As `open`.
    """
    if isinstance(path, (str, os.PathLike)):
        return default_session().bundle(os.fspath(path))
    return default_session().bundle(list(path))


def build_info() -> dict[str, str]:
    """Say which build of the core this is: `version` and `profile` (release or debug)."""
    return _native.build_info()
