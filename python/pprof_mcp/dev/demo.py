"""`make demo`: a real client asks the real server about the profiles that are shipped.

The server is a process of its own, `pprof-mcp serve`, spoken to over standard input and output with the SDK's
client, just as an agent's host does it. The profiles are those of a small shop service with planted faults.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, cast

import anyio
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from rich.console import Console
from rich.table import Table

from pprof_mcp.results.base import NextCall

BUNDLE = Path(__file__).resolve().parent.parent / "data" / "demo" / "bundle.zip"
SECONDS = 60
"""Longest time the whole walk may take (chosen: it takes two)."""

MOST = 20
"""Recommendations asked for; the shop has fewer faults."""

BEGINNING = 9
"""Lines of the page that are shown: its summary."""

Answer = dict[str, Any]


class DemoError(Exception):
    """The server did not do what it promises."""


class Walk:
    """Asks and shows.

    Args:
        client: A connected client.
        console: Where to show.
    """

    def __init__(self, client: Client, console: Console) -> None:
        self.client = client
        self.console = console

    async def ask(self, tool: str, **arguments: Any) -> Answer:
        """Call a tool.

        Raises:
            DemoError: It answered with an error, or with nothing structured.
        """
        spoken = ", ".join(f"{name}={json.dumps(value)}" for name, value in arguments.items())
        self.console.print(f"[bold cyan]{tool}[/]([dim]{spoken}[/])")
        answer = await self.client.call_tool(tool, arguments)
        content: Any = answer.structured_content
        if answer.is_error or not isinstance(content, dict):
            raise DemoError(f"{tool}: {answer.content}")
        return cast("Answer", content)

    def say(self, text: str) -> None:
        """Explain what comes."""
        self.console.print(f"\n[bold]{text}[/]")

    def table(self, rows: list[Answer], *columns: str) -> None:
        """Show rows.

        Raises:
            DemoError: There are none.
        """
        if not rows:
            raise DemoError("an answer without rows")
        shown = Table(box=None, pad_edge=False, header_style="dim")
        for name in columns:
            numeric = name.endswith(("_text", "_pct")) or name == "samples"
            heading = name.removesuffix("_text").replace("_pct", "%")
            shown.add_column(heading, justify="right" if numeric else "left", overflow="fold")
        for row in rows:
            shown.add_row(*(_cell(row[name]) for name in columns))
        self.console.print(shown)


def _cell(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else "" if value is None else str(value)


async def walk(client: Client, console: Console) -> None:
    """Go from a zip to the faults in it, and to a page about them."""
    steps = Walk(client, console)
    tools = (await client.list_tools()).tools
    prompts = (await client.list_prompts()).prompts
    steps.say(f"The server offers {len(tools)} tools and {len(prompts)} prompts.")
    bundle = await _open(steps)
    found = await _discover(steps, bundle)
    await _follow(steps, found)
    await _tenants(steps, f"{bundle}#cpu")
    await _report(steps, bundle)


async def _open(steps: Walk) -> str:
    steps.say("1. Open what a profiler uploaded: a handle for each profile, its kind told by its content.")
    opened = await steps.ask("profiles_open", path=BUNDLE.name)
    steps.table(opened["profiles"], "name", "kind", "handle", "samples", "duration_text")
    return str(opened["bundle"])


async def _discover(steps: Walk, bundle: str) -> list[Answer]:
    steps.say("2. What is wrong? Eight analyses side by side, what they found ranked.")
    found = await steps.ask("pprof_discover", bundle=bundle, limit=MOST)
    rows: list[Answer] = found["recommendations"]
    steps.table(rows, "priority", "area", "share_pct", "share_of", "saving_text", "source_location")
    first = rows[0]
    steps.console.print(f"  The first: {first['suggestion']}", markup=False)
    for line in first["evidence"]:
        steps.console.print(f"    - {line}", markup=False)
    return rows


async def _follow(steps: Walk, rows: list[Answer]) -> None:
    steps.say(
        "3. Every recommendation comes with the call that shows it. Here is that of the hottest own code."
    )
    own = next((row for row in rows if row["area"] == "own code"), rows[0])
    call = NextCall.model_validate(own["call"])
    shown = await steps.ask(call.tool, **call.arguments)
    steps.table(shown["functions"][0]["lines"], "line", "flat_text", "cum_text", "cum_pct")


async def _tenants(steps: Walk, profile: str) -> None:
    steps.say("4. Which tenants pay for it: the profile has labels.")
    tags = await steps.ask("pprof_tags", profile=profile, key="tenant")
    steps.table(tags["keys"][0]["values"], "flat_text", "flat_pct", "value")


async def _report(steps: Walk, bundle: str) -> None:
    steps.say("5. All of it as a page to send. It begins like this:")
    page = await steps.ask("pprof_generate_report", bundle=bundle)
    for line in str(page["markdown"]).splitlines()[:BEGINNING]:
        steps.console.print(f"  {line}", markup=False)
    steps.console.print(f"  ... {page['markdown_meta']['total_bytes']} bytes of Markdown")


async def _main(console: Console) -> None:
    with tempfile.TemporaryDirectory(prefix="pprof-mcp-demo-") as folder:
        # The server may read its working directory only: the zip comes to it.
        shutil.copy(BUNDLE, folder)
        server = StdioServerParameters(
            command=sys.executable, args=["-m", "pprof_mcp", "serve"], cwd=folder, env=dict(os.environ)
        )
        with anyio.fail_after(SECONDS):
            async with Client(server) as client:
                await walk(client, console)


def main() -> int:
    """Run the demo.

    Returns:
        0 when everything was answered, else 1.
    """
    console = Console(highlight=False)
    try:
        anyio.run(_main, console)
    except Exception as problem:  # noqa: BLE001 - whatever fails, the demo has failed and says so
        Console(stderr=True).print(f"[bold red]demo failed:[/] {type(problem).__name__}: {problem}")
        return 1
    console.print("\n[bold green]done:[/] every answer came from the server, over the protocol.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
