"""`make new-tool NAME=pprof.x`: a tool and its test, ready to be filled in.

The tool works as it is (it answers with the number of samples); its test fails until the question is asked.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from pprof_mcp.dev.generate import root

_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")

_TOOL = '''"""{name}: what it is for, in one line."""

from __future__ import annotations

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp.filters import Filters
from pprof_mcp.profile import Profile
from pprof_mcp.registry import tool
from pprof_mcp.results import Result


class {model}(Result):
    """What the tool answers."""

    profile: str = Field(description="The profile, as it was given.")
    samples: int = Field(description="Samples that the filters leave.")


@tool("{name}", title="{title}", since="{since}", example={{"profile": "handle:0123456789abcdef"}})
def {function}(profile: Profile, **filters: Unpack[Filters]) -> {model}:
    """Count the samples that the filters leave.

    Say here when to use it, and which tool to use instead for what it does not do.
    """
    left = profile.filter(**filters)
    return {model}(profile=profile.reference, samples=len(left))
'''

_TEST = '''"""What {name} must get right."""

from __future__ import annotations

from pathlib import Path

import pprof_mcp as pp
from pprof_mcp.tools.{name} import {function}

from tests.cases import CPU, Cases

CASES = Cases(
    good=[{{"profile": CPU}}],
    wrong=[("profile", "missing.pb.gz")],
    nothing=[{{"focus": "no such function"}}],
)


def test_it_finds_what_is_planted_in_the_profile(data: Path) -> None:
    result = {function}(pp.open_profile(data / "go" / "main" / "cpu.pb.gz"))
    assert result.samples == -1, "write down here what is planted, and what must not be found"
'''


def write(name: str, top: Path, since: str) -> list[Path]:
    """Write the files of a new tool.

    Args:
        name: Dotted name.
        top: The source tree.
        since: The version that brings it.

    Returns:
        The files written.

    Raises:
        ValueError: The name can not be one, or the tool exists.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} is no tool name: two or more lower-case words with dots between, as pprof.x"
        )
    parts = name.split(".")
    function = parts[-1]
    words = {
        "name": name,
        "function": function,
        "model": "".join(part.capitalize() for part in function.split("_")) + "Result",
        "title": function.replace("_", " ").capitalize(),
        "since": since,
    }
    tools = top / "python" / "pprof_mcp" / "tools"
    made = {
        tools.joinpath(*parts).with_suffix(".py"): _TOOL.format(**words),
        top.joinpath("tests", "tools", *parts[:-1], f"test_{function}.py"): _TEST.format(**words),
    }
    for folder in list(tools.joinpath(*parts).parents)[: len(parts) - 1]:
        if not (folder / "__init__.py").exists():
            made[folder / "__init__.py"] = f'"""Tools about {folder.name}."""\n'
    there = [path for path in made if path.exists()]
    if there:
        raise ValueError(f"{there[0].relative_to(top)} exists already")
    for path, content in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return sorted(made)


def main(arguments: Sequence[str]) -> int:
    """Write a new tool.

    Returns:
        0, or 2 when the name is no good.
    """
    from pprof_mcp import _native

    if len(arguments) != 1:
        print("usage: python -m pprof_mcp.dev.new_tool pprof.x", file=sys.stderr)
        return 2
    top = root()
    since = ".".join(_native.build_info()["version"].split(".")[:2])
    try:
        written = write(arguments[0], top, since)
    except ValueError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    for path in written:
        print(path.relative_to(top))
    print("next: write the model and the function, then the test, then `make gen` and `make check`")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
