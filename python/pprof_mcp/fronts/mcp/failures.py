"""Our errors as errors of the protocol, for requests whose results can not carry one."""

from __future__ import annotations

import mcp_types as types
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from pprof_mcp.errors import InternalError, PprofMcpError
from pprof_mcp.registry.failure import failure_of, one_line

RESOURCE_NOT_FOUND = -32002
"""Source: specified by the revisions up to 2025-11-25; 2026-07-28 says invalid params instead."""


def invalid(problem: PprofMcpError) -> MCPError:
    """Give the error for a request that can be corrected."""
    return MCPError(_code(problem, types.INVALID_PARAMS), one_line(problem), _data(problem))


def unreadable(uri: str, problem: PprofMcpError, version: str) -> MCPError:
    """Give the error for a resource that can not be had.

    Args:
        uri: Its address.
        problem: Why.
        version: Protocol revision of the client.
    """
    missing = types.INVALID_PARAMS if version in MODERN_PROTOCOL_VERSIONS else RESOURCE_NOT_FOUND
    return MCPError(_code(problem, missing), one_line(problem), {"uri": uri, **_data(problem)})


def _code(problem: PprofMcpError, otherwise: int) -> int:
    return types.INTERNAL_ERROR if isinstance(problem, InternalError) else otherwise


def _data(problem: PprofMcpError) -> dict[str, object]:
    return failure_of(problem).model_dump(mode="json")
