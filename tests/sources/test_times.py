"""Points in time as people write them; nothing is guessed."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.sources import times

NOW = datetime(2026, 9, 1, 12, 0, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("now", "2026-09-01T12:00:00Z"), (" NOW ", "2026-09-01T12:00:00Z"), ("-3h", "2026-09-01T09:00:00Z"),
        ("-2d", "2026-08-30T12:00:00Z"), ("-1w", "2026-08-25T12:00:00Z"), ("-2h30m", "2026-09-01T09:30:00Z"),
        ("now-15m", "2026-09-01T11:45:00Z"), ("+1h", "2026-09-01T13:00:00Z"),
        ("-1.5h", "2026-09-01T10:30:00Z"),
        ("2026-08-31T10:00:00Z", "2026-08-31T10:00:00Z"), ("2026-08-31t10:00:00z", "2026-08-31T10:00:00Z"),
        ("2026-08-31 10:00:00+02:00", "2026-08-31T08:00:00Z"),
        ("2026-08-31T10:00:00.123456789Z", "2026-08-31T10:00:00.123Z"),
        ("2026-08-31T10:00:00.5Z", "2026-08-31T10:00:00.500Z"),
        ("1788264000", "2026-09-01T12:00:00Z"), ("1788264000.25", "2026-09-01T12:00:00.250Z"),
        ("1788264000250", "2026-09-01T12:00:00.250Z"),
    ],
)  # fmt: skip
def test_every_form_is_understood(given_text: str, expected: str) -> None:
    assert times.text(times.moment(given_text, NOW, "from")) == expected


@pytest.mark.parametrize(
    "given_text",
    ["", "yesterday", "3h", "-3", "-3x", "2026-08-31", "2026-08-31T10:00:00", "2026-08-31T25:00:00Z",
     "2026-02-30T10:00:00Z", "2026-08-31T10:00:00+25:00", "2025-01-15 10:50", "2025", "17882640001234567",
     "٣h", "-99999999999999d", "-3h;", "now()", "1e9", "nan"],
)  # fmt: skip
def test_whatever_else_is_an_error_that_says_what_is_understood(given_text: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        times.moment(given_text, NOW, "from")
    assert caught.value.details["argument"] == "from"
    assert "-3h" in caught.value.hint


def test_a_window_goes_back_from_its_end() -> None:
    assert times.window("", "", 72, NOW) == times.Window(NOW - timedelta(hours=72), NOW)
    ended = times.window("", "-1d", 2, NOW)
    assert (ended.start, ended.end) == (NOW - timedelta(hours=26), NOW - timedelta(hours=24))
    assert times.window("-1h", "", 72, NOW).seconds == 3_600


@pytest.mark.parametrize(("start", "end"), [("now", ""), ("-1h", "-2h"), ("-1h", "-1h"), ("+1h", "")])
def test_a_window_that_ends_before_it_begins_is_an_error(start: str, end: str) -> None:
    with pytest.raises(InvalidArgumentError, match="is not before to"):
        times.window(start, end, 72, NOW)


@pytest.mark.parametrize(
    ("given_text", "seconds"), [("30m", 1_800), ("2h30m", 9_000), ("1d", 86_400), ("90s", 90)]
)
def test_lengths_of_time_are_read(given_text: str, seconds: float) -> None:
    assert times.duration(given_text, "window") == seconds


@pytest.mark.parametrize("given_text", ["", "0s", "-1h", "1", "h", "1h ago", "9" * 30 + "d"])
def test_what_is_no_length_of_time_is_an_error(given_text: str) -> None:
    with pytest.raises(InvalidArgumentError):
        times.duration(given_text, "window")


@given(st.integers(315_532_800_000_000, 4_102_444_800_000_000), st.integers(-720, 840))
def test_what_is_written_is_read_again_to_the_millisecond(micros: int, minutes: int) -> None:
    moment = times.from_epoch(micros / 1e6).astimezone(timezone(timedelta(minutes=minutes)))
    back = times.moment(times.text(moment), NOW, "from")
    assert timedelta(0) <= moment - back < timedelta(milliseconds=1)


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_an_error(text: str) -> None:
    try:
        found = times.moment(text, NOW, "from")
    except InvalidArgumentError:
        return
    assert found.tzinfo is not None
