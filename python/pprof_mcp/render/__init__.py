"""Results for people: one document of blocks, and three ways to write it. Knows no tool by name."""
