"""Go's profiles without deltas: each counts since the start of its process."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from pprof_mcp import _native, ranges
from pprof_mcp.ranges import Range
from pprof_mcp.ranges.growing import BASE
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import run
from pprof_mcp.session.session import Session
from pprof_mcp.sources.datadog.query import Which
from pprof_mcp.sources.times import Window

from tests.fake_datadog import FakeDatadog, Profile
from tests.fake_datadog.pprofs import Pprof
from tests.fake_datadog.runtimes.golang import CONTENTION, SPACE

FIRST = 10
"""Number of the first profile: by then the process has counted a lot."""
PERIOD = 60


def heap(profile: Profile) -> dict[str, bytes]:
    """What runs allocates 100 objects a period and holds 40 to 49; what started holds all its 7."""
    out = Pprof(SPACE, time=round(profile.end * 1e9), period=(("space", "bytes"), 524_288))
    count, live = 100 * profile.seq, 40 + profile.seq % 10
    out.add([("main.start", "main.go", 1)], (7, 700, 7, 700))
    out.add([("main.once", "main.go", 2)], (3, 300, 0, 0))
    out.add([("main.run", "main.go", 3)], (count, count * 16, live, live * 16), {"bytes": 16})
    return {"heap.pprof": out.encode(), "cpu.pprof": b""}


def mutex(profile: Profile) -> dict[str, bytes]:
    """What runs waits 5 times a period, 2 us each."""
    out = Pprof(CONTENTION, time=round(profile.end * 1e9), period=(("contentions", "count"), 1))
    out.add([("sync.(*Mutex).Unlock", "mutex.go", 1)], (5 * profile.seq, 10_000 * profile.seq))
    return {"mutex.pprof": out.encode()}


def uploads(fake: FakeDatadog, count: int, seqs: list[int] | None = None, **changes: Any) -> list[Profile]:
    """Add profiles of one process, one a minute, the newest last."""
    base = next(one for one in fake.store.visible() if one.service == "checkout" and one.version == "1.4.2")
    now = fake.clock() - 5
    given = {"service": "whole", "host": "whole-1", "make": heap, **changes}
    made = [
        replace(
            base,
            **{
                "seq": (seqs or range(FIRST, FIRST + count))[at],
                "start": now - PERIOD * (count - at),
                "end": now - PERIOD * (count - at - 1),
                **given,
            },
        )
        for at in range(count)
    ]
    fake.store.add(*made)
    return made


def asked(session: Session, kind: str = "heap", limit: int = 50) -> Range:
    now = session.remote.now
    window = Window(now - timedelta(hours=1), now)
    return Range(session, ranges.chosen(session.remote, Which("whole"), window, kind, limit=limit))


def totals(native: _native.Profile) -> dict[str, int]:
    return {item["type"]: item["total"] for item in json.loads(native.meta())["sample_types"]}


def functions(native: _native.Profile, sample_type: str) -> dict[str, int]:
    found = json.loads(_native.top(native, json.dumps({"sample_index": sample_type})))
    return {row["name"]: row["flat"] for row in found["rows"]}


def test_what_grows_is_the_last_minus_the_first_and_what_is_there_stays(
    asking: Session, fake: FakeDatadog
) -> None:
    uploads(fake, 10)
    found = asked(asking)
    merged = found.merged()
    assert functions(merged.native, "alloc_objects") == {"main.run": 900}
    assert totals(merged.native)["alloc_space"] == 900 * 16
    # 11 to 19 periods: 41 to 49 objects, 45 in the mean; those of the start are there all the time.
    assert functions(merged.native, "inuse_objects") == {"main.run": 45, "main.start": 7}
    assert merged.duration_nanos == 9 * PERIOD * 1_000_000_000
    last = found.merged("last").native
    assert functions(last, "inuse_objects") == {"main.run": 49, "main.start": 7}
    assert totals(last)["alloc_objects"] == 900
    (told,) = found.warnings
    assert "10 profiles are no deltas" in told
    assert "1, where that begins" in told
    assert [one.code for one in found.failures] == [BASE]


def test_one_by_one_each_holds_its_own_time_and_the_gaps_count(asking: Session, fake: FakeDatadog) -> None:
    """Of 40 profiles 5 are taken: what came about between them is whole."""
    uploads(fake, 40)
    found = asked(asking, limit=5)
    single = [(one.seconds, totals(native)["alloc_objects"], native) for one, native in found.each()]
    assert len(single) == 4
    for seconds, count, native in single:
        assert count == round(100 * seconds / PERIOD)
        assert seconds >= PERIOD
        assert json.loads(native.meta())["duration_nanos"] == round(seconds * 1e9)
    assert max(seconds for seconds, _, _ in single) > 5 * PERIOD
    assert sum(count for _, count, _ in single) == totals(found.merged().native)["alloc_objects"]


def test_waits_are_told_apart_alike(asking: Session, fake: FakeDatadog) -> None:
    uploads(fake, 4, make=mutex)
    assert totals(asked(asking, "mutex").merged().native) == {"contentions": 15, "delay": 30_000}


def test_the_first_of_all_is_where_counting_begins_too(asking: Session, fake: FakeDatadog) -> None:
    """Without numbers nothing says that one is the first; with them it holds nothing that others lack."""
    uploads(fake, 3, seqs=[0, 1, 2])
    found = asked(asking)
    assert totals(found.merged().native)["alloc_objects"] == 100
    assert found.first_left_out == 1


def test_processes_are_told_apart_each_from_its_own(asking: Session, fake: FakeDatadog) -> None:
    uploads(fake, 4)
    uploads(fake, 4, host="whole-2", seqs=[500, 501, 502, 503])
    merged = asked(asking).merged()
    assert functions(merged.native, "alloc_objects") == {"main.run": 600}
    assert (merged.processes, len(merged.looked)) == (2, 6)


def test_a_restart_under_the_same_name_begins_anew(asking: Session, fake: FakeDatadog) -> None:
    uploads(fake, 6, seqs=[30, 31, 32, 1, 2, 3])
    found = asked(asking)
    assert functions(found.merged().native, "alloc_objects") == {"main.run": 400}
    assert found.merged().duration_nanos == 4 * PERIOD * 1_000_000_000
    assert "1 of them since the process had begun anew" in found.warnings[0]


def test_one_of_each_process_stays_as_it_is_with_a_warning(asking: Session, fake: FakeDatadog) -> None:
    uploads(fake, 1)
    uploads(fake, 1, host="whole-2")
    found = asked(asking)
    assert totals(found.merged().native)["alloc_objects"] == 2 * (100 * FIRST + 10)
    assert any("no two of one process" in warning for warning in found.warnings)
    assert {one.seconds for one in found.looked} == {0.0}, "nothing that could be a rate"


def test_deltas_of_other_processes_stay_as_they_are(asking: Session, fake: FakeDatadog) -> None:
    def delta(profile: Profile) -> dict[str, bytes]:
        out = Pprof(SPACE, time=round(profile.end * 1e9), duration=PERIOD * 10**9)
        out.add([("main.run", "main.go", 3)], (1, 16, 1, 16))
        return {"delta-heap.pprof": out.encode()}

    uploads(fake, 3)
    uploads(fake, 3, host="whole-2", make=delta)
    assert totals(asked(asking).merged().native)["alloc_objects"] == 200 + 3


def test_a_download_that_had_to_make_room_is_fetched_again(asking: Session, fake: FakeDatadog) -> None:
    uploads(fake, 3)
    found = asked(asking)
    for one in found.looked:
        one.path.unlink(missing_ok=True)
        assert one.since is not None
        one.since.path.unlink(missing_ok=True)
    assert totals(found.merged().native)["alloc_objects"] == 200


def test_the_tools_say_what_was_done(asking: Session, fake: FakeDatadog) -> None:
    uploads(fake, 12)
    merged = run(
        load("datadog.profiles.aggregate"),
        {"service": "whole", "profile_type": "heap", "limit": 50},
        session=asking,
    ).model_dump()
    assert (merged["profiles_merged"], merged["failed_count"], merged["failures"]) == (11, 0, [])
    assert merged["total_duration_seconds"] == 11 * PERIOD
    assert any("what came about between two of its profiles" in one for one in merged["warnings"])
    history = run(
        load("datadog.function_history"),
        {
            "service": "whole",
            "function": "main.run",
            "profile_type": "heap",
            "sample_index": "alloc_objects",
            "measure": "per_second",
        },
        session=asking,
    ).model_dump()
    assert history["summary"]["total_profiles"] == 11
    assert {round(one["per_second"], 3) for one in history["entries"]} == {round(100 / PERIOD, 3)}


def test_a_broken_one_leaves_the_others(asking: Session, fake: FakeDatadog) -> None:
    """What counts from it can not be told, and is named."""
    made = uploads(fake, 4)
    found = asked(asking)
    (broken,) = [one for one in found.looked if one.candidate.profile_id == made[2].profile_id]
    broken.path.write_bytes(b"no zip")
    left = found.merged()
    assert {one.candidate.profile_id for one in left.failures} == {made[2].profile_id, made[3].profile_id}
    assert totals(left.native)["alloc_objects"] == 100
