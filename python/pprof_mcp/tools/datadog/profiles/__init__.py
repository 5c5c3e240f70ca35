"""Profiles that Datadog holds: listed and chosen."""
