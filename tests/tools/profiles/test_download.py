"""What profiles.download must get right, whatever the source."""

from __future__ import annotations

from tests.cases import BUNDLE, CPU, Cases

CASES = Cases(
    good=[{"source": "files", "url": BUNDLE}, {"source": "files", "url": CPU}],
    wrong=[("source", "carrier pigeon"), ("url", "http://127.0.0.1:9/x"), ("seconds", 0)],
    is_steady=False,
)
