"""The MCP server over the registry.

The SDK's low-level server checks neither arguments nor answers; the registry does both, once. This package
only carries: names, schemas, results and errors go out as the registry gives them.
"""

from pprof_mcp.fronts.mcp.server import make_server, serve

__all__ = ["make_server", "serve"]
