"""Analyses of profiles."""
