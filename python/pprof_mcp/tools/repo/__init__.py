"""Tools about checkouts."""
