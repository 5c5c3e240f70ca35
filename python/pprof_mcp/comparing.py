"""Asks the core about two profiles: what all comparisons share."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any, cast

from pydantic import Field

from pprof_mcp import _native
from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.filters import TextFilters, spec
from pprof_mcp.profile import Profile
from pprof_mcp.reports import Rows, pprof_text
from pprof_mcp.results import NextCall, next_call
from pprof_mcp.results.analysis import AnswerFormat
from pprof_mcp.results.comparison import Normalize
from pprof_mcp.results.shared import RawMeta

LONGER = 1.1
"""Durations that differ by more than this factor are warned about.

Source: chosen; a timer's slack stays below it, and a tenth is less than most regressions looked for.
"""


Before = Annotated[Profile, Field(description="Profile before: path, `handle:...`, or bundle + `#kind`.")]
After = Annotated[Profile, Field(description="Profile after: path, `handle:...`, or bundle + `#kind`.")]
Normalizing = Annotated[
    Normalize, Field(description="per_second: divide by durations; total: scale before to after's total.")
]


class Sides:
    """Two profiles that are compared.

    Args:
        before: The base.
        after: What is compared with it.
        filters: The shared options.
        normalize: How the two are made comparable.
        format: Rows, or pprof's own text.

    Raises:
        InvalidArgumentError: pprof's own text is asked for per second.
    """

    def __init__(
        self,
        before: Profile,
        after: Profile,
        filters: TextFilters,
        normalize: Normalize,
        format: AnswerFormat,
    ) -> None:
        if format == "text" and normalize == "per_second":
            raise InvalidArgumentError(
                "format=text is pprof's own comparison, which knows normalize none and total only",
                hint="Use format=rows with per_second.",
                details={"argument": "format"},
            )
        self._before, self._after = before, after
        self._filters = filters
        self._normalize: Normalize = normalize
        self._format = format

    def ask(
        self,
        question: Callable[[_native.Profile, _native.Profile, str], bytes],
        *,
        limit: int,
        **options: object,
    ) -> Rows:
        """Ask the core one question; with format=text no rows are asked for.

        Raises:
            PprofMcpError: As the core says.
        """
        # Answers are remembered by profile, and this is about two: asked anew each time.
        body = spec(
            self._filters,
            normalize=self._normalize,
            limit=0 if self._format == "text" else limit,
            **options,
        )
        return cast("Rows", json.loads(question(self._before.native, self._after.native, body)))

    def text(self, report: str, *, diff_base: bool, **options: object) -> tuple[str | None, RawMeta | None]:
        """Give pprof's own text of the difference, if that is asked for.

        Args:
            report: pprof's name of the report.
            diff_base: Samples before keep apart, and percentages are of them; else equal ones are subtracted.
            **options: pprof's other options by their names.

        Raises:
            PprofMcpError: As the core says.
        """
        if self._format != "text":
            return None, None
        difference = _native.diff(
            _native.prepare_source(self._before.native),
            _native.prepare_source(self._after.native),
            diff_base=diff_base,
            normalize=self._normalize == "total",
        )
        return pprof_text(difference, self._filters, report, **options)

    def fields(self, found: Rows) -> dict[str, Any]:
        """Give what every comparison says about its sides, by the names of `Comparison`."""
        told = {_RENAMED.get(name, name): found[name] for name in _TOLD}
        return {
            **told,
            "warnings": [*found["warnings"], *self._lengths(found)],
            "before": self._before.reference,
            "after": self._after.reference,
            "normalize": self._normalize,
        }

    def per_second(self, tool: str, found: Rows) -> list[NextCall]:
        """Suggest the same per second where lengths differ."""
        if not self._lengths(found):
            return []
        return [
            next_call(
                tool,
                "The same per second.",
                before=self._before.reference,
                after=self._after.reference,
                normalize="per_second",
                sample_index=found["sample_type"]["type"],
            )
        ]

    def side(self, status: str) -> Profile:
        """Give the profile in which something of this status can be looked at."""
        return self._before if status == "gone" else self._after

    def _lengths(self, found: Rows) -> list[str]:
        before, after = found["base_duration_nanos"], found["duration_nanos"]
        comparable = self._normalize != "none" or before <= 0 or after <= 0
        if comparable or max(before, after) <= LONGER * min(before, after):
            return []
        lengths = f"{before / 1e9:.4g} s and {after / 1e9:.4g} s"
        return [f"the profiles cover {lengths}: part of each difference, unless normalize is per_second"]


_RENAMED = {
    "base_total": "before_total",
    "base_total_text": "before_total_text",
    "total": "after_total",
    "total_text": "after_total_text",
    "base_scale": "before_scale",
    "scale": "after_scale",
    "base_duration_nanos": "before_duration_nanos",
    "duration_nanos": "after_duration_nanos",
}
_TOLD = (
    *_RENAMED, "sample_type", "unit", "delta_total", "delta_total_text", "new", "gone", "changed", "same",
    "left_out",
)  # fmt: skip
