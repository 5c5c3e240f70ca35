"""Many profiles -> one: what goes in, how, and what came of it.

Nothing heavy is imported here: the plain command `pprof-mcp merge` starts with these modules alone.
"""
