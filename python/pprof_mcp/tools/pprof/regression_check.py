"""pprof.regression_check: do functions keep the limits that were set for them?"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import Unpack, override

from pprof_mcp import _native
from pprof_mcp.baselining import NAMES, BaselineName, name_of, series_of, stored_sides
from pprof_mcp.checking import Run, Verdict, measure, members, verdicts
from pprof_mcp.checks import MAX_CHECKS, Check, Combine, Metric, bounded, read_file
from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.filters import SampleFilters
from pprof_mcp.insight.verdicts import Bound, Status
from pprof_mcp.profile import Profile
from pprof_mcp.registry import INJECTED, Cli, OutputPath, tool
from pprof_mcp.registry.spec import Effects
from pprof_mcp.render.junit import Case, Outcome, junit
from pprof_mcp.reports import Rows, exactly
from pprof_mcp.results import NextCall, Row, next_call
from pprof_mcp.results.analysis import Analysis
from pprof_mcp.session.bundle import Bundle
from pprof_mcp.session.session import Session

NAME_LENGTH = 160
"""Characters of a name that are shown (chosen: `MAX_CHECKS` answers stay below the size of one answer)."""

CHECKS_FILE_BYTES = 1 << 20
"""Bytes of a file of checks (chosen: far above what `MAX_CHECKS` take)."""


class CheckedFunction(Row):
    """A function that matches."""

    columns = ("flat_text", "flat_pct", "cum_text", "cum_pct", "name")

    name: str = Field(description="Its name; a very long one is cut.")
    flat_text: str = Field(description="flat with its unit.")
    flat_pct: float = Field(description="flat in percent of the total.")
    cum_text: str = Field(description="cum with its unit.")
    cum_pct: float = Field(description="cum in percent of the total.")


class CheckRow(Row):
    """One limit of a check."""

    columns = ("status", "function", "combine", "metric", "limit", "threshold_text", "actual_text", "message")
    spare = ("combine",)
    beneath = ("matched",)

    function: str = Field(description="The pattern, as it was given.")
    metric: Metric = Field(description="What was measured.")
    combine: Combine = Field(description="All matching functions together, or the largest.")
    limit: Bound = Field(description="Which limit of the check this is.")
    threshold: float = Field(description="The limit, in percent or the unit of the values.")
    actual: float | None = Field(
        description="What is held against it: the metric or its increase; null: an increase from nothing."
    )
    passed: bool = Field(description="False only when it failed.")
    status: Status = Field(description="inconclusive: over the limit, but no more than chance explains.")
    message: str | None = Field(description="What there is to say; null for a plain pass.")
    threshold_text: str = Field(description="threshold with its unit.")
    actual_text: str = Field(description="actual with its unit.")
    low: float | None = Field(description="Lower end of the interval of actual; null when not known.")
    high: float | None = Field(description="Upper end.")
    method: str | None = Field(description="How the interval was found.")
    value: float = Field(description="The metric itself, mean of the profiles checked.")
    base_value: float | None = Field(
        description="The same of what it is compared with; null for max and min."
    )
    effect_size: float | None = Field(description="Hedges' g, with several profiles on both sides.")
    function_count: int = Field(description="Functions that match.")
    matched: list[CheckedFunction] = Field(description="Those with the largest cum.")
    matched_left_out: int = Field(description="How many match besides.")


class RegressionCheckResult(Analysis):
    """Every limit with what was measured; an inconclusive one passes."""

    passed: bool = Field(description="Whether no check failed.")
    failed_count: int = Field(description="Limits that are broken.")
    inconclusive_count: int = Field(description="Limits that are exceeded by what chance may explain.")
    checks: list[CheckRow] = Field(description="In the order given.")
    profiles: int = Field(description="Profiles that were checked.")
    base_profiles: int = Field(description="Profiles they were compared with.")
    junit_path: str | None = Field(description="Where the JUnit XML lies; null when none was asked for.")

    @property
    @override
    def failed(self) -> bool:
        """Whether a check failed."""
        return not self.passed


class _Options(SampleFilters, BaselineName, total=False):
    """Filters, and the name of a series of stored runs."""


@tool(
    "pprof.regression_check",
    title="Check limits on functions",
    since="0.1",
    toolset="compare",
    example={
        "profile": "handle:0123456789abcdef",
        "checks": [
            {"function": "runtime.mallocgc", "metric": "flat_pct", "max": 5.0},
            {"function": "encoding/json.*", "metric": "cum_pct", "max": 10.0},
        ],
    },
    effects=Effects(read_only=False),
)
def regression_check(
    profile: Profile,
    *,
    checks: Annotated[
        list[Check],
        Field(description="Limits on functions that match a pattern."),
        Cli(flags=("--check",), only=True),
    ] = [],  # noqa: B006 - validated and copied before each call
    checks_file: Annotated[
        str,
        Field(max_length=4_096, description="File with more checks: JSON or TOML."),
        Cli(flags=("--checks",), only=True),
    ] = "",
    more: Annotated[
        Bundle | None, Field(description="More profiles of the same state; checked by their mean.")
    ] = None,
    base: Annotated[
        Bundle | None, Field(description="Profile, list or bundle to compare with (max_increase).")
    ] = None,
    fail_unmatched: Annotated[bool, Field(description="Fail a pattern that matches nothing.")] = False,
    junit_path: Annotated[
        OutputPath, Field(description="JUnit XML to write."), Cli(flags=("--junit",), only=True)
    ] = "",
    overwrite: Annotated[bool, Field(description="Replace an existing file.")] = False,
    session: Session = INJECTED,
    **filters: Unpack[_Options],
) -> RegressionCheckResult:
    """Check that functions stay within limits: pass or fail, for CI and after a change.

    Counted are the functions whose names match, not what they call: flat is their own cost, cum includes
    callees, each sample once. Limits are fixed (max, min) or relative to base (max_increase in points or
    units, max_increase_pct); several profiles a side give intervals, and what chance explains is inconclusive
    and passes. To find what changed without knowing where, use pprof.diff_top. In a shell: status 1 on
    failure, `--check 'runtime.mallocgc flat_pct <= 5'`.
    """
    every = list(checks)
    if checks_file:
        every += read_file(checks_file, _content(session, checks_file))
    every = bounded(every)
    if junit_path:
        session.check_write(junit_path, overwrite=overwrite)
    run, found = measure(profile, every, filters, limit=min(5, max(1, MAX_CHECKS // len(every))))
    # All sides count the same: the sample type of the first profile, by name.
    chosen: dict[str, object] = {**filters, "sample_index": found["sample_type"]["type"]}
    after_profiles = [profile, *members(more, profile.kind, "more")]
    before_profiles = members(base, profile.kind, "base")
    after = [run, *(measure(one, every, chosen)[0] for one in after_profiles[1:])]
    before = [measure(one, every, chosen)[0] for one in before_profiles]
    if any(filters.get(part) for part in NAMES):
        if before:
            raise InvalidArgumentError(
                "base and a stored baseline are given; one of them can be compared with",
                hint="Leave one of them out.",
                details={"argument": "base"},
            )
        series = series_of(profile, filters, name_of(filters), found["sample_type"])
        before = stored_sides(session.baselines, series, every, profile.shared.digest)
    rows = [
        _row(verdict, run.patterns[check.function], [*after, *before], found, fail_unmatched=fail_unmatched)
        for check in every
        for verdict in verdicts(check, after, before, found["sample_type"])
    ]
    if junit_path:
        name = f"pprof.regression_check {profile.reference}"
        session.write(
            junit_path, junit(name, found["sample_type"]["type"], _cases(rows)), overwrite=overwrite
        )
    failed = sum(row.status == "failed" for row in rows)
    return RegressionCheckResult(
        warnings=[*found["warnings"], *_twice(after_profiles, "more"), *_twice(before_profiles, "base")],
        next=_next(profile, _references(before_profiles, session), found, rows),
        profile=profile.reference,
        sample_type=found["sample_type"],
        unit=found["unit"],
        total=found["total"],
        total_text=found["total_text"],
        passed=not failed,
        failed_count=failed,
        inconclusive_count=sum(row.status == "inconclusive" for row in rows),
        checks=rows,
        profiles=len(after),
        base_profiles=len(before),
        junit_path=junit_path or None,
    )


def _content(session: Session, path: str) -> bytes:
    file, _ = session.fence.open_read(path, max_bytes=CHECKS_FILE_BYTES)
    with file:
        return file.read(CHECKS_FILE_BYTES)


def _twice(profiles: list[Profile], side: str) -> list[str]:
    digests = [one.shared.digest for one in profiles] if len(profiles) > 1 else []
    if len(set(digests)) == len(digests):
        return []
    return [f"{side}: the same profile is given more than once, which makes the interval too narrow"]


def _row(verdict: Verdict, matching: Rows, runs: list[Run], found: Rows, *, fail_unmatched: bool) -> CheckRow:
    check, measured, status = verdict.check, verdict.measured, verdict.status
    unmatched = not any(run.patterns[check.function]["function_count"] for run in runs)
    if unmatched and fail_unmatched:
        status = "failed"

    def text(value: float | None, *, signed: bool = False) -> str:
        if value is None:
            return "from nothing"
        sign = "+" if signed and value > 0 else ""
        if check.metric.endswith("_pct") and verdict.bound != "max_increase_pct":
            return f"{sign}{_number(value)} {'points' if signed else '%'}"
        if verdict.bound == "max_increase_pct":
            return f"{sign}{_number(value)} %"
        return sign + _amount(value, check, found["unit"])

    is_increase = verdict.bound.startswith("max_increase")
    threshold_text = text(verdict.threshold, signed=is_increase)
    actual_text = text(measured.value if measured else None, signed=is_increase)
    shown = matching["functions"]
    return CheckRow(
        function=check.function,
        metric=check.metric,
        combine=check.combine,
        limit=verdict.bound,
        threshold=verdict.threshold,
        actual=measured.value if measured else None,
        passed=status != "failed",
        status=status,
        message=_message(verdict, status, actual_text, threshold_text, unmatched=unmatched),
        threshold_text=threshold_text,
        actual_text=actual_text,
        low=_rounded(measured.low) if measured else None,
        high=_rounded(measured.high) if measured else None,
        method=measured.method if measured else None,
        value=round(verdict.value, 4),
        base_value=None if verdict.base is None else round(verdict.base, 4),
        effect_size=verdict.effect,
        function_count=matching["function_count"],
        matched=[_function(row) for row in shown],
        matched_left_out=matching["function_count"] - len(shown),
    )


def _message(verdict: Verdict, status: Status, actual: str, threshold: str, *, unmatched: bool) -> str | None:
    check = verdict.check
    name = f"{_cut(check.function)} {check.metric}"
    side = {"max": "max", "min": "min"}.get(verdict.bound, "increase allowed")
    if unmatched:
        return f"{name}: no function matches, so it is 0"
    if status == "passed":
        return None
    what = "increased by" if side == "increase allowed" else "is"
    told = f"{name} {what} {actual}, {'below' if side == 'min' else 'above'} the {side} of {threshold}"
    if verdict.measured is None:
        told = f"{name} has a cost now and had none before, above the increase allowed of {threshold}"
    if status == "failed":
        return told
    return f"{told}, but no more than chance explains ({verdict.measured.method if verdict.measured else ''})"


def _function(row: Rows) -> CheckedFunction:
    return CheckedFunction(
        name=_cut(row["name"]),
        flat_text=row["flat_text"],
        flat_pct=row["flat_pct"],
        cum_text=row["cum_text"],
        cum_pct=row["cum_pct"],
    )


def _cut(name: str) -> str:
    return name if len(name) <= NAME_LENGTH else name[: NAME_LENGTH - 3] + "..."


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _amount(value: float, check: Check, unit: str) -> str:
    text = _native.unit_text(value, unit)
    return f"{text}/s" if check.metric.endswith("_per_s") else text


_OUTCOMES: dict[Status, Outcome] = {"passed": "passed", "failed": "failed", "inconclusive": "skipped"}


def _cases(rows: list[CheckRow]) -> list[Case]:
    return [
        Case(
            name=f"{row.function} {row.metric} {row.limit} {row.threshold_text}",
            outcome=_OUTCOMES[row.status],
            message=row.message or "",
        )
        for row in rows
    ]


def _references(profiles: list[Profile], session: Session) -> list[str]:
    """Name profiles of a bundle for a later call."""
    return [session.reference_of(one.handle) for one in profiles]


def _next(profile: Profile, base: list[str], found: Rows, rows: list[CheckRow]) -> list[NextCall]:
    index = found["sample_type"]["type"]
    broken = next((row for row in rows if row.status == "failed" and row.matched), None)
    calls: list[NextCall] = []
    if broken is not None and len(broken.matched[0].name) < NAME_LENGTH:
        name = broken.matched[0].name
        why = f"Who calls {name[:100]}, and what it calls."
        calls.append(
            next_call("pprof.peek", why, profile=profile.reference, regex=exactly(name), sample_index=index)
        )
    if broken is not None and base:
        why = "What else changed."
        calls.append(
            next_call("pprof.diff_top", why, before=base[0], after=profile.reference, sample_index=index)
        )
    return calls
