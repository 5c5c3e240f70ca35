"""Compressed forms of a file, as profilers upload it.

zstd and LZ4 are written by hand, from their specifications (RFC 8878; the LZ4 frame format 1.6), with stored
blocks only. Such frames are whole and checked like any other, need no package, and are the same bytes with
every Python.
"""

from __future__ import annotations

import gzip as _gzip
import struct
from collections.abc import Callable

_ZSTD = b"\x28\xb5\x2f\xfd"
_LZ4 = b"\x04\x22\x4d\x18"
_BLOCK = 128 << 10
"""The largest block that zstd allows."""


def raw(content: bytes) -> bytes:
    return content


def gzip(content: bytes) -> bytes:
    return _gzip.compress(content, 6, mtime=0)


def gzip_twice(content: bytes) -> bytes:
    """Go's tracer 2.1 and 2.2 did this to heap, mutex and block profiles [A]."""
    return gzip(gzip(content))


def zstd(content: bytes) -> bytes:
    """A frame of compressed blocks whose literals are stored and which have no sequences."""
    out = _ZSTD + struct.pack("<BBQ", 0xC0, 0x58, len(content))  # a window of 2 MiB, the length, no checksum
    # A byte less than the limit leaves room for the headers that count as part of the block.
    pieces = _pieces(content, _BLOCK - 8)
    for place, piece in enumerate(pieces):
        block = struct.pack("<I", len(piece) << 4 | 0b1100)[:3] + piece + b"\x00"
        out += struct.pack("<I", len(block) << 3 | 2 << 1 | (place == len(pieces) - 1))[:3] + block
    return out


def zstd_bomb(size: int) -> bytes:
    """A frame of about 4 bytes for each 128 KiB of zeros; its length is not announced."""
    whole, rest = divmod(size, _BLOCK)
    out = _ZSTD + b"\x00\x58"  # no length; a window of 2 MiB
    out += (struct.pack("<I", _BLOCK << 3 | 1 << 1)[:3] + b"\0") * whole
    return out + struct.pack("<I", rest << 3 | 1 << 1 | 1)[:3] + b"\0"


def lz4(content: bytes) -> bytes:
    """A frame of independent stored blocks of up to 64 KiB, without checksums of content."""
    descriptor = b"\x60\x40"
    out = _LZ4 + descriptor + bytes([_xxh32(descriptor) >> 8 & 0xFF])
    for piece in _pieces(content, 64 << 10):
        if piece:
            out += struct.pack("<I", len(piece) | 1 << 31) + piece
    return out + b"\0\0\0\0"


ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "raw": raw,
    "gzip": gzip,
    "gzip_twice": gzip_twice,
    "zstd": zstd,
    "lz4": lz4,
}


def _pieces(content: bytes, size: int) -> list[bytes]:
    return [content[at : at + size] for at in range(0, len(content), size)] or [b""]


def _xxh32(content: bytes) -> int:
    """xxHash-32 with seed 0, of fewer than 4 bytes: all that a frame's descriptor needs."""
    assert len(content) < 4
    accumulator = 374761393 + len(content)
    for byte in content:
        accumulator = (accumulator + byte * 374761393) & 0xFFFFFFFF
        accumulator = ((accumulator << 11 | accumulator >> 21) * 2654435761) & 0xFFFFFFFF
    accumulator ^= accumulator >> 15
    accumulator = accumulator * 2246822519 & 0xFFFFFFFF
    accumulator ^= accumulator >> 13
    accumulator = accumulator * 3266489917 & 0xFFFFFFFF
    return accumulator ^ accumulator >> 16
