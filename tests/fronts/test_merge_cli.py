"""`pprof-mcp merge`: the quick command, and that it is the derived one in all but its start."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from pprof_mcp.fronts import merge_cli, progress
from pprof_mcp.fronts.cli import ToolCommand
from pprof_mcp.merging.options import OPTIONS
from pprof_mcp.registry.discover import load

from tests.support import DATA
from tests.tools.pprof.test_merge import files, tiny

HEAPS = [str(DATA / "go" / "main" / f"heap.{when}.pb.gz") for when in ("before", "after")]
CPU = str(DATA / "go" / "main" / "cpu.pb.gz")
MERGE = [sys.executable, "-m", "pprof_mcp", "merge"]


def merge(*arguments: str, stdin: bytes = b"", **options: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*MERGE, *arguments], input=stdin, capture_output=True, timeout=60, check=False, **options
    )


def is_quick(arguments: list[str]) -> bool:
    return merge_cli.parse(arguments) is not None


@pytest.fixture
def broken(tmp_path: Path) -> str:
    return files(tmp_path, broken=tiny(1, 2)[:-3])[0]


def test_the_quick_command_has_the_options_of_the_tool() -> None:
    spec = load("pprof.merge")
    named = {item.name: item for item in spec.parameters if item.name != "profiles"}
    assert list(named) == [option.name for option in OPTIONS]
    derived = {
        item.name: item
        for item in ToolCommand(spec, "merge").params
        if isinstance(item, click.Option) and item.name in named
    }
    assert set(derived) == set(named)
    for option in OPTIONS:
        assert derived[option.name].help is not None
        assert option.description in (derived[option.name].help or "")
        spellings = [*derived[option.name].opts, *derived[option.name].secondary_opts]
        for spelled in spellings:
            words = [spelled, *([option.choices[-1] if option.choices else "x"] if option.takes else []), "a"]
            call = merge_cli.parse(words)
            assert call is not None, words
            assert list(call.given) == [option.name]
        choices = derived[option.name].type
        assert tuple(getattr(choices, "choices", ())) == option.choices
        if option.choices:
            assert named[option.name].default == option.choices[0]


SAME: list[list[str]] = [
    HEAPS,
    [*HEAPS, HEAPS[0]],
    ["-o", "out.pb.gz", *HEAPS],
    ["-oout with a space.pb.gz", *HEAPS],
    ["--output-path=out.pb.gz", "--", *HEAPS],
    ["--keep-going", *HEAPS, "{broken}"],
    ["--keep-going", "--no-keep-going", *HEAPS, "{broken}"],
    [*HEAPS, "{broken}"],
    ["--over-time", *HEAPS],
    ["--snapshots", "last", *HEAPS, "-q"],
    ["--snapshots=mean", *HEAPS],
    [HEAPS[0], CPU],
    ["--intersect-types", HEAPS[0], CPU],
    ["missing.pb.gz"],
    ["*.nothing"],
    ["."],
    [str(DATA / "bundle.zip")],
    [f"{DATA / 'bundle.zip'}#heap"],
    ["handle:0123456789abcdef"],
    ["https://example.org/cpu.pb.gz"],
    ["-o", "no/such/folder/out.pb.gz", *HEAPS],
    ["-o", ".", *HEAPS],
    ["{types}", "-o", "out.pb.gz"],
]


@pytest.mark.parametrize("arguments", SAME, ids=range(len(SAME)))
def test_the_quick_command_prints_what_the_derived_one_prints(
    arguments: list[str], broken: str, many_types: str, tmp_path: Path
) -> None:
    arguments = [word.replace("{broken}", broken).replace("{types}", many_types) for word in arguments]
    assert is_quick(arguments)
    outcomes: list[Any] = []
    for form in ([], ["--table"]):
        assert is_quick([*form, *arguments]) == (not form)
        folder = tmp_path / "here"
        folder.mkdir()
        done = merge(*form, *arguments, cwd=folder)
        written = {path.name: path.read_bytes() for path in folder.iterdir()}
        shutil.rmtree(folder)
        outcomes.append((done.returncode, done.stdout, done.stderr, written))
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][1] or outcomes[0][2]


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--json", CPU], ["--markdown", CPU], [], ["--nonsense", CPU], ["--snapshots", "most", CPU],
     ["-o"], ["--keep-going=yes", CPU]],
)  # fmt: skip
def test_what_the_quick_command_does_not_know_is_left_to_the_derived_one(arguments: list[str]) -> None:
    assert not is_quick(arguments)


@pytest.mark.parametrize("separator", [b"\n", b"\0"])
def test_a_list_of_paths_is_read_from_standard_input(separator: bytes, tmp_path: Path) -> None:
    names = [
        b"a.pb.gz",
        b"b c.pb.gz",
        b"caf\xe9.pb.gz",
        *([b"two\nlines.pb.gz"] if separator == b"\0" else []),
    ]
    for name in names:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(tiny(1, 2))
    done = merge("-o", "out", "-", stdin=separator.join(names) + separator, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"input count:    {len(names)}\n".encode() in done.stdout
    none = merge("-", stdin=b"")
    assert none.returncode == 2
    assert b"list of profiles is empty" in none.stderr


def test_a_profile_on_standard_input_is_not_taken_for_a_list() -> None:
    done = merge("-", stdin=Path(CPU).read_bytes())
    assert done.returncode == 2
    assert b"gzip data, and '-' is a list of paths" in done.stderr


def test_the_profile_goes_to_a_pipe_and_nothing_else_does(tmp_path: Path) -> None:
    to_file = merge("-o", "out", *HEAPS, HEAPS[0], cwd=tmp_path)
    piped = merge("-o", "-", *HEAPS, HEAPS[0])
    assert to_file.returncode == piped.returncode == 0
    assert piped.stdout == (tmp_path / "out").read_bytes()
    assert b"warning: 1 of 3 inputs" in piped.stderr


def test_the_profile_is_not_written_to_a_terminal(tmp_path: Path) -> None:
    control, terminal = pty.openpty()
    try:
        done = subprocess.run(
            [*MERGE, "-o", "-", *HEAPS], stdout=terminal, stderr=subprocess.PIPE, timeout=60, check=False,
            cwd=tmp_path,
        )  # fmt: skip
    finally:
        os.close(terminal)
        os.close(control)
    assert done.returncode == 2
    assert b"standard output is a terminal" in done.stderr


@pytest.fixture
def pipe(tmp_path: Path) -> str:
    """A named pipe that keeps whoever reads it waiting."""
    path = tmp_path / "pipe.pb.gz"
    os.mkfifo(path)
    return str(path)


@pytest.fixture
def busy(pipe: str, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A merge that has begun and waits for the end of its second input."""
    process = subprocess.Popen(
        [*MERGE, "-o", str(tmp_path / "out" / "all.pb.gz"), HEAPS[0], pipe],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=60)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_merge_that_is_stopped_leaves_no_file_and_says_nothing(
    number: signal.Signals, status: int, pipe: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    (tmp_path / "out").mkdir()
    process: subprocess.Popen[bytes] = request.getfixturevalue("busy")
    # Opening waits for the reader, so the merge is under way; nothing ever comes out of the pipe.
    with Path(pipe).open("wb"):
        process.send_signal(number)
        out, error = process.communicate(timeout=60)
    assert process.returncode == status
    assert (out, error) == (b"", b"")
    assert list((tmp_path / "out").iterdir()) == []


def test_progress_is_shown_on_a_terminal_and_taken_away(pipe: str, tmp_path: Path) -> None:
    control, terminal = pty.openpty()
    process = subprocess.Popen(
        [*MERGE, "-o", str(tmp_path / "all.pb.gz"), HEAPS[0], pipe], stdout=subprocess.PIPE, stderr=terminal
    )
    os.close(terminal)
    seen = b""
    with Path(pipe).open("wb") as writer:
        while b"/2 files" not in seen:
            seen += os.read(control, 1_000)
        writer.write(Path(HEAPS[1]).read_bytes())
    out, _ = process.communicate(timeout=60)
    while True:
        try:
            more = os.read(control, 1_000)
        except OSError:  # How a terminal says that nobody writes to it any more.
            break
        if not more:
            break
        seen += more
    os.close(control)
    assert process.returncode == 0
    assert b"1/2 files, 0.0 MB" in seen
    assert seen.endswith(b"\r\x1b[K")
    assert out.startswith(b"kind:")
    assert (tmp_path / "all.pb.gz").stat().st_size > 0


class Terminal:
    """A stand-in for standard error."""

    def __init__(self, *, is_terminal: bool) -> None:
        self.is_terminal = is_terminal
        self.written: list[str] = []

    def isatty(self) -> bool:
        return self.is_terminal

    def write(self, text: str) -> None:
        self.written.append(text)

    def flush(self) -> None:
        pass


@pytest.mark.parametrize(
    ("quiet", "is_terminal", "lines"), [(False, True, 10), (True, True, 0), (False, False, 0)]
)
def test_progress_is_written_ten_times_a_second_at_most_and_only_where_wanted(
    quiet: bool, is_terminal: bool, lines: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal(is_terminal=is_terminal)
    now = 0.0
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr("pprof_mcp.fronts.progress.time.monotonic", lambda: now)
    line = progress.ProgressLine(quiet=quiet)
    for tick in range(1, 33):
        now = tick / 32
        line(tick, 100, tick * 1_000_000, 1)
    assert 0 < len(terminal.written) <= lines or not lines
    assert terminal.written == [] or "32/100 files, 32.0 MB" not in terminal.written[0]
    line.clear()
    assert (terminal.written[-1:] == ["\r\x1b[K"]) == bool(lines)
    if lines:
        assert "1 failed" in terminal.written[-2]
