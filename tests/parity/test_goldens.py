"""Every report that `go tool pprof` printed for our profiles is printed here too, byte for byte."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

import pytest

from tests.parity.calling import call, trimmed

DATA = Path(__file__).parent.parent / "data"
GOLDENS = sorted((DATA / "goldens").glob("*.jsonl.gz"))


class Golden(TypedDict):
    """One recorded call of pprof."""

    args: list[str]
    profiles: list[str]
    stdout: str
    stderr: str
    exit: int


@pytest.fixture(autouse=True)
def recorded_place(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stand where the reports were recorded: in the data folder, in UTC."""
    monkeypatch.chdir(DATA)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def is_about_bytes(golden: Golden) -> bool:
    """Whether pprof refused the bytes of a file: there our words say more than its own."""
    refusals = ("parsing profile:", "malformed profile:", "decompressing profile:")
    return any(words in golden["stderr"] for words in refusals)


def recorded(path: Path) -> list[Golden]:
    """The calls of one file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@pytest.mark.parametrize("path", GOLDENS, ids=lambda path: path.name.removesuffix(".jsonl.gz"))
def test_reports_messages_and_exit_status_are_those_of_pprof(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    goldens = recorded(path)
    assert goldens
    different: list[str] = []
    for golden in goldens:
        status, output, errors = call([*golden["args"], *golden["profiles"]], monkeypatch)
        name = " ".join([*golden["args"], *golden["profiles"]])
        if status != golden["exit"]:
            different.append(f"exit status {status}, not {golden['exit']}: {name}: {errors[-200:]}")
        elif trimmed(output) != trimmed(golden["stdout"]):
            different.append(f"output: {name}")
        elif "usage:" in golden["stderr"]:
            # The usage text is our own; what stands before it is pprof's.
            if errors.partition("usage:")[:2] != golden["stderr"].partition("usage:")[:2]:
                different.append(f"usage: {name}: {errors[:200]!r}")
        elif is_about_bytes(golden):
            refused = golden["stderr"].partition(":")[0]
            if not errors.startswith(f"{refused}: ") or "Traceback" in errors:
                different.append(f"no clear error: {name}: {errors[-200:]}")
        elif trimmed(errors) != trimmed(golden["stderr"]):
            different.append(f"messages: {name}: {errors[-300:]!r}, not {golden['stderr'][-300:]!r}")
    assert not different, f"{len(different)} of {len(goldens)} differ:\n" + "\n".join(different[:20])


def test_there_are_reports_of_every_kind_and_of_every_profile() -> None:
    goldens = [golden for path in GOLDENS for golden in recorded(path)]
    assert len(goldens) > 3000
    formats = {argument.partition("=")[0] for golden in goldens for argument in golden["args"]}
    wanted = {"-top", "-text", "-tree", "-peek", "-traces", "-tags", "-comments", "-raw", "-list", "-dot"}
    assert {*wanted, "-callgrind"} <= formats
