"""Ranges: from a window of time to some of its profiles, spread over it, and to one merged profile.

`chosen` lists a window and chooses, `Range` downloads (side by side, each bundle once) and merges by what
the values mean. It also gives its profiles one by one, so that what varies between them can be told.
"""

from pprof_mcp.ranges.fetching import Progress
from pprof_mcp.ranges.range import Chosen, Range, chosen, given_window

__all__ = ["Chosen", "Progress", "Range", "chosen", "given_window"]
