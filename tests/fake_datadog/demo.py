"""`make demo-datadog`: Datadog's part, with the imitation in its place: no account is needed, no key leaves.

First the command, then the server over the protocol, both with nothing but the two keys and the address set.
The service has a deployment some hours ago that made one of its functions slower.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping

import anyio
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from pprof_mcp.dev.demo import Answer, DemoError, Walk
from rich.console import Console

from tests.fake_datadog import Clock, FakeDatadog
from tests.fake_datadog.clock import iso
from tests.fake_datadog.services import default_events, default_profiles

SECONDS = 180
"""Longest time the whole walk may take (chosen: it takes about twenty, mostly keeping to the pace)."""

BEGINNING = 9
"""Lines of the page that are shown: its summary."""

SERVICE = {"service": "checkout", "env": "prod"}


def command(console: Console, environment: Mapping[str, str], *words: str) -> None:
    """Run a command as in a shell.

    Raises:
        DemoError: It failed.
    """
    console.print(f"[bold green]$[/] pprof-mcp {' '.join(words)}")
    done = subprocess.run(
        [sys.executable, "-m", "pprof_mcp", *words],
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode:
        raise DemoError(f"pprof-mcp {' '.join(words)}: {done.stderr}")
    lines = done.stdout.splitlines()
    for line in lines[:20]:
        console.print(f"  {line}", markup=False, overflow="ellipsis", no_wrap=True)
    if len(lines) > 20:
        console.print(f"  ... {len(lines) - 20} lines more")


async def walk(client: Client, console: Console, deployed: float) -> None:
    """Go from a name to what is wrong with the service, and since when."""
    steps = Walk(client, console)
    found = await _discover(steps)
    await _compare(steps, deployed)
    await _history(steps, deployed, str(found["recommendations"][0]["function"]))
    steps.say("6. All of it as a page to send. It begins like this:")
    page = await steps.ask("pprof_generate_report", bundle=found["bundle"])
    for line in str(page["markdown"]).splitlines()[:BEGINNING]:
        console.print(f"  {line}", markup=False)


async def _discover(steps: Walk) -> Answer:
    steps.say("3. A name is enough: the newest profiles of the service are downloaded and looked at.")
    found = await steps.ask("pprof_discover", **SERVICE)
    steps.table(found["recommendations"], "priority", "area", "share_pct", "share_of", "function")
    return found


async def _compare(steps: Walk, deployed: float) -> None:
    steps.say("4. An hour before the last deployment against the hour after it, per second.")
    compared = await steps.ask(
        "datadog_profiles_compare_range",
        **SERVICE,
        before_from=iso(deployed - 3_600, "whole"),
        before_to=iso(deployed, "whole"),
        after_from=iso(deployed + 120, "whole"),
        after_to=iso(deployed + 3_600, "whole"),
        limit=6,
        nodecount=4,
    )
    steps.table(compared["deltas"], "delta_flat_text", "delta_flat_pct", "interval_text", "status", "name")


async def _history(steps: Walk, deployed: float, function: str) -> None:
    steps.say("5. That function over the window around it: a step, and since when.")
    history = await steps.ask(
        "datadog_function_history",
        **SERVICE,
        function=f"^{function}$",
        **{"from": iso(deployed - 7_200, "whole"), "to": iso(deployed + 7_200, "whole")},
        limit=12,
    )
    steps.console.print(f"  {history['sparkline']}  {history['verdict']['text']}", markup=False)


def main() -> int:
    """Run the demo.

    Returns:
        0 when everything was answered, else 1.
    """
    console = Console(highlight=False)
    now = time.time() // 300 * 300
    fake = FakeDatadog("empty", clock=Clock(is_real=True))
    fake.store.add(*(one for one in default_profiles(now) if one.end <= now))
    events = default_events(now)
    fake.store.add(*events)
    deployed = next(one.time for one in events if one.service == "checkout" and "to prod" in one.title)
    with fake, tempfile.TemporaryDirectory(prefix="pprof-mcp-demo-") as folder:
        environment = {
            **os.environ,
            "DD_API_KEY": fake.api_key,
            "DD_APP_KEY": fake.app_key,
            "PPROF_MCP_DD_BASE_URL": fake.url,
            # Nothing of the demo stays.
            "XDG_CACHE_HOME": folder,
            "COLUMNS": "110",
        }
        try:
            console.print("[bold]1. Is the way to Datadog right? (Here an imitation answers.)[/]")
            command(console, environment, "datadog", "doctor")
            console.print("\n[bold]2. What is there?[/]")
            command(
                console, environment, "datadog", "profiles", "list", "--service", "checkout", "--limit", "3"
            )
            anyio.run(_serve, environment, console, deployed, folder)
        except Exception as problem:  # noqa: BLE001 - whatever fails, the demo has failed and says so
            Console(stderr=True).print(f"[bold red]demo failed:[/] {type(problem).__name__}: {problem}")
            return 1
        asked = len(fake.log.requests)
    console.print(f"\n[bold green]done:[/] the imitation was asked {asked} times.")
    return 0


async def _serve(environment: dict[str, str], console: Console, deployed: float, folder: str) -> None:
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "pprof_mcp", "serve"], cwd=folder, env=environment
    )
    with anyio.fail_after(SECONDS):
        async with Client(server) as client:
            await walk(client, console, deployed)


if __name__ == "__main__":
    sys.exit(main())
