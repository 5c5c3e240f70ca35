"""Opening, listing and releasing profiles."""
