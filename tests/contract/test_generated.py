"""What is generated is as it would be generated now; a new tool starts out whole."""

from __future__ import annotations

import ast
import importlib.util
import shutil
from pathlib import Path

import pprof_mcp
import pytest
from pprof_mcp.dev import generate, new_tool
from pprof_mcp.fronts.cli import run_cli
from pprof_mcp.registry import catalogue
from pprof_mcp.registry.declare import Tool
from pprof_mcp.registry.discover import names

from tests.support import DATA

ROOT = Path(__file__).resolve().parent.parent.parent


def test_nothing_generated_is_stale() -> None:
    made = generate.files(ROOT)
    assert len(made) >= 2 * len(names()) + 5
    assert generate.stale(made, ROOT) == []


def test_commands_that_ran_before_change_nothing_that_is_generated(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_cli(["--help"]) == 0
    assert "-h, --help" in capsys.readouterr().out
    assert generate.stale(generate.files(ROOT), ROOT) == []


def test_a_change_or_a_leftover_is_found(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copytree(catalogue.FOLDER, tmp_path / "python" / "pprof_mcp" / "data" / "tools")
    shutil.copy(ROOT / "README.md", tmp_path)
    made = generate.files(tmp_path)
    assert generate.stale(made, tmp_path) == []
    page = tmp_path / "docs" / "reference" / "pprof.top.md"
    page.write_text(page.read_text(encoding="utf-8") + "edited by hand\n", encoding="utf-8")
    (tmp_path / "docs" / "reference" / "pprof.gone.md").write_text("old", encoding="utf-8")
    problems = generate.stale(made, tmp_path)
    assert len(problems) == 2
    assert any("pprof.top.md" in problem for problem in problems)
    assert any("pprof.gone.md: no tool" in problem for problem in problems)


def test_a_readme_without_marks_is_an_error() -> None:
    with pytest.raises(ValueError, match="tools:begin"):
        generate.with_table("# no marks here", [])


def test_the_table_names_every_tool_once() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text.partition(generate.BEGIN)[2].partition(generate.END)[0]
    for name in names():
        assert table.count(f"[`{name}`]") == 1


def test_a_new_tool_is_valid_from_the_start_and_its_test_fails_until_written(tmp_path: Path) -> None:
    written = new_tool.write("pprof.brand_new", tmp_path, "0.1")
    tool_file = tmp_path / "python" / "pprof_mcp" / "tools" / "pprof" / "brand_new.py"
    assert tool_file in written
    spec = importlib.util.spec_from_file_location("pprof_mcp.tools.pprof.brand_new", tool_file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert isinstance(module.brand_new, Tool)
    test_file = tmp_path / "tests" / "tools" / "pprof" / "test_brand_new.py"
    tree = ast.parse(test_file.read_text(encoding="utf-8"))
    asserts = [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    assert len(asserts) == 1
    assert "-1" in ast.unparse(asserts[0])


def test_a_new_tool_never_replaces_one(tmp_path: Path) -> None:
    new_tool.write("x.y", tmp_path, "0.1")
    assert (tmp_path / "python" / "pprof_mcp" / "tools" / "x" / "__init__.py").is_file()
    with pytest.raises(ValueError, match="exists"):
        new_tool.write("x.y", tmp_path, "0.1")
    for name in ("top", "pprof.Top", "../x.y", "pprof.", "pprof.a-b"):
        with pytest.raises(ValueError, match="no tool name"):
            new_tool.write(name, tmp_path, "0.1")


def test_the_bundle_that_is_shipped_is_the_one_that_was_recorded() -> None:
    shipped = Path(pprof_mcp.__file__).parent / "data" / "demo" / "bundle.zip"
    assert shipped.read_bytes() == (DATA / "bundle.zip").read_bytes()
