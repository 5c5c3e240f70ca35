"""Hints that two locks are taken in both orders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from pprof_mcp.insight.locks import Part, Place, Site
from pprof_mcp.insight.waits import Reason


@dataclass(frozen=True)
class Order:
    """A function that holds a lock and waits for another one, or takes one by a helper before it releases.

    Attributes:
        holder: The function that releases a lock, and where.
        call: Where it goes to wait.
        site: Where it waits there.
    """

    holder: Part
    call: Part
    site: Site


@dataclass(frozen=True)
class OrderHint:
    """Two such functions that go opposite ways.

    Attributes:
        one: The first, by name.
        other: The second.
        nested: Whether each is seen waiting for the other's lock while it holds its own; else it is only
            seen that the two wait for different locks of one object first.
    """

    one: Order
    other: Order
    nested: bool


def order_hints(waits: Sequence[Site], holds: Sequence[Site]) -> list[OrderHint]:
    """Find functions that may take two locks in opposite orders.

    Args:
        waits: Sites of a block profile, with the holding functions behind each.
        holds: Sites of a mutex profile of the same time.

    Returns:
        Hints, sorted by name; never certain, since profiles do not name locks.

    Source:
        Chosen. A function that releases a lock behind the line where it went to wait for another one, held
        the first meanwhile, if it had taken it before. With helpers that only take, what a function waits
        for first is the lock it takes first: an inner lock is not contended as long as the outer one is held
        by all.
    """
    orders = sorted(_orders(waits, holds), key=lambda order: (order.holder.place, order.call.place))
    releasing = {(site.place.function, site.reason) for site in holds}
    taking = {(site.place.function, site.reason) for site in waits}

    def is_helper(order: Order) -> bool:
        return (order.site.place.function, order.site.reason) not in releasing

    nested = [
        order
        for order in orders
        if not is_helper(order)
        and (order.holder.place.function, order.site.reason) in taking
        and order.holder.place.owner != order.site.place.owner
    ]
    hints = [
        OrderHint(one, other, nested=True)
        for one, other in combinations(nested, 2)
        if one.holder.place.owner == other.site.place.owner
        and other.holder.place.owner == one.site.place.owner
    ]
    first: dict[tuple[str, Reason], Order] = {}
    for order in orders:
        key = (order.holder.place.function, order.site.reason)
        if is_helper(order) and order.holder.place.owner == order.site.place.owner:
            known = first.get(key)
            if known is None or order.call.place.line < known.call.place.line:
                first[key] = order
    hints += [
        OrderHint(one, other, nested=False)
        for one, other in combinations(first.values(), 2)
        if one.holder.place.owner == other.holder.place.owner
        and one.site.reason == other.site.reason
        and one.site.place.function != other.site.place.function
    ]
    return hints


def _orders(waits: Sequence[Site], holds: Sequence[Site]) -> Iterator[Order]:
    last: dict[tuple[str, str], Site] = {}
    for hold in holds:
        key = (hold.place.function, hold.place.file)
        if key not in last or hold.place.line > last[key].place.line:
            last[key] = hold
    for site in waits:
        for call in site.holding:
            hold = last.get((call.place.function, call.place.file))
            if hold is None or call.place.function == site.place.function:
                continue
            # A deferred release is recorded at the line where the function returns, which is behind as well.
            if hold.place.line > call.place.line and _takes_before(waits, call.place):
                yield Order(Part(hold.place, hold.count, hold.delay), call, site)


def _takes_before(waits: Sequence[Site], call: Place) -> bool:
    """Whether nothing shows that the function takes its own lock only behind the call."""
    own = [site.place.line for site in waits if site.place.function == call.function]
    return not own or min(own) < call.line
