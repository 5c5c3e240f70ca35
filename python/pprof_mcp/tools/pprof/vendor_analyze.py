"""pprof.vendor_analyze: what dependencies cost, apart from own code and the standard library."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp.filters import SampleFilters
from pprof_mcp.insight.allocation import relative_error_pct
from pprof_mcp.insight.amounts import amount_text, share_pct
from pprof_mcp.modules import ModuleCost, ModuleCosts, Tier, measure_modules
from pprof_mcp.overhead import by_default
from pprof_mcp.profile import Profile
from pprof_mcp.registry import INJECTED, tool
from pprof_mcp.reports import exactly
from pprof_mcp.results import LeftOut, NextCall, Row, next_call, page_of
from pprof_mcp.results.analysis import Analysis
from pprof_mcp.results.overhead import RepoPrefixes
from pprof_mcp.session.session import Session
from pprof_mcp.sources.lockfiles import Locked, read_locks

SHOWN_STANDARD = 5
SHOWN_FUNCTIONS = 3


class VendorFunction(Row):
    """A function of a module."""

    columns = ("flat_pct", "cum_pct", "name")

    name: str = Field(description="Its name.")
    flat_pct: float = Field(description="In percent of the total.")
    cum_pct: float = Field(description="In percent of the total.")


class VendorRow(Row):
    """A module or package with what it costs."""

    columns = ("disjoint_pct", "total_flat_pct", "total_cum_pct", "tier", "package", "version")
    beneath = ("hot_functions",)

    package: str = Field(description="Module, package or namespace.")
    tier: Literal["app", "third_party", "standard", "unknown"] = Field(description="Whose it is.")
    version: str | None = Field(description="Its version; null when neither a path nor a lock file says it.")
    version_from: str | None = Field(
        description="`path` (what was profiled), or the lock file (what is asked for)."
    )
    disjoint: int = Field(
        description="Samples whose first frame from the leaf outside the standard library is its."
    )
    disjoint_text: str = Field(description="disjoint with its unit.")
    disjoint_pct: float = Field(description="In percent of the total; all modules add up to at most 100.")
    total_flat_pct: float = Field(description="Samples at whose leaf it is, in percent of the total.")
    total_cum_pct: float = Field(description="Samples that it is in, each once, in percent of the total.")
    samples: int = Field(description="Samples of disjoint.")
    relative_error_pct: float | None = Field(
        description="Standard error of disjoint in percent: 1/sqrt(samples)."
    )
    hot_functions: list[VendorFunction] = Field(description="Its functions by flat, at most 3.")


class TierRow(Row):
    """All modules of one sort."""

    columns = ("tier", "disjoint_pct", "flat_pct")

    tier: Literal["app", "third_party", "standard", "unknown"] = Field(description="Whose they are.")
    disjoint_pct: float = Field(
        description="As in the rows; of the standard library what it does for neither. Adds up to 100."
    )
    flat_pct: float = Field(description="Samples at whose leaf they are. Adds up to 100.")


class VendorLeftOut(LeftOut):
    """Modules that are not among the rows."""

    columns = ("rows", "disjoint_pct")

    disjoint_pct: float = Field(description="What is theirs, in percent of the total.")


class VendorResult(Analysis):
    """What modules cost."""

    runtime: str | None = Field(description="Where the profile comes from; null when unknown.")
    vendor_hotspots: list[VendorRow] = Field(description="Third-party modules, heaviest first.")
    left_out: VendorLeftOut = Field(
        description="Third-party modules before and behind these, or below min_pct."
    )
    cursor: str | None = Field(description="Pass it as `cursor` for the next rows; null at the end.")
    app: list[VendorRow] = Field(description="Own modules, heaviest first, at most 5.")
    standard: list[VendorRow] = Field(description="Packages of the standard library by flat, at most 5.")
    by_tier: list[TierRow] = Field(description="Sums of app, third_party, standard and unknown.")
    total_vendor_pct: float = Field(description="disjoint_pct of all third-party modules.")
    total_app_pct: float = Field(description="disjoint_pct of own code.")
    own_code: list[str] = Field(description="What counts as own code, at most 5.")
    own_code_how: str = Field(description="How that was found.")
    lock_files: list[str] = Field(description="Files that versions were read from.")


@tool(
    "pprof.vendor_analyze",
    title="Cost of dependencies",
    since="0.1",
    toolset="sources",
    example={"profile": "handle:0123456789abcdef", "repo_root": "."},
)
def vendor_analyze(
    profile: Profile,
    *,
    repo_root: Annotated[
        str,
        Field(
            max_length=4_096,
            description="Folder with go.mod, uv.lock, package-lock.json or Cargo.lock, for versions.",
        ),
    ] = "",
    min_pct: Annotated[
        float, Field(ge=0, le=100, description="Least share of a row, inclusive, in percent of the total.")
    ] = 1.0,
    limit: Annotated[int, Field(ge=1, le=200, description="Third-party modules at most.")] = 8,
    cursor: Annotated[str, Field(max_length=20, description="`cursor` of the last answer, to go on.")] = "",
    repo_prefixes: RepoPrefixes = [],  # noqa: B006 - read only
    session: Session = INJECTED,
    **filters: Unpack[SampleFilters],
) -> VendorResult:
    """Say what each dependency costs, apart from own code and the standard library.

    Work of the standard library counts for the module that asked for it (disjoint), so shares add up.
    Versions are read from paths, else from lock files of the checkout; no network is asked. By kind of
    work instead of module: pprof.overhead_report; own code: pprof.storylines.
    """
    page = page_of(cursor, limit)
    locked = read_locks(session.fence, repo_root) if repo_root else Locked()
    costs = measure_modules(profile, by_default(profile, filters), locked, repo_prefixes)
    vendor = [row for row in costs.rows if row.module is None or row.module.tier == "third_party"]
    listed = [row for row in vendor if abs(share_pct(row.cum, costs.total)) >= min_pct and row.cum]
    shown = listed[page.offset : page.offset + page.limit]
    app = [row for row in costs.rows if row.module and row.module.tier == "app" and row.cum]
    unit = costs.found["sample_type"]["unit"]
    return VendorResult(
        warnings=[*costs.found["warnings"], *_warnings(costs, locked, repo_root)],
        next=_next(profile, shown, costs),
        profile=profile.reference,
        sample_type=costs.found["sample_type"],
        unit=unit,
        total=costs.total,
        total_text=amount_text(costs.total, unit),
        runtime=costs.marked.runtime,
        vendor_hotspots=[_row(row, costs) for row in shown],
        left_out=VendorLeftOut(
            rows=len(vendor) - len(shown),
            disjoint_pct=share_pct(
                sum(row.charged for row in vendor) - sum(row.charged for row in shown), costs.total
            ),
        ),
        cursor=page.cursor(len(shown), len(listed)),
        app=[_row(row, costs) for row in app[:SHOWN_STANDARD]],
        standard=[_row(row, costs) for row in costs.standard[:SHOWN_STANDARD] if row.cum],
        by_tier=[_tier(tier, costs) for tier in costs.charged],
        total_vendor_pct=share_pct(costs.charged["third_party"], costs.total),
        total_app_pct=share_pct(costs.charged["app"], costs.total),
        own_code=list(costs.ownership.modules[:5]),
        own_code_how=costs.ownership.how,
        lock_files=list(locked.files),
    )


def _row(row: ModuleCost, costs: ModuleCosts) -> VendorRow:
    total = costs.total
    is_standard = row.module is not None and row.module.tier == "standard"
    charged = 0 if is_standard else row.charged
    return VendorRow(
        package=row.module.name if row.module else "(all other modules)",
        tier=row.module.tier if row.module else "third_party",
        version=row.version,
        version_from=row.said_by,
        disjoint=charged,
        disjoint_text=amount_text(charged, costs.found["sample_type"]["unit"]),
        disjoint_pct=share_pct(charged, total),
        total_flat_pct=share_pct(row.flat, total),
        total_cum_pct=share_pct(row.cum, total),
        samples=0 if is_standard else row.samples,
        relative_error_pct=None if is_standard else relative_error_pct(row.samples),
        hot_functions=[
            VendorFunction(name=name, flat_pct=share_pct(flat, total), cum_pct=share_pct(cum, total))
            for name, flat, cum in row.functions[:SHOWN_FUNCTIONS]
        ],
    )


def _tier(tier: Tier, costs: ModuleCosts) -> TierRow:
    return TierRow(
        tier=tier,
        disjoint_pct=share_pct(costs.charged[tier], costs.total),
        flat_pct=share_pct(costs.flat[tier], costs.total),
    )


def _warnings(costs: ModuleCosts, locked: Locked, repo_root: str) -> list[str]:
    warnings = list(locked.problems)
    if repo_root and not locked.files and not locked.problems:
        warnings.append(
            f"{repo_root} has no go.mod, uv.lock, package-lock.json or Cargo.lock: versions are of paths only"
        )
    if not costs.found["samples"]:
        return warnings
    if not any(costs.marked.functions["name"]):
        warnings.append("no function has a name, so no module can be told: symbolize the profile first")
    elif not costs.total:
        warnings.append(
            f"all values of {costs.found['sample_type']['type']} are zero; sample_index takes other types"
        )
    return warnings


def _next(profile: Profile, rows: list[ModuleCost], costs: ModuleCosts) -> list[NextCall]:
    reference, index = profile.reference, costs.found["sample_type"]["type"]
    calls: list[NextCall] = []
    function = next((row.functions[0][0] for row in rows if row.functions), None)
    if function:
        why = f"Who calls {function[:100]}."
        calls.append(
            next_call("pprof.peek", why, profile=reference, regex=exactly(function), sample_index=index)
        )
    if costs.total:
        why = "The same by kind of work, with causes and ways out."
        calls.append(next_call("pprof.overhead_report", why, profile=reference, sample_index=index))
    return calls
