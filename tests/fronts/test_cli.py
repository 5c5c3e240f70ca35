"""The command line: the structured result, tables, errors, exit statuses."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pprof_mcp import settings
from pprof_mcp.fronts.cli import command_line, commands
from pprof_mcp.fronts.options import shell_words
from pprof_mcp.registry.discover import load, load_all
from pprof_mcp.registry.run import dump, run
from pprof_mcp.registry.spec import ToolSpec
from pprof_mcp.session.session import Session
from pprof_mcp.sources.fence import Fence

from tests.cases import CPU, HEAPS, cases
from tests.support import DATA

pytestmark = pytest.mark.usefixtures("imitated_sources")


def command(
    *arguments: str, stdin: bytes = b"", cwd: Path = DATA, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "pprof_mcp", *arguments],
        input=stdin,
        capture_output=True,
        cwd=cwd,
        timeout=60,
        check=False,
        env={**os.environ, **environment},
    )


def derived(spec: ToolSpec, given: dict[str, Any]) -> list[str]:
    """The command line of a call, as suggestions spell it."""
    return shlex.split(shell_words(spec, command_line(spec.name), given))[1:]


BY_HAND: list[tuple[list[str], str, dict[str, Any]]] = [
    (["top", CPU, "--cum", "--focus", "shop"], "pprof.top", {"profile": CPU, "cum": True, "focus": "shop"}),
    (["top", CPU, "--nodecount", "3", "--granularity", "lines"], "pprof.top",
     {"profile": CPU, "nodecount": 3, "granularity": "lines"}),
    (["peek", CPU, "weakHash"], "pprof.peek", {"profile": CPU, "regex": "weakHash"}),
    (["tags", CPU, "--key", "tenant"], "pprof.tags", {"profile": CPU, "key": "tenant"}),
    (["traces-head", CPU, "--format", "text"], "pprof.traces_head", {"profile": CPU, "format": "text"}),
    (["focus-paths", CPU, "mix"], "pprof.focus_paths", {"profile": CPU, "function": "mix"}),
    (["profiles", "open", "bundle.zip"], "profiles.open", {"path": "bundle.zip"}),
    (["profiles", "release", "handle:0123456789abcdef"], "profiles.release",
     {"handles": ["handle:0123456789abcdef"]}),
]  # fmt: skip
CALLS = [
    *BY_HAND,
    *(
        (derived(spec, given), spec.name, given)
        for spec in load_all()
        for given in cases()[spec.name].good[:1]
    ),
]
"""Some lines as a person types them, and the usual call of every tool."""

IDS = [f"{number}-{tool}" for number, (_, tool, _) in enumerate(CALLS)]


@pytest.mark.parametrize(("arguments", "tool", "given"), CALLS, ids=IDS)
def test_json_is_exactly_the_structured_result(
    arguments: list[str], tool: str, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(DATA)
    done = command(*arguments, "--json")
    session = Session(fence=Fence.unrestricted(), settings=settings.load(), lasting=False)
    expected = run(load(tool), given, session=session)
    assert done.returncode == int(expected.failed), done.stderr
    assert done.stdout == dump(expected) + b"\n"


def test_every_tool_is_a_command_and_every_call_above_covers_one() -> None:
    spelled = {command_line(spec.name) for spec in load_all()}
    assert len(spelled) == len(load_all())
    assert {tool for _, tool, _ in CALLS} == {spec.name for spec in load_all()}
    assert {"top", "traces-head"} <= set(commands()[""])


@pytest.mark.parametrize(("arguments", "tool", "given"), CALLS, ids=IDS)
def test_tables_and_reports_are_written_for_every_tool(
    arguments: list[str], tool: str, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(DATA)
    plain = command(*arguments)
    report = command(*arguments, "--markdown")
    session = Session(fence=Fence.unrestricted(), settings=settings.load(), lasting=False)
    failed = run(load(tool), given, session=session).failed
    assert plain.returncode == report.returncode == int(failed)
    assert plain.stdout.endswith(b"\n")
    assert b"\x1b" not in plain.stdout
    assert report.stdout.startswith(b"# ")
    assert given is not None


def test_standard_input_is_a_profile() -> None:
    done = command("top", "-", "--json", stdin=Path(CPU).read_bytes())
    named = command("top", CPU, "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["rows"] == json.loads(named.stdout)["rows"]


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["top", "missing.pb.gz"], 4, "source_not_found"),
        (["top", "broken/html.pb.gz"], 3, "not_a_profile"),
        (["top", "broken/cut.gz.pb.gz"], 3, "truncated_profile"),
        (["top", CPU, "--focus", "("], 2, "invalid_pattern"),
        (["top", CPU, "--sample-index", "space"], 2, "unknown_sample_type"),
        (["top", CPU, "--nodecount", "0"], 2, "invalid_argument"),
        (["top", "handle:0123456789abcdef"], 2, "handle_not_found"),
        (["top", "bundle.zip"], 2, "invalid_argument"),
        (["merge", CPU, HEAPS[0]], 3, "incompatible_profiles"),
    ],
)
def test_an_error_is_one_line_with_its_code_a_hint_and_its_status(
    arguments: list[str], status: int, told: str
) -> None:
    done = command(*arguments)
    assert done.returncode == status
    assert done.stdout == b""
    first, *rest = done.stderr.decode().splitlines()
    assert re.fullmatch(rf"error: .+ \({told}\)", first)
    assert rest[0].startswith("hint: ")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["topp"], "Did you mean top"),
        (["top"], "Missing argument 'PROFILE'"),
        (["top", CPU, "--nonsense"], "No such option"),
        (["top", CPU, "--nodecount", "many"], "not a valid integer"),
        (["top", CPU, "--granularity", "packages"], "functions"),
        (["profiles"], "Commands:"),
    ],
)
def test_wrong_usage_says_what_is_right(arguments: list[str], told: str) -> None:
    done = command(*arguments)
    assert done.returncode == 2
    assert told in done.stderr.decode() + done.stdout.decode()


def test_help_teaches_with_an_example() -> None:
    for spec in load_all():
        done = command(*command_line(spec.name).split(), "--help")
        assert done.returncode == 0
        assert b"Example:\n    pprof-mcp " in done.stdout, spec.name
    assert b"services" in command("repo", "--help").stdout
    overview = command("--help").stdout.decode()
    assert "serve" in overview
    assert "profiles" in overview


def test_version_is_the_cores() -> None:
    from pprof_mcp import _native

    assert command("--version").stdout.decode().split() == ["pprof-mcp", _native.build_info()["version"]]


def test_a_reader_that_goes_away_is_no_error() -> None:
    running = subprocess.Popen(
        [sys.executable, "-m", "pprof_mcp", "traces-head", CPU, "--format", "text", "--max-bytes", "60000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.close()
    errors = running.stderr.read()
    running.stderr.close()
    assert running.wait(60) == 0
    assert errors == b""


def on_a_terminal(*arguments: str, **environment: str) -> str:
    """Run a command whose output is a terminal of 100 columns."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    here, there = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "pprof_mcp", *arguments],
        stdin=there,
        stdout=there,
        stderr=subprocess.PIPE,
        env={**inherited, "TERM": "xterm-256color", "COLUMNS": "100", **environment},
    ) as running:
        os.close(there)
        parts: list[bytes] = []
        while True:
            try:
                part = os.read(here, 65_536)
            except OSError:
                break
            if not part:
                break
            parts.append(part)
        running.wait(60)
    os.close(here)
    return b"".join(parts).decode()


def test_a_terminal_gets_a_table_that_fits_and_colours_unless_unwanted() -> None:
    shown = on_a_terminal("top", CPU)
    assert "\x1b[" in shown
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert max(len(line.rstrip("\r\n")) for line in plain.splitlines()) <= 100
    assert "example.com/shop/pricing.weakHash" in plain
    assert "\x1b" not in on_a_terminal("top", CPU, NO_COLOR="1")


def test_a_terminal_without_a_command_gets_help_not_a_server() -> None:
    assert "Usage: pprof-mcp" in on_a_terminal()


def test_control_characters_of_a_profile_do_not_reach_the_terminal() -> None:
    from pprof_mcp.render.clean import clean

    assert clean("a\x1b[31mb\x9b\x07\n\tc") == "a\\x1b[31mb\\x9b\\x07\n\tc"
