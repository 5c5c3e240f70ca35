"""pprof.flamegraph: all call paths as one picture."""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp import _native
from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.filters import Filters, spec
from pprof_mcp.profile import Profile
from pprof_mcp.registry import INJECTED, Cli, OutputPath, tool
from pprof_mcp.registry.spec import Effects
from pprof_mcp.results import next_call
from pprof_mcp.results.picture import Overwrite, Picture, Title, check_output
from pprof_mcp.session.session import Session

Direction = Literal["up", "down"]
Merge = Literal["root", "leaf"]
Width = Literal["after", "before"]


class FlameGraphResult(Picture):
    """A flame graph in a file."""

    base: str | None = Field(description="The profile before, as it was given; null without one.")
    base_total: int = Field(description="Its total, scaled with normalize; 0 without one.")
    base_total_text: str | None = Field(description="base_total with its unit; null without one.")
    boxes: int = Field(description="Boxes drawn.")
    left_out: int = Field(description="Boxes narrower than min_pct; the box below them carries their cost.")
    depth: int = Field(description="Frames of the deepest path drawn.")


@tool(
    "pprof.flamegraph",
    title="Flame graph",
    since="0.1",
    toolset="visual",
    example={"profile": "handle:0123456789abcdef", "output_path": "cpu.svg"},
    effects=Effects(read_only=False),
)
def flamegraph(
    profile: Profile,
    *,
    output_path: Annotated[
        OutputPath, Field(min_length=1, description="SVG file to write."), Cli(("-o", "--output"))
    ],
    overwrite: Overwrite = False,
    base: Annotated[
        Profile | None,
        Field(
            description="Profile before (path, `handle:...`, bundle + `#kind`): draws what changed, red for "
            "more, blue for less."
        ),
    ] = None,
    normalize: Annotated[bool, Field(description="With base: scale it to the total of profile.")] = False,
    width: Annotated[
        Width,
        Field(description="With base: boxes are as wide as `after`, or as `before` to see what is gone."),
    ] = "after",
    merge_from: Annotated[
        Merge,
        Field(description="`root`: what the program is at; `leaf`: where the cost arises, callers above."),
    ] = "root",
    direction: Annotated[Direction, Field(description="`down`: the root at the top.")] = "up",
    min_pct: Annotated[
        float, Field(ge=0, le=50, description="Leave out boxes narrower than this, in percent of the whole.")
    ] = 0.1,
    title: Title = "",
    session: Session = INJECTED,
    **filters: Unpack[Filters],
) -> FlameGraphResult:
    """Draw a flame graph, or a differential one: SVG with search and zoom.

    It is for people to look at. Each box is a call path, as wide as what it costs. With base it shows what
    changed between two profiles: each box takes the colour of what its own frames gained or lost. To read the
    same numbers use pprof.top, pprof.focus_paths or pprof.diff_top.
    """
    check_output(session, output_path, overwrite=overwrite)
    if base is None and (normalize or width != "after"):
        raise InvalidArgumentError(
            "normalize and width are for comparisons, and there is no base",
            hint="Name the profile before as base.",
            details={"argument": "base"},
        )
    options = {
        "title": title or _title(profile, base),
        "subtitle": _subtitle(filters),
        "min_pct": min_pct,
        "inverted": direction == "down",
        "by_leaf": merge_from == "leaf",
        "normalize": normalize,
        "width_of_before": width == "before",
    }
    svg, facts = _native.flamegraph(
        profile.native, None if base is None else base.native, spec(filters, **options)
    )
    found = json.loads(facts)
    session.write(output_path, svg, overwrite=overwrite)
    index = found["sample_type"]["type"]
    calls = (
        [
            next_call(
                "pprof.top", "The widest boxes as numbers.", profile=profile.reference, sample_index=index
            )
        ]
        if base is None
        else [
            next_call(
                "pprof.diff_top",
                "The changes as numbers.",
                before=base.reference,
                after=profile.reference,
                sample_index=index,
            )
        ]
    )
    return FlameGraphResult(
        warnings=found["warnings"],
        next=calls,
        profile=profile.reference,
        base=None if base is None else base.reference,
        sample_type=found["sample_type"],
        unit=found["sample_type"]["unit"],
        total=found["total"],
        total_text=found["total_text"],
        base_total=found["base_total"],
        base_total_text=found["base_total_text"] or None,
        output_path=output_path,
        output_bytes=len(svg),
        boxes=found["boxes"],
        left_out=found["left_out"],
        depth=found["depth"],
    )


def _title(profile: Profile, base: Profile | None) -> str:
    return (
        f"Flame graph of {profile.reference}"
        if base is None
        else f"From {base.reference} to {profile.reference}"
    )


def _subtitle(filters: Filters) -> str:
    """What is not shown: a picture travels without the call that made it."""
    shown = {name: value for name, value in filters.items() if value and (name, value) != _PLAIN}
    return ", ".join(f"{name}={value}" for name, value in sorted(shown.items()))


_PLAIN = ("granularity", "functions")
