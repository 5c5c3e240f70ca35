"""Errors as answers: the form every front shows."""

from __future__ import annotations

from pydantic import Field

from pprof_mcp.errors import InternalError, PprofMcpError
from pprof_mcp.results.base import Row


class Failure(Row):
    """What went wrong."""

    code: str = Field(description="Stable name of the kind of error.")
    message: str = Field(description="What was given, what was expected, what exists.")
    hint: str = Field(description="What to do next.")
    details: dict[str, str | int | float | bool | list[str] | None] = Field(
        description="The same facts as data; keys depend on the code: `argument`, `available`, `limit` ..."
    )


class FailureAnswer(Row):
    """The answer of a call that failed."""

    error: Failure = Field(description="Present only when the call failed, and then alone.")


def failure_of(error: PprofMcpError) -> FailureAnswer:
    """Describe an error."""
    return FailureAnswer(
        error=Failure(code=error.code, message=error.message, hint=error.hint, details=error.details)
    )


def one_line(error: PprofMcpError) -> str:
    """Say an error in one line: `code: message — hint`."""
    text = f"{error.code}: {error.message}"
    return f"{text} — {error.hint}" if error.hint else text


def unexpected() -> InternalError:
    """Give the error that stands for an exception nobody planned, whose own text may hold anything."""
    return InternalError("something went wrong inside pprof-mcp; the server's standard error has the details")
