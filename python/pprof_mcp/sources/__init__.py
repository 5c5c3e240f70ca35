"""Where profiles come from, and go."""
