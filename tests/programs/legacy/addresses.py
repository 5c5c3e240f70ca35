"""An invented program: its mappings, its functions and a few stacks, shared by all legacy forms."""

from __future__ import annotations

from dataclasses import dataclass

PROGRAM, LIBRARY = "/usr/lib/demo/demo", "/usr/lib/demo/libdemo.so"
MAPS = (
    f"00400000-00452000 r-xp 00000000 08:02 173521      {PROGRAM}\n"
    f"00651000-00652000 r--p 00051000 08:02 173521      {PROGRAM}\n"
    "00e03000-00e24000 rw-p 00000000 00:00 0           [heap]\n"
    f"35b1800000-35b1820000 r-xp 00000000 08:02 135522  {LIBRARY}\n"
    "7fffb2c0d000-7fffb2c2e000 rw-p 00000000 00:00 0   [stack]\n"
)
BRIEF_MAPS = (
    "build=/usr/lib/demo\n"
    "00400000-00452000: $build/demo (@00000) abc123def\n"
    "35b1800000-35b1820000: $build/libdemo.so (@01000)\n"
)
MAPS_32 = f"00400000-00452000 r-xp 00000000 08:02 173521 {PROGRAM}\n"

MAIN, SERVE, PARSE, HASH, COPY = 0x401010, 0x402120, 0x403230, 0x404340, 0x35B1801450
HANDLER = 0x405550
"""A frame of the signal handler, second in every stack of a CPU profile."""


@dataclass(frozen=True)
class Stack:
    """One stack, leaf first, with what it weighs in each kind of profile."""

    frames: tuple[int, ...]
    ticks: int
    objects: int
    bytes: int
    freed: int
    waits: int
    cycles: int


STACKS = (
    Stack((HASH, PARSE, SERVE, MAIN), 41, 12, 12 * 4096, 30, 7, 91_000_000),
    Stack((COPY, PARSE, SERVE, MAIN), 17, 3, 3 * 600_000, 9, 2, 4_400_000),
    Stack((PARSE, PARSE, PARSE, MAIN), 5, 100, 100 * 32, 0, 1, 10_000),
    Stack((MAIN,), 2, 1, 1 << 20, 4, 1, 1),
)

JAVA = (
    (0x10, "com.example.Shop.hash (Shop.java:42)"),
    (0x20, "com.example.Shop.quote (Shop.java:17)"),
    (0x30, "java.lang.Thread.run (Thread.java:840)"),
    (0x40, "memcpy (/lib/x86_64-linux-gnu/libc.so.6)"),
    (0x50, "generated stub/JIT"),
    (0x60, "GC"),
    (0x70, "com.example.Native.call (Native.java:-2)"),
)
JAVA_STACKS = (
    ((0x10, 0x20, 0x30), 30, 7, 7 * 4096),
    ((0x40, 0x10, 0x20, 0x30), 12, 3, 3 * 100_000),
    ((0x50, 0x20, 0x30), 4, 2, 2 * 64),
    ((0x70, 0x20, 0x30), 3, 5, 5 * 1024),
    ((0x60,), 2, 1, 2_000_000),
)
"""Frames leaf first, then ticks or waits, objects, bytes."""


def hexes(frames: tuple[int, ...]) -> str:
    """Writes addresses the way the text forms do."""
    return " ".join(f"0x{frame:08x}" for frame in frames)
