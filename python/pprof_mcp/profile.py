"""A profile, as Python sees it: what it holds, and every analysis of one profile as a method."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Concatenate, Generic, Literal, cast, overload

from typing_extensions import ParamSpec, Self, TypeVar, Unpack, override

from pprof_mcp import _native
from pprof_mcp.answers import Answers

if TYPE_CHECKING:
    from pprof_mcp.filters import ProfileFilters
    from pprof_mcp.registry.declare import Tool
    from pprof_mcp.results.base import Result
    from pprof_mcp.session.session import Session
    from pprof_mcp.tools.pprof.alloc_paths import alloc_paths as of_alloc_paths
    from pprof_mcp.tools.pprof.callgraph import callgraph as of_callgraph
    from pprof_mcp.tools.pprof.detect_repo import detect_repo as of_detect_repo
    from pprof_mcp.tools.pprof.flamegraph import flamegraph as of_flamegraph
    from pprof_mcp.tools.pprof.goroutine_analysis import goroutine_analysis as of_goroutine_analysis
    from pprof_mcp.tools.pprof.goroutine_categorize import goroutine_categorize as of_goroutine_categorize
    from pprof_mcp.tools.pprof.list import list as of_list
    from pprof_mcp.tools.pprof.overhead_report import overhead_report as of_overhead_report
    from pprof_mcp.tools.pprof.regression_check import regression_check as of_regression_check
    from pprof_mcp.tools.pprof.storylines import storylines as of_storylines
    from pprof_mcp.tools.pprof.temporal_analysis import temporal_analysis as of_temporal_analysis
    from pprof_mcp.tools.pprof.trace_source import trace_source as of_trace_source
    from pprof_mcp.tools.pprof.vendor_analyze import vendor_analyze as of_vendor_analyze

S = TypeVar("S")
P = ParamSpec("P")
R = TypeVar("R", bound="Result")


ANSWERS = 64_000
"""Bytes of answers that are kept about any profile, however small (chosen: a handful)."""


class Shared:
    """What all faces of one decoded profile share; everything here is computed at most once.

    Args:
        native: The decoded profile.
        key: Where it lies in the session's store.
        name: Name of its file, or of its entry in a zip; empty when it has none.
    """

    def __init__(self, native: _native.Profile, key: str, name: str = "") -> None:
        self.native = native
        self.key = key
        self.name = name

    @cached_property
    def meta(self) -> dict[str, Any]:
        """What the core says about it, as plain data; a duration below zero is none, with a note."""
        found = cast("dict[str, Any]", json.loads(self.native.meta()))
        duration = found["duration_nanos"]
        if duration < 0:
            found["duration_nanos"] = 0
            detail = f"it says that it covers {duration / 1e9:.4g} s, which is taken for no duration"
            found["notes"].append({"code": "negative_duration", "detail": detail})
        return found

    @cached_property
    def answers(self) -> Answers:
        """What the core was asked about it, in at most a quarter of its own size (chosen)."""
        return Answers(max(ANSWERS, self.native.heap_bytes // 4))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of its content, in hex."""
        return self.native.sha256()

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """What it is, the main kind first."""
        return self._kinds_and_certainty[0]

    @cached_property
    def kind_is_certain(self) -> bool:
        """Whether its content decided the kind."""
        return self._kinds_and_certainty[1]

    @cached_property
    def _kinds_and_certainty(self) -> tuple[tuple[str, ...], bool]:
        from pprof_mcp.session import kinds

        types = [(str(item["type"]), str(item["unit"])) for item in self.meta["sample_types"]]
        period = self.meta["period_type"]
        found = kinds.kinds_of(types, period["type"] if period else None)
        if not kinds.is_contention(types):
            return found, True
        kind, certain = kinds.contention_kind(lambda: kinds.leaves_of(self.native), self.name)
        return tuple(kind if item == kinds.MUTEX else item for item in found), certain


