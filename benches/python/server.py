"""The server as a client meets it: ``python -m benches.python.server PROFILE [CALLS] [STARTS]`` prints JSON.

A process of its own: the client's libraries are large, and the one that measures memory must stay small.
"""

from __future__ import annotations

import compileall
import json
import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import anyio
import pprof_mcp
from mcp import Client
from mcp.client.stdio import StdioServerParameters

SERVE = [sys.executable, "-m", "pprof_mcp", "serve"]
BARE = [sys.executable, "-m", "benches.python.bare_server"]
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "bench", "version": "1"},
    },
}
READY = {"jsonrpc": "2.0", "method": "notifications/initialized"}
LIST = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}


def send(server: subprocess.Popen[bytes], message: object) -> None:
    """Send one message."""
    assert server.stdin is not None
    server.stdin.write(json.dumps(message).encode() + b"\n")
    server.stdin.flush()


def seconds_to_tools(command: list[str]) -> float:
    """Start a server; seconds until it has listed its tools.

    Raises:
        RuntimeError: It answered something else.
    """
    start = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        send(server, HELLO)
        server.stdout.readline()
        send(server, READY)
        send(server, LIST)
        answer = server.stdout.readline()
        seconds = time.perf_counter() - start
        # Leaving closes its input, at which it ends.
    if not json.loads(answer).get("result", {}).get("tools"):
        raise RuntimeError(f"{command}: no tools in {answer[:500]!r}")
    return seconds


async def warm_calls(profile: Path, calls: int, *, anew: bool) -> list[float]:
    """Seconds of each `pprof.top` call on a profile that was opened before.

    Args:
        profile: The profile.
        calls: How many.
        anew: Whether each call asks for something else, so that none is answered from memory.

    Raises:
        RuntimeError: A call was not answered with rows.
    """
    parameters = StdioServerParameters(
        command=SERVE[0], args=SERVE[1:], cwd=str(profile.parent), env=dict(os.environ)
    )
    times: list[float] = []
    async with Client(parameters) as client:
        opened: Any = (await client.call_tool("profiles_open", {"path": profile.name})).structured_content
        handle = opened["profiles"][0]["handle"]
        for call in range(calls + 20):
            # A filter that matches nothing: the rows are the same, and none was asked for before.
            arguments = {"profile": handle, "ignore": f"^no such function {call}$"}
            if not anew:
                del arguments["ignore"]
            start = time.perf_counter()
            answer: Any = await client.call_tool("pprof_top", arguments)
            seconds = time.perf_counter() - start
            if not answer.structured_content or not answer.structured_content["rows"]:
                raise RuntimeError(f"call {call} was answered with {answer.content}")
            # The first calls load what the tool needs.
            if call >= 20:
                times.append(seconds)
    return times


def spread(times: list[float]) -> dict[str, float]:
    """Give the median and the slowest hundredth."""
    return {"p50": median(times), "p99": quantiles(times, n=100)[98]}


def main() -> None:
    """Measure and print."""
    # Installing a package compiles it, as the SDK was; a checkout may not be, and is not what anybody starts.
    compileall.compile_dir(Path(pprof_mcp.__file__).parent, quiet=1)
    profile, calls, starts = Path(sys.argv[1]).resolve(), int(sys.argv[2]), int(sys.argv[3])
    again = anyio.run(partial(warm_calls, profile, calls, anew=False))
    anew = anyio.run(partial(warm_calls, profile, calls, anew=True))
    ours: list[float] = []
    bare: list[float] = []
    for _ in range(starts):
        ours.append(seconds_to_tools(SERVE))
        bare.append(seconds_to_tools(BARE))
    print(
        json.dumps(
            {
                "calls": calls,
                "again": spread(again),
                "anew": spread(anew),
                "starts": starts,
                "start": median(ours),
                "start_bare": median(bare),
            }
        )
    )


if __name__ == "__main__":
    main()
