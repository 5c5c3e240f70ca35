"""The command line over the registry: one command a tool, none of them written by hand.

Nothing of the MCP SDK is imported here; `serve` loads it when it runs. A command loads only its own tool.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from typing_extensions import override

from pprof_mcp.errors import InternalError, PprofMcpError, SourceError
from pprof_mcp.fronts.progress import ProgressLine
from pprof_mcp.fronts.reporting import drop_output, report
from pprof_mcp.progress import WATCH
from pprof_mcp.registry import discover

if TYPE_CHECKING:
    from pprof_mcp.registry.spec import ToolSpec
    from pprof_mcp.render.answer import Form
    from pprof_mcp.results.base import NextCall

PLAIN_GROUP = "pprof"
"""Tools of this group are commands by their last word; other groups keep their name before it."""

EPILOG = """\b
Examples:
  pprof-mcp top cpu.pb.gz --cum --focus 'acme/'
  pprof-mcp peek cpu.pb.gz 'json\\.Marshal'
  pprof-mcp profiles open captures/
  pprof-mcp merge -o all.pb.gz captures/*.pb.gz
  pprof-mcp pprof -top -nodecount=20 cpu.pb.gz

Each command takes --json, --markdown and --help. 'pprof-mcp pprof' takes the flags of 'go tool pprof' and
prints the same text. Exit status: 0 success, 1 a check failed, 2 wrong usage, 3 no good profile, 4 a source
did not deliver, 70 a defect.
"""


class ToolCommand(click.Command):
    """A tool as a command."""

    def __init__(self, spec: ToolSpec, name: str) -> None:
        from pprof_mcp.fronts.options import click_parameters

        self.spec = spec
        super().__init__(
            name=name,
            params=click_parameters(spec),
            help=help_text(spec, name),
            short_help=spec.summary,
            callback=None,
        )

    @override
    def invoke(self, ctx: click.Context) -> int:
        """Run the tool and write its answer.

        Raises:
            PprofMcpError: As the tool says.
        """
        from pprof_mcp.fronts.options import given_arguments
        from pprof_mcp.fronts.shell import shell_session
        from pprof_mcp.registry.run import answer
        from pprof_mcp.render.answer import write

        options = dict(ctx.params)
        form: Form = options.pop("form")
        session = shell_session()
        line = ProgressLine(quiet=options.pop("quiet"))
        token = WATCH.set(line)
        try:
            found = answer(
                self.spec,
                given_arguments(self.spec, options),
                session=session,
                most=session.settings.answer_bytes,
            )
        finally:
            WATCH.reset(token)
            line.clear()
        write(found, form, self.spec.title, sys.stdout, suggestion=shell_suggestion)
        return 1 if found.result.failed else 0


class ToolGroup(click.Group):
    """Commands found by their names in the file system, loaded when they are run."""

    def __init__(self, prefix: str, **options: Any) -> None:
        super().__init__(**options)
        self.prefix = prefix

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the commands, sorted."""
        return sorted({*super().list_commands(ctx), *_groups(self.prefix), *commands().get(self.prefix, {})})

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command; underscores are as good as hyphens."""
        spelled = cmd_name.replace("_", "-")
        name = commands().get(self.prefix, {}).get(spelled)
        if name is not None:
            return ToolCommand(discover.load(name), spelled)
        group = _groups(self.prefix).get(spelled)
        if group is not None:
            return _group(group)
        return super().get_command(ctx, cmd_name)

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List commands with what they are for, read without loading them."""
        rows: list[tuple[str, str]] = []
        for name in self.list_commands(ctx):
            tool = commands().get(self.prefix, {}).get(name)
            if tool is not None:
                rows.append((name, discover.summary(tool)))
            else:
                command = self.get_command(ctx, name)
                rows.append((name, command.get_short_help_str(80) if command else ""))
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    @override
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; a wrong name is answered with the nearest ones."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as problem:
            import difflib

            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=3) if args else []
            if near:
                raise click.UsageError(f"{problem.message} Did you mean {' or '.join(near)}?", ctx) from None
            raise


@cache
def commands() -> dict[str, dict[str, str]]:
    """Map groups, dotted, to commands to tool names; the group of plain commands is the empty one."""
    found: dict[str, dict[str, str]] = {"": {}}
    for name in discover.names():
        group, _, last = name.rpartition(".")
        spelled = last.replace("_", "-")
        found.setdefault("" if group == PLAIN_GROUP else group, {})[spelled] = name
    return found


def _groups(prefix: str) -> dict[str, str]:
    """Map the groups right below a group to their dotted names."""
    start = f"{prefix}." if prefix else ""
    below = [
        group[len(start) :].partition(".")[0] for group in commands() if group and group.startswith(start)
    ]
    return {name.replace("_", "-"): start + name for name in below if name}


def command_line(name: str) -> str:
    """Give how a tool is called in a shell, such as `profiles open`."""
    for place, tools in commands().items():
        for spelled, tool in tools.items():
            if tool == name:
                return " ".join([*place.replace("_", "-").split("."), spelled]).strip()
    raise KeyError(name)


def shell_suggestion(call: NextCall) -> str:
    """Write a suggested call as a command."""
    from pprof_mcp.fronts.options import shell_words

    name = next(name for name in discover.names() if name.replace(".", "_") == call.tool)
    return shell_words(discover.load(name), command_line(name), call.arguments)


def help_text(spec: ToolSpec, name: str) -> str:
    """Write the help of a command: the tool's own text and one example."""
    from pprof_mcp.fronts.options import shell_example

    return f"{spec.description}\n\n\b\nExample:\n  {shell_example(spec, command_line(spec.name) or name)}"


@cache
def _group(name: str) -> click.Group:
    return ToolGroup(name, name=name.rpartition(".")[2], help=discover.group_summary(name))


@click.group(
    cls=ToolGroup, prefix="", epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(package_name="pprof-mcp", prog_name="pprof-mcp", message="%(prog)s %(version)s")
def cli() -> None:
    """Open, analyse, compare and merge pprof profiles."""


@cli.command("serve", short_help="Serve MCP clients over standard input and output.")
@click.option(
    "--allow-root",
    "roots",
    multiple=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="One more folder that may be read and written; may be repeated.",
)
@click.option(
    "--tool-names",
    "names",
    type=click.Choice(["underscores", "dotted"]),
    help="Spelling of the tool names that are advertised; both are understood.",
)
@click.option(
    "--toolsets",
    metavar="NAMES",
    help="Groups of tools that are listed, separated by commas: core, analysis, compare, datadog, sources, "
    "visual; all of them when not given. The others are still answered.",
)
def serve(roots: tuple[Path, ...], names: str | None, toolsets: str | None) -> int:
    """Serve MCP clients over standard input and output.

    Files are opened under the working directory, CLAUDE_PROJECT_DIR, PPROF_MCP_ROOTS and --allow-root only.
    """
    from pprof_mcp.session.session import Session
    from pprof_mcp.settings import load, store_folder
    from pprof_mcp.sources.fence import Fence, parse_roots
    from pprof_mcp.toolsets import parse_toolsets

    settings = load()
    listed = settings.toolsets if toolsets is None else parse_toolsets(toolsets, "--toolsets")
    allowed = parse_roots(
        [*(str(root) for root in roots), *settings.roots], None, working=Path.cwd(), store=store_folder()
    )
    session = Session(fence=Fence(allowed), settings=settings)
    # Loading makes many objects and hardly any garbage: looking for it takes as long as loading the tools
    # does (measured). The server turns it on again.
    gc.disable()
    from pprof_mcp.fronts.mcp import serve as serve_stdio

    serve_stdio(session, "dotted" if (names or settings.name_mode) == "dotted" else "underscores", listed)
    return 0


@cli.command(
    "pprof",
    short_help="Print the reports of 'go tool pprof', with its flags.",
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def pprof(arguments: tuple[str, ...]) -> int:
    """Print the reports of 'go tool pprof', with its flags."""
    from pprof_mcp.fronts.pprof_cli import run

    return run(list(arguments)) or 0


def run_cli(arguments: Sequence[str]) -> int:  # noqa: PLR0911 - each way to end has its own status
    """Run a command line.

    Args:
        arguments: Everything behind the program's name.

    Returns:
        The exit status.
    """
    try:
        # Not cli.main, which ends the process by itself when the reader of its output goes away.
        with cli.make_context("pprof-mcp", list(arguments)) as context:
            status: Any = cli.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as problem:
        problem.show()
        return problem.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        drop_output()
        return 0
    except PprofMcpError as problem:
        return report(problem)
    except OSError as problem:
        # Reading goes through the session, whose errors are its own: this is the output.
        reason = problem.strerror or str(problem)
        status = report(SourceError(f"standard output can not be written: {reason}"))
        drop_output()
        return status
    except Exception:
        if os.environ.get("PPROF_MCP_TRACEBACK"):
            raise
        advice = "set PPROF_MCP_TRACEBACK=1 to see where"
        return report(InternalError(f"something went wrong inside pprof-mcp; {advice}"))
    return status if isinstance(status, int) else 0
