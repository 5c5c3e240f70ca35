"""Everything about one capture at once: which profiles, which analyses, and what follows from them."""
