"""What is shown of every tool, told without importing one.

A server lists all its tools before it runs any. To read that from what the tools declare takes most of a
second; it is therefore written down by `make gen`, one file a tool under `data/tools/`, from the same
declarations. A tool that was just added is read from its declaration until then, and the checks of generated
files say when one is stale.

Source: measured; 400 ms for 33 tools, against 10 ms for their files.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from pprof_mcp.registry.discover import load, names
from pprof_mcp.registry.spec import Effects, ToolSpec, View
from pprof_mcp.toolsets import Toolset

FOLDER: Final = Path(__file__).resolve().parent.parent / "data" / "tools"


@dataclass(frozen=True)
class Entry:
    """A tool as it is listed.

    Attributes:
        name: Dotted name.
        title: For people, a few words.
        summary: One sentence.
        description: What an agent chooses by.
        toolset: The group it is served with.
        effects: What a call does to the world.
        view: How its answer about a handle is addressed; None when it is a tool only.
        input_schema: Schema of the arguments as it is listed.
        output_schema: Schema of every answer.
    """

    name: str
    title: str
    summary: str
    description: str
    toolset: Toolset
    effects: Effects
    view: View | None
    input_schema: Mapping[str, Any]
    output_schema: Mapping[str, Any]

    @property
    def spec(self) -> ToolSpec:
        """The declaration, which imports the tool."""
        return load(self.name)

    @property
    def advertised(self) -> str:
        """The name most clients can take: with underscores."""
        return self.name.replace(".", "_")

    @classmethod
    def of(cls, spec: ToolSpec) -> Entry:
        """Make it from the declaration."""
        return cls(
            name=spec.name,
            title=spec.title,
            summary=spec.summary,
            description=spec.description,
            toolset=spec.toolset,
            effects=spec.effects,
            view=spec.view,
            input_schema=spec.listed_schema,
            output_schema=spec.output_schema,
        )

    @classmethod
    def read(cls, text: str) -> Entry:
        """Read what `written` wrote."""
        found: dict[str, Any] = json.loads(text)
        view: dict[str, Any] | None = found.pop("view")
        effects = Effects(**found.pop("effects"))
        if view is None:
            return cls(view=None, effects=effects, **found)
        variables = tuple(view.pop("variables"))
        return cls(view=View(variables=variables, **view), effects=effects, **found)

    def written(self) -> str:
        """Write it as JSON, in lines, so that a change of a schema is seen in a review."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"


def entries() -> tuple[Entry, ...]:
    """Give all tools, sorted by name."""
    return tuple(_entry(name) for name in names())


def _entry(name: str) -> Entry:
    try:
        text = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        return Entry.of(load(name))
    return Entry.read(text)
