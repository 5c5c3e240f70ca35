"""Records what ``go tool pprof`` prints for the profiles below ``tests/data``.

Every report is printed several times; one that is not the same each time is left out, since pprof itself does
not settle it, and so is a very long one that has more than one option, or one that names a folder of this
machine. ``tests/data/goldens/`` holds one file for each profile or folder of profiles, with one JSON object a
line: ``args`` and ``profiles`` (relative to ``tests/data``, which is also the working directory), ``stdout``,
``stderr`` and ``exit``. ``-symbolize=none`` stands before all ``args``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import golden_cases
import tools
from golden_subjects import Case

REPEATS = 12
"""How often each report is printed. Source: chosen; with 3 a few reports came out otherwise later."""


LONGEST = 100_000
"""Longer reports are kept only in their plain form, so that the file stays small. Source: chosen."""


@dataclass(frozen=True)
class Outcome:
    """What one run of pprof gave."""

    stdout: str
    stderr: str
    exit: int


def record(scratch: Path) -> None:
    """Runs every case and writes those with a settled answer."""
    tool = tools.pprof(scratch)
    cases = list(dict.fromkeys(golden_cases.cases()))
    with ThreadPoolExecutor(2) as pool:
        lines = list(pool.map(partial(line, tool, scratch), cases))
    groups: dict[str, list[str]] = {}
    for (_, profiles), text in zip(cases, lines, strict=True):
        if text:
            groups.setdefault(group(profiles), []).append(text)
    folder = tools.DATA / "goldens"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, kept in groups.items():
        (folder / f"{name}.jsonl.gz").write_bytes(tools.squeeze("".join(kept).encode()))
    print(f"goldens: {sum(map(len, groups.values()))} of {len(cases)} reports are kept")


def group(profiles: Sequence[str]) -> str:
    """Names the file that a case goes to: its last profile, or the folder where files are small."""
    if not profiles:
        return "mistakes"
    folder, _, rest = profiles[-1].partition("/")
    if folder != "go":
        return folder if rest else "mistakes"
    run, _, name = rest.partition("/")
    return f"go-{run}-{name.split('.')[0]}"


def without_usage(stderr: str) -> str:
    """Cut pprof's usage text off: ours is another, and only what stands before it is compared."""
    before, usage, _ = stderr.partition("usage:")
    return f"{before}usage:\n" if usage else before


def line(tool: Path, scratch: Path, case: Case) -> str | None:
    """Gives the line of one case, or None when pprof does not settle it."""
    args, profiles = case
    outcomes = {once(tool, scratch, args, profiles) for _ in range(REPEATS)}
    if len(outcomes) != 1:
        return None
    outcome = outcomes.pop()
    if (len(outcome.stdout) > LONGEST and len(args) > 1) or str(tools.DATA) in outcome.stdout:
        return None
    entry = {"args": list(args), "profiles": list(profiles)}
    entry |= {"stdout": outcome.stdout, "stderr": without_usage(outcome.stderr), "exit": outcome.exit}
    return json.dumps(entry, ensure_ascii=False) + "\n"


def once(tool: Path, home: Path, args: Iterable[str], profiles: Iterable[str]) -> Outcome:
    """Runs pprof with a home folder of its own, so that no settings of the user count."""
    env = {
        **os.environ,
        "TZ": "UTC",
        "HOME": str(home),
        "PPROF_TMPDIR": str(home),
        "PPROF_BINARY_PATH": str(home),
    }
    command = [str(tool), "-symbolize=none", *args, *profiles]
    done = subprocess.run(
        command, cwd=tools.DATA, env=env, capture_output=True, stdin=subprocess.DEVNULL, check=False
    )
    return Outcome(done.stdout.decode(), done.stderr.decode(), done.returncode)
