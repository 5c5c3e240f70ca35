"""Who is told how far long work is: the front that asked for it, without the work knowing which."""

from __future__ import annotations

from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Watch = Callable[[int, int, int, int], object]
    """Told inputs done, all inputs, bytes read, inputs that failed; about 20 times a second."""

WATCH: ContextVar[Watch | None] = ContextVar("WATCH", default=None)
"""The listener of this call. A front sets it around the call of a tool."""
