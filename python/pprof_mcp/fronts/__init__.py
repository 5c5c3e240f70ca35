"""The ways in: MCP server, command line, drop-in pprof. The first two are generic over the registry."""
