"""The base of every result and of every row in one.

The rules that make a published schema true by construction: no extra fields, finite floats, no aliases, no
computed fields, every field described, and what is optional is present as null.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

ArgumentValue = str | int | float | bool | list[str]
"""What an argument of a suggested call may be."""


class Row(BaseModel):
    """A part of a result.

    Attributes:
        columns: Fields a table shows, in order; empty means every field that holds a single value.
        spare: Columns that a narrow terminal leaves out, the first one first.
        beneath: Lists a table shows beneath each row; other lists of texts become notes behind the table.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        json_schema_serialization_defaults_required=True,
        use_attribute_docstrings=False,
        # A command uses few of the models that it loads.
        defer_build=True,
    )

    columns: ClassVar[tuple[str, ...]] = ()
    spare: ClassVar[tuple[str, ...]] = ()
    beneath: ClassVar[tuple[str, ...]] = ()


class NextCall(Row):
    """A call worth making next, ready to be made."""

    columns = ("tool", "why")

    tool: str = Field(description="Name of the tool, as it is listed.")
    arguments: dict[str, ArgumentValue] = Field(
        description="Its arguments, complete; keys are parameter names."
    )
    why: str = Field(description="What it would show.")


class Result(Row):
    """What a tool answers. Subclasses add their own fields before these.

    Attributes:
        page: Name of a field that is a whole Markdown page; where it has a value, people see that alone.
    """

    page: ClassVar[str] = ""

    warnings: list[str] = Field(
        default_factory=list,
        description="What limits this answer: filters that matched nothing, missing data ...",
    )
    next: list[NextCall] = Field(default_factory=list[NextCall], description="Calls worth making next.")

    @property
    def failed(self) -> bool:
        """Whether this is an answer that says no: a command then ends with status 1."""
        return False


def next_call(tool: str, why: str, **arguments: ArgumentValue) -> NextCall:
    """Make a suggestion.

    Args:
        tool: The dotted name, such as `pprof.tags`.
        why: What it would show.
        **arguments: Arguments by name.

    Returns:
        The suggestion under the name that is advertised by default: clients know no other.
    """
    return NextCall(tool=tool.replace(".", "_"), arguments=arguments, why=why)
