"""Checks as they are given: as data, as one line of text, or in a file."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Sequence
from typing import Annotated, Any, Literal, cast

from pydantic import ConfigDict, Field, ValidationError
from typing_extensions import Self, override

from pprof_mcp import _native
from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.insight.verdicts import Bound
from pprof_mcp.registry.arguments import Written

Metric = Literal["flat_pct", "cum_pct", "flat", "cum", "flat_per_s", "cum_per_s"]
Combine = Literal["sum", "largest"]
Amount = Annotated[float, Field(allow_inf_nan=False)] | Annotated[str, Field(max_length=40)]

MAX_CHECKS = 40
"""Checks of one call (chosen: their answer stays below the size an answer may have)."""

BOUNDS: tuple[Bound, ...] = ("max", "min", "max_increase", "max_increase_pct")

_FORM = "PATTERN [largest] METRIC [increase] <= VALUE"
_EXAMPLE = "'encoding/json.* cum_pct <= 10'"
_LINE = re.compile(
    r"(?P<function>\S.*?)\s+(?:(?P<largest>largest)\s+)?"
    r"(?P<metric>(?:flat|cum)(?:_pct|_per_s)?)\s*(?:\s(?P<increase>increase)\s*)?(?P<sign><=|>=)\s*(?P<value>\S.*)"
)
_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(%|[A-Za-z*]+)?")


class Check(Written):
    """Limits on functions; at least one of max, min, max_increase, max_increase_pct."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    function: str = Field(min_length=1, max_length=500, description="Regex on function names.")
    metric: Metric = Field(description="_pct: percent of the total; _per_s: per second.")
    max: Amount | None = Field(default=None, description="A number or a text such as 200ms.")
    min: Amount | None = Field(default=None, description="As max.")
    max_increase: Amount | None = Field(
        default=None, description="Above the base, as max; percent points for _pct."
    )
    max_increase_pct: float | None = Field(default=None, description="In percent of the base.")
    combine: Combine = Field(default="sum", description="All matching functions together, or the largest.")

    @override
    @classmethod
    def read(cls, text: str) -> Self:
        """Read `PATTERN METRIC <= VALUE`, or JSON.

        Raises:
            InvalidArgumentError: It is neither.
        """
        if text.lstrip().startswith("{"):
            try:
                return cls.model_validate_json(text)
            except ValidationError as problem:
                raise _wrong(text, problem) from None
        found = _LINE.fullmatch(text.strip())
        if found is None:
            raise InvalidArgumentError(
                f"{text[:200]!r} is no check",
                hint=f"Write {_FORM}, for example {_EXAMPLE}; METRIC is one of "
                f"{', '.join(Metric.__args__)}, VALUE a number or a text such as 200ms.",
                details={"argument": "checks"},
            )
        value = found["value"].strip()
        bound: Bound = "max" if found["sign"] == "<=" else "min"
        limit: float | str = value
        if found["increase"]:
            if bound == "min":
                raise InvalidArgumentError(
                    f"{text[:200]!r}: an increase is bounded from above",
                    hint="Write <=; a decrease has no limit.",
                    details={"argument": "checks"},
                )
            bound = "max_increase_pct" if value.endswith("%") else "max_increase"
        if bound == "max_increase_pct":
            limit = amount(value, "", "", is_pct=True)
        given = {"function": found["function"], "metric": found["metric"], bound: limit}
        try:
            return cls.model_validate({**given, "combine": "largest" if found["largest"] else "sum"})
        except ValidationError as problem:
            raise _wrong(text, problem) from None

    @override
    def written(self) -> str:
        """Write it as one line; with several limits as JSON."""
        limits = self.limits()
        if len(limits) != 1:
            return self.model_dump_json(exclude_defaults=True)
        bound, value = limits[0]
        shown = f"{value:g}" if isinstance(value, float) else value
        middle = " largest" if self.combine == "largest" else ""
        sign = ">=" if bound == "min" else "<="
        increase = " increase" if bound.startswith("max_increase") else ""
        unit = "%" if bound == "max_increase_pct" else ""
        return f"{self.function}{middle} {self.metric}{increase} {sign} {shown}{unit}"

    def limits(self) -> list[tuple[Bound, float | str]]:
        """Give the limits that are set, in a fixed order.

        Raises:
            InvalidArgumentError: There is none.
        """
        found: list[tuple[Bound, float | str]] = [
            (bound, value) for bound in BOUNDS if (value := getattr(self, bound)) is not None
        ]
        if not found:
            raise InvalidArgumentError(
                f"the check of {self.function[:200]!r} has no limit",
                hint=f"Give at least one of {', '.join(BOUNDS)}.",
                details={"argument": "checks"},
            )
        return found


