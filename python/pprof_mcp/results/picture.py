"""What the tools that write a picture have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.results.analysis import Analysis
from pprof_mcp.session.session import Session

Overwrite = Annotated[bool, Field(description="Replace the file if it exists.")]
Title = Annotated[str, Field(max_length=200, description="Heading; empty: made from the profile.")]


class Picture(Analysis):
    """A picture that was written to a file."""

    output_path: str = Field(description="The file; open it in a browser.")
    output_bytes: int = Field(description="Its size.")


def check_output(session: Session, output_path: str, *, overwrite: bool) -> None:
    """Refuse a place for a picture before the work.

    Raises:
        InvalidArgumentError: It is no name of a file, or a file of that name exists and `overwrite` is false.
        PprofMcpError: As `Session.check_write`.
    """
    if output_path == "-":
        raise InvalidArgumentError(
            "output_path '-' is no file",
            hint="Name a file, such as profile.svg.",
            details={"argument": "output_path"},
        )
    session.check_write(output_path, overwrite=overwrite)
