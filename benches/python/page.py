"""The tables, as text for a terminal and as a page of the documentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benches.python.rows import Measured, Places, Row, Top

Server = Mapping[str, Any]


def table(found: Sequence[tuple[Row, Mapping[str, Measured]]], places: Places) -> list[str]:
    """One line a row: both sides, and how often the one goes into the other."""
    lines = [
        "| work | input | google/pprof | `pprof-mcp` | times faster | memory | aim |",
        "|---|---|---|---|---|---|---|",
    ]
    for row, sides in found:
        zipped, raw = places.sizes(row.workload)
        ours, peer = sides["ours"], sides.get("peer")
        of_raw = f"{ours.peak_bytes / raw:.2f} of raw"
        cells = [
            row.title,
            f"{zipped / 1e6:.1f} MB gzip, {raw / 1e6:.0f} MB raw",
            _side(peer) if peer else "not run",
            _side(ours),
            f"{peer.seconds / ours.seconds:.1f}" if peer else "",
            f"1/{peer.peak_bytes / ours.peak_bytes:.1f}, {of_raw}" if peer else of_raw,
            row.aim,
        ]
        lines.append(f"| {' | '.join(cells)} |")
        if "proto" in sides:
            proto = sides["proto"]
            lines.append(
                f"| ... by `pprof -proto -output` | | {_side(proto)} | | {proto.seconds / ours.seconds:.1f} "
                f"| 1/{proto.peak_bytes / ours.peak_bytes:.1f} | |"
            )
    return lines


def _side(side: Measured) -> str:
    low, high = side.span
    return f"{side.seconds:.2f} s ({low:.2f}-{high:.2f}), {side.peak_bytes / 1e6:.0f} MB"


def _times(spread: Mapping[str, float]) -> str:
    return f"p50 {spread['p50'] * 1e3:.1f} ms, p99 {spread['p99'] * 1e3:.1f} ms"


def sentences(found: Sequence[tuple[Row, Mapping[str, Measured]]], server: Server | None) -> list[str]:
    """What no row has room for: memory against the number of files, and the server."""
    lines: list[str] = []
    peaks = {row.name: sides["ours"].peak_bytes for row, sides in found}
    if {"merge-heap", "merge-heap2000"} <= peaks.keys():
        few, many = peaks["merge-heap"], peaks["merge-heap2000"]
        lines.append(
            f"- Ten times the files of one service: {many / few:.2f} times the memory "
            f"({few / 1e6:.0f} MB for 200 files, {many / 1e6:.0f} MB for 2000)."
        )
    if server:
        extra = server["start"] - server["start_bare"]
        lines.append(
            f"- A warm `pprof.top` call over standard input and output, {server['calls']:.0f} of them: "
            f"{_times(server['anew'])} when each asks with another filter, "
            f"{_times(server['again'])} when all ask the same (aim: p50 10, p99 30)."
        )
        lines.append(
            f"- From starting the server to its list of tools: {server['start'] * 1e3:.0f} ms; "
            f"the MCP SDK alone with one empty tool {server['start_bare'] * 1e3:.0f} ms: "
            f"{extra * 1e3:+.0f} ms (aim +50)."
        )
    if any(isinstance(row, Top) and not row.has_peer for row, _ in found):
        lines.append(
            "- google/pprof is not run on `huge`: a profile of that size takes it more than 100 GB "
            "(google/pprof issue 936)."
        )
    return lines


PAGE = """# Benchmarks

Written by `make bench-peers`; do not edit. Times move with the machine: ratios of one run are what counts.

{table}

{sentences}

## Method

- Medians of {runs} runs, in brackets the fastest and the slowest; the sides run in turn. Whole processes are
  timed, from before their start until their end, so starting the interpreter, reading and writing are in it.
  Memory is the most that was resident at a time (`ru_maxrss`).
- Before anything is timed the results are compared. A merged profile must give google/pprof the same `-top`,
  `-peek` and, up to their order, the same `-traces` as its own; the text of `top` must be the same byte for
  byte. What google/pprof does not run is not compared.
- google/pprof is `profile.Parse`, `profile.Merge` and `Write` of its library, in a program of
  `benches/peers`, for the merges, and its command for the rest. `pprof -proto -output` is the other way to
  merge.
- The workloads are made up, with the shape of real ones, the same on every run; `make bench-workloads` writes
  them and says what is in them.

## Where

| | |
|---|---|
| date | {date} |
{facts}
"""
