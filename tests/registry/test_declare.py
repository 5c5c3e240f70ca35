"""`@tool` refuses, at import, what could not be described."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import pytest
from pprof_mcp.filters import FILTER_NAMES, Filters
from pprof_mcp.profile import Profile
from pprof_mcp.registry.arguments import Kind
from pprof_mcp.registry.declare import tool
from pprof_mcp.registry.spec import Effects, View
from pprof_mcp.results.base import Result, Row
from pprof_mcp.session.bundle import Bundle
from pprof_mcp.session.session import Session
from pydantic import Field
from typing_extensions import Unpack


class Answer(Result):
    """An answer."""

    count: int = Field(description="A count.")


def declare(function: Callable[..., Any], name: str = "x.good", **options: Any) -> Any:
    return tool(name, title="X", since="0.1", example={}, **options)(function)


def test_a_good_tool_is_described_from_its_signature_alone() -> None:
    def good(
        profile: Profile,
        bundle: Bundle,
        *,
        limit: Annotated[int, Field(ge=1, le=5, description="How many.")] = 3,
        session: Session,
        **filters: Unpack[Filters],
    ) -> Answer:
        """Count things."""
        raise NotImplementedError

    spec = declare(good).spec
    assert [item.name for item in spec.parameters] == ["profile", "bundle", "limit", *FILTER_NAMES]
    assert spec.session_parameter == "session"
    assert [item.name for item in spec.parameters_of(Kind.PROFILE)] == ["profile"]
    schema = spec.input_schema
    assert schema["required"] == ["profile", "bundle"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["profile"]["type"] == "string"
    assert "handle:" in schema["properties"]["profile"]["description"]
    assert schema["properties"]["limit"] == {
        "default": 3,
        "description": "How many.",
        "maximum": 5,
        "minimum": 1,
        "type": "integer",
    }
    assert schema["properties"]["granularity"]["default"] == "functions"


def undescribed_parameter(profile: Profile, limit: int = 3) -> Answer:
    """Do."""
    raise NotImplementedError


def untyped_parameter(profile: Profile, limit: Annotated[Any, Field(description="x")] = 3) -> Answer:
    """Do."""
    raise NotImplementedError


def no_docstring(profile: Profile) -> Answer:
    raise NotImplementedError


def long_summary(profile: Profile) -> Answer:
    """Do something that takes far more words than anyone who reads a list of tools would ever read."""
    raise NotImplementedError


def no_result(profile: Profile) -> dict[str, int]:
    """Do."""
    raise NotImplementedError


def bare_result(profile: Profile) -> Result:
    """Do."""
    raise NotImplementedError


def star_arguments(*profiles: Profile) -> Answer:
    """Do."""
    raise NotImplementedError


def open_keywords(profile: Profile, **filters: str) -> Answer:
    """Do."""
    raise NotImplementedError


def twice(
    profile: Profile,
    focus: Annotated[str, Field(description="x")] = "",
    **filters: Unpack[Filters],  # pyright: ignore[reportGeneralTypeIssues] - that is the point
) -> Answer:
    """Do."""
    raise NotImplementedError


@pytest.mark.parametrize(
    ("function", "complaint"),
    [
        (undescribed_parameter, "limit has no description"),
        (untyped_parameter, "limit has no type"),
        (no_docstring, "docstring must be a sentence"),
        (long_summary, "docstring must be a sentence"),
        (no_result, "subclass of Result"),
        (bare_result, "subclass of Result"),
        (star_arguments, "profiles can not be described"),
        (open_keywords, "must be Unpack"),
        (twice, "declared twice: focus"),
    ],
)
def test_what_can_not_be_described_fails_at_import(function: Callable[..., Any], complaint: str) -> None:
    with pytest.raises(TypeError, match=complaint):
        declare(function, f"x.{function.__name__}")


class Loose(Row):
    """Fields that say too little."""

    anything: Any = Field(description="Anything.")
    things: list[Any] = Field(description="Things.")
    table: dict[str, Any] = Field(description="A table.")
    silent: int


class LooseAnswer(Result):
    """An answer with loose parts."""

    rows: list[Loose] = Field(description="Rows.")


def test_a_result_of_loose_types_or_silent_fields_gives_no_schema() -> None:
    def loose(profile: Profile) -> LooseAnswer:
        """Do."""
        raise NotImplementedError

    with pytest.raises(TypeError) as caught:
        _ = declare(loose, "x.loose").spec.output_schema
    text = str(caught.value)
    for part in (
        "anything has no type",
        "things.items has no type",
        "open object",
        "silent has no description",
    ):
        assert part in text


def test_a_name_that_differs_from_function_or_path_fails_at_import() -> None:
    def good(profile: Profile) -> Answer:
        """Do."""
        raise NotImplementedError

    with pytest.raises(TypeError, match="function is called good"):
        declare(good, "x.other")
    good.__module__ = "pprof_mcp.tools.x.elsewhere"
    with pytest.raises(TypeError, match=r"its file says x\.elsewhere"):
        declare(good, "x.good")


def test_an_example_with_an_argument_the_tool_does_not_take_fails_at_import() -> None:
    def good(profile: Profile) -> Answer:
        """Do."""
        raise NotImplementedError

    with pytest.raises(TypeError, match="does not take: nonsense"):
        tool("x.good", title="X", since="0.1", example={"nonsense": 1})(good)


def of_a_profile(profile: Profile, *, limit: Annotated[int, Field(description="How many.")] = 3) -> Answer:
    """Count things."""
    raise NotImplementedError(profile, limit)


def of_two(before: Profile, after: Profile) -> Answer:
    """Count things."""
    raise NotImplementedError(before, after)


def test_a_view_needs_nothing_but_a_handle() -> None:
    view = View("counts", variables=("limit",))
    spec = declare(of_a_profile, "x.of_a_profile", view=view).spec
    assert spec.view is view
    assert spec.required == ("profile",)
    for function, options, told in (
        (of_two, {"view": View("counts")}, "more or less than one argument"),
        (of_a_profile, {"view": View("Counts/x")}, "last part of an address"),
        (of_a_profile, {"view": View("counts", variables=("no",))}, "variables it does not take: no"),
        (of_a_profile, {"view": View("counts"), "effects": Effects(read_only=False)}, "changes nothing"),
    ):
        with pytest.raises(TypeError, match=told):
            declare(function, f"x.{function.__name__}", **options)
