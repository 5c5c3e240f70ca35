"""Metrics that Datadog holds."""
