"""What may lie beside profiles and is none, told by how it begins."""

from __future__ import annotations

from pprof_mcp import _native

HEAD = 512
"""Bytes looked at to tell what a file is; the core's marks all lie within."""

FOREIGN = {
    "jfr": "a JFR recording: convert it to pprof first",
    "hprof": "a Java heap dump, no profile",
    "go_trace": "a Go execution trace, no profile",
    "goroutine_dump": "a goroutine dump with all stacks (debug=2), no profile",
    "perf_data": "perf.data: convert it with perf_to_profile first",
    "elf": "a program or library",
    "mach_o": "a program or library",
    "pe": "a program or library",
    "sqlite": "a SQLite database",
    "parquet": "a Parquet file",
    "tar": "a tar archive: unpack it first",
    "bzip2": "bzip2 data: decompress it first",
    "xz": "xz data: decompress it first",
    "zip": "a zip: open it by itself",
    "html": "an HTML page",
    "json": "JSON",
    "xml": "XML",
    "lfs_pointer": "a Git LFS pointer: run git lfs pull",
    "folded": "folded stacks, no profile",
}
"""Forms that are not worth decoding when they lie beside profiles, with what to say about them."""

NOTED = {
    "metrics.json": "metrics of the profiler, no profile",
    "event.json": "the description of the upload, no profile",
    "code-provenance.json": "the libraries of the program, no profile",
}
"""Files that profilers put beside profiles, by the names they give them."""


def foreign(name: str, head: bytes) -> str | None:
    """Say what bytes are when they are surely no profile.

    Args:
        name: File name, without its folder.
        head: How they begin.
    """
    form = _native.sniff(head)
    if name in NOTED and form in ("json", "zstd", "gzip", "lz4"):
        return NOTED[name]
    return FOREIGN.get(form)
