"""Tools about the services in a checkout."""
