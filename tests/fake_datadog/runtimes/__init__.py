"""Files of one upload, as the profiler of each runtime writes them."""

from __future__ import annotations

from collections.abc import Callable

from tests.fake_datadog.runtimes import golang, java, node, others, python
from tests.fake_datadog.store import Files, Profile

RUNTIMES: dict[str, Callable[[Profile], Files]] = {
    "go": golang.files,
    "python": python.files,
    "node": node.files,
    "java": java.files,
    "ruby": others.ruby,
    "php": others.php,
    "dotnet": others.dotnet,
    "native": others.ddprof,
    "host": others.host_profiler,
}
"""By Datadog's family; `host` is the host profiler, whose family is `native` too."""
