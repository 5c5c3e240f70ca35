"""The shared arguments of tools that ask for captured profiles: which, and of when. Declared once."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from pprof_mcp.sources.times import DEFAULT_HOURS

MOST_HOURS = 24 * 400
"""Longest window, in hours. Source: chosen; profiles are kept for a year at most."""

Ends = TypedDict(
    "Ends",
    {
        "from": Annotated[
            str, Field(default="", max_length=60, description="Start: -3h, -2d, RFC 3339 or epoch.")
        ],
        "to": Annotated[str, Field(default="", max_length=60, description="End, likewise; default now.")],
    },
    total=False,
)
"""From when to when; `from` is no name that a class could spell."""


class Window(Ends, total=False):
    """Of when."""

    hours: Annotated[
        float,
        Field(
            default=DEFAULT_HOURS, gt=0, le=MOST_HOURS, description="Window back from `to`, without `from`."
        ),
    ]


class AnyWindow(Ends, total=False):
    """Of when, at any source: what is usual there when nothing is said."""

    hours: Annotated[
        float,
        Field(
            default=0,
            ge=0,
            le=MOST_HOURS,
            description="Window back from `to`, without `from`; 0: 72, gcp 24, pyroscope and parca 1.",
        ),
    ]


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


class AnyCaptures(Which, AnyWindow, total=False):
    """The same, at any source."""


class Ranged(Which, Ends, total=False):
    """Which profiles, and from when to when."""


ProfileKind = Literal["cpu", "wall", "heap", "mutex", "block", "goroutine", "goroutines", "any"]
"""Kinds that can be asked for; `any` is the one that most bundles hold."""


def kind_of(asked: ProfileKind) -> str:
    """Give the name that profiles have for a kind."""
    return "goroutine" if asked == "goroutines" else asked


ServiceName = Annotated[str, Field(min_length=1, max_length=200, description="Service name.")]
Environment = Annotated[str, Field(max_length=200, description="Environment; default any.")]
