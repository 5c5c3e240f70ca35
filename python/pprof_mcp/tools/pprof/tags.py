"""pprof.tags: what the samples' labels say, such as the share of each tenant."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp import _native
from pprof_mcp.filters import TextFilters
from pprof_mcp.insight.labels import as_spelled
from pprof_mcp.profile import Profile
from pprof_mcp.registry import tool
from pprof_mcp.reports import Rows, ask, exactly, pprof_text
from pprof_mcp.results import NextCall, Row, next_call, page_of
from pprof_mcp.results.analysis import RowsOrText, TextAnalysis

MOST_KEYS = 15
"""Keys shown at once: one value of each fits a short answer (measured: a key takes about 350 bytes)."""
MOST_NAMES = 20


class TagValue(Row):
    """One value of a label."""

    columns = ("flat_text", "flat_pct", "value")

    value: str = Field(description="The text, or the number with its unit.")
    number: int | None = Field(description="The number; null for text.")
    unit: str | None = Field(description="Unit of the number; null for text.")
    flat: int = Field(description="Value of the samples that have it.")
    flat_pct: float = Field(description="In percent of the total, 0-100.")
    flat_text: str = Field(description="flat with its unit.")


class TagsLeftOut(Row):
    """Values of a label that are not shown."""

    columns = ("values", "flat")

    values: int = Field(description="How many values there are besides.")
    flat: int = Field(description="What their samples count.")


class TagKey(Row):
    """One label key."""

    columns = ("key", "total_pct", "distinct", "unlabelled_pct", "min", "max")
    beneath = ("values",)

    key: str = Field(description="The label's key.")
    numeric: bool = Field(description="Whether its values are numbers.")
    total: int = Field(
        description="Value of the samples with this key; one with several values counts for each."
    )
    total_pct: float = Field(description="In percent of the profile's total.")
    unlabelled: int = Field(description="Value of the samples without this key.")
    unlabelled_pct: float = Field(description="In percent of the profile's total.")
    distinct: int = Field(description="Different values.")
    min: int | None = Field(description="Smallest number; null for text.")
    max: int | None = Field(description="Largest number; null for text.")
    values: list[TagValue] = Field(description="Values, heaviest first.")
    left_out: TagsLeftOut = Field(description="Values before and behind these.")


class TagsResult(TextAnalysis):
    """Labels by key."""

    keys: list[TagKey] = Field(
        description="Keys by name, the 15 with the largest totals; empty with format=text."
    )
    keys_left_out: int = Field(description="Keys besides; ask for each with `key`.")


@tool(
    "pprof.tags",
    title="Labels",
    since="0.1",
    toolset="core",
    example={"profile": "handle:0123456789abcdef", "key": "tenant"},
)
def tags(
    profile: Profile,
    *,
    key: Annotated[str, Field(max_length=200, description="Only this key; empty: all keys.")] = "",
    limit: Annotated[int, Field(ge=1, le=500, description="Values of each key at most.")] = 8,
    cursor: Annotated[
        str,
        Field(max_length=20, description="`cursor` of the last answer, to go on with the values of one key."),
    ] = "",
    format: RowsOrText = "rows",
    **filters: Unpack[TextFilters],
) -> TagsResult:
    """Break a profile down by its labels: the share of each tenant, endpoint or thread.

    Shows every key with its heaviest values, the share of samples without it, and the range of numbers. To
    look at the functions of one value, call pprof.top with tagfocus, such as `tenant=acme`.
    """
    page = page_of(cursor, limit)
    key = as_spelled(key, (item["key"] for item in profile.shared.meta["label_keys"]))
    found = ask(_native.tags, profile, filters, key=key, offset=page.offset, limit=page.limit)
    raw = raw_meta = None
    if format == "text":
        raw, raw_meta = pprof_text(profile.native, filters, "tags")
    warnings = list(found["warnings"])
    every: list[Rows] = found["keys"]
    heaviest = sorted(every, key=lambda item: (-abs(item["total"]), item["key"], item["numeric"]))[:MOST_KEYS]
    keys = [item for item in every if item in heaviest]
    if len(keys) < len(every) and format == "rows":
        others = [item["key"] for item in every if item not in heaviest]
        shown = ", ".join(others[:MOST_NAMES]) + (" ..." if len(others) > MOST_NAMES else "")
        warnings.append(f"{len(others)} keys are not shown, ask for one with key: {shown}")
    names = sorted({item["key"] for item in profile.shared.meta["label_keys"]})
    if key and names and not found["keys"]:
        warnings.append(f"the profile has the labels {', '.join(names[:20])}")
    cursor_on = None
    if key and found["keys"] and format == "rows":
        shown = max(len(item["values"]) for item in found["keys"])
        cursor_on = page.cursor(shown, max(item["distinct"] for item in found["keys"]))
    return TagsResult(
        warnings=warnings,
        next=_next(profile, {**found, "keys": keys}),
        profile=profile.reference,
        sample_type=found["sample_type"],
        unit=found["unit"],
        total=found["total"],
        total_text=found["total_text"],
        raw=raw,
        raw_meta=raw_meta,
        cursor=cursor_on,
        keys=[] if format == "text" else [TagKey.model_validate(item) for item in keys],
        keys_left_out=0 if format == "text" else len(every) - len(keys),
    )


def _next(profile: Profile, found: Rows) -> list[NextCall]:
    reference, index = profile.reference, found["sample_type"]["type"]
    for item in found["keys"]:
        heaviest = item["values"][0] if item["values"] else None
        if heaviest is None or item["numeric"] or item["distinct"] < 2:
            continue
        focus = f"{item['key']}={exactly(heaviest['value'])}"
        why = f"The functions of {item['key']} {heaviest['value'][:60]} alone."
        return [next_call("pprof.top", why, profile=reference, tagfocus=focus, sample_index=index)]
    return [next_call("pprof.top", "The functions.", profile=reference, sample_index=index)]