class Method(Generic[S, P, R]):
    """An analysis as a method: the tool of that name, called with the profile or bundle."""

    def __init__(self, load: Callable[[], Tool[Concatenate[S, P], R]]) -> None:
        self.load = load

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: S, owner: type) -> Callable[P, R]: ...
    def __get__(self, instance: S | None, owner: type) -> Self | Callable[P, R]:
        """Bind the tool to a profile or bundle."""
        if instance is None:
            return self
        tool = self.load()

        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            return tool(instance, *args, **kwargs)

        call.__doc__ = tool.__doc__
        return call


def _top():
    from pprof_mcp.tools.pprof.top import top

    return top


def _peek():
    from pprof_mcp.tools.pprof.peek import peek

    return peek


def _tags():
    from pprof_mcp.tools.pprof.tags import tags

    return tags


def _meta():
    from pprof_mcp.tools.pprof.meta import meta

    return meta


def _traces_head():
    from pprof_mcp.tools.pprof.traces_head import traces_head

    return traces_head


def _focus_paths():
    from pprof_mcp.tools.pprof.focus_paths import focus_paths

    return focus_paths


def _diff_top():
    from pprof_mcp.tools.pprof.diff_top import diff_top

    return diff_top


def _diff_paths():
    from pprof_mcp.tools.pprof.diff_paths import diff_paths

    return diff_paths


