"""Uploads of dd-trace-java [A]: a flight recording, which is no pprof."""

from __future__ import annotations

import hashlib
import struct

from tests.fake_datadog.runtimes.workload import seconds
from tests.fake_datadog.store import Files, Profile


def files(profile: Profile) -> Files:
    """`main.jfr` alone."""
    return {"main.jfr": recording(profile)}


def recording(profile: Profile) -> bytes:
    """The recording of a profile's period."""
    return opaque_recording(round(profile.start * 1e9), round(seconds(profile) * 1e9))


def opaque_recording(start: int, duration: int) -> bytes:
    """One chunk with a true header; what follows is opaque, as it is to every reader of pprof.

    Args:
        start: Epoch nanoseconds.
        duration: Nanoseconds.
    """
    body = hashlib.shake_256(struct.pack(">QQ", start, duration)).digest(2048)
    places = struct.pack(">HHQQQ", 2, 1, 68 + len(body), 68, 68)
    times = struct.pack(">QQQQI", start, duration, 1, 1_000_000_000, 1)
    return b"FLR\0" + places + times + body
