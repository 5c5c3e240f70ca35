"""Finds the tools: one file under `tools/` is one tool, and its path is its name.

Names come from the file system without importing anything, so a command loads only the tool it runs.
"""

from __future__ import annotations

import ast
import importlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pprof_mcp.errors import InvalidArgumentError

if TYPE_CHECKING:
    from pprof_mcp.registry.declare import Tool
    from pprof_mcp.registry.spec import ToolSpec

_ROOT = Path(__file__).resolve().parent.parent / "tools"


@cache
def names() -> tuple[str, ...]:
    """Give the dotted names of all tools, sorted."""
    files = sorted(path for path in _ROOT.rglob("*.py") if not path.name.startswith("_"))
    return tuple(sorted(".".join(path.relative_to(_ROOT).with_suffix("").parts) for path in files))


@cache
def load(name: str) -> ToolSpec:
    """Import one tool.

    Raises:
        InvalidArgumentError: There is no such tool.
        TypeError: Its file does not declare it.
    """
    if name not in names():
        raise InvalidArgumentError(
            f"there is no tool {name[:80]!r}",
            hint=f"Tools: {', '.join(names())}.",
            details={"available": list(names())},
        )
    from pprof_mcp.registry.declare import Tool

    module = importlib.import_module(f"pprof_mcp.tools.{name}")
    found: Any = getattr(module, name.rpartition(".")[2], None)
    if not isinstance(found, Tool) or found.spec.name != name:
        raise TypeError(f"{module.__name__} does not declare the tool {name}")
    spec: ToolSpec = found.spec
    return spec


def analysis_of_a_profile(name: str) -> Tool[..., Any] | None:
    """Give the tool `pprof.<name>` as a function; None unless its first argument is one or called so."""
    if f"pprof.{name}" not in names():
        return None
    from pprof_mcp.registry.arguments import Kind

    parameters = load(f"pprof.{name}").parameters
    if not parameters or not (parameters[0].kind is Kind.PROFILE or parameters[0].name == "profile"):
        return None
    found: Tool[..., Any] = getattr(importlib.import_module(f"pprof_mcp.tools.pprof.{name}"), name)
    return found


def load_all() -> tuple[ToolSpec, ...]:
    """Import every tool, sorted by name."""
    return tuple(load(name) for name in names())


def summary(name: str) -> str:
    """Read what a tool is for from the first line of its file, without importing it."""
    text = _docstring(_ROOT.joinpath(*name.split(".")).with_suffix(".py")).partition(": ")[2]
    return text[:1].upper() + text[1:]


def group_summary(group: str) -> str:
    """Read what a group of tools is for from the first line of its package."""
    return _docstring(_ROOT.joinpath(*group.split("."), "__init__.py"))


def _docstring(path: Path) -> str:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0]
