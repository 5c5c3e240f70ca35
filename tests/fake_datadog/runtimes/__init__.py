"""Files of one upload, as the profiler of each runtime writes them."""

from __future__ import annotations

from collections.abc import Callable

from tests.fake_datadog.runtimes import golang, java, node, python
from tests.fake_datadog.store import Files, Profile

RUNTIMES: dict[str, Callable[[Profile], Files]] = {
    "go": golang.files,
    "python": python.files,
    "node": node.files,
    "java": java.files,
}
