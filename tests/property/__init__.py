"""Laws that hold for any profile."""
