"""What pprof.storylines answers."""

from __future__ import annotations

from pydantic import Field

from pprof_mcp.results.analysis import Analysis
from pprof_mcp.results.base import Row


class StorySource(Row):
    """A line of own code."""

    columns = ("pct", "value_text", "location", "function")

    function: str = Field(description="The function.")
    location: str | None = Field(description="`file:line`; null when unknown.")
    value: int = Field(description="Samples of the storyline that pass here.")
    value_text: str = Field(description="value with its unit.")
    pct: float = Field(description="In percent of the storyline.")


class StoryStep(Row):
    """A function of own code on the way."""

    columns = ("cum_pct", "function", "location")

    function: str = Field(description="The function; its closures are part of it.")
    location: str | None = Field(description="Its line that most samples pass; null when unknown.")
    cum: int = Field(description="All samples that came this way so far, of other storylines too.")
    cum_pct: float = Field(description="In percent of the total.")
    recursive: bool = Field(description="Whether it calls itself, through others or not.")


class StoryWork(Row):
    """What is done for a storyline below its own code."""

    columns = ("pct", "value_text", "category")

    category: str = Field(description="Of pprof.overhead_report; `own code` for what is of none.")
    value: int = Field(description="Its values.")
    value_text: str = Field(description="value with its unit.")
    pct: float = Field(description="In percent of the storyline.")


class Storyline(Row):
    """A way through own code with all samples that took it."""

    columns = ("cum_text", "cum_pct", "flat_pct", "samples", "leaf_hotspot")
    beneath = ("call_chain", "hot_lines", "work", "goes_on")

    leaf_hotspot: str = Field(description="The function where it ends.")
    cum: int = Field(description="Values of its samples; no sample is in two storylines.")
    cum_text: str = Field(description="cum with its unit.")
    cum_pct: float = Field(description="In percent of the total.")
    flat: int = Field(description="Of those, what own code does itself: it is at the leaf.")
    flat_pct: float = Field(description="flat in percent of the total.")
    samples: int = Field(description="Rows of the profile.")
    relative_error_pct: float | None = Field(description="Standard error of cum in percent: 1/sqrt(samples).")
    stacks: int = Field(description="Different stacks.")
    call_chain: list[StoryStep] = Field(description="Own functions on the way, root first, at most 6.")
    steps_left_out: int = Field(description="Functions nearer to the root that are not shown.")
    hot_lines: list[StorySource] = Field(description="Lines of own code nearest to the leaf, heaviest first.")
    work: list[StoryWork] = Field(description="What is done there, by category, heaviest first.")
    goes_on: list[StorySource] = Field(description="Own functions called from its end, heaviest first.")


class StorylinesResult(Analysis):
    """Ways through own code, heaviest first."""

    runtime: str | None = Field(description="Where the profile comes from; null when unknown.")
    own_code: list[str] = Field(description="What counts as own code, heaviest first, at most 5.")
    own_code_how: str = Field(description="How that was found.")
    storylines: list[Storyline] = Field(description="The ways.")
    own: int = Field(description="Values of samples with own code.")
    own_pct: float = Field(description="In percent of the total.")
    without_own_pct: float = Field(description="Samples without own code: the runtime's background work.")
    left_pct: float = Field(description="Samples with own code in no storyline here: ask for more with n.")
