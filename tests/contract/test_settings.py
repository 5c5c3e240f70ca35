"""Settings: every variable is described, every wrong value is named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pprof_mcp import _native
from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.settings import LIMIT_NAMES, Settings, load, variables


def test_without_variables_the_defaults_hold() -> None:
    assert load({}) == Settings()


def test_variables_are_read() -> None:
    settings = load(
        {
            "PPROF_MCP_ROOTS": os.pathsep.join(["/a", "", "/b"]),
            "CLAUDE_PROJECT_DIR": "/c",
            "PPROF_MCP_TOOL_NAME_MODE": " Dotted ",
            "PPROF_MCP_TOOLSETS": "compare, core",
            "PPROF_MCP_HANDLE_TTL": "1.5",
            "PPROF_MCP_STORE_BYTES": "1_000",
            "PPROF_MCP_ANSWER_BYTES": "9000",
            "PPROF_MCP_LIMIT_SAMPLES": "7",
        }
    )
    assert settings.roots == ("/a", "/b", "/c")
    assert settings.name_mode == "dotted"
    assert settings.toolsets == ("core", "compare")
    assert (settings.handle_ttl, settings.store_bytes, settings.answer_bytes) == (1.5, 1_000, 9_000)
    assert settings.limits == {"samples": 7}


@pytest.mark.parametrize("spelling", ["default", "codex", "underscores", ""])
def test_older_spellings_of_the_name_mode_keep_working(spelling: str) -> None:
    assert load({"PPROF_MCP_TOOL_NAME_MODE": spelling}).name_mode == "underscores"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PPROF_MCP_TOOL_NAME_MODE", "camel"),
        ("PPROF_MCP_TOOLSETS", "core,everything"),
        ("PPROF_MCP_HANDLE_TTL", "soon"),
        ("PPROF_MCP_HANDLE_TTL", "0"),
        ("PPROF_MCP_HANDLE_TTL", "inf"),
        ("PPROF_MCP_STORE_BYTES", "-1"),
        ("PPROF_MCP_STORE_BYTES", "1.5"),
        ("PPROF_MCP_ANSWER_BYTES", "10"),
        ("PPROF_MCP_LIMIT_RATIO", "0"),
        ("PPROF_MCP_DD_RPS", "fast"),
        ("PPROF_MCP_DD_RPS", "nan"),
        ("PPROF_MCP_DD_BURST", "0"),
        ("PPROF_MCP_NET_CONCURRENCY", "21"),
        ("PPROF_MCP_DOWNLOAD_BYTES", "all"),
    ],
)
def test_a_wrong_value_is_an_error_that_names_the_variable(name: str, value: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        load({name: value})
    assert name in caught.value.message
    assert repr(value) in caught.value.message


def test_every_variable_is_described() -> None:
    described = variables()
    assert len(described) >= 6 + len(LIMIT_NAMES)
    assert len({item.name for item in described}) == len(described)
    assert all(item.description.endswith((".", "there.")) for item in described)


def test_every_limit_is_one_of_the_core(cpu: str) -> None:
    content = Path(cpu).read_bytes()
    for name in LIMIT_NAMES:
        assert _native.Profile.decode(content, {name: 1 << 40}).sample_count > 0
    with pytest.raises(InvalidArgumentError, match="no limit"):
        _native.Profile.decode(content, {"nonsense": 1})
