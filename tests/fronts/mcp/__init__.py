"""The MCP server, seen by the SDK's own client."""
