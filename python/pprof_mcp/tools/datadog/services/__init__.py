"""Services that Datadog knows."""
