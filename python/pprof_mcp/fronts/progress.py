"""How far long work is, on one line of a terminal."""

from __future__ import annotations

import sys
import time

QUIET = ("-q", "--quiet")
"""The option that keeps the line away."""

_EVERY = 0.1
"""Seconds between two lines. Source: chosen; faster ones can not be read."""

_MOST_WHAT = 60
"""Characters of what is under way: the line must not wrap."""


class ProgressLine:
    """Writes the line to standard error; nothing where that is no terminal."""

    def __init__(self, *, quiet: bool) -> None:
        self._is_shown = not quiet and sys.stderr is not None and sys.stderr.isatty()
        self._began = self._last = time.monotonic()
        self._is_there = False

    def __call__(self, done: int, total: int, size: int, failed: int, what: str = "", /) -> None:
        """Show how far it is, unless it was shown just now."""
        now = time.monotonic()
        if not self._is_shown or now - self._last < _EVERY:
            return
        self._last = now
        megabytes = size / 1e6
        rate = megabytes / max(now - self._began, 1e-3)
        missing = f", {failed} failed" if failed else ""
        counted = what[:_MOST_WHAT] or f"files, {megabytes:.1f} MB, {rate:.0f} MB/s"
        self._write(f"\r\x1b[K{done}/{total} {counted}{missing}")
        self._is_there = True

    def clear(self) -> None:
        """Take the line away."""
        if self._is_there:
            self._write("\r\x1b[K")
            self._is_there = False

    def _write(self, text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError:
            self._is_shown = False
