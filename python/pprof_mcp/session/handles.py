"""Handles: short names of what was opened, with an end.

A handle is `handle:` and 16 hex digits of the SHA-256 of what it stands for, so the same content has the same
handle wherever it came from, and a handle never changes its meaning.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from pprof_mcp.errors import HandleExpiredError, HandleNotFoundError

PREFIX = "handle:"
BUNDLE = "bundle"
_FORM = re.compile(r"handle:[0-9a-f]{16}")
REMEMBERED = 1_000
"""Expired handles that are remembered, so that the error can say how to open them again (chosen)."""


@dataclass(frozen=True)
class Origin:
    """Where the bytes of a profile can be had again.

    Attributes:
        path: The file as it was given.
        entry: The entry inside it, when it is a zip.
    """

    path: str
    entry: str | None = None

    @property
    def reference(self) -> str:
        """The reference that names it."""
        return f"{self.path}#{self.entry}" if self.entry else self.path


@dataclass(frozen=True)
class Record:
    """One handle.

    Attributes:
        handle: The handle.
        digest: Hex SHA-256 of the content, or of the members of a bundle.
        key: Where the decoded profile lies in the store; empty for a bundle.
        kinds: Kinds of the profile, the main one first; `("bundle",)` for a bundle.
        reference: What it was opened as first.
        sample_types: Names of its sample types, in the profile's order; empty for a bundle.
        origin: Where its bytes can be had again; None for what was computed.
        members: Names and handles of a bundle's profiles.
        others: Names of what else lies in a bundle, with the reasons.
        size: Bytes it takes in memory while it is decoded.
        opened: When, on the clock of the table.
        used: Last use.
    """

    handle: str
    digest: str
    key: str
    kinds: tuple[str, ...]
    reference: str
    sample_types: tuple[str, ...] = ()
    origin: Origin | None = None
    members: tuple[tuple[str, str], ...] = ()
    others: tuple[tuple[str, str], ...] = ()
    size: int = 0
    opened: float = 0.0
    used: float = 0.0

    @property
    def is_bundle(self) -> bool:
        """Whether it stands for a bundle."""
        return self.kinds == (BUNDLE,)


def handle_of(digest: str) -> str:
    """Give the handle of a content."""
    return PREFIX + digest[:16]


def digest_of_members(members: Iterable[tuple[str, str]]) -> str:
    """Give the digest of a bundle: of the names and handles of its members."""
    text = "bundle\n" + "\n".join(f"{name}\t{handle}" for name, handle in members)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class HandleTable:
    """All handles of one session. Not thread-safe: its session guards it.

    Args:
        ttl: Seconds without use after which a handle expires.
        clock: Gives the time in seconds; only differences matter.

    Attributes:
        changes: Counts how often a handle came or went.
    """

    def __init__(self, ttl: float, clock: Callable[[], float]) -> None:
        self.ttl = ttl
        self.clock = clock
        self.changes = 0
        self._records: dict[str, Record] = {}
        self._gone: OrderedDict[str, tuple[Record, str]] = OrderedDict()

    def add(self, record: Record) -> Record:
        """Enter something; what is there already is used once more and keeps its first reference.

        Args:
            record: The new record; its times are set here.

        Returns:
            The record as kept.
        """
        now = self.clock()
        known = self._records.get(record.handle)
        if known is not None and not self._is_over(known, now):
            kept = replace(known, used=now, key=record.key, origin=known.origin or record.origin)
        else:
            kept = replace(record, opened=now, used=now)
            self.changes += 1
        self._records[record.handle] = kept
        self._gone.pop(record.handle, None)
        return kept

    def get(self, handle: str) -> Record | None:
        """Give a record without using it; None when there is none."""
        return self._records.get(handle)

    def use(self, handle: str) -> Record:
        """Give the record of a handle and put off its end; the profiles of a bundle live as long as it.

        Raises:
            HandleNotFoundError: It was never given out here.
            HandleExpiredError: It is over; the error says how to open it again.
        """
        now = self.clock()
        record = self._records.get(handle)
        if record is None or self._is_over(record, now):
            self.sweep()
            if handle in self._gone:
                raise expired(*self._gone[handle])
            raise self._not_found(handle)
        for name in (handle, *(member for _, member in record.members)):
            if name in self._records:
                self._records[name] = replace(self._records[name], used=now)
        return self._records[handle]

    def sweep(self) -> list[Record]:
        """Drop what was not used for the time to live; give what was dropped."""
        now = self.clock()
        over = [record for record in self._records.values() if self._is_over(record, now)]
        for record in over:
            self._forget(record, f"it was not used for {self.ttl:.0f} s")
        return over

    def drop(self, handle: str, why: str) -> Record | None:
        """Forget a handle; later use says why."""
        record = self._records.get(handle)
        if record is not None:
            self._forget(record, why)
        return record

    def all(self) -> list[Record]:
        """Give all living records, by handle."""
        self.sweep()
        return sorted(self._records.values(), key=lambda record: record.handle)

    def _is_over(self, record: Record, now: float) -> bool:
        return now - record.used > self.ttl

    def _forget(self, record: Record, why: str) -> None:
        self._records.pop(record.handle, None)
        self.changes += 1
        self._gone[record.handle] = (record, why)
        while len(self._gone) > REMEMBERED:
            self._gone.popitem(last=False)

    def _not_found(self, handle: str) -> HandleNotFoundError:
        if not _FORM.fullmatch(handle):
            return HandleNotFoundError(
                f"{handle[:80]!r} is not a handle: they look like handle:0123456789abcdef",
                details={"handle": handle[:80]},
            )
        near = difflib.get_close_matches(handle, sorted(self._records), n=3, cutoff=0.75)
        known = f"; near it: {', '.join(near)}" if near else ""
        return HandleNotFoundError(
            f"{handle} was not opened in this process{known}",
            hint="Handles live inside one process: list them with profiles.handles, or give the file's path.",
            details={"handle": handle, "available": near},
        )


def expired(record: Record, why: str) -> HandleExpiredError:
    """Say that a handle is over, why, and how to get it back."""
    if record.origin is not None or record.is_bundle:
        hint = f"Open it again with profiles.open, path {record.reference!r}; it gets the same handle."
    else:
        hint = f"It was {record.reference}: make it again."
    return HandleExpiredError(
        f"{record.handle} has expired: {why}",
        hint=hint,
        details={"handle": record.handle, "reference": record.reference},
    )
