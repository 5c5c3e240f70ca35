"""What datadog.profiles.aggregate must get right."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pprof_mcp import _native
from pprof_mcp.errors import (
    CancelledError,
    ForbiddenError,
    InvalidArgumentError,
    NotAProfileError,
    NotConfiguredError,
    PprofMcpError,
    ProfileGoneError,
    WrongProfileKindError,
)
from pprof_mcp.progress import WATCH
from pprof_mcp.ranges.merging import Merger
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import run
from pprof_mcp.session.session import Session
from pprof_mcp.sources.fence import Fence
from pprof_mcp.sources.net.client import Http
from pprof_mcp.sources.net.limiter import Limiter
from pprof_mcp.sources.net.proxies import Proxies
from pprof_mcp.sources.remote import Remote
from pprof_mcp.tools.datadog.profiles.aggregate import AggregateResult

from tests.cases import Cases
from tests.datadog import WINDOW, session_of, settings_of
from tests.fake_datadog import FakeDatadog, Profile
from tests.fake_datadog.runtimes import golang
from tests.fake_datadog.runtimes.workload import TICK, ticks
from tests.fake_datadog.store import Files
from tests.property.naive import NaiveProfile, Sample

CASES = Cases(
    good=[
        {"service": "checkout", "env": "prod", "limit": 4, **WINDOW},
        {"service": "ranker", "profile_type": "heap", "limit": 2, **WINDOW},
        {"service": "web", "profile_type": "any", "limit": 2, "snapshots": "last", **WINDOW},
    ],
    wrong=[("service", "nobody"), ("limit", 0), ("window", "soon"), ("profile_type", "threads")],
)

LIVE_OBJECTS = sum(work.live for work in golang.WORKS)
"""What every process of checkout holds."""


def aggregated(session: Session, service: str = "checkout", **more: object) -> AggregateResult:
    given = {"service": service, **({"env": "prod"} if service == "checkout" else {}), **more}
    found = run(load("datadog.profiles.aggregate"), given, session=session)
    assert isinstance(found, AggregateResult)
    return found


def totals(session: Session, handle: str | None) -> dict[str, int]:
    assert handle is not None
    meta = json.loads(session.profile(handle).native.meta())
    return {item["type"]: item["total"] for item in meta["sample_types"]}


def those(fake: FakeDatadog, ids: Sequence[str]) -> list[Profile]:
    by_id = {one.profile_id: one for one in fake.store.profiles}
    return [by_id[one] for one in ids]


def holding(files: Files) -> Callable[[Profile], Files]:
    """Make bundles of these files."""

    def make(profile: Profile) -> Files:
        del profile
        return files

    return make


def series(fake: FakeDatadog, service: str, count: int, **changes: Any) -> list[Profile]:
    """Add profiles of one process, one a minute, the newest last."""
    base = next(one for one in fake.store.visible() if one.service == "checkout" and one.version == "1.4.2")
    now = fake.clock() - 5
    given = {"service": service, "host": f"{service}-1", **changes}
    made = [
        replace(
            base,
            **{
                "seq": 10 + at,
                "start": now - 60 * (count - at),
                "end": now - 60 * (count - at - 1),
                **given,
            },
        )
        for at in range(count)
    ]
    fake.store.add(*made)
    return made


# -- what comes out


def test_profiles_of_a_window_become_one_with_a_handle(asking: Session, fake: FakeDatadog) -> None:
    found = aggregated(asking, window="1h", limit=10)
    assert found.profiles_merged == 10
    assert found.time_range.model_dump() == {"from": "2026-09-01T11:00:00Z", "to": "2026-09-01T12:00:00Z"}
    assert (found.total_duration, found.total_duration_seconds) == ("600.0s", 600.0)
    assert found.hint == f"Use pprof.top(profile={found.handle!r}) to analyze the merged profile."
    assert (found.hosts, found.versions) == ({"checkout-1": 5, "checkout-2": 5}, {"1.4.2": 10})
    assert not found.warnings
    merged = those(fake, found.profile_ids)
    assert totals(asking, found.handle)["cpu"] == TICK * sum(ticks(one, golang.WORKS) for one in merged)
    assert {one.how for one in found.sample_types} == {"sum"}
    top = run(load("pprof.top"), {"profile": found.handle}, session=asking)
    assert top.model_dump()["rows"]


def test_the_chosen_are_spread_over_the_window_and_its_processes(asking: Session, fake: FakeDatadog) -> None:
    found = aggregated(asking, window="20h", limit=12)
    ends = sorted(one.end for one in those(fake, found.profile_ids))
    gaps = [late - early for early, late in pairwise(ends)]
    assert len(set(ends)) == 12
    assert max(gaps) < 3 * 3_600, "no part of the window is empty"
    assert set(found.versions) == {"1.4.1", "1.4.2"}
    assert not found.is_complete


@pytest.mark.parametrize("host", ["checkout-1", "*"])
def test_what_is_there_is_not_multiplied_by_the_profiles(asking: Session, host: str) -> None:
    found = aggregated(asking, window="1h", limit=50, profile_type="heap", host=host)
    assert found.profiles_merged == 50
    how = {one.type: one.how for one in found.sample_types}
    assert how == {
        "alloc_objects": "sum",
        "alloc_space": "sum",
        "inuse_objects": "mean_of_process",
        "inuse_space": "mean_of_process",
    }
    processes = 1 if host == "checkout-1" else 2
    assert found.processes == found.processes_found == processes
    assert totals(asking, found.handle)["inuse_objects"] == processes * LIVE_OBJECTS


def test_goroutines_are_those_of_one_time(asking: Session) -> None:
    found = aggregated(asking, window="1h", limit=50, profile_type="goroutines", host="checkout-1")
    assert found.profile_type == "goroutine"
    assert 150 < totals(asking, found.handle)["goroutine"] < 250
    assert found.total_duration_seconds == 0, "a snapshot covers no time"


def test_processes_that_follow_each_other_count_as_one(asking: Session) -> None:
    """Two hosts restarted within the window: four processes, of which two are there at any time."""
    mean = aggregated(asking, window="8h", limit=50, profile_type="heap")
    assert mean.processes == 4
    assert totals(asking, mean.handle)["inuse_objects"] == pytest.approx(2 * LIVE_OBJECTS, rel=0.02)
    last = aggregated(asking, window="8h", limit=50, profile_type="heap", snapshots="last")
    assert totals(asking, last.handle)["inuse_objects"] == 2 * LIVE_OBJECTS
    assert totals(asking, last.handle)["alloc_objects"] == totals(asking, mean.handle)["alloc_objects"]


def test_more_processes_than_profiles_give_the_mean_of_one_and_say_so(
    asking: Session, fake: FakeDatadog
) -> None:
    for at in range(6):
        series(fake, "many", 5, host=f"many-{at}")
    found = aggregated(asking, "many", limit=3, profile_type="heap")
    assert (found.processes, found.processes_found) == (3, 6)
    assert totals(asking, found.handle)["inuse_objects"] == LIVE_OBJECTS
    assert any("the mean of one process" in warning for warning in found.warnings)
    assert {one.how for one in found.sample_types if one.is_snapshot} == {"mean"}


def test_the_first_delta_of_a_process_is_left_out(asking: Session, fake: FakeDatadog) -> None:
    made = series(fake, "young", 4, seq=5)
    made[0] = replace(made[0], seq=0)
    fake.store.profiles[-4] = made[0]
    heap = aggregated(asking, "young", profile_type="heap")
    assert (heap.profiles_merged, heap.first_left_out) == (3, 1)
    assert made[0].profile_id not in heap.profile_ids
    assert any("first of their process" in warning for warning in heap.warnings)
    cpu = aggregated(asking, "young")
    assert (cpu.profiles_merged, cpu.first_left_out) == (4, 0)


def test_the_first_alone_is_taken_and_that_is_said(asking: Session, fake: FakeDatadog) -> None:
    series(fake, "new", 1, seq=0)
    found = aggregated(asking, "new", profile_type="heap")
    assert found.profiles_merged == 1
    assert any("since its start" in warning for warning in found.warnings)


def test_labels_of_single_requests_are_left_out_and_others_stay(asking: Session) -> None:
    found = aggregated(asking, limit=4)
    assert found.labels_dropped == ["local root span id", "span id"]
    assert found.handle is not None
    keys = {one["key"] for one in asking.profile(found.handle).shared.meta["label_keys"]}
    assert keys == {"trace endpoint"}


@pytest.mark.parametrize(
    ("service", "kind", "expected"),
    [
        ("ranker", "cpu", "cpu"),
        ("ranker", "wall", "wall"),
        ("ranker", "heap", "heap"),
        ("web", "wall", "wall"),
        ("web", "heap", "heap"),
        ("checkout", "any", "cpu"),
        ("checkout", "mutex", "mutex"),
        ("checkout", "block", "block"),
    ],
)
def test_every_kind_of_every_runtime_can_be_asked_for(
    asking: Session, service: str, kind: str, expected: str
) -> None:
    found = aggregated(asking, service, profile_type=kind, limit=3)
    assert (found.profile_type, found.profiles_merged) == (expected, 3)
    assert found.next
    top = run(load("pprof.top"), found.next[0].arguments, session=asking)
    assert top.model_dump()["total"] > 0


def test_empty_mutex_and_block_profiles_are_told_apart_by_their_names(
    asking: Session, fake: FakeDatadog
) -> None:
    def quiet(profile: Profile) -> dict[str, bytes]:
        return {
            f"delta-{kind}.pprof": golang.contention(replace(profile, start=profile.end), kind)
            for kind in ("block", "mutex")
        }

    made = series(fake, "quiet", 3, make=quiet)
    assert made[0].files["delta-block.pprof"]
    for kind in ("block", "mutex"):
        assert aggregated(asking, "quiet", profile_type=kind).profiles_merged == 3


def test_other_runtimes_of_a_service_are_not_mixed_in(asking: Session, fake: FakeDatadog) -> None:
    series(fake, "mixed", 6)
    series(fake, "mixed", 2, runtime="python", host="mixed-2")
    found = aggregated(asking, "mixed")
    assert (found.profiles_merged, found.runtime) == (6, "go")
    assert any("runtimes" in warning and "python (2)" in warning for warning in found.warnings)
    assert aggregated(asking, "mixed", query="runtime:python").runtime == "python"


def test_types_that_differ_between_versions_leave_those_that_are_shared(
    asking: Session, fake: FakeDatadog
) -> None:
    def small(*types: str) -> bytes:
        sample = Sample(stack=((("f", "f.go", 1),),), values=(5,) * len(types))
        named = tuple((name, "bytes") for name in types)
        return NaiveProfile(samples=(sample,), sample_types=named).encode()

    both = {"delta-heap.pprof": small("alloc_space", "inuse_space")}
    series(fake, "shift", 3, version="1", make=holding(both))
    series(
        fake,
        "shift",
        2,
        version="2",
        host="shift-2",
        make=holding({"delta-heap.pprof": small("inuse_space")}),
    )
    series(
        fake, "shift", 1, version="3", host="shift-3", make=holding({"delta-heap.pprof": small("objects")})
    )
    found = aggregated(asking, "shift", profile_type="heap")
    assert [one.type for one in found.sample_types] == ["inuse_space"]
    assert found.profiles_merged == 5
    assert [one.code for one in found.failures] == ["incompatible_profiles"]
    assert any("alloc_space" in warning for warning in found.warnings)


# -- less than asked for


def test_fewer_than_asked_for_are_merged_as_they_are(asking: Session, fake: FakeDatadog) -> None:
    series(fake, "few", 3)
    found = aggregated(asking, "few", limit=50)
    assert (found.profiles_merged, found.profiles_found, found.is_complete) == (3, 3, True)


def test_one_profile_is_itself(asking: Session, fake: FakeDatadog) -> None:
    (one,) = series(fake, "single", 1)
    found = aggregated(asking, "single")
    assert found.profiles_merged == 1
    assert totals(asking, found.handle)["cpu"] == TICK * ticks(one, golang.WORKS)


def test_none_is_an_error_that_says_what_is_near(asking: Session) -> None:
    with pytest.raises(ProfileGoneError, match="no profile of service:check-out") as caught:
        aggregated(asking, "check-out")
    assert "near it: checkout" in caught.value.hint
    with pytest.raises(ProfileGoneError):
        aggregated(asking, **{"from": "2026-01-01T00:00:00Z", "to": "2026-01-01T01:00:00Z"})


def test_expired_files_are_an_error_that_says_so(asking: Session, fake: FakeDatadog) -> None:
    series(fake, "old", 4, expires_at=0.0)
    with pytest.raises(
        ProfileGoneError, match="none of 4 profiles of service:old for cpu can be used"
    ) as caught:
        aggregated(asking, "old")
    assert caught.value.details["codes"] == ["profile_gone"]
    assert "8 days" in caught.value.hint


def test_what_fails_is_named_and_the_rest_is_merged(asking: Session, fake: FakeDatadog) -> None:
    series(fake, "half", 3)
    gone = series(fake, "half", 3, host="half-2", expires_at=0.0)
    found = aggregated(asking, "half")
    assert (found.profiles_merged, found.failed_count) == (3, 3)
    assert {one.profile_id for one in found.failures} == {one.profile_id for one in gone}
    assert {one.code for one in found.failures} == {"profile_gone"}
    assert any("3 of 6 profiles are missing" in warning for warning in found.warnings)


def test_a_broken_bundle_fails_alone(asking: Session, fake: FakeDatadog) -> None:
    series(fake, "torn", 2)
    series(fake, "torn", 1, host="torn-2", make=holding({"cpu.pprof": b"\x0a\x7fnothing"}))
    found = aggregated(asking, "torn")
    assert (found.profiles_merged, found.failed_count) == (2, 1)


def test_a_kind_that_is_not_there_is_an_error_that_says_what_is(asking: Session) -> None:
    with pytest.raises(WrongProfileKindError, match="it holds: cpu, wall"):
        aggregated(asking, "ranker", profile_type="goroutine")
    with pytest.raises(NotAProfileError, match=r"none of 10 profiles of service:legacy .*JFR"):
        aggregated(asking, "legacy", profile_type="any")


def test_a_refusal_stops_the_other_downloads(asking: Session, fake: FakeDatadog) -> None:
    fake.fault(kind="status", route="download", status=403, times=0, body={"errors": ["Forbidden"]})
    with pytest.raises(ForbiddenError):
        aggregated(asking, window="1h", limit=40)
    assert len(fake.log.of("download")) <= 8


# -- bad and hostile arguments


def test_missing_keys_are_told_before_anything_is_asked(fake: FakeDatadog, tmp_path: Path) -> None:
    session = session_of(fake, tmp_path, DD_APP_KEY="")
    with pytest.raises(NotConfiguredError, match="DD_APP_KEY"):
        aggregated(session)
    assert not fake.log.requests


@pytest.mark.parametrize(
    "service", ["../../etc/passwd", 'x" OR service:checkout', "a) OR (service:*", "-checkout", "x\\"]
)
def test_hostile_names_are_names(asking: Session, tmp_path: Path, service: str) -> None:
    with pytest.raises(PprofMcpError) as caught:
        aggregated(asking, service, out_dir=str(tmp_path))
    assert caught.value.code in ("profile_gone", "invalid_argument")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == []


@pytest.mark.parametrize(
    ("given", "argument"),
    [
        ({"window": "1h", "from": "-3h"}, "window"),
        ({"window": "tomorrow"}, "window"),
        ({"from": "-1h", "to": "-3h"}, "from"),
        ({"from": "2026-13-01T00:00:00Z"}, "from"),
    ],
)
def test_a_window_that_is_none_is_an_error(asking: Session, given: dict[str, str], argument: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        aggregated(asking, **given)
    assert caught.value.details["argument"] == argument


def test_all_forms_of_times_are_understood(asking: Session, fake: FakeDatadog) -> None:
    now = int(fake.clock())
    for start, end in (("-2h", "-1h"), (str(now - 7200), str(now - 3600)), ("2026-09-01T10:00:00Z", "-60m")):
        found = aggregated(asking, limit=2, **{"from": start, "to": end})
        assert found.time_range.model_dump()["from"] == "2026-09-01T10:00:00Z"
        assert found.time_range.model_dump()["to"] == "2026-09-01T11:00:00Z"


# -- files


def test_the_merged_profile_is_written_under_a_name_that_says_what_it_is(
    asking: Session, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    found = aggregated(asking, limit=2, out_dir=str(out))
    (path,) = out.iterdir()
    assert path.name == "checkout_prod_cpu_20260901T110000Z_20260901T120000Z.pb.gz"
    assert found.output_path == str(path)
    assert asking.profile(str(path)).native.sha256() == asking.profile(found.handle or "").native.sha256()
    assert aggregated(asking, limit=2, out_dir=str(out)).output_path == str(path)
    with pytest.raises(InvalidArgumentError):
        aggregated(asking, limit=3, out_dir=str(out))


def test_in_a_shell_the_file_is_what_can_be_used_next(fake: FakeDatadog, tmp_path: Path) -> None:
    settings = settings_of(fake)
    remote = Remote(settings, folder=tmp_path / "downloads", wall=fake.clock)
    shell = Session(fence=Fence.unrestricted(), settings=settings, remote=remote, lasting=False)
    without = aggregated(shell, limit=2)
    assert (without.handle, without.next) == (None, [])
    assert any("nothing was kept" in warning for warning in without.warnings)
    with_file = aggregated(shell, limit=2, out_dir=str(tmp_path))
    assert with_file.next[0].arguments["profile"] == with_file.output_path


# -- pace, memory, being cut off


def test_fifty_profiles_keep_to_the_pace_and_say_how_far_they_are(fake: FakeDatadog, tmp_path: Path) -> None:
    settings = settings_of(fake, PPROF_MCP_DD_RPS="2")

    def connect(proxies: Proxies, limiter: Limiter) -> Http:
        del limiter
        paced = Limiter(per_second=2, burst=4, clock=fake.clock, sleep=fake.clock.forward)
        return Http(limiter=paced, proxies=proxies, wall=fake.clock)

    remote = Remote(settings, folder=tmp_path / "downloads", wall=fake.clock, connect=connect)
    session = Session(fence=Fence.unrestricted(), settings=settings, remote=remote)
    told: list[tuple[int, ...]] = []

    def watch(done: int, total: int, size: int, failed: int, what: str = "") -> None:
        del what
        told.append((done, total, size, failed))

    token = WATCH.set(watch)
    began = fake.clock()
    try:
        found = aggregated(session, window="1h", limit=50, profile_type="heap")
    finally:
        WATCH.reset(token)
    assert found.profiles_merged == len(fake.log.of("download")) == 50
    assert fake.log.peak_concurrency <= 4
    assert fake.clock() - began >= (len(fake.log.requests) - 4) / 2, "two a second after a burst of four"
    assert told[-1][:2] == (50, 50)
    assert told[-1][2] > 0
    assert [one[0] for one in told] == sorted(one[0] for one in told)
    assert {one[1] for one in told} == {50}
    assert totals(session, found.handle)["inuse_objects"] == 2 * LIVE_OBJECTS


def test_memory_holds_no_profiles_but_those_being_read(
    asking: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inputs of merges are functions that read, or empty profiles of some bytes; few are read at one time."""
    held: list[object] = []
    reading: list[int] = []
    most: list[int] = []
    lock = threading.Lock()
    merge, read = Merger._merged, Merger.read  # pyright: ignore[reportPrivateUsage]

    def watched_merge(self: Merger, inputs: Sequence[tuple[str, object]], snapshots: str) -> object:
        held.extend(source for _, source in inputs)
        return merge(self, inputs, snapshots)  # pyright: ignore[reportArgumentType]

    def watched_read(self: Merger, looked: object) -> object:
        with lock:
            reading.append(1)
            most.append(len(reading))
        try:
            return read(self, looked)  # pyright: ignore[reportArgumentType]
        finally:
            with lock:
                reading.pop()

    monkeypatch.setattr(Merger, "_merged", watched_merge)
    monkeypatch.setattr(Merger, "read", watched_read)
    found = aggregated(asking, window="6h", limit=50, profile_type="heap")
    assert found.profiles_merged == len(most) == 50
    assert all(callable(one) or (isinstance(one, bytes) and len(one) < 500) for one in held)
    assert max(most) <= 16
    assert asking.kept_bytes < 100_000, "only the merged profile is kept"


