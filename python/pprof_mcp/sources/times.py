"""Points in time and windows, as people and agents write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final

from pprof_mcp.errors import InvalidArgumentError

FORMS: Final = (
    "`now`, `-3h`, `-2d`, RFC 3339 with a zone (2026-01-31T12:00:00Z), epoch seconds or milliseconds"
)
"""What is understood, for descriptions and hints."""

DEFAULT_HOURS: Final = 72.0
"""Length of a window that is not said. Source: the system whose users this program serves."""

_RELATIVE = re.compile(r"(?:now)?\s*([+-])((?:\d+(?:\.\d+)?[smhdw])+)")
_PART = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")
_UNITS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}
_RFC_3339 = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)
_EPOCH = re.compile(r"(\d{9,11})(\.\d+)?|(\d{12,14})", re.ASCII)
_LONGEST_SECONDS = 100 * 365 * 86_400.0


@dataclass(frozen=True)
class Window:
    """From when to when, both in UTC; `start` is before `end`."""

    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        """Its length."""
        return (self.end - self.start).total_seconds()

    @property
    def millis(self) -> tuple[int, int]:
        """Beginning and end in milliseconds since 1970."""
        return round(self.start.timestamp() * 1_000), round(self.end.timestamp() * 1_000)


def window_of(given: Mapping[str, object], now: datetime, hours: float = DEFAULT_HOURS) -> Window:
    """Read the window of a call.

    Args:
        given: Its arguments `from`, `to` and `hours`, as far as they were given.
        now: The time, in UTC.
        hours: Its length, when neither that nor its beginning is given.

    Raises:
        InvalidArgumentError: As `window`.
    """
    length = given.get("hours", hours)
    start, end = (str(given.get(name) or "") for name in ("from", "to"))
    return window(start, end, float(length) if isinstance(length, (int, float)) else hours, now)


def window(start: str, end: str, hours: float, now: datetime) -> Window:
    """Read a window.

    Args:
        start: Its beginning; `hours` before its end when empty.
        end: Its end; now when empty.
        hours: Its length, when it has no beginning.
        now: The time, in UTC.

    Raises:
        InvalidArgumentError: A time is of no known form, or the beginning is not before the end.
    """
    until = moment(end, now, "to") if end.strip() else now
    since = moment(start, now, "from") if start.strip() else until - timedelta(hours=hours)
    if since >= until:
        raise InvalidArgumentError(
            f"from ({text(since)}) is not before to ({text(until)})",
            hint="Exchange the two, or leave `to` out for now.",
            details={"argument": "from", "from": text(since), "to": text(until)},
        )
    return Window(since, until)


def moment(given: str, now: datetime, name: str) -> datetime:
    """Read a point in time.

    Args:
        given: Of one of `FORMS`.
        now: The time, in UTC.
        name: Name of the argument, for errors.

    Raises:
        InvalidArgumentError: It is of none of them; nothing is guessed.
    """
    stripped = given.strip()
    try:
        found = _read(stripped, now)
    except (ValueError, OverflowError):
        found = None
    if found is None:
        raise InvalidArgumentError(
            f"{name}: {given[:60]!r} is no time that is understood",
            hint=f"Write {FORMS}.",
            details={"argument": name},
        )
    return found


def duration(given: str, name: str) -> float:
    """Read a length of time such as `1h` or `2h30m`, in seconds.

    Raises:
        InvalidArgumentError: It is none, or not above 0.
    """
    stripped = given.strip()
    seconds = _sum(stripped) if re.fullmatch(f"(?:{_PART.pattern})+", stripped) else 0.0
    if not 0 < seconds <= _LONGEST_SECONDS:
        raise InvalidArgumentError(
            f"{name}: {given[:60]!r} is no length of time",
            hint="Write it like 30m, 1h, 2h30m or 2d.",
            details={"argument": name},
        )
    return seconds


def text(time: datetime) -> str:
    """Write a point in time as RFC 3339 in UTC, with milliseconds where there are some."""
    utc = time.astimezone(timezone.utc)
    part = "milliseconds" if utc.microsecond else "seconds"
    return utc.replace(tzinfo=None).isoformat(timespec=part) + "Z"


def rfc_3339(given: str) -> datetime | None:
    """Read RFC 3339; None when it is not."""
    found = _RFC_3339.fullmatch(given)
    if found is None:
        return None
    day, time, fraction, zone = found.groups()
    zone = "+00:00" if zone in "Zz" else zone
    # Older Pythons read three or six digits only.
    return datetime.fromisoformat(f"{day}T{time}.{(fraction or '')[:6]:0<6}{zone}").astimezone(timezone.utc)


def from_epoch(seconds: float) -> datetime:
    """Give the time of epoch seconds.

    Raises:
        ValueError: No calendar has it.
        OverflowError: The same.
    """
    return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds)


def _read(given: str, now: datetime) -> datetime | None:
    if given.lower() == "now":
        return now
    relative = _RELATIVE.fullmatch(given)
    if relative:
        seconds = _sum(relative[2])
        return now + timedelta(seconds=-seconds if relative[1] == "-" else seconds)
    epoch = _EPOCH.fullmatch(given)
    if epoch:
        return from_epoch(float(given) if epoch[1] else float(given) / 1_000)
    return rfc_3339(given)


def _sum(parts: str) -> float:
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(parts))
