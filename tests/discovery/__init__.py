"""Everything about one capture at once."""
