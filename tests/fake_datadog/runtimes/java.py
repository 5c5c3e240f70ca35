"""Uploads of dd-trace-java [A]: a flight recording, which is no pprof."""

from __future__ import annotations

import struct

from tests.fake_datadog.runtimes.workload import chance, seconds
from tests.fake_datadog.store import Files, Profile


def files(profile: Profile) -> Files:
    """`main.jfr` alone."""
    return {"main.jfr": recording(profile)}


def recording(profile: Profile) -> bytes:
    """One chunk with a true header; what follows is opaque, as it is to every reader of pprof."""
    source = chance(profile, "jfr")
    body = bytes(int(source.random() * 256) for _ in range(2048))
    size = 68 + len(body)
    start, nanos = round(profile.start * 1e9), round(seconds(profile) * 1e9)
    times = struct.pack(">QQQQI", start, nanos, 1, 1_000_000_000, 1)
    return b"FLR\0" + struct.pack(">HHQQQ", 2, 1, size, 68, 68) + times + body
