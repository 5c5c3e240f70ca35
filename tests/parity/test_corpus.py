"""A folder of recorded reports that somebody else made, when one is named."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.parity.calling import call, trimmed

FOLDER = os.environ.get("PPROF_MCP_CORPUS", "")


@pytest.mark.skipif(not FOLDER, reason="no folder is named in PPROF_MCP_CORPUS")
def test_the_reports_of_a_named_corpus_are_printed_here_too(monkeypatch: pytest.MonkeyPatch) -> None:
    profiles = f"{Path(FOLDER).resolve() / 'profiles'}/"
    with gzip.open(Path(FOLDER) / "goldens.jsonl.gz", "rt", encoding="utf-8") as lines:
        goldens: list[dict[str, Any]] = [json.loads(line) for line in lines]
    assert goldens
    different: list[str] = []
    for golden in goldens:
        base = [f"-{golden['base'][0]}={profiles}{golden['base'][1]}"] if golden["base"] else []
        files = [profiles + name for name in golden["profiles"]]
        _, output, _ = call([*golden["args"], *base, *files], monkeypatch)
        if trimmed(output.replace(profiles, "")) != trimmed(golden["stdout"]):
            different.append(golden["id"])
    assert len(different) <= len(goldens) * 0.005, f"{len(different)} of {len(goldens)}: {different[:20]}"