def test_a_second_run_downloads_only_the_rest(asking: Session, fake: FakeDatadog) -> None:
    fake.fault(kind="hold", route="download", nth=9, times=0)
    cancellation = _native.Cancellation()

    def watch(done: int, *_: object) -> None:
        if done >= 8:
            cancellation.cancel()

    token = WATCH.set(watch)
    try:
        with pytest.raises(CancelledError):
            cancellation.run(lambda: aggregated(asking, window="1h", limit=20))
    finally:
        WATCH.reset(token)
    for fault in fake.faults.faults:
        fault.release()
    fake.faults.faults.clear()
    fake.log.clear()
    found = aggregated(asking, window="1h", limit=20)
    assert found.profiles_merged == 20
    assert len(fake.log.of("download")) == 12, "eight had come"
    fake.log.clear()
    assert aggregated(asking, window="1h", limit=20).handle == found.handle
    assert not fake.log.of("download")


def test_a_little_later_most_are_there_already(asking: Session, fake: FakeDatadog) -> None:
    first = set(aggregated(asking, window="1h", limit=10).profile_ids)
    fake.clock.forward(120)
    fake.log.clear()
    second = set(aggregated(asking, window="1h", limit=10).profile_ids)
    assert len(second) == 10
    assert len(first & second) >= 8
    assert len(fake.log.of("download")) == len(second - first)


def test_a_download_that_had_to_make_room_is_fetched_again(fake: FakeDatadog, tmp_path: Path) -> None:
    session = session_of(fake, tmp_path, PPROF_MCP_CACHE_BYTES="30000")
    found = aggregated(session, window="1h", limit=20)
    assert found.profiles_merged == 20
    assert len(fake.log.of("download")) > 20
    assert sum(path.stat().st_size for path in (tmp_path / "downloads").glob("*.zip")) <= 30_000
