"""`make bench-peers`: this project beside google/pprof, on the same files, in the same minutes."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path

from pprof_mcp import _native

from benches.python.machine import facts
from benches.python.page import PAGE, sentences, table
from benches.python.process import BenchError
from benches.python.rows import ROWS, Measured, Places, Row, alternating

SERVER = "server"
NAMES = (*(row.name for row in ROWS), SERVER)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benches.python.peers", description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder of the workloads")
    parser.add_argument(
        "--peers", type=Path, help="folder of the Go programs; without it google/pprof is left out"
    )
    parser.add_argument("--rows", nargs="*", choices=NAMES, help="rows to measure; all when none is named")
    parser.add_argument("--runs", type=int, default=5, help="runs of each side (default 5)")
    parser.add_argument("--calls", type=int, default=300, help="warm calls of the server (default 300)")
    parser.add_argument("--page", type=Path, help="page to write; only when every row was measured")
    return parser.parse_args()


def server_figures(places: Places, calls: int, starts: int) -> Mapping[str, float]:
    """Measure the server in a process of its own."""
    told = [places.files("one1")[0], calls, starts]
    command = [sys.executable, "-m", "benches.python.server", *map(str, told)]
    figures: dict[str, float] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return figures


def measure(chosen: argparse.Namespace, places: Places) -> bool:
    """Compare, time and print; True when the page was written."""
    wanted = [row for row in ROWS if not chosen.rows or row.name in chosen.rows]
    found: list[tuple[Row, Mapping[str, Measured]]] = []
    for row in wanted:
        print(f"{row.name}: comparing", file=sys.stderr, flush=True)
        row.check(places)
        print(f"{row.name}: timing", file=sys.stderr, flush=True)
        found.append((row, alternating(row, places, chosen.runs)))
    server = None
    if not chosen.rows or SERVER in chosen.rows:
        print(f"{SERVER}: timing", file=sys.stderr, flush=True)
        server = server_figures(places, chosen.calls, chosen.runs)
    lines, notes = table(found, places), sentences(found, server)
    print("\n".join([*lines, "", *notes]))
    if not chosen.page or chosen.rows or not places.peers:
        return False
    told = facts(places.peers)
    chosen.page.write_text(
        PAGE.format(
            table="\n".join(lines),
            sentences="\n".join(notes),
            runs=chosen.runs,
            date=datetime.now(timezone.utc).date().isoformat(),
            facts="\n".join(f"| {name} | {fact} |" for name, fact in told.items()),
        ),
        encoding="utf-8",
    )
    return True


def refuse_debug(info: Mapping[str, str]) -> None:
    """Refuse to measure what nobody will run.

    Raises:
        BenchError: The native module is a debug build.
    """
    if info["profile"] != "release":
        raise BenchError(f"the native module is a {info['profile']} build; make a release build: make setup")


def main() -> int:
    """Run; the exit status is 1 when something differed or could not be measured."""
    chosen = arguments()
    scratch = Path(tempfile.mkdtemp(prefix="bench-peers-"))
    places = Places(chosen.corpus.resolve(), chosen.peers and chosen.peers.resolve(), scratch)
    try:
        refuse_debug(_native.build_info())
        if measure(chosen, places):
            print(f"\nwritten to {chosen.page}", file=sys.stderr)
    except BenchError as problem:
        print(f"bench-peers: {problem}\nbench-peers: what was written is in {scratch}", file=sys.stderr)
        return 1
    shutil.rmtree(scratch)
    return 0


if __name__ == "__main__":
    sys.exit(main())