class Profile:
    """One decoded profile. Immutable; safe to use from several threads.

    Args:
        shared: The decoded profile and what is known about it.
        session: Where it is kept.
        reference: How it was given: a path or a handle. Empty for what was made in Python.
        warnings: What limits it, such as a filter that matched nothing.
    """

    __slots__ = ("_reference", "_session", "_shared", "_warnings")

    top = Method(_top)
    peek = Method(_peek)
    tags = Method(_tags)
    meta = Method(_meta)
    traces_head = Method(_traces_head)
    traces = traces_head
    focus_paths = Method(_focus_paths)
    diff_top = Method(_diff_top)
    diff_paths = Method(_diff_paths)
    if TYPE_CHECKING:
        # The others are found by their names; type checkers are told of them here.
        alloc_paths = Method(lambda: of_alloc_paths)
        callgraph = Method(lambda: of_callgraph)
        detect_repo = Method(lambda: of_detect_repo)
        flamegraph = Method(lambda: of_flamegraph)
        goroutine_analysis = Method(lambda: of_goroutine_analysis)
        goroutine_categorize = Method(lambda: of_goroutine_categorize)
        list = Method(lambda: of_list)
        overhead_report = Method(lambda: of_overhead_report)
        regression_check = Method(lambda: of_regression_check)
        storylines = Method(lambda: of_storylines)
        temporal_analysis = Method(lambda: of_temporal_analysis)
        trace_source = Method(lambda: of_trace_source)
        vendor_analyze = Method(lambda: of_vendor_analyze)

    def __init__(
        self, shared: Shared, session: Session, reference: str = "", warnings: Sequence[str] = ()
    ) -> None:
        self._shared = shared
        self._session = session
        self._reference = reference
        self._warnings = tuple(warnings)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Decode a profile from bytes, compressed or not, protobuf or a legacy form.

        Args:
            data: The file's content.

        Raises:
            DecodeError: It is no profile, or a broken one.
            ProfileTooLargeError: A limit was passed.
        """
        from pprof_mcp.session.session import default_session

        session = default_session()
        native = _native.Profile.decode(data, dict(session.settings.limits) or None)
        return cls(Shared(native, session.new_key()), session)

    @property
    def shared(self) -> Shared:
        """What all faces of this profile share."""
        return self._shared

    @property
    def native(self) -> _native.Profile:
        """The profile in the core; private to this package."""
        return self._shared.native

    @property
    def handle(self) -> str:
        """Its handle in the session; asking for it keeps the profile there."""
        return self._session.handle_of(self)

    @property
    def reference(self) -> str:
        """How to name it in another call: the path or handle it was given as, else its handle."""
        return self._reference or self.handle

    @property
    def name(self) -> str:
        """What to call it in a message, without making a handle for it."""
        return self._reference or f"a profile of this process ({self._shared.key})"

    @property
    def kind(self) -> str:
        """Its main kind: cpu, wall, heap, mutex, block, goroutine, threadcreate, exceptions or other."""
        return self._shared.kinds[0]

    @property
    def kinds(self) -> tuple[str, ...]:
        """All its kinds, the main one first."""
        return self._shared.kinds

    @property
    def warnings(self) -> tuple[str, ...]:
        """What limits it, such as a filter that matched nothing; empty for a profile as it was read."""
        return self._warnings

    def named(self, reference: str) -> Profile:
        """Give the same profile under another reference."""
        return Profile(self._shared, self._session, reference)

    def filter(self, **filters: Unpack[ProfileFilters]) -> Profile:
        """Give the profile that is left after filters, in pprof's order.

        Args:
            **filters: pprof's filters. `granularity` and `noinlines` change nothing: they belong to a report.

        Raises:
            InvalidPatternError: A pattern does not compile.
            TypeError: There is no such filter.
        """
        from pprof_mcp.filters import profile_spec

        native, warnings = self.native.filter(profile_spec(filters))
        shared = Shared(native, self._session.new_key(), self._shared.name)
        return Profile(shared, self._session, warnings=warnings)

    def merge(
        self,
        *others: Profile,
        intersect_types: bool = False,
        over_time: bool = False,
        snapshots: Literal["auto", "sum", "mean", "last"] = "auto",
    ) -> Profile:
        """Give this profile and others as one: equal stacks with equal labels are added.

        Args:
            *others: Profiles of the same sample types; their order does not matter.
            intersect_types: Merge the sample types that all share.
            over_time: They are of one process, one after the other: snapshots are not added up.
            snapshots: What becomes of snapshots, such as memory in use; `auto` is their mean with
                `over_time`, else their sum.

        Raises:
            IncompatibleProfilesError: Sample types differ, or with `intersect_types` have none in common.
        """
        from pprof_mcp.merging.options import combination

        native, _ = _native.merge_inputs(
            [(f"profile {at}", one.native) for at, one in enumerate((self, *others), 1)],
            intersect_types=intersect_types,
            snapshots=combination(snapshots, over_time=over_time),
        )
        # Without keep_going there is a profile or an error.
        return Profile(Shared(cast("_native.Profile", native), self._session.new_key()), self._session)

    def diff(self, base: Profile, *, diff_base: bool = False, normalize: bool = False) -> Profile:
        """Give this profile minus another; for the differences as rows see `diff_top`.

        Args:
            base: What is subtracted.
            diff_base: Percentages are of the base, whose samples get the label `pprof::base`.
            normalize: Scale this profile to the sums of the base first.

        Raises:
            IncompatibleProfilesError: As `merge`; to normalise, all sample types must agree.
        """
        native = _native.diff(base.native, self.native, diff_base=diff_base, normalize=normalize)
        return Profile(Shared(native, self._session.new_key()), self._session)

    def to_bytes(self, *, compress: bool = True) -> bytes:
        """Write it as protobuf, gzip-compressed unless told otherwise; equal profiles give equal bytes."""
        return self.native.encode(compress)

    def write(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write it to a file, whole or not at all.

        Args:
            path: Where to; gzip-compressed protobuf.
            overwrite: Whether an existing file may be replaced.

        Raises:
            SourceError: It can not be written there.
        """
        self._session.write(os.fspath(path), self.to_bytes(), overwrite=overwrite)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Callable[..., object]:
            """Give the analysis of that name, so that a new tool is a method without being named here."""
            from pprof_mcp.registry.discover import analysis_of_a_profile

            tool = None if name.startswith("_") else analysis_of_a_profile(name)
            if tool is None:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            return partial(tool, self)

    def __len__(self) -> int:
        return self.native.sample_count

    @override
    def __repr__(self) -> str:
        return f"<Profile {self.kind}, {len(self)} samples>"
