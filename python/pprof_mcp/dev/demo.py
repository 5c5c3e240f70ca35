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
from mcp_types import TextResourceContents
from rich.console import Console
from rich.table import Table

from pprof_mcp.results.base import NextCall

BUNDLE = Path(__file__).resolve().parent.parent / "data" / "demo" / "bundle.zip"
SECONDS = 60
"""Longest time the whole walk may take (chosen: it takes two)."""

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
    """Go from a zip to the faults in it."""
    steps = Walk(client, console)
    tools = [tool.name for tool in (await client.list_tools()).tools]
    steps.say(f"The server offers {len(tools)} tools: {', '.join(tools)}")
    prompts = [prompt.name for prompt in (await client.list_prompts()).prompts]
    console.print(f"and {len(prompts)} prompts, each a workflow for an agent: {', '.join(prompts)}")
    bundle = await _open(steps)
    await _cpu(steps, f"{bundle}#cpu")
    await _waiting(steps, bundle)
    steps.say("8. Handles are kept until they are not used any more.")
    handles = await steps.ask("profiles_handles")
    console.print(f"  {handles['count']} handles, {handles['kept_bytes'] / 1e6:.1f} MB")
    await _resources(steps)


async def _resources(steps: Walk) -> None:
    steps.say("9. All of them can be read as resources, too: here is the one that lists the bundle.")
    listed = (await steps.client.list_resources()).resources
    bundles = [item for item in listed if item.uri.endswith("/profiles")]
    if not bundles:
        raise DemoError("no resource lists the bundle")
    steps.console.print(f"[bold cyan]resources/read[/] {bundles[0].uri}, one of {len(listed)}")
    (content,) = (await steps.client.read_resource(bundles[0].uri)).contents
    if not isinstance(content, TextResourceContents):
        raise DemoError("a resource that is no text")
    steps.table(json.loads(content.text)["profiles"], "name", "kind", "default")


async def _open(steps: Walk) -> str:
    steps.say("1. Open what a profiler uploaded: a handle for each profile, its kind told by its content.")
    opened = await steps.ask("profiles_open", path=BUNDLE.name)
    steps.table(opened["profiles"], "name", "kind", "handle", "samples", "duration_text")
    steps.say("2. What one profile says about itself.")
    meta = await steps.ask("pprof_meta", profile=f"{opened['bundle']}#cpu")
    stacks = f"{meta['samples']} samples in {meta['stacks']} stacks"
    steps.console.print(f"  {meta['runtime']}, {stacks}, taken {meta['time']}")
    return str(opened["bundle"])


async def _cpu(steps: Walk, profile: str) -> None:
    steps.say("3. Where the CPU time goes.")
    top = await steps.ask("pprof_top", profile=profile, nodecount=6)
    steps.table(top["rows"], "flat_text", "flat_pct", "cum_text", "cum_pct", "name")
    steps.say("4. Who asks for that: the call was suggested by the answer before.")
    suggested = NextCall.model_validate(top["next"][0])
    peek = await steps.ask(suggested.tool, **suggested.arguments)
    steps.table(peek["rows"][0]["callers"], "weight_text", "pct", "name")
    steps.say("5. Which tenants pay for it.")
    tags = await steps.ask("pprof_tags", profile=profile, key="tenant")
    steps.table(tags["keys"][0]["values"], "flat_text", "flat_pct", "value")


async def _waiting(steps: Walk, bundle: str) -> None:
    steps.say("6. Where goroutines stand: equal stacks together, so a leak is one row.")
    traces = await steps.ask("pprof_traces_head", profile=f"{bundle}#goroutine", limit=1)
    stack = traces["rows"][0]
    count = f"{stack['value_text']} goroutines ({stack['pct']:.1f} %)"
    steps.console.print(f"  {count} in one stack, innermost first:")
    steps.table(stack["frames"], "name")
    steps.say("7. The lock that is waited for, on its heaviest path.")
    paths = await steps.ask("pprof_focus_paths", profile=f"{bundle}#mutex", function="Unlock", limit=1)
    path = paths["rows"][0]
    steps.console.print(f"  {path['value_text']} of delay ({path['pct']:.1f} %):")
    for frame in path["frames"][-6:]:
        steps.console.print(f"    {frame}", markup=False)


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
