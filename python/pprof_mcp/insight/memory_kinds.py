"""Which functions have to do with memory in a way of their own, told by names: rules for marks."""

from __future__ import annotations

import re
from typing import Final

COMPRESSION: Final = 1
SQLITE_TEMP: Final = 2
SQLITE: Final = 3
CGO: Final = 4
GC: Final = 5

_RULES = (
    (
        COMPRESSION,
        re.compile(
            r"^(?:compress/(?:flate|gzip|zlib|lzw|bzip2)"
            r"|github\.com/klauspost/(?:compress|pgzip)(?:/\w+)*|github\.com/pierrec/lz4(?:/\w+)*"
            r"|github\.com/golang/snappy|github\.com/andybalholm/brotli(?:/\w+)*|github\.com/DataDog/zstd"
            r"|github\.com/valyala/gozstd|github\.com/ulikunitz/xz(?:/\w+)*)\."
            r"|^java\.util\.zip\.|^com\.github\.luben\.zstd\.|^net\.jpountz\.lz4\."
            r"|^(?:ZSTD|LZ4F?|deflate|inflate|BrotliEncoder|BrotliDecoder)_?\w*$"
        ),
    ),
    (
        SQLITE_TEMP,
        re.compile(
            r"_?sqlite3VdbeSorter|_?vdbeSorter|_?memjrnl|_?sqlite3MemJournal|_?memdb(?:Write|Enlarge)|_?pcache1Alloc"
        ),
    ),
    (
        SQLITE,
        re.compile(
            r"^modernc\.org/(?:sqlite|libc)\b|^github\.com/(?:mattn/go-sqlite3|glebarez/(?:go-)?sqlite|ncruces/go-sqlite3)"
            r"|^zombiezen\.com/go/sqlite|^crawshaw\.io/sqlite|^_?sqlite3\w*$"
        ),
    ),
    (CGO, re.compile(r"^runtime\.cgocall$|^_cgo_|\._Cfunc_|^_Cfunc_")),
    (
        GC,
        re.compile(
            r"^runtime\.(?:gc(?:Bg|Assist|Drain|Mark|Start|Sweep|Flush|Write|Controller)\w*|bgsweep|bgscavenge"
            r"|markroot\w*|scanobject\w*|\(\*(?:sweepLocked|scavengerState)\)\.\w+)"
            r"|^\(garbage collector\)$|^gc_collect_main$|^(?:rb_)?gc_(?:marks|sweep)\w*$"
        ),
    ),
)
"""In order; the first that matches gives the kind.

Source: specified by the packages, SQLite's and the runtimes' own function names.
"""


def memory_kind(name: str, file: str) -> int:  # noqa: ARG001 - the form of all rules for marks
    """Give the kind of a function; 0 for none."""
    return next((kind for kind, pattern in _RULES if pattern.search(name)), 0)
