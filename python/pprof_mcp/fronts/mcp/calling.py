"""One call of a tool, for all that needs its answer: tools and resources."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from pprof_mcp.errors import InternalError, PprofMcpError
from pprof_mcp.fronts.mcp.spelling import Spelling
from pprof_mcp.registry.discover import names
from pprof_mcp.registry.failure import unexpected
from pprof_mcp.registry.run import Answer, answer, dump
from pprof_mcp.registry.spec import ToolSpec
from pprof_mcp.results.base import NextCall, Row
from pprof_mcp.session.session import Session

USUAL_BYTES = 8_000
"""Size of an answer whose caller did not say how much it wants.

Source: chosen; some clients keep only the two ends of an answer above 10 KiB.
"""


class Caller:
    """Calls tools in one session.

    Args:
        session: Where handles live and files are opened.
        spelling: How tools are called here.
    """

    def __init__(self, session: Session, spelling: Spelling) -> None:
        self.session = session
        self.spelling = spelling

    def call(self, spec: ToolSpec, arguments: Mapping[str, Any]) -> Answer:
        """Call a tool.

        Raises:
            PprofMcpError: As the tool says. What nobody planned becomes `InternalError`: its own text goes to
                the log alone.
        """
        try:
            most = self.session.settings.answer_bytes
            found = answer(spec, arguments, session=self.session, most=most, usual=USUAL_BYTES)
        except InternalError as problem:
            print(f"pprof-mcp: {problem.message}", file=sys.stderr)
            raise
        except PprofMcpError as problem:
            problem.hint = self.spelling.text(problem.hint)
            raise
        except Exception:  # noqa: BLE001 - nothing else may reach the client, whose model would read it
            traceback.print_exc(file=sys.stderr)
            raise unexpected() from None
        return self._spelled(found)

    def _spelled(self, found: Answer) -> Answer:
        """Name suggested tools as they are advertised here."""
        if self.spelling.mode == "underscores":
            return found
        result = _dotted(found.result, {name.replace(".", "_"): name for name in names()})
        return found if result is found.result else Answer(result=result, json=dump(result))


T = TypeVar("T", bound=Row)


def _dotted(row: T, dotted: Mapping[str, str]) -> T:
    """Give the same with dots in the names of all calls in it; itself when there are none."""
    if isinstance(row, NextCall):
        return row.model_copy(update={"tool": dotted[row.tool]})
    changed: dict[str, object] = {}
    for name in type(row).model_fields:
        value: Any = getattr(row, name)
        if isinstance(value, Row):
            new = _dotted(value, dotted)
            if new is not value:
                changed[name] = new
        elif isinstance(value, list):
            items = cast("list[object]", value)
            made = [_dotted(item, dotted) if isinstance(item, Row) else item for item in items]
            if any(one is not old for one, old in zip(made, items, strict=True)):
                changed[name] = made
    return row.model_copy(update=changed) if changed else row