def amount(value: float | str, unit: str, sample_type: str, *, is_pct: bool) -> float:
    """Read a limit.

    Args:
        value: A number in the unit of the values, or a text with a unit of its own.
        unit: The unit of the values, such as `nanoseconds`.
        sample_type: What they count, for messages.
        is_pct: Whether it is in percent.

    Raises:
        InvalidArgumentError: It is no number, or its unit measures something else.
    """
    if not isinstance(value, str):
        return float(value)
    text = value.strip().replace("\N{MICRO SIGN}", "u").replace("\N{GREEK SMALL LETTER MU}", "u")
    found = _NUMBER.fullmatch(text.removesuffix("/s"))
    number = float(found[1]) if found else math.inf
    if found is None or not math.isfinite(number):
        raise InvalidArgumentError(
            f"the limit {value!r} is no number",
            hint="Write 5, 200ms or 10MB.",
            details={"argument": "checks"},
        )
    given = found[2] or ""
    if is_pct or not given:
        if given not in ("", "%"):
            raise InvalidArgumentError(
                f"the limit {value!r} has a unit, but the metric is in percent",
                hint="Give percent, or take the metric flat or cum.",
                details={"argument": "checks"},
            )
        return number
    converted = None if given == "%" else _native.unit_value(number, given, unit)
    if converted is None:
        raise InvalidArgumentError(
            f"the limit {value!r} does not measure what {sample_type} counts, which is in {unit}",
            hint="Give a number without a unit, or with one of the same sort (ns us ms s; B kB MB GB).",
            details={"argument": "checks"},
        )
    return converted


def read_file(name: str, content: bytes) -> list[Check]:
    """Read the checks of a file: a list of them, or an object or table with the list `checks`.

    Each is an object, or one line of text.

    Args:
        name: What the file is called; `.toml` is TOML, anything else JSON.
        content: Its bytes.

    Raises:
        InvalidArgumentError: It can not be read.
    """
    try:
        if name.endswith(".toml"):
            data: Any = _toml(content.decode())
        else:
            data = json.loads(content)
    except (ValueError, RecursionError) as problem:
        raise InvalidArgumentError(
            f"{name}: {problem}",
            hint="Give JSON, or TOML in a file that ends in .toml.",
            details={"argument": "checks_file"},
        ) from None
    if isinstance(data, dict):
        data = cast("dict[str, Any]", data).get("checks")
    if not isinstance(data, list) or not data:
        raise InvalidArgumentError(
            f"{name} holds no list of checks",
            hint='Write {"checks": [{"function": "json", "metric": "cum_pct", "max": 10}]}.',
            details={"argument": "checks_file"},
        )
    return [_element(name, one) for one in cast("list[Any]", data)]


def _element(name: str, one: Any) -> Check:
    if isinstance(one, str):
        return Check.read(one)
    try:
        return Check.model_validate(one)
    except ValidationError as problem:
        raise _wrong(f"{name}: {json.dumps(one, default=str)}", problem) from None


def _toml(text: str) -> Any:
    if sys.version_info < (3, 11):
        raise ValueError("TOML is read from Python 3.11 on; give JSON")
    import tomllib

    return tomllib.loads(text)


def _wrong(text: str, problem: ValidationError) -> InvalidArgumentError:
    first = problem.errors(include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return InvalidArgumentError(
        f"{text[:200]!r} is no check: {where}: {first['msg']}",
        hint=f"Fields: {', '.join(Check.model_fields)}; as text: {_FORM}.",
        details={"argument": "checks"},
    )


def bounded(checks: Sequence[Check]) -> list[Check]:
    """Give the checks if there are any, and not too many.

    Raises:
        InvalidArgumentError: There are none, or more than `MAX_CHECKS`.
    """
    if not 0 < len(checks) <= MAX_CHECKS:
        raise InvalidArgumentError(
            f"{len(checks)} checks were given; there can be 1 to {MAX_CHECKS}",
            hint=f"Give checks, for example {_EXAMPLE}, or checks_file; split long lists.",
            details={"argument": "checks"},
        )
    return list(checks)
