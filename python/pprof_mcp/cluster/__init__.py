"""The merge on Dask's distributed scheduler: on the cores of this machine, or on a cluster that is there.

    >>> from pprof_mcp import cluster
    >>> outcome = cluster.merge("s3://profiles/2026-01-31/*.pb.gz", client="tcp://scheduler:8786")
    >>> outcome.profile.write("day.pb.gz")

Importing this loads nothing of Dask; `pip install 'pprof-mcp[cluster]'` brings it.
"""

from __future__ import annotations

from pprof_mcp.cluster.merging import MergeOutcome, merge, show

__all__ = ["MergeOutcome", "merge", "show"]
