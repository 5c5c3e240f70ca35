"""What a prompt has to be, told when it is declared."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.registry.prompts import Completes, load_prompts, prompt
from pydantic import Field

Path = Annotated[str, Field(description="Where it lies."), Completes.CAPTURE]


def test_a_prompt_is_described_by_its_function() -> None:
    @prompt(title="A title")
    def look(path: Path, why: Annotated[str, Field(description="What for.")] = "") -> str:
        """Look at something, and then at
        something else."""
        return f"""
        Look at {path}.
          {why}
        """

    assert (look.name, look.title) == ("look", "A title")
    assert look.description == "Look at something, and then at something else."
    assert [(item.name, item.required, item.completes) for item in look.arguments] == [
        ("path", True, Completes.CAPTURE),
        ("why", False, None),
    ]
    assert look.text({"path": 'a"b', "why": "c"}) == 'Look at "a\\"b".\n  "c"\n'


def test_arguments_are_checked_before_anything_is_written() -> None:
    @prompt(title="A title")
    def look(path: Path) -> str:
        """Look at something."""
        raise AssertionError(path)

    for given, told in (
        ({}, "needs the argument path"),
        ({"path": ""}, "needs the argument path"),
        ({"path": "x", "paht": "y"}, "takes no argument 'paht'"),
        ({"path": "x" * 4_097}, "4097 characters"),
    ):
        with pytest.raises(InvalidArgumentError, match=told) as caught:
            look.text(given)
        assert caught.value.hint


def undescribed(path: str) -> str:
    """Look at something."""
    return path


def of_another_type(path: Annotated[int, Field(description="A number.")]) -> str:
    """Look at something."""
    return str(path)


def with_a_default(path: Annotated[str, Field(description="A path.")] = "x") -> str:
    """Look at something."""
    return path


def silent(path: Path) -> str:
    return path


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (undescribed, "path has no description"),
        (of_another_type, "path must be a text"),
        (with_a_default, "path must be a text"),
        (silent, "docstring"),
    ],
)
def test_what_can_not_be_described_is_refused_at_once(function: Any, told: str) -> None:
    with pytest.raises(TypeError, match=f"prompt {function.__name__}: .*{told}"):
        prompt(title="A title")(function)


def test_every_file_is_a_prompt() -> None:
    found = load_prompts()
    assert len(found) >= 6
    assert [item.name for item in found] == sorted(item.name for item in found)
    assert all(item.function.__module__ == f"pprof_mcp.prompts.{item.name}" for item in found)
