"""The shared arguments of tools that ask for captured profiles: which, and of when. Declared once."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from pprof_mcp.sources.times import DEFAULT_HOURS

MOST_HOURS = 24 * 400
"""Longest window, in hours. Source: chosen; profiles are kept for a year at most."""

Window = TypedDict(
    "Window",
    {
        "hours": Annotated[
            float,
            Field(
                default=DEFAULT_HOURS,
                gt=0,
                le=MOST_HOURS,
                description="Window back from `to`, without `from`.",
            ),
        ],
        "from": Annotated[
            str, Field(default="", max_length=60, description="Start: -3h, -2d, RFC 3339 or epoch.")
        ],
        "to": Annotated[str, Field(default="", max_length=60, description="End, likewise; default now.")],
    },
    total=False,
)
"""Of when; `from` is no name that a class could spell."""


class Which(TypedDict, total=False):
    """Which profiles of a service."""

    host: Annotated[str, Field(default="", max_length=200, description="Host; `*` matches any part.")]
    version: Annotated[str, Field(default="", max_length=200, description="Version of the service.")]
    query: Annotated[
        str, Field(default="", max_length=1_000, description="More search terms: `runtime:go -pod_name:x*`.")
    ]
    site: Annotated[str, Field(default="", max_length=100, description="Datadog site; default DD_SITE.")]


class Captures(Which, Window, total=False):
    """Which profiles, and of when."""


ServiceName = Annotated[str, Field(min_length=1, max_length=200, description="Service name.")]
Environment = Annotated[str, Field(max_length=200, description="Environment; default any.")]
