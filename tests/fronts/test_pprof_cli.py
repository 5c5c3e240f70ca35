"""`pprof-mcp pprof`: Go's flag syntax, sources, messages, statuses; reports are compared elsewhere."""

from __future__ import annotations

import gzip
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from pprof_mcp.fronts.pprof_flags import FlagError, HelpWantedError, choose, parse

from tests.support import DATA

CPU = str(DATA / "go" / "main" / "cpu.pb.gz")
HEAPS = [str(DATA / "go" / "main" / f"heap.{when}.pb.gz") for when in ("before", "after")]


def quiet(_: str) -> None:
    """Swallow messages."""


def pprof(*arguments: str, cwd: Path = DATA) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "pprof_mcp", "pprof", *arguments],
        capture_output=True,
        cwd=cwd,
        timeout=60,
        check=False,
        env={**os.environ, "TZ": "UTC"},
    )


@pytest.mark.parametrize(
    ("arguments", "values"),
    [
        (["-top", "x"], {"top": True}),
        (["--top", "--cum", "x"], {"top": True, "cum": True}),
        (["-top=true", "-cum=false", "x"], {"top": True, "cum": False}),
        (["-top", "-trim=0", "x"], {"top": True, "trim": False}),
        (["-peek", "a b", "x"], {"peek": "a b"}),
        (["-peek=a=b", "x"], {"peek": "a=b"}),
        (["-nodecount", "5", "x"], {"nodecount": 5}),
        (["-nodecount=0x10", "x"], {"nodecount": 16}),
        (["-nodecount=010", "x"], {"nodecount": 8}),
        (["-nodecount=-1", "x"], {"nodecount": -1}),
        (["-nodefraction", ".5", "x"], {"nodefraction": 0.5}),
        (["-divide_by=1e3", "x"], {"divide_by": 1000.0}),
        (["-focus=", "x"], {"focus": ""}),
        (["-focus", "-x", "x"], {"focus": "-x"}),
    ],
)
def test_flags_are_read_as_go_reads_them(arguments: list[str], values: dict[str, object]) -> None:
    flags = parse(arguments)
    assert flags.values == values
    assert flags.sources == ["x"]


def test_flags_end_at_the_first_source_and_at_two_dashes() -> None:
    assert parse(["-top", "a", "-cum"]).sources == ["a", "-cum"]
    assert parse(["-top", "--", "-a"]).sources == ["-a"]
    assert parse(["-top", "-"]).sources == ["-"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["-bogus", "x"], "flag provided but not defined: -bogus"),
        (["-nodecount"], "flag needs an argument: -nodecount"),
        (["-nodecount=x", "f"], 'invalid value "x" for flag -nodecount: parse error'),
        (["-nodecount=99999999999999999999", "f"], "value out of range"),
        (["-nodefraction=x", "f"], 'invalid value "x" for flag -nodefraction: parse error'),
        (["-cum=perhaps", "f"], 'invalid boolean value "perhaps" for -cum: parse error'),
        (["---top", "f"], "bad flag syntax: ---top"),
        (["-=top", "f"], "bad flag syntax: -=top"),
        (["-top"], "no profile source specified"),
        (["-top", "-tree", "f"], "must set at most one output format"),
        (["-top", "-cum", "-flat", "f"], "conflicting options set: [cum flat]"),
        (["-top", "-lines", "-files", "f"], "conflicting options set: [files lines]"),
        (["-top", "-normalize", "f"], "must have base profile to normalize by"),
        (["-top", "-base=a", "-diff_base=b", "f"], "-base and -diff_base flags cannot both be specified"),
        (["-svg", "f"], "use -dot"),
        (["-disasm=x", "f"], "use -list"),
        (["-weblist=x", "f"], "use -list"),
        (["-http=:8080", "f"], "no web interface"),
        (["f"], "no interactive shell"),
        (["-top", "-no_browser", "f"], "-no_browser only makes sense with -http"),
    ],
)
def test_what_does_not_go_is_said_in_pprofs_words_where_it_has_some(arguments: list[str], told: str) -> None:
    with pytest.raises(FlagError) as caught:
        choose(parse(arguments), quiet)
    assert told in caught.value.text


