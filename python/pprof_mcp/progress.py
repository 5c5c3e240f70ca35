"""Who is told how far long work is: the front that asked for it, without the work knowing which."""

from __future__ import annotations

from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Watch(Protocol):
        """Told how far work is, up to 20 times a second."""

        def __call__(self, done: int, total: int, size: int, failed: int, what: str = "", /) -> object:
            """Take what is done and what there is to do, bytes read, and how much of it failed.

            `what` says in words what is counted, and what is under way; inputs when it is empty.
            """
            ...


WATCH: ContextVar[Watch | None] = ContextVar("WATCH", default=None)
"""The listener of this call. A front sets it around the call of a tool."""
