"""Datadog's continuous profiler as a source of profiles: found, listed, downloaded.

Its routes for profiles are not public and may change. So each route is one method, what comes back is read
tolerantly (`decoding`), and what is wrong is told with what can be done about it (`refusals`).
"""
