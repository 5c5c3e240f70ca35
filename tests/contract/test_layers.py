"""What may import what, and how large files may be."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent.parent / "python" / "pprof_mcp"
LARGEST = 600


def sources(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in (PACKAGE / folder).rglob("*.py")]
    assert found, folders
    return found


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


@pytest.mark.parametrize(
    ("folders", "least", "banned"),
    [
        (("tools", "insight", "results", "prompts"), 20,
         ("mcp", "mcp_types", "httpx", "httpx2", "click", "rich", "pprof_mcp.fronts")),
        (("cluster",), 5, ("mcp", "mcp_types", "click", "rich", "pprof_mcp.fronts")),
        (("insight",), 3, ("pprof_mcp.registry", "pprof_mcp.session", "pprof_mcp.sources", "os")),
        (("merging",), 4, ("mcp", "click", "pydantic", "rich", "pprof_mcp.fronts", "pprof_mcp.registry")),
        (("session", "sources", "registry", "render"), 15, ("mcp", "mcp_types", "click", "pprof_mcp.fronts")),
        (("fronts", "render"), 8, ("pprof_mcp.tools",)),
        (("render",), 4, ("mcp", "click", "pprof_mcp.fronts", "pprof_mcp.session")),
    ],
)  # fmt: skip
def test_layers_import_downwards_only(folders: tuple[str, ...], least: int, banned: tuple[str, ...]) -> None:
    paths = sources(*folders)
    assert len(paths) >= least
    for path in paths:
        for module in imported(path):
            for name in banned:
                assert not f"{module}.".startswith(f"{name}."), (path, module)


def test_only_the_mcp_front_and_the_demo_know_the_sdk() -> None:
    knowing = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if any(module.partition(".")[0] in ("mcp", "mcp_types") for module in imported(path))
    }
    outside = {path for path in knowing if not path.startswith("fronts/mcp/")}
    assert outside == {"dev/demo.py"}
    assert len(knowing) >= 6


def test_only_settings_and_the_quick_commands_read_the_environment() -> None:
    reading = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if "os.environ" in path.read_text(encoding="utf-8") or "getenv" in path.read_text(encoding="utf-8")
    }
    assert reading == {
        "settings.py", "fronts/cli.py", "fronts/limits.py", "render/answer.py", "dev/demo.py",
    }  # fmt: skip


def test_no_other_program_is_ever_started() -> None:
    """So there is nothing to install, no flag to inject, no repository to leave in another state."""
    starting = ("subprocess", "multiprocessing", "pty", "os.system", "os.popen", "asyncio.subprocess")
    looked_at = 0
    for path in PACKAGE.rglob("*.py"):
        looked_at += 1
        for module in imported(path):
            assert not f"{module}.".startswith(tuple(f"{name}." for name in starting)), (path, module)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            assert not re.match(r"os\.(system|popen|exec|spawn|posix_spawn|fork)", called), (path, called)
    assert looked_at > 100


def test_certificates_are_always_checked() -> None:
    paths = [path for path in PACKAGE.rglob("*.py") if "ssl" in path.read_text(encoding="utf-8")]
    assert paths
    for path in paths:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"verify\s*=\s*False|CERT_NONE|check_hostname|_create_unverified", text), path


def test_files_stay_small() -> None:
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in PACKAGE.rglob("*.py")}
    assert len(sizes) > 50
    assert {path: size for path, size in sizes.items() if size > LARGEST} == {}


def loaded_by(code: str) -> set[str]:
    program = f"import sys\n{code}\nsys.stdout.write('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split("\n"))


CPU = Path(__file__).resolve().parent.parent / "data" / "go" / "main" / "cpu.pb.gz"
QUIET = "import io; out, sys.stdout = sys.stdout, io.TextIOWrapper(io.BytesIO())"


def test_importing_the_package_loads_nothing_heavy() -> None:
    loaded = loaded_by("import pprof_mcp")
    assert "pprof_mcp" in loaded
    assert not loaded & {"pydantic", "click", "rich", "mcp", "typing", "dataclasses", "pprof_mcp._native"}


def test_a_command_loads_neither_the_sdk_nor_other_tools() -> None:
    loaded = loaded_by(
        f"{QUIET}\nfrom pprof_mcp.fronts.cli import run_cli\n"
        f"assert run_cli(['top', {str(CPU)!r}, '--json']) == 0\nsys.stdout = out"
    )
    assert "pprof_mcp.tools.pprof.top" in loaded
    heavy = {"mcp", "mcp_types", "starlette", "cryptography", "rich", "httpx2", "httpcore2", "ssl"}
    assert not {name.partition(".")[0] for name in loaded} & heavy
    assert "pprof_mcp.tools.pprof.merge" not in loaded


def test_the_drop_in_command_loads_the_core_and_nothing_else_of_weight() -> None:
    loaded = loaded_by(
        f"{QUIET}\nsys.argv = ['pprof-mcp', 'pprof', '-top', {str(CPU)!r}]\n"
        "from pprof_mcp.__main__ import main\nassert not main()\nsys.stdout = out"
    )
    assert "pprof_mcp._native" in loaded
    heavy = {
        "pydantic", "click", "rich", "mcp", "typing", "dataclasses", "inspect", "pathlib", "logging",
        "httpx2",
    }  # fmt: skip
    assert not loaded & heavy


def test_the_merge_command_loads_the_core_and_nothing_else_of_weight(tmp_path: Path) -> None:
    arguments = ["merge", "-o", str(tmp_path / "all.pb.gz"), str(CPU), str(CPU)]
    loaded = loaded_by(
        f"{QUIET}\nfrom pprof_mcp import __main__\n"
        f"assert __main__._run({arguments!r}) == (0, True)\nsys.stdout = out"
    )
    assert (tmp_path / "all.pb.gz").stat().st_size > 0
    assert "pprof_mcp._native" in loaded
    heavy = {
        "pydantic", "click", "rich", "mcp", "typing", "typing_extensions", "dataclasses", "inspect",
        "pathlib", "logging", "json", "re", "glob", "contextlib", "secrets", "signal", "enum",
    }  # fmt: skip
    assert not loaded & heavy
