"""One declaration of a tool gives all three fronts.

Here is what a tool file needs: `@tool` and the parameter types. Fronts take discovery and the one `run`
path from their own modules. Listing names must not load the models, so what is here is fetched when it is
first used.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pprof_mcp.registry.arguments import INJECTED, Cli, OutputPath, ProfileSources
    from pprof_mcp.registry.declare import Tool, tool

__all__ = ["INJECTED", "Cli", "OutputPath", "ProfileSources", "Tool", "tool"]


def __getattr__(name: str) -> object:
    """Fetch a name when it is first used."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pprof_mcp.registry import arguments, declare

    return getattr(declare if name in ("Tool", "tool") else arguments, name)
