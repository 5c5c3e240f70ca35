"""Profile formats older than profile.proto."""
