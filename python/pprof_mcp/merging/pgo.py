"""CPU profiles of Go programs as one that Go's compiler optimises by."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, cast

from pprof_mcp import _native
from pprof_mcp.errors import InvalidProfileError, PprofMcpError, WrongProfileKindError, by_code
from pprof_mcp.merging.inputs import Inputs
from pprof_mcp.progress import WATCH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pprof_mcp.merging.inputs import Source

TYPES = frozenset((("samples", "count"), ("cpu", "nanoseconds")))
"""Sample types that the compiler takes; one is enough (specified: cmd/internal/pgo)."""


@dataclass
class Merged:
    """The profile that was made.

    Attributes:
        native: The profile.
        fit: What the compiler can use of it, as the core says.
        used: Profiles that are in it.
        refused: Profiles of another kind or runtime: names with reasons.
        failed: Inputs that are broken: names with what is wrong.
        recorded: CPU samples that were recorded, however they were added up; None when they were not counted.
        duration_nanos: Sum of their durations.
    """

    native: _native.Profile
    fit: dict[str, Any]
    used: int
    refused: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    failed: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    recorded: int | None = None
    duration_nanos: int = 0


def merge(inputs: Inputs, *, keep_going: bool, keep_locations: int, limits: Mapping[str, int]) -> Merged:
    """Merge what is fit for the compiler.

    Args:
        inputs: What goes in; what is no CPU profile of a Go program is refused.
        keep_going: Leave broken inputs out; without it the first one fails the merge.
        keep_locations: Innermost locations of each stack to keep; 0 for all.
        limits: Limits of each input that were set.

    Raises:
        WrongProfileKindError: No input is fit.
        InvalidProfileError: The profiles do not say where functions start.
        PprofMcpError: An input is broken.
    """
    inputs.check()
    named = [(name, _fitting(name, source, keep_locations, limits)) for name, source in inputs.named]
    native, outcome = _native.merge_inputs(
        named, intersect_types=True, keep_going=True, limits=dict(limits) or None, watch=WATCH.get()
    )
    refused: list[tuple[str, str]] = []
    failed: list[tuple[str, str]] = []
    for one in outcome["failures"]:
        is_refusal = one["code"] == WrongProfileKindError.code
        if not is_refusal and not keep_going:
            raise by_code().get(one["code"], PprofMcpError)(one["message"])
        (refused if is_refusal else failed).append((one["name"], one["message"]))
    if native is None:
        raise _none(refused, failed)
    fit = cast("dict[str, Any]", json.loads(_native.pgo(native, "{}")))
    if fit["samples"] and not fit["functions_with_start"]:
        raise InvalidProfileError(
            "no function says on which line it starts, and Go's compiler refuses such a profile",
            hint="Take it from a program built with Go 1.20 or newer; profiles that went through perf or "
            "another converter have lost that.",
            details={"functions": fit["functions"]},
        )
    return Merged(
        native, fit, outcome["inputs"], refused, failed, _recorded(native), outcome["duration_nanos"]
    )


def _fitting(
    name: str, source: Source, keep_locations: int, limits: Mapping[str, int]
) -> Callable[[], _native.Profile]:
    """Give what reads one input, without labels and the outer part of its stacks, when its turn comes."""

    def read() -> _native.Profile:
        native, outcome = _native.merge_inputs([(name, source)], threads=1, limits=dict(limits) or None)
        # Without keep_going there is a profile, or an error was raised.
        native = cast("_native.Profile", native)
        types = {(item["type"], item["unit"]) for item in outcome["combined"]}
        if not types & TYPES:
            told = ", ".join(f"{name}/{unit}" for name, unit in sorted(types))
            raise WrongProfileKindError(f"it is no CPU profile: it counts {told}")
        native, _ = native.filter(json.dumps({"taghide": "."}))
        found = json.loads(_native.functions(native, "{}"))
        if found["name"] and not any(file.endswith(".go") for file in found["file"]):
            raise WrongProfileKindError("it is of no Go program: no function is in a .go file")
        return native.innermost(keep_locations) if keep_locations else native

    return read


def _recorded(native: _native.Profile) -> int | None:
    types = json.loads(native.meta())["sample_types"]
    return next(
        (int(one["total"]) for one in types if (one["type"], one["unit"]) == ("samples", "count")), None
    )


def _none(refused: list[tuple[str, str]], failed: list[tuple[str, str]]) -> PprofMcpError:
    reasons = "; ".join(f"{name}: {reason}" for name, reason in (refused + failed)[:3])
    return WrongProfileKindError(
        f"none of {len(refused) + len(failed)} profiles is a CPU profile of a Go program: {reasons}",
        hint="Give CPU profiles of the program to build, from /debug/pprof/profile, StartCPUProfile or a "
        "profiler's cpu.pprof.",
        details={"wanted": ["cpu"], "refused": [name for name, _ in refused[:20]]},
    )
