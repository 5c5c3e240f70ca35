"""Workflows for an agent: one file is one prompt."""
