"""One call of a tool, for all that needs its answer: tools and resources."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping
from typing import Any

from pprof_mcp.errors import InternalError, PprofMcpError
from pprof_mcp.fronts.mcp.spelling import Spelling
from pprof_mcp.registry.discover import names
from pprof_mcp.registry.failure import unexpected
from pprof_mcp.registry.run import Answer, answer, dump
from pprof_mcp.registry.spec import ToolSpec
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
        if self.spelling.mode == "underscores" or not found.result.next:
            return found
        dotted = {name.replace(".", "_"): name for name in names()}
        calls = [call.model_copy(update={"tool": dotted[call.tool]}) for call in found.result.next]
        result = found.result.model_copy(update={"next": calls})
        return Answer(result=result, json=dump(result))
