"""What lives between calls, and the one way from a reference to a profile."""
