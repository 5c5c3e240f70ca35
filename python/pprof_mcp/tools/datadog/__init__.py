"""Profiles and measures of Datadog."""
