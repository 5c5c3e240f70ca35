"""Calls the drop-in command in this process."""

from __future__ import annotations

import contextlib
import io
import sys

import pytest
from pprof_mcp.__main__ import main


def call(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> tuple[int, str, str]:
    """Run the command in this process."""
    output = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
    errors = io.StringIO()
    monkeypatch.setattr(sys, "argv", ["pprof-mcp", "pprof", "-symbolize=none", *arguments])
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        try:
            status = main()
        except SystemExit as leaving:
            status = leaving.code if isinstance(leaving.code, int) else 1
    buffer = output.buffer
    assert isinstance(buffer, io.BytesIO)
    return status or 0, buffer.getvalue().decode("utf-8", "replace"), errors.getvalue()


def trimmed(text: str) -> list[str]:
    """Lines without the white space at their ends, and without empty lines at the end."""
    return [line.rstrip() for line in text.rstrip().split("\n")]
