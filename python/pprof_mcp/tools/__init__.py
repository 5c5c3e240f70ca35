"""One file is one tool; its path is its name."""
