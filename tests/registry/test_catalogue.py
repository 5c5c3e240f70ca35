"""What is written down about every tool is what the tools declare, and is read without importing them."""

import subprocess
import sys
from pathlib import Path

import pytest
from pprof_mcp.registry import catalogue
from pprof_mcp.registry.catalogue import Entry, entries
from pprof_mcp.registry.discover import load_all


def test_every_entry_is_what_its_tool_declares() -> None:
    specs = load_all()
    assert len(specs) >= 30
    for entry, spec in zip(entries(), specs, strict=True):
        assert entry == Entry.of(spec)
        assert entry.spec is spec
        assert entry.advertised == spec.advertised


def test_a_tool_without_an_entry_is_read_from_its_declaration(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    known = entries()
    monkeypatch.setattr(catalogue, "FOLDER", tmp_path)
    assert entries() == known


def test_a_server_that_lists_its_tools_has_imported_none() -> None:
    program = """
import sys
from pprof_mcp.fronts.mcp import make_server
from pprof_mcp.session.session import default_session
make_server(default_session())
print(len([name for name in sys.modules if name.startswith("pprof_mcp.")]))
print([name for name in sys.modules if name.startswith("pprof_mcp.tools.")])
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    count, tools = found.stdout.splitlines()
    assert int(count) > 20
    assert tools == "[]"
