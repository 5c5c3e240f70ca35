"""Peak memory of merging a window of Datadog's profiles: ``python -m benches.python.window [COUNT ...]``.

The imitation of Datadog and every merge are processes of their own: the one that measures must stay small.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from benches.python.process import Usage, measured

COUNTS: Final = (5, 50, 200)
STACKS: Final = 10_000
"""Stacks of a profile: about 1.6 MB, not compressed. Source: chosen; the heap of a large Go program."""
SERVICE: Final = "large"


def serve() -> None:
    """Serve profiles of one process, one a minute, until standard input ends; print where."""
    from tests.fake_datadog import FakeDatadog, Profile
    from tests.fake_datadog.pprofs import Pprof
    from tests.fake_datadog.runtimes.golang import SPACE

    chance = random.Random(1)  # noqa: S311 - the same profiles every time, no secret
    names = [f"example.com/{chance.randbytes(12).hex()}.Run" for _ in range(2_000)]
    stacks = [
        [(chance.choice(names), "run.go", chance.randrange(50)) for _ in range(8)] for _ in range(STACKS)
    ]

    def large(profile: Profile) -> dict[str, bytes]:
        nanos = round(profile.end * 1e9)
        out = Pprof(SPACE, time=nanos, duration=60 * 10**9, period=(("space", "bytes"), 524_288))
        for at, stack in enumerate(stacks):
            out.add(stack, (profile.seq + at, 64 * at, at, 32 * at))
        return {"delta-heap.pprof": out.encode()}

    with FakeDatadog("empty") as fake:
        now = fake.clock() - 60
        made = large(Profile(SERVICE, "", "1", "one", "go", now - 60, now))
        fake.store.add(
            *(
                Profile(
                    SERVICE, "", "1", "one", "go", now - 60 * (at + 1), now - 60 * at, seq=300 - at,
                    make=lambda _: made,
                )
                for at in range(max(COUNTS))
            )
        )  # fmt: skip
        variables = {
            "DD_API_KEY": fake.api_key,
            "DD_APP_KEY": fake.app_key,
            "PPROF_MCP_DD_BASE_URL": fake.url,
            "PPROF_MCP_DD_RPS": "0",
            "BENCH_NOW": str(fake.clock()),
        }
        sys.stdout.write(json.dumps(variables) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


def merge(count: int) -> None:
    """Download and merge; the profile that comes out is written to standard output."""
    from datetime import timedelta

    from pprof_mcp import ranges
    from pprof_mcp.session.session import Session
    from pprof_mcp.settings import load
    from pprof_mcp.sources.datadog.query import Which
    from pprof_mcp.sources.fence import Fence
    from pprof_mcp.sources.remote import Remote
    from pprof_mcp.sources.times import Window

    settings = load(os.environ)
    remote = Remote(settings, wall=lambda: float(os.environ["BENCH_NOW"]))
    session = Session(fence=Fence.unrestricted(), settings=settings, remote=remote)
    window = Window(remote.now - timedelta(hours=4), remote.now)
    asked = ranges.Range(session, ranges.chosen(remote, Which(SERVICE), window, "heap", limit=count))
    merged = asked.merged()
    if len(merged.looked) != count:
        sys.exit(f"{len(merged.looked)} of {count} profiles were merged")
    sys.stdout.buffer.write(merged.native.encode())


def peaks(counts: tuple[int, ...] = COUNTS) -> dict[int, Usage]:
    """Measure a merge of each number of profiles, none of them downloaded before.

    Raises:
        BenchError: One failed.
    """
    here = [sys.executable, "-m", "benches.python.window"]
    with subprocess.Popen([*here, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        variables: dict[str, str] = json.loads(server.stdout.readline())
        found: dict[int, Usage] = {}
        for count in counts:
            with tempfile.TemporaryDirectory() as folder:
                env = {**variables, "XDG_CACHE_HOME": folder}
                found[count] = measured([*here, "merge", str(count)], output=Path(folder) / "out", env=env)
        server.communicate()
    return found


def main(arguments: list[str]) -> None:
    """Print a line for each number of profiles."""
    if arguments[:1] == ["serve"]:
        serve()
    elif arguments[:1] == ["merge"]:
        merge(int(arguments[1]))
    else:
        counts = tuple(map(int, arguments)) or COUNTS
        for count, usage in peaks(counts).items():
            megabytes = usage.peak_bytes / 1e6
            sys.stdout.write(f"{count:4} profiles  peak {megabytes:6.1f} MB  {usage.seconds:6.1f} s\n")


if __name__ == "__main__":
    main(sys.argv[1:])
