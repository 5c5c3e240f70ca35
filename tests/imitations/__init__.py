"""Servers that answer as other systems do, made from their published definitions."""
