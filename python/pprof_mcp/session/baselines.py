"""Stored runs: what a series of profiles used to cost, in one SQLite file that several processes may use."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pprof_mcp.errors import BaselineError

APPLICATION_ID = 0x70706D62
"""Marks the file as ours (chosen), so that a database of another program is never written to."""

SCHEMA = 1
"""Version of the tables."""

WAIT_SECONDS = 5.0
"""How long another process may hold the file (chosen: recording a run takes milliseconds)."""

WINDOW_RUNS = 30
"""Runs that statistics are taken from: the newest (chosen: a month of nightly runs)."""

KEPT_RUNS = 60
"""Runs kept of a series, learned and held ones each; older ones go (chosen: twice the window)."""

_TABLES = """
CREATE TABLE series (id INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE);
CREATE TABLE run (
    id INTEGER PRIMARY KEY, series INTEGER NOT NULL REFERENCES series ON DELETE CASCADE,
    digest TEXT NOT NULL, taken_at INTEGER NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL,
    total INTEGER NOT NULL, duration_nanos INTEGER NOT NULL, UNIQUE (series, digest)
);
CREATE TABLE name (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE node (
    run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, name INTEGER NOT NULL REFERENCES name,
    flat INTEGER NOT NULL, cum INTEGER NOT NULL, PRIMARY KEY (run, name)
) WITHOUT ROWID;
"""

RunStatus = Literal["learned", "held"]
Node = tuple[str, int, int]
"""Name, flat, cum."""


@dataclass(frozen=True)
class Series:
    """What runs must have in common to be compared.

    Attributes:
        name: Chosen by the caller, or service and environment.
        kind: Kind of the profiles.
        sample_type: What their values count.
        unit: In what.
        granularity: What a node is.
        filters: The filters that were set, sorted by name.
    """

    name: str
    kind: str
    sample_type: str
    unit: str
    granularity: str = "functions"
    filters: tuple[tuple[str, str], ...] = ()

    @property
    def identity(self) -> str:
        """The same as one text, equal for equal series only."""
        return json.dumps(
            [self.name, self.kind, self.sample_type, self.unit, self.granularity, *map(list, self.filters)],
            ensure_ascii=False,
        )

    @property
    def key(self) -> str:
        """The same for people."""
        parts = [self.name, self.kind, f"{self.sample_type}/{self.unit}"]
        if self.granularity != "functions":
            parts.append(self.granularity)
        return "|".join([*parts, *(f"{name}={value}" for name, value in self.filters)])

    @classmethod
    def of(cls, identity: str) -> Series:
        """Read an identity."""
        name, kind, sample_type, unit, granularity, *filters = json.loads(identity)
        return cls(name, kind, sample_type, unit, granularity, tuple((a, b) for a, b in filters))


@dataclass(frozen=True)
class StoredRun:
    """One profile that was recorded.

    Attributes:
        id: Its number in the file.
        digest: Of its content.
        taken_at: Nanoseconds since 1970.
        status: Whether statistics count it.
        reason: Why not; empty when they do.
        total: What percentages are of.
        duration_nanos: Its duration; 0 when it does not say.
    """

    id: int
    digest: str
    taken_at: int
    status: RunStatus
    reason: str
    total: int
    duration_nanos: int


class Baselines:
    """The file of stored runs. Every call opens it, does one thing in one transaction, and closes it.

    Args:
        path: The file; made, with its folder, by the first run that is recorded.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def series(self) -> list[Series]:
        """List the series, sorted.

        Raises:
            BaselineError: The file can not be used.
        """
        with self._reading() as base:
            found = base.execute("SELECT identity FROM series").fetchall() if base else []
            return sorted((Series.of(row[0]) for row in found), key=lambda one: (one.key, one.identity))

    def runs(self, series: Series) -> list[StoredRun]:
        """List the runs of a series, the newest first.

        Raises:
            BaselineError: The file can not be used.
        """
        with self._reading() as base:
            return _runs(base, series) if base else []

    def window(self, series: Series, *, without: str = "") -> list[StoredRun]:
        """Give the runs that statistics are taken from, the newest first.

        Args:
            series: The series.
            without: Digest of a run that is not to be compared with itself.

        Raises:
            BaselineError: The file can not be used.
        """
        learned = [run for run in self.runs(series) if run.status == "learned" and run.digest != without]
        return learned[:WINDOW_RUNS]

    def nodes(self, runs: Sequence[StoredRun]) -> dict[str, dict[int, tuple[int, int]]]:
        """Give flat and cum by name and run; a run without a node has no entry for it.

        Raises:
            BaselineError: The file can not be used.
        """
        found: dict[str, dict[int, tuple[int, int]]] = {}
        with self._reading() as base:
            if base is None or not runs:
                return found
            marks = ", ".join("?" * len(runs))
            rows = base.execute(
                "SELECT text, run, flat, cum FROM node JOIN name ON name.id = node.name "  # noqa: S608 - only marks
                f"WHERE run IN ({marks}) ORDER BY text, run",
                [run.id for run in runs],
            )
            for text, run, flat, cum in rows:
                found.setdefault(text, {})[run] = (flat, cum)
        return found

    def record(self, series: Series, run: StoredRun, nodes: Sequence[Node]) -> tuple[StoredRun, bool]:
        """Store a run; one with the same content in the same series is left as it is.

        Args:
            series: Where it belongs.
            run: The run; its number does not matter.
            nodes: Each name once.

        Returns:
            The run as it is stored, and whether it was there already.

        Raises:
            BaselineError: The file can not be used; nothing was changed.
        """
        with self._writing() as base:
            base.execute("INSERT OR IGNORE INTO series (identity) VALUES (?)", (series.identity,))
            known = next((one for one in _runs(base, series) if one.digest == run.digest), None)
            if known is not None:
                return known, True
            base.execute(
                "INSERT INTO run (series, digest, taken_at, status, reason, total, duration_nanos) "
                "SELECT id, ?, ?, ?, ?, ?, ? FROM series WHERE identity = ?",
                (run.digest, run.taken_at, run.status, run.reason, run.total, run.duration_nanos,
                 series.identity),
            )  # fmt: skip
            (number,) = base.execute("SELECT last_insert_rowid()").fetchone()
            base.executemany("INSERT OR IGNORE INTO name (text) VALUES (?)", [(node[0],) for node in nodes])
            base.executemany(
                "INSERT INTO node SELECT ?, id, ?, ? FROM name WHERE text = ?",
                [(number, flat, cum, text) for text, flat, cum in nodes],
            )
            runs = _runs(base, series)
            # Held runs, however many, push none out that statistics count.
            alike = [one.id for one in runs if one.status == run.status]
            base.executemany("DELETE FROM run WHERE id = ?", [(old,) for old in alike[KEPT_RUNS:]])
            return next(one for one in runs if one.id == number), False

    def accept(self, series: Series, numbers: Sequence[int] = ()) -> list[StoredRun]:
        """Let statistics count runs that were held.

        Args:
            series: The series.
            numbers: Which runs; all that are held when empty.

        Returns:
            The runs that count from now on and did not before.

        Raises:
            BaselineError: The file can not be used; nothing was changed.
        """
        if not self.path.exists():
            return []
        with self._writing() as base:
            held = [run for run in _runs(base, series) if run.status == "held"]
            chosen = [run for run in held if not numbers or run.id in numbers]
            base.executemany(
                "UPDATE run SET status = 'learned', reason = '' WHERE id = ?", [(run.id,) for run in chosen]
            )
            return chosen

    def reset(self, series: Series) -> int:
        """Forget a series; give the number of runs that are gone.

        Raises:
            BaselineError: The file can not be used; nothing was changed.
        """
        if not self.path.exists():
            return 0
        with self._writing() as base:
            gone = len(_runs(base, series))
            base.execute("DELETE FROM series WHERE identity = ?", (series.identity,))
            base.execute("DELETE FROM name WHERE id NOT IN (SELECT name FROM node)")
            return gone

    @contextmanager
    def _reading(self) -> Generator[sqlite3.Connection | None, None, None]:
        if not self.path.exists():
            yield None
            return
        # Not "ro": what another process left half-written has to be rolled back first. SQLite falls back to
        # reading where it may not write.
        with self._opened("rw") as base:
            base.execute("PRAGMA query_only = ON")
            # All that is read is of one moment: a file that is made meanwhile is not seen half made.
            base.execute("BEGIN")
            yield base if _is_ours(base, self.path) else None

    @contextmanager
    def _writing(self) -> Generator[sqlite3.Connection, None, None]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise BaselineError(
                f"the folder of the baselines {self.path} can not be made: {problem.strerror}",
                details={"path": str(self.path)},
            ) from None
        with self._opened("rwc") as base:
            # Of two processes that come at once, one waits here.
            base.execute("BEGIN IMMEDIATE")
            if not _is_ours(base, self.path):
                for statement in _TABLES.split(";"):
                    base.execute(statement)
                base.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                base.execute(f"PRAGMA user_version = {SCHEMA}")
            yield base
            base.execute("COMMIT")

    @contextmanager
    def _opened(self, mode: str) -> Generator[sqlite3.Connection, None, None]:
        base = None
        try:
            base = sqlite3.connect(
                f"{self.path.absolute().as_uri()}?mode={mode}",
                uri=True,
                timeout=WAIT_SECONDS,
                isolation_level=None,
            )
            base.execute("PRAGMA foreign_keys = ON")
            yield base
        except sqlite3.Error as problem:
            raise _explained(problem, self.path) from None
        finally:
            if base is not None:
                # What was not committed is rolled back.
                base.close()


def _is_ours(base: sqlite3.Connection, path: Path) -> bool:
    """Whether the file has our tables; False for an empty one.

    Raises:
        BaselineError: It is another program's, or of a newer version of this one.
    """
    (mark,) = base.execute("PRAGMA application_id").fetchone()
    (version,) = base.execute("PRAGMA user_version").fetchone()
    if mark == APPLICATION_ID:
        if version > SCHEMA:
            raise BaselineError(
                f"the baselines {path} were written by a newer pprof-mcp (form {version}, not {SCHEMA})",
                hint="Update pprof-mcp, or name another file in PPROF_MCP_BASELINES.",
                details={"path": str(path), "version": version},
            )
        return True
    (tables,) = base.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables or mark or version:
        raise BaselineError(
            f"{path} is a database of another program",
            hint="Name another file in PPROF_MCP_BASELINES.",
            details={"path": str(path)},
        )
    return False


_CAUSES: Mapping[int, tuple[str, str]] = {
    5: ("are in use by another process", "Try again; see which process holds the file if it lasts."),
    6: ("are in use by another process", "Try again; see which process holds the file if it lasts."),
    8: ("can not be written: the file or its folder is read-only", "Name a file in PPROF_MCP_BASELINES."),
    10: ("can not be read or written: input or output failed", "Check the disk and the path."),
    11: ("are damaged", "Move the file away and record anew; nothing was changed."),
    13: ("can not be written: the disk is full", "Make room and try again; nothing was changed."),
    14: ("can not be opened", "Check the path and its permissions, or name a file in PPROF_MCP_BASELINES."),
    26: ("are no database", "Move the file away, or name another in PPROF_MCP_BASELINES."),
}
"""What SQLite's primary result codes mean here.

Source: its documentation; in this order busy, locked, readonly, ioerr, corrupt, full, cantopen, notadb.
"""


def _explained(problem: sqlite3.Error, path: Path) -> BaselineError:
    # Python 3.10 has no codes; its texts are SQLite's own.
    code: int = getattr(problem, "sqlite_errorcode", 0) & 0xFF or _by_text(str(problem))
    what, hint = _CAUSES.get(code, (f"can not be used: {problem}", "Check the file, or move it away."))
    return BaselineError(f"the baselines {path} {what}", hint=hint, details={"path": str(path)})


def _by_text(text: str) -> int:
    told = {
        "locked": 5,
        "readonly": 8,
        "malformed": 11,
        "full": 13,
        "unable to open": 14,
        "not a database": 26,
    }
    return next((code for part, code in told.items() if part in text), 0)


def _runs(base: sqlite3.Connection, series: Series) -> list[StoredRun]:
    rows = base.execute(
        "SELECT run.id, digest, taken_at, status, reason, total, duration_nanos FROM run "
        "JOIN series ON series.id = run.series WHERE identity = ? ORDER BY taken_at DESC, run.id DESC",
        (series.identity,),
    )
    return [StoredRun(*row) for row in rows]
