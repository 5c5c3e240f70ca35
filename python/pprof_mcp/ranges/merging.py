"""Many profiles of a service -> one: what happened is added, what is there is not counted once a profile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from pprof_mcp import _native
from pprof_mcp.errors import CancelledError, PprofMcpError, UnreadableError
from pprof_mcp.ranges.fetching import MAKE_ROOM, NO_ROOM, TRIES, Failure
from pprof_mcp.ranges.looking import content
from pprof_mcp.ranges.writing import empty
from pprof_mcp.sources.datadog.spreading import Life, process_of

if TYPE_CHECKING:
    from pprof_mcp.ranges.looking import Looked
    from pprof_mcp.ranges.writing import Shape

Snapshots = Literal["mean", "last", "each"]
"""What becomes of values that are snapshots, over the time of one process: their mean, or the last ones; both
are added over processes. `each`: the mean over all profiles, which is that of one process."""

MOST_PADDING: Final = 1_000
"""Empty profiles that stand for the time in which a process did not run, at most. Source: chosen; a process
that ran for less of the window counts a little too much."""
STILL_THERE: Final = 180.0
"""Seconds before the newest profile up to which the last one of a process says that it runs still.

Source: chosen, three times the usual period.
"""

Source = Callable[[], "bytes | _native.Profile"]


@dataclass(frozen=True)
class Combined:
    """A sample type, and what was done with its values."""

    type: str
    unit: str
    is_snapshot: bool
    how: str


@dataclass(frozen=True)
class Merged:
    """A merge that is done.

    Attributes:
        native: The profile.
        looked: What went in.
        failures: What failed only now.
        combined: What was done with each sample type.
        processes: Processes of which something went in.
        duration_nanos: Sum of what they cover.
        warnings: What limits it.
    """

    native: _native.Profile
    looked: tuple[Looked, ...]
    failures: tuple[Failure, ...]
    combined: tuple[Combined, ...]
    processes: int
    duration_nanos: int
    warnings: tuple[str, ...]


class Merger:
    """Merges profiles of one kind; at any time, those that are being read are all that is in memory.

    Args:
        limits: Limits of the core that were set.
        again: Downloads a bundle again that is not there any more, and gives it as it then is.
    """

    def __init__(self, limits: Mapping[str, int], again: Callable[[Looked], Looked]) -> None:
        self._limits = dict(limits)
        self._again = again

    def read(self, looked: Looked) -> bytes | _native.Profile:
        """Give the content of a profile, downloaded again when it had to make room for others.

        Raises:
            PprofMcpError: It can not be had.
        """
        for _ in range(TRIES):
            try:
                return content(looked, self._limits)
            except (OSError, KeyError):
                looked = self._again(looked)
        raise UnreadableError(NO_ROOM, hint=MAKE_ROOM)

    def merge(self, looked: Sequence[Looked], lives: Mapping[str, Life], snapshots: Snapshots) -> Merged:
        """Merge.

        Args:
            looked: At least one.
            lives: From when to when each process ran, by `process_of`; all that are known.
            snapshots: What becomes of snapshots.

        Raises:
            PprofMcpError: None can be read; the core refuses them.
        """
        by_process: dict[str, list[Looked]] = {}
        for one in sorted(looked, key=_order):
            by_process.setdefault(process_of(one.candidate), []).append(one)
        known = {name: lives[name] for name in by_process if name in lives}
        # A sum over some of the processes would be a number of nothing.
        missing = _missing(by_process, lives, snapshots)
        how: Snapshots = "each" if missing else snapshots
        failed: dict[int, PprofMcpError] = {}
        defects: list[Exception] = []
        lock = threading.Lock()

        def source(one: Looked) -> Source:
            def give() -> bytes | _native.Profile:
                try:
                    return self.read(one)
                except PprofMcpError as problem:
                    with lock:
                        failed[id(one)] = problem
                    raise
                except Exception as problem:
                    defects.append(problem)
                    raise

            return give

        every = [(_name(one), source(one)) for one in sorted(looked, key=_order)]
        columns = self._columns(looked[0].shape)
        if how == "each" or not any(column.is_snapshot for column in columns) or len(looked) == 1:
            native, outcome = self._merged(every, "mean")
        else:
            groups = [
                [
                    *((_name(one), source(one)) for one in those),
                    *self._padding(name, those, known, how),
                ]
                for name, those in sorted(by_process.items())
            ]
            if len(groups) == 1:
                native, outcome = self._merged(groups[0], how)
            else:
                native, outcome = self._merged(
                    [(f"process {at}", self._group(group, how)) for at, group in enumerate(groups)], "sum"
                )
        # What nobody planned is no input that can be left out.
        if defects:
            raise defects[0]
        problems = list(failed.values())
        if any(isinstance(one, CancelledError) for one in problems):
            raise CancelledError("cancelled while profiles were merged")
        if native is None or len(failed) == len(looked):
            raise problems[0] if problems else UnreadableError("nothing could be merged")
        warnings: list[str] = list(outcome["notes"])
        if missing and any(column.is_snapshot for column in columns):
            names = ", ".join(column.type for column in columns if column.is_snapshot)
            warnings.append(
                f"{names}: the mean of one process, since {len(missing)} of {len(lives)} processes are not "
                "among the profiles; a larger limit, or a host, gives the sum over processes"
            )
        return Merged(
            native=native,
            looked=tuple(one for one in looked if id(one) not in failed),
            failures=tuple(
                Failure(one.candidate, failed[id(one)].code, failed[id(one)].message, failed[id(one)])
                for one in looked
                if id(one) in failed
            ),
            combined=tuple(
                Combined(item["type"], item["unit"], item["is_snapshot"], _told(item, how))
                for item in outcome["combined"]
            ),
            processes=len(by_process),
            duration_nanos=outcome["duration_nanos"],
            warnings=tuple(warnings),
        )

    def _merged(
        self, inputs: Sequence[tuple[str, Source | bytes]], snapshots: str
    ) -> tuple[_native.Profile | None, Any]:
        return _native.merge_inputs(
            inputs, intersect_types=True, snapshots=snapshots, keep_going=True, limits=self._limits or None
        )

    def _group(self, group: Sequence[tuple[str, Source | bytes]], how: str) -> Source:
        def give() -> _native.Profile:
            native, outcome = self._merged(group, how)
            if native is None:
                raise UnreadableError(str(outcome["failures"][0]["message"]))
            return native

        return give

    def _columns(self, shape: Shape) -> list[Combined]:
        """Ask the core which sample types are snapshots."""
        _, outcome = self._merged([("types", empty(shape, 0))], "sum")
        return [
            Combined(item["type"], item["unit"], item["is_snapshot"], "sum") for item in outcome["combined"]
        ]

    def _padding(
        self, name: str, looked: Sequence[Looked], lives: Mapping[str, Life], how: Snapshots
    ) -> list[tuple[str, bytes]]:
        """Give empty profiles for the time in which a process did not run: its mean is then that of all time.

        With `last` there is one when the process has ended: nothing of it is there any more.
        """
        life = lives.get(name)
        if life is None:
            return []
        if how == "last":
            if _is_there(life, lives):
                return []
            newest = max(one.end for one in lives.values())
            return [("ended", empty(looked[0].shape, round(newest + 1) * 1_000_000_000))]
        count = min(MOST_PADDING, round(len(looked) / life.share) - len(looked))
        return [("absent", empty(looked[0].shape, 0))] * count


def _is_there(life: Life, lives: Mapping[str, Life]) -> bool:
    """Whether a process runs still at the end of the time of all."""
    return life.end >= max(one.end for one in lives.values()) - STILL_THERE


def _missing(there: Mapping[str, object], lives: Mapping[str, Life], snapshots: Snapshots) -> list[str]:
    """Give the processes whose snapshots would be needed for a sum over all, and are not there."""
    if snapshots == "each":
        return []
    counted = {name: life for name, life in lives.items() if snapshots != "last" or _is_there(life, lives)}
    return [name for name in counted if name not in there]


def _order(looked: Looked) -> tuple[str, str]:
    return looked.candidate.event_id, looked.candidate.profile_id


def _name(looked: Looked) -> str:
    return f"{looked.candidate.profile_id}#{looked.entry}"


def _told(item: Mapping[str, Any], how: Snapshots) -> str:
    if not item["is_snapshot"]:
        return "sum"
    return {"mean": "mean_of_process", "last": "last_of_process", "each": "mean"}[how]
