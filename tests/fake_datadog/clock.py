"""Time as the imitation server sees it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import formatdate

DAY = 86_400.0
NOW = datetime(2026, 9, 1, 12, 0, tzinfo=timezone.utc).timestamp()
"""When tests take place unless they say otherwise, in epoch seconds."""


@dataclass
class Clock:
    """What the server takes for now.

    Attributes:
        now: Epoch seconds; only `forward` moves it, unless `is_real`.
        skew: Seconds by which the `Date` header is wrong.
        ingest_delay: Seconds after its end at which a profile can first be seen. Real ones take 1 to 5
            minutes [A].
        retention: Seconds for which a profile that nobody opened is kept: 8 days [A]; datadog-pgo says 7 [A].
        opened_retention: Seconds for which one that was opened is kept: a year [A].
        is_real: Follow the machine's clock, as the command does.
    """

    now: float = NOW
    skew: float = 0.0
    ingest_delay: float = 0.0
    retention: float = 8 * DAY
    opened_retention: float = 365 * DAY
    is_real: bool = False

    def __call__(self) -> float:
        return time.time() if self.is_real else self.now

    def forward(self, seconds: float) -> None:
        """Let time pass; a client's injected sleep may be this."""
        self.now += seconds

    def date(self) -> str:
        """The `Date` header."""
        return formatdate(self() + self.skew, usegmt=True)


def written(seconds: float, form: str) -> str | int:
    """Write epoch seconds as a list of profiles may.

    Args:
        seconds: Epoch seconds.
        form: As `iso`; `basic` (`…+0000`), `naive` (no zone), `epoch` (milliseconds), `epoch_text`,
            `epoch_nanos` [?].
    """
    if form == "basic":
        return iso(seconds, "offset").replace("+00:00", "+0000")
    if form == "naive":
        return iso(seconds).rstrip("Z")
    if form == "epoch_nanos":
        return round(seconds * 1_000) * 1_000_000
    if form.startswith("epoch"):
        millis = round(seconds * 1_000)
        return str(millis) if form == "epoch_text" else millis
    return iso(seconds, form)


def iso(seconds: float, form: str = "millis") -> str:
    """Write epoch seconds in RFC 3339.

    Args:
        seconds: Epoch seconds.
        form: `millis` (`….000Z`), `whole` (`…Z`), `offset` (`…+00:00`) or `nanos`; a client must read all
            [B].
    """
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    if form == "whole":
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    if form == "offset":
        return moment.isoformat(timespec="milliseconds")
    if form == "nanos":
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
