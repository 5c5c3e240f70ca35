"""pprof.callgraph: who calls whom, as a picture."""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp import _native
from pprof_mcp.filters import Filters, spec
from pprof_mcp.profile import Profile
from pprof_mcp.registry import INJECTED, Cli, OutputPath, tool
from pprof_mcp.registry.spec import Effects
from pprof_mcp.reports import pprof_report
from pprof_mcp.results import next_call
from pprof_mcp.results.picture import Overwrite, Picture, Title, check_output
from pprof_mcp.session.session import Session

GraphFormat = Literal["svg", "dot"]


class CallGraphResult(Picture):
    """A call graph in a file."""

    format: GraphFormat = Field(description="What the file is.")
    nodes: int = Field(description="Functions drawn.")
    edges: int = Field(description="Calls drawn.")
    left_out: int = Field(description="Functions that are not drawn.")


@tool(
    "pprof.callgraph",
    title="Call graph",
    since="0.1",
    toolset="visual",
    example={"profile": "handle:0123456789abcdef", "output_path": "calls.svg"},
    effects=Effects(read_only=False),
)
def callgraph(
    profile: Profile,
    *,
    output_path: Annotated[
        OutputPath, Field(min_length=1, description="File to write."), Cli(("-o", "--output"))
    ],
    format: Annotated[
        GraphFormat, Field(description="`svg`: laid out, for a browser; `dot`: pprof's own, for Graphviz.")
    ] = "svg",
    overwrite: Overwrite = False,
    nodecount: Annotated[int, Field(ge=1, le=300, description="Functions at most.")] = 40,
    node_frac: Annotated[
        float, Field(ge=0, le=1, description="Leave out functions below this part of the total.")
    ] = 0.005,
    edge_frac: Annotated[
        float, Field(ge=0, le=1, description="Leave out calls below this part of the total.")
    ] = 0.001,
    title: Title = "",
    session: Session = INJECTED,
    **filters: Unpack[Filters],
) -> CallGraphResult:
    """Draw the call graph: a box for each function, arrows for calls, colour and size by cost.

    The functions are those that pprof chooses for a picture. No other program is needed. For all paths
    at once use pprof.flamegraph; for the neighbours of one function as numbers, pprof.peek.
    """
    check_output(session, output_path, overwrite=overwrite)
    options = {
        "title": title or f"Call graph of {profile.reference}",
        "nodecount": nodecount,
        "nodefraction": node_frac,
        "edgefraction": edge_frac,
    }
    svg, facts = _native.callgraph(profile.native, spec(filters, **options))
    found = json.loads(facts)
    data = svg
    if format == "dot":
        del options["title"]
        data = pprof_report(profile.native, filters, "dot", **options)
    session.write(output_path, data, overwrite=overwrite)
    return CallGraphResult(
        warnings=found["warnings"],
        next=[
            next_call(
                "pprof.top",
                "The same functions as numbers.",
                profile=profile.reference,
                sample_index=found["sample_type"]["type"],
                cum=True,
            )
        ],
        profile=profile.reference,
        sample_type=found["sample_type"],
        unit=found["sample_type"]["unit"],
        total=found["total"],
        total_text=found["total_text"],
        output_path=output_path,
        output_bytes=len(data),
        format=format,
        nodes=found["nodes"],
        edges=found["edges"],
        left_out=found["left_out"],
    )
