"""Ranges as plain functions, for what builds on them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from pprof_mcp import _native, ranges
from pprof_mcp.errors import CancelledError, InvalidArgumentError, RateLimitedError
from pprof_mcp.progress import WATCH
from pprof_mcp.ranges import Progress, Range
from pprof_mcp.ranges.looking import content
from pprof_mcp.ranges.writing import empty, varint
from pprof_mcp.session.session import Session
from pprof_mcp.sources.datadog.query import Which
from pprof_mcp.sources.times import Window

from tests.fake_datadog import FakeDatadog, Profile
from tests.fake_datadog.pprofs import Pprof


def asked(session: Session, kind: str = "cpu", limit: int = 4) -> Range:
    now = session.remote.now
    window = Window(now - timedelta(hours=1), now)
    return Range(session, ranges.chosen(session.remote, Which("checkout", "prod"), window, kind, limit=limit))


def total(native: _native.Profile, name: str) -> int:
    return {item["type"]: item["total"] for item in json.loads(native.meta())["sample_types"]}[name]


def test_one_by_one_and_merged_say_the_same(asking: Session) -> None:
    found = asked(asking)
    single = [total(native, "cpu") for _, native in found.each()]
    assert len(single) == 4
    assert sum(single) == total(found.merged().native, "cpu")


def test_a_part_is_merged_by_itself(asking: Session) -> None:
    found = asked(asking, "heap")
    part = found.part(found.looked[:1])
    (alone,) = [native for _, native in found.each(found.looked[:1])]
    assert total(part.native, "inuse_space") == total(alone, "inuse_space")


def test_the_order_of_downloads_changes_nothing(asking: Session, fake: FakeDatadog) -> None:
    first = asked(asking, "heap").merged().native.sha256()
    fake.store.profiles.reverse()
    fake.store._places.clear()  # pyright: ignore[reportPrivateUsage]
    assert asked(asking, "heap").merged().native.sha256() == first


def test_the_length_of_a_window_is_read(asking: Session) -> None:
    now = asking.remote.now
    assert ranges.given_window("", {}, now).seconds == 3_600
    assert ranges.given_window("2d", {"to": "-1h"}, now).end == now - timedelta(hours=1)
    assert ranges.given_window("", {"from": "-30m"}, now).seconds == 1_800
    with pytest.raises(InvalidArgumentError):
        ranges.given_window("1h", {"from": "-30m"}, now)


def test_a_profile_that_says_no_length_gets_that_of_the_list(asking: Session, fake: FakeDatadog) -> None:
    def timeless(_: Profile) -> dict[str, bytes]:
        out = Pprof((("samples", "count"), ("cpu", "nanoseconds")), period=(("cpu", "nanoseconds"), 10))
        out.add([("f", "f.go", 1)], (3, 30))
        return {"cpu.pprof": out.encode()}

    base = next(one for one in fake.store.visible() if one.service == "checkout")
    now = fake.clock()
    fake.store.add(replace(base, service="timeless", start=now - 90, end=now - 30, make=timeless))
    window = Window(asking.remote.now - timedelta(hours=1), asking.remote.now)
    found = Range(asking, ranges.chosen(asking.remote, Which("timeless"), window, "cpu", limit=1))
    assert found.looked[0].duration_nanos == 0
    assert found.merged().duration_nanos == 60_000_000_000
    assert isinstance(content(found.looked[0], {}), bytes)


def test_a_limit_that_is_used_up_leaves_what_came(asking: Session, fake: FakeDatadog) -> None:
    fake.fault(
        kind="status", route="download", nth=3, times=0, status=429, headers={"X-RateLimit-Reset": "9000"}
    )
    found = asked(asking, limit=40)
    assert len(found.looked) == 2
    assert {one.code for one in found.failures} == {RateLimitedError.code}
    assert len(fake.log.of("download")) < 12, "the rest was not asked for"


def test_a_cancelled_merge_ends(asking: Session) -> None:
    found = asked(asking, "heap", limit=10)
    cancellation = _native.Cancellation()
    cancellation.cancel()
    with pytest.raises(CancelledError):
        cancellation.run(lambda: list(found.each()))


def test_progress_goes_on_over_several_sides() -> None:
    told: list[tuple[int, int, int, int, str]] = []

    def watch(done: int, total: int, size: int, failed: int, what: str = "") -> None:
        told.append((done, total, size, failed, what))

    token = WATCH.set(watch)
    try:
        progress = Progress(5)
        progress.add(10, failed=False)
        progress.told(3)
        progress.next_side()
        progress.add(5, failed=True)
        progress.told(2)
    finally:
        WATCH.reset(token)
    assert told == [(3, 5, 10, 0, "downloads"), (5, 5, 15, 1, "downloads")]


@pytest.mark.parametrize("value", [0, 1, 127, 128, 300, 2**63 - 1])
def test_numbers_are_written_as_protobuf_does(value: int) -> None:
    read = sum((byte & 0x7F) << 7 * at for at, byte in enumerate(varint(value)))
    assert read == value


def test_an_empty_profile_has_the_shape_and_nothing_else() -> None:
    shape = ((("inuse_space", "bytes"), ("naïve", "ä")), ("space", "bytes"))
    native = _native.Profile.decode(empty(shape, 7_000_000_000))
    meta = json.loads(native.meta())
    assert [(item["type"], item["unit"], item["total"]) for item in meta["sample_types"]] == [
        ("inuse_space", "bytes", 0),
        ("naïve", "ä", 0),
    ]
    assert (meta["period_type"], meta["time_nanos"], meta["samples"], meta["duration_nanos"]) == (
        {"type": "space", "unit": "bytes"},
        7_000_000_000,
        0,
        0,
    )
