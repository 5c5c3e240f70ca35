"""The table of faults in the documentation: `python -m tests.sources.datadog.fault_table` writes it.

Each fault is played to a real call, as often as the call tries; what the caller then sees is what the table
says.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from pprof_mcp.errors import PprofMcpError
from pprof_mcp.session.session import Session
from pprof_mcp.sources.fence import Fence

from tests.fake_datadog import FakeDatadog
from tests.fake_datadog.faults import KINDS
from tests.sources.datadog.virtual import ENDLESS, Virtual

PAGE = Path(__file__).resolve().parents[3] / "docs" / "datadog-faults.md"
HEAD = """<!-- Written by `python -m tests.sources.datadog.fault_table`; the tests compare it. -->

# When Datadog does not answer well

What a user sees when a fault stays until the last try, and what is left of a download then. Each is played by
the imitation that the tests talk to, to the list of profiles and to a download. Faults that pass are tried
again, up to four times, and not seen. Nothing half downloaded is ever kept, no redirect is followed, and no
key is in any of these texts.

| fault | a list of profiles | a download | kept |
|---|---|---|---|
"""
SILENT = {
    "stall_before_headers": "no answer begins",
    "stall_mid_body": "an answer stops in its middle",
    "hold": "an answer waits for the test",
}
"""Faults of time alone, played to the transport by its own tests: 30 s of silence, 120 s in all."""


def rows() -> dict[str, str]:
    """Play every fault, and give the row of each."""
    made: dict[str, str] = {}
    for kind in KINDS:
        if kind in ENDLESS:
            if kind != "hold":
                made[kind] = f"| `{kind}` | `timed_out`: {SILENT[kind]} | `timed_out`: the same | nothing |\n"
            continue
        # A zip is only a download.
        listed = "" if kind.startswith("zip_") else _outcome(kind, "list", _listed)
        downloaded = _outcome(kind, "download", _opened)
        kept = "the bundle" if downloaded.startswith("a bundle") else "nothing"
        made[kind] = f"| `{kind}` | {listed} | {downloaded} | {kept} |\n"
    return made


def _listed(virtual: Virtual) -> str:
    return f"{len(virtual.listed().candidates)} profiles"


def _opened(virtual: Virtual) -> str:
    bundle = Session(fence=Fence.unrestricted()).bundle(str(virtual.downloaded()))
    others = [f"{other.name}: {other.reason}" for other in bundle.others if other.name != "metrics.json"]
    told = f"; {'; '.join(others[:2])}" if others else ""
    return _steady(f"a bundle with {len(bundle.members)} profiles{told}")


def _outcome(kind: str, route: str, call: Callable[[Virtual], str]) -> str:
    with FakeDatadog() as fake, tempfile.TemporaryDirectory() as folder:
        fake.fault(kind=kind, route=route, times=0, every=0.0)
        try:
            return call(Virtual(fake, Path(folder)))
        except PprofMcpError as problem:
            text = re.sub(r"127\.0\.0\.1:\d+", "HOST", problem.message)
            return f"`{problem.code}`: {_steady(text)}".replace("|", "\\|")


def _steady(text: str) -> str:
    """Leave out what differs from system to system: words for broken connections, compressed sizes."""
    for pattern, instead in (
        (r"(the connection failed) \(.*\)", r"\1"),
        (r" \(at byte \d+ of the input\)", ""),
        (r"checksum [0-9a-f]+, the content has [0-9a-f]+", "a checksum that the content has not"),
    ):
        text = re.sub(pattern, instead, text)
    return " ".join(text.split())


if __name__ == "__main__":
    PAGE.write_text(HEAD + "".join(rows().values()), encoding="utf-8")
