"""Open, analyse, compare and merge pprof profiles.

    >>> import pprof_mcp as pp
    >>> profile = pp.open_profile("cpu.pb.gz")
    >>> for row in profile.top(cum=True, focus="acme/").rows:
    ...     print(row.location, row.cum_pct)

Importing this package loads nothing heavy: each name is fetched when it is first used.
"""

from __future__ import annotations

# The name that type checkers take for true; `typing` itself would cost every start several milliseconds.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from pprof_mcp import errors as errors
    from pprof_mcp.errors import InputError, InternalError, PprofMcpError, ProfileError, SourceError
    from pprof_mcp.filters import Filters
    from pprof_mcp.opening import build_info, open, open_bundle, open_profile
    from pprof_mcp.profile import Profile
    from pprof_mcp.session.bundle import Bundle
    from pprof_mcp.tools.pprof.diff_top import diff_top
    from pprof_mcp.tools.pprof.focus_paths import focus_paths
    from pprof_mcp.tools.pprof.merge import merge
    from pprof_mcp.tools.pprof.meta import meta
    from pprof_mcp.tools.pprof.peek import peek
    from pprof_mcp.tools.pprof.tags import tags
    from pprof_mcp.tools.pprof.top import top
    from pprof_mcp.tools.pprof.traces_head import traces_head

    __version__: str

__all__ = [
    "Bundle",
    "Filters",
    "InputError",
    "InternalError",
    "PprofMcpError",
    "Profile",
    "ProfileError",
    "SourceError",
    "__version__",
    "build_info",
    "diff_top",
    "errors",
    "focus_paths",
    "merge",
    "meta",
    "open",
    "open_bundle",
    "open_profile",
    "peek",
    "tags",
    "top",
    "traces_head",
]

_HOMES = {
    "Bundle": "session.bundle",
    "Filters": "filters",
    "InputError": "errors",
    "InternalError": "errors",
    "PprofMcpError": "errors",
    "Profile": "profile",
    "ProfileError": "errors",
    "SourceError": "errors",
    "build_info": "opening",
    "diff_top": "tools.pprof.diff_top",
    "focus_paths": "tools.pprof.focus_paths",
    "merge": "tools.pprof.merge",
    "meta": "tools.pprof.meta",
    "open": "opening",
    "open_bundle": "opening",
    "open_profile": "opening",
    "peek": "tools.pprof.peek",
    "tags": "tools.pprof.tags",
    "top": "tools.pprof.top",
    "traces_head": "tools.pprof.traces_head",
}


def __getattr__(name: str) -> object:
    """Fetch a public name when it is first used."""
    import importlib

    if name == "__version__":
        from pprof_mcp import _native

        return _native.build_info()["version"]
    if name == "errors":
        return importlib.import_module("pprof_mcp.errors")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"pprof_mcp.{home}"), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
