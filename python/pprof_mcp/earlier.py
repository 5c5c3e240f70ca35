"""Answers of earlier calls as they are given again: as data, or as a file that a command wrote."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from typing_extensions import Self, override

from pprof_mcp.errors import InvalidArgumentError, ResultTooLargeError
from pprof_mcp.registry.arguments import Written
from pprof_mcp.registry.discover import load, names
from pprof_mcp.registry.run import dump
from pprof_mcp.registry.spec import ToolSpec
from pprof_mcp.results.base import Result
from pprof_mcp.session.session import Session

MOST_RESULTS = 20
"""Results of one call (chosen: as many sections as a reader may take)."""

MOST_BYTES = 1 << 20
"""Bytes of JSON of all results together (chosen: a hundred answers of the usual size)."""

_HANDLE = re.compile(rb"handle:[0-9a-f]{16}")


class AnyAnswer(BaseModel):
    """What answers have in common; the rest is checked by the model of their tool."""

    model_config = ConfigDict(extra="allow", frozen=True)

    warnings: list[str] = Field(default=[], description="As in every answer.")

    def fields(self) -> dict[str, Any]:
        """Give all of it."""
        return {"warnings": self.warnings, **(self.model_extra or {})}


class EarlierResult(Written):
    """An answer of an earlier call; result or file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tool: str = Field(min_length=1, max_length=100, description="Its tool.")
    result: AnyAnswer | None = Field(default=None, description="The structured answer, whole.")
    file: str = Field(default="", max_length=4_096, description="JSON file with it, instead.")

    @override
    @classmethod
    def read(cls, text: str) -> Self:
        """Read `TOOL=FILE`.

        Raises:
            InvalidArgumentError: It has another form.
        """
        tool, _, file = text.partition("=")
        try:
            return cls.model_validate({"tool": tool.strip(), "file": file if file.strip() else None})
        except ValidationError:
            raise InvalidArgumentError(
                f"{text[:200]!r} is no result",
                hint="Write TOOL=FILE, where FILE is what TOOL wrote with --json: --results top=top.json.",
                details={"argument": "results"},
            ) from None

    @override
    def written(self) -> str:
        """Write it as `TOOL=FILE`; what was given as data has no file."""
        return f"{self.tool}={self.file or 'result.json'}"


@dataclass(frozen=True)
class Earlier:
    """An answer that was checked.

    Attributes:
        spec: The tool that gave it.
        result: The answer.
    """

    spec: ToolSpec
    result: Result


def checked(given: Sequence[EarlierResult], session: Session) -> list[Earlier]:
    """Check answers against the models of their tools.

    Handles in them become the files they stand for, as far as the session knows: a page outlives handles.

    Raises:
        InvalidArgumentError: An unknown tool, no answer of it, or no answer at all.
        ResultTooLargeError: More than `MOST_BYTES` together.
        SourceError: A file can not be read.
    """
    left = MOST_BYTES
    sources = _sources(session)
    found: list[Earlier] = []
    for at, one in enumerate(given, start=1):
        where = f"results, number {at}"
        spec = _spec(one.tool, where)
        if (one.result is None) == (not one.file):
            raise _wrong(f"{where} ({spec.name}) needs either a result or a file")
        content = _content(one.file, session, left) if one.result is None else one.result.fields()
        if isinstance(content, bytes) and len(content) > left:
            raise _too_large(where)
        encoded = dump(_validated(spec, content, where))
        left -= len(encoded)
        if left < 0:
            raise _too_large(where)
        named = _HANDLE.sub(lambda handle: sources.get(handle.group(), handle.group()), encoded)
        found.append(Earlier(spec, spec.result_model.model_validate_json(named)))
    return found


def _spec(tool: str, where: str) -> ToolSpec:
    """Find a tool by its name as it is written in Python, listed to clients, or typed as a command."""
    asked = tool.replace("-", "_").replace(" ", ".")
    for name in names():
        if asked in (name, name.replace(".", "_"), name.removeprefix("pprof.")):
            spec = load(name)
            if not spec.result_model.page:
                return spec
    # Only who asks for none is told all: loading every tool takes a while.
    known = [name for name in names() if not load(name).result_model.page]
    raise InvalidArgumentError(
        f"{where}: there is no tool {tool[:80]!r} with results for a page",
        hint=f"Tools: {', '.join(known)}.",
        details={"argument": "results", "available": known},
    )


def _content(path: str, session: Session, left: int) -> bytes:
    file, _ = session.fence.open_read(path)
    with file:
        return file.read(left + 1)


def _validated(spec: ToolSpec, given: dict[str, Any] | bytes, where: str) -> Result:
    try:
        if isinstance(given, bytes):
            return spec.result_model.model_validate_json(given)
        return spec.result_model.model_validate(given)
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part)[:60] for part in first["loc"][:6])
        said = f"{place}: {first['msg']}" if place else first["msg"]
        raise _wrong(f"{where} is no answer of {spec.name}: {said[:200]}") from None


def _wrong(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        message,
        hint="Give the whole structured answer as this version gave it; a command prints it with --json.",
        details={"argument": "results"},
    )


def _too_large(where: str) -> ResultTooLargeError:
    return ResultTooLargeError(
        f"{where}: results have more than {MOST_BYTES} bytes of JSON together",
        hint="Ask their tools for fewer rows, or give fewer results.",
        details={"argument": "results", "limit": MOST_BYTES},
    )


def _sources(session: Session) -> dict[bytes, bytes]:
    """Give what every living handle stands for, as it stands in JSON."""
    return {
        one.handle.encode(): json.dumps(one.origin.reference if one.origin else one.reference)[1:-1].encode()
        for one in session.records()
    }
