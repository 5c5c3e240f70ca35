"""Marks functions by what rules know of them and by whose they are, and has the core group samples by it."""

from __future__ import annotations

import hashlib
import json
import sys
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, cast

from typing_extensions import override

from pprof_mcp import _native
from pprof_mcp.filters import spec
from pprof_mcp.insight.ownership import Ownership
from pprof_mcp.insight.runtime import runtime_of, runtime_of_names
from pprof_mcp.profile import Profile
from pprof_mcp.reports import Rows, ask

KIND: Final = 0xFF
PLUMBING: Final = 0x100
OWN: Final = 0x200
WRAPS: Final = 0x400
"""The bits of a mark, as the core reads them."""

Marking = Callable[[str, str, "str | None"], int]
"""From name, file and runtime to a mark."""


class Marked:
    """The functions of a profile under filters, to be marked and grouped as often as needed.

    Args:
        profile: The profile.
        filters: The shared options.
        runtime: Where it comes from, when that is known, as for a part of what was looked at before.

    Raises:
        PprofMcpError: As the core says.
    """

    def __init__(self, profile: Profile, filters: Mapping[str, object], runtime: str | None = None) -> None:
        self.profile = profile
        self.filters = filters
        self.functions: Rows = ask(_native.functions, profile, filters)
        self.runtime = runtime or self.found_runtime()

    def found_runtime(self) -> str | None:
        """Tell where the profile comes from, by files or else by names."""
        names, files, cum = (self.functions[key] for key in ("name", "file", "cum"))
        by_files = runtime_of(zip(files, cum, strict=True))
        return by_files or runtime_of_names(zip(names, cum, strict=True))

    def ownership(self, prefixes: Sequence[str] = ()) -> Ownership:
        """Find out whose code the functions are.

        Args:
            prefixes: What own code begins with; found from the profile when empty.
        """
        names, files, cum = (self.functions[key] for key in ("name", "file", "cum"))
        return Ownership(zip(names, files, cum, strict=True), self.runtime, prefixes)

    def groups(self, marking: Marking | bytes, **query: object) -> Rows:
        """Group the samples; see `GroupsQuery` of the core for what can be asked.

        Args:
            marking: Marks a function, asked once for each; or what `marks` gave.
            **query: What the core is asked besides the filters, or instead of one of them.

        Raises:
            PprofMcpError: As the core says.
        """
        marks = marking if isinstance(marking, bytes) else self.marks(marking)
        body = spec(self.filters, **query)
        key = (_native.groups, f"{body} {hashlib.sha256(marks).hexdigest()}")
        native = self.profile.native
        found = self.profile.shared.answers.get(key, lambda: _native.groups(native, body, marks))
        return cast("Rows", json.loads(found))

    def marks(self, marking: Marking) -> bytes:
        """Mark every function, as the core reads it."""
        names, files = self.functions["name"], self.functions["file"]
        marked = (marking(name, file, self.runtime) for name, file in zip(names, files, strict=True))
        return packed("H", marked)

    def kept_marks(self, marking: Marking) -> bytes:
        """Give the same, from memory when it was asked before.

        Args:
            marking: A function of a module, which looks at nothing but its arguments.
        """
        key = (marking, f"{spec(self.filters)} {self.runtime}")
        return self.profile.shared.answers.get(key, lambda: self.marks(marking))

    def kept(self, marking: Marking) -> Marking:
        """Give the same marking, which knows what it says of these functions.

        Args:
            marking: As for `kept_marks`.
        """
        names, files = self.functions["name"], self.functions["file"]
        marks = unpacked("H", self.kept_marks(marking))
        known = dict(zip(zip(names, files, strict=True), marks, strict=True))

        def mark(name: str, file: str, runtime: str | None) -> int:
            found = known.get((name, file)) if runtime == self.runtime else None
            return marking(name, file, runtime) if found is None else found

        return mark


class OwnSites(Marked):
    """The functions of a profile, marked by whether they are own, to be grouped as often as needed.

    Args:
        profile: The profile.
        filters: The shared options.
        prefixes: What is own code; found from the profile when empty.
        kind: Gives the kind of a function by name and file, 0 for none; asked once for each.

    Raises:
        PprofMcpError: As the core says.
    """

    def __init__(
        self,
        profile: Profile,
        filters: Mapping[str, object],
        prefixes: Sequence[str] = (),
        kind: Callable[[str, str], int] = lambda _name, _file: 0,
    ) -> None:
        super().__init__(profile, filters)
        self.own = self.ownership(prefixes)

        def mark(name: str, file: str, runtime: str | None) -> int:
            is_plumbing = runtime == "go" and name.startswith(("runtime.", "internal/runtime/"))
            own = OWN if self.own.is_own(name, file) else 0
            return kind(name, file) | own | (PLUMBING if is_plumbing else 0)

        self._marks = self.marks(mark)

    @override
    def found_runtime(self) -> str | None:
        """Tell it by files alone; where all values are zero, the number of functions decides."""
        files, cum = self.functions["file"], self.functions["cum"]
        return runtime_of(zip(files, (abs(value) + 1 for value in cum), strict=True))

    def grouped(self, **query: object) -> Rows:
        """Group the samples, as `groups` does.

        Raises:
            PprofMcpError: As the core says.
        """
        return self.groups(self._marks, **query)


def unpacked(code: str, content: bytes) -> Sequence[int]:
    """Read what `packed` wrote.

    Args:
        code: Likewise.
        content: What it wrote.
    """
    read = array(code, content)
    if sys.byteorder == "big":
        read.byteswap()
    return read


def packed(code: str, numbers: Iterable[int]) -> bytes:
    """Write numbers as the core reads them, the lowest byte first.

    Args:
        code: Of the module array: `H` for two bytes, `I` for four.
        numbers: What to write.
    """
    written = array(code, numbers)
    if sys.byteorder == "big":
        written.byteswap()
    return written.tobytes()