def test_help_is_given_and_is_no_failure() -> None:
    for word in ("-h", "--help"):
        with pytest.raises(HelpWantedError, match="Formats"):
            parse([word])
    assert pprof("-h").returncode == 0


def test_short_names_stand_for_sample_types_and_the_first_one_wins() -> None:
    said: list[str] = []
    assert choose(parse(["-top", "-inuse_space", "f"]), said.append).config["sample_index"] == "inuse_space"
    assert choose(parse(["-top", "-mean_delay", "f"]), said.append).config == {
        "cum": False,
        "mean": True,
        "sample_index": "delay",
    }
    assert said == []
    both = choose(parse(["-top", "-sample_index=x", "-alloc_space", "f"]), said.append)
    assert both.config["sample_index"] == "x"
    assert said == ["Multiple value selections, ignoring -alloc_space"]


def test_an_unreadable_source_among_several_is_said_and_passed_over() -> None:
    done = pprof("-top", "missing.pb.gz", CPU)
    alone = pprof("-top", CPU)
    assert done.returncode == 0
    assert done.stdout == alone.stdout
    assert done.stderr.decode().splitlines() == [
        "missing.pb.gz: stat missing.pb.gz: no such file or directory",
        "Fetched 1 source profiles out of 2",
    ]


def test_no_readable_source_at_all_is_a_failure() -> None:
    done = pprof("-top", "missing.pb.gz")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().splitlines()[-1] == "failed to fetch any source profiles"
    based = pprof("-top", "-base=missing.pb.gz", CPU)
    assert based.stderr.decode().splitlines()[-1] == "failed to fetch any base profiles"


@pytest.mark.parametrize(
    "address", ["http://localhost:6060/debug/pprof/heap", "localhost:6060", "https://x/y"]
)
def test_nothing_is_fetched_over_the_network_and_it_says_so(address: str) -> None:
    done = pprof("-top", address)
    assert done.returncode == 2
    assert "not fetched over the network" in done.stderr.decode()


def test_errors_of_a_report_are_in_pprofs_words() -> None:
    cases = {
        "-focus=(": "parsing focus regexp: error parsing regexp: missing closing ): `(`",
        "-sample_index=zz": 'sample_index "zz" must be one of: [samples cpu]',
        "-divide_by=0": "zero divisor specified",
    }
    for flag, words in cases.items():
        done = pprof("-top", flag, CPU)
        assert (done.returncode, done.stdout) == (2, b"")
        assert done.stderr.decode().splitlines() == [words]
    assert pprof("-peek=zzzz", CPU).stderr.decode().splitlines()[-1] == "no matches found for regexp: zzzz"


def test_output_goes_to_a_file_and_says_so(tmp_path: Path) -> None:
    target = tmp_path / "report.txt"
    done = pprof("-top", f"-output={target}", CPU)
    assert done.stdout == b""
    assert done.stderr.decode() == f"Generating report in {target}\n"
    assert target.read_bytes() == pprof("-top", CPU).stdout
    assert pprof("-top", f"-output={tmp_path}/no/such", CPU).returncode == 2


def test_binary_output_never_goes_to_a_terminal(tmp_path: Path) -> None:
    here, there = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "pprof_mcp", "pprof", "-proto", CPU],
        stdout=there,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        timeout=60,
        check=True,
    )
    os.close(there)
    os.close(here)
    assert done.stderr.decode() == "Generating report in profile001.pb.gz\n"
    assert gzip.decompress((tmp_path / "profile001.pb.gz").read_bytes())


def test_a_program_before_the_profiles_gives_its_name_to_the_mapping(tmp_path: Path) -> None:
    program = tmp_path / "shop-binary"
    program.write_bytes(Path(sys.executable).resolve().read_bytes()[:8_192])
    done = pprof("-raw", str(program), CPU)
    assert done.returncode == 0
    plain = pprof("-raw", CPU)
    assert len(done.stdout.splitlines()) == len(plain.stdout.splitlines())


def test_a_comment_is_added_and_kept() -> None:
    done = pprof("-comments", "-add_comment=hello there", CPU)
    assert b"hello there" in done.stdout
