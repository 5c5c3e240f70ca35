"""Writes an answer in the form that was asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Literal, TextIO

from pprof_mcp.registry.run import Answer
from pprof_mcp.render.document import document
from pprof_mcp.results.base import NextCall

Form = Literal["table", "json", "markdown"]


def write(
    answer: Answer,
    form: Form,
    title: str,
    out: TextIO,
    *,
    suggestion: Callable[[NextCall], str],
    environment: Mapping[str, str] | None = None,
) -> None:
    """Write an answer.

    Args:
        answer: The answer.
        form: `json` is exactly the structured result, `markdown` a report; `table` fits a terminal and is
            plain aligned text anywhere else.
        title: Heading of a Markdown report.
        out: Where to.
        suggestion: Writes a suggested call the way it is made here.
        environment: Variables that decide about colours; the process's own when not given.
    """
    if form == "json":
        out.write(answer.json.decode() + "\n")
        return
    page: str | None = getattr(answer.result, answer.result.page) if answer.result.page else None
    if page is not None:
        out.write(page)
        return
    blocks = document(answer.result, suggestion)
    if form == "markdown":
        from pprof_mcp.render.markdown import markdown

        out.write(markdown(title, blocks))
    elif out.isatty():
        from rich.console import Console

        from pprof_mcp.render.terminal import show

        given = os.environ if environment is None else environment
        # To rich, what is no terminal has neither colours nor bold; tables fit its width all the same.
        show(blocks, Console(file=out, highlight=False, force_terminal=not given.get("NO_COLOR")))
    else:
        from pprof_mcp.render.plain import plain

        out.write(plain(blocks))
