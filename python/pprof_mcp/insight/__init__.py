"""Domain knowledge as pure functions; no input or output, nothing of the registry."""
