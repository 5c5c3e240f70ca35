"""Tells clients that the list of resources has changed.

The two eras of the protocol differ: a client of 2026-07-28 asks for such news with `subscriptions/listen`;
one that greeted with `initialize` is sent a notification. A handle that expires is noticed at the next
request: nothing runs in between.
"""

from __future__ import annotations

from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ResourcesListChanged

from pprof_mcp.session.session import Session


class Changes:
    """Watches the handles of a session.

    Args:
        session: Where handles live.

    Attributes:
        listen: Serves the streams that clients of 2026-07-28 open.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._told = session.changes
        self._bus = InMemorySubscriptionBus()
        self.listen = ListenHandler(self._bus)

    async def tell(self, context: ServerRequestContext[Any]) -> None:
        """Tell whoever wants to know, if a handle has come or gone since the last time.

        Args:
            context: Of the request that is being answered; a client that greeted with `initialize` is told on
                its connection.
        """
        now = self._session.changes
        if now == self._told:
            return
        self._told = now
        await self._bus.publish(ResourcesListChanged())
        # On a connection of 2026-07-28 the SDK drops this one: there only streams carry such news.
        await context.session.send_notification(types.ResourceListChangedNotification())
