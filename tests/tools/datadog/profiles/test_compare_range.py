"""What datadog.profiles.compare_range must get right."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pprof_mcp.errors import InvalidArgumentError, ProfileGoneError, UnknownSampleTypeError
from pprof_mcp.progress import WATCH
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import run
from pprof_mcp.results.ranges import RangeDelta
from pprof_mcp.session.session import Session
from pprof_mcp.tools.datadog.profiles.compare_range import CompareRangeResult

from tests.cases import Cases
from tests.datadog import NOW, WINDOW
from tests.fake_datadog import FakeDatadog, Profile
from tests.fake_datadog.clock import iso
from tests.fake_datadog.pprofs import Pprof
from tests.fake_datadog.runtimes import golang
from tests.fake_datadog.runtimes.golang import REGRESSED
from tests.fake_datadog.runtimes.workload import cores
from tests.fake_datadog.store import Files

_SIDES = {
    "before_from": iso(NOW - 10 * 3_600),
    "before_to": iso(NOW - 8 * 3_600),
    "after_from": WINDOW["from"],
    "after_to": WINDOW["to"],
}
CASES = Cases(
    good=[
        {"service": "checkout", "env": "prod", "limit": 3, **_SIDES},
        {"service": "checkout", "env": "prod", "limit": 2, "profile_type": "heap", **_SIDES},
        {"service": "ranker", "limit": 2, "profile_type": "any", "cum": True, **_SIDES},
    ],
    wrong=[("service", ""), ("before_from", "then"), ("limit", 51), ("profile_type", "x")],
)
AROUND_DEPLOYMENT = {"before_from": "-9h", "before_to": "-7h", "after_from": "-3h"}


def compared(session: Session, service: str = "checkout", **more: object) -> CompareRangeResult:
    given = {"service": service, **({"env": "prod"} if service == "checkout" else {}), **more}
    found = run(load("datadog.profiles.compare_range"), given, session=session)
    assert isinstance(found, CompareRangeResult)
    return found


def of(found: CompareRangeResult, name: str) -> RangeDelta:
    return next(row for row in found.deltas if row.name == name)


def test_the_function_that_became_dearer_is_first_and_distinct(asking: Session) -> None:
    found = compared(asking, **AROUND_DEPLOYMENT)
    assert found.deltas[0].name == REGRESSED
    row = found.deltas[0]
    assert (row.status, row.is_distinct) == ("changed", True)
    assert row.ratio_flat == pytest.approx(4, rel=0.15)
    assert row.low is not None
    assert row.high is not None
    assert row.low < row.delta_flat < row.high
    assert row.delta_flat_text.endswith("/s")
    assert (found.normalize, found.unit, found.sample_type.type) == ("per_second", "nanoseconds", "cpu")
    assert found.total.method == "Welch's t interval, 95 %"
    assert found.total.is_distinct


def test_totals_are_the_cores_of_one_process(asking: Session, fake: FakeDatadog) -> None:
    found = compared(asking, limit=5, **AROUND_DEPLOYMENT)
    now = fake.clock()
    for side, early, late in ((found.total.before, 9, 7), (found.total.after, 3, 0)):
        inside = [
            cores(one, golang.WORKS)
            for one in fake.store.visible()
            if one.service == "checkout" and one.env == "prod" and now - early * 3_600 <= one.end
            and one.end < now - late * 3_600
        ]  # fmt: skip
        assert side / 1e9 == pytest.approx(sum(inside) / len(inside), rel=0.06)
    assert found.total.delta == pytest.approx(found.total.after - found.total.before)


def test_the_number_of_profiles_and_hosts_does_not_matter(asking: Session) -> None:
    """One host against two, few against many: what did not change does not differ distinctly."""
    whole = compared(asking, limit=20, **AROUND_DEPLOYMENT)
    one = compared(asking, limit=20, host="checkout-1", **AROUND_DEPLOYMENT)
    assert one.total.before == pytest.approx(whole.total.before, rel=0.03)
    assert one.total.after == pytest.approx(whole.total.after, rel=0.03)
    assert one.before.processes * 2 == whole.before.processes


def test_the_same_window_twice_differs_in_nothing(asking: Session) -> None:
    same = {"before_from": "-3h", "before_to": "now", "after_from": "-3h", "after_to": "now"}
    found = compared(asking, **same)
    assert (found.new, found.gone, found.changed) == (0, 0, 0)
    assert (found.total.delta, found.deltas) == (0, [])
    assert any("overlap" in warning for warning in found.warnings)


def test_both_windows_are_looked_through_whole(asking: Session, fake: FakeDatadog) -> None:
    """Neither side is its newest profile alone."""
    found = compared(asking, limit=4, **AROUND_DEPLOYMENT)
    assert found.before.profiles_merged == found.after.profiles_merged == 4
    assert found.before.total_duration == "240.0s"
    assert (found.before.from_ts, found.before.to_ts) == ("2026-09-01T03:00:00Z", "2026-09-01T05:00:00Z")
    assert len(fake.log.of("download")) == 8
    assert {tuple(side.versions) for side in (found.before, found.after)} == {("1.4.1",), ("1.4.2",)}


def test_snapshots_are_compared_as_means_and_deltas_per_second(asking: Session) -> None:
    used = compared(asking, profile_type="heap", **AROUND_DEPLOYMENT)
    assert (used.sample_type.type, used.normalize, used.total.delta) == ("inuse_space", "none", 0)
    assert used.total.before == sum(work.live * work.size for work in golang.WORKS)
    made = compared(asking, profile_type="heap", sample_index="alloc_objects", **AROUND_DEPLOYMENT)
    assert made.normalize == "per_second"
    assert of(made, REGRESSED).ratio_flat == pytest.approx(4, rel=0.15)


def test_one_profile_a_side_gives_the_error_of_counting(asking: Session) -> None:
    found = compared(asking, limit=1, **AROUND_DEPLOYMENT)
    assert found.total.method == "counting error of samples (normal approximation), 95 %"
    heap = compared(asking, limit=1, profile_type="block", **AROUND_DEPLOYMENT)
    assert (heap.total.method, heap.total.low, heap.total.is_distinct) == (None, None, None)


def test_unequal_hosts_and_versions_are_told(asking: Session, fake: FakeDatadog) -> None:
    base = next(one for one in fake.store.visible() if one.service == "checkout")
    now = fake.clock()

    def add(host: str, version: str, ago: float) -> None:
        made = [
            replace(base, service="moved", host=host, version=version, start=now - ago - 60 * at, seq=9 + at,
                    end=now - ago - 60 * at + 60)
            for at in range(1, 4)
        ]  # fmt: skip
        fake.store.add(*made)

    add("a", "1.4.1", 7_200)
    add("b", "1.4.2", 60)
    found = compared(asking, "moved", before_from="-3h", before_to="-1h", after_from="-1h")
    assert "the sides are of different hosts: a before, b after" in found.warnings
    assert "the sides are of different versions: 1.4.1 before, 1.4.2 after" in found.warnings


def test_what_is_only_on_one_side_is_new_or_gone(asking: Session, fake: FakeDatadog) -> None:
    base = next(one for one in fake.store.visible() if one.service == "checkout")
    now = fake.clock()

    def grows(profile: Profile) -> Files:
        out = Pprof((("samples", "count"), ("cpu", "nanoseconds")), duration=60 * 10**9)
        out.add([("main.main", "main.go", 1)], (100, 10**9))
        if profile.version == "new":
            out.add([("main.added", "main.go", 9), ("main.main", "main.go", 2)], (50, 5 * 10**8))
        return {"cpu.pprof": out.encode()}

    for version, ago in (("old", 7_200), ("new", 120)):
        start = now - ago
        fake.store.add(
            replace(base, service="grown", version=version, start=start, end=start + 60, seq=3, make=grows)
        )
    found = compared(
        asking, "grown", before_from="-3h", before_to="-1h", after_from="-1h", cum=True, nodecount=50
    )
    assert of(found, "main.added").status == "new"
    assert (found.new, found.gone) == (1, 0)
    turned = compared(
        asking, "grown", before_from="-1h", before_to="now", after_from="-3h", after_to="-1h", nodecount=50
    )
    assert of(turned, "main.added").status == "gone"


def test_handles_lead_to_the_same_numbers(asking: Session) -> None:
    found = compared(asking, **AROUND_DEPLOYMENT)
    for call in found.next:
        followed = run(load(call.tool.replace("_", ".", 1)), call.arguments, session=asking)
        assert not [warning for warning in followed.warnings if "matched nothing" in warning]
    top = run(load("pprof.diff_top"), found.next[0].arguments, session=asking).model_dump()
    assert top["deltas"][0]["delta_flat"] == found.deltas[0].delta_flat
    assert top["before_total"] == found.total.before


@pytest.mark.parametrize(
    ("given", "argument"),
    [
        ({"before_from": "-1h", "after_from": "-3h"}, "before_from"),
        ({"before_from": "once", "after_from": "-3h"}, "before_from"),
        ({"before_from": "-9h", "after_from": "-3h", "after_to": "later"}, "after_to"),
        ({"before_from": "-9h", "after_from": "-3h", "after_to": "-4h"}, "after_from"),
    ],
)
def test_windows_that_are_none_are_errors(asking: Session, given: dict[str, str], argument: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        compared(asking, **given)
    assert caught.value.details["argument"] == argument


def test_an_empty_side_is_an_error_that_names_it(asking: Session) -> None:
    with pytest.raises(ProfileGoneError, match=r"^before: no profile of service:checkout"):
        compared(asking, before_from="-90h", before_to="-80h", after_from="-1h")
    with pytest.raises(ProfileGoneError, match=r"^after: no profile"):
        compared(asking, before_from="-3h", before_to="-2h", after_from="-90h", after_to="-80h")


def test_a_sample_type_that_is_not_there_is_an_error(asking: Session) -> None:
    with pytest.raises(UnknownSampleTypeError):
        compared(asking, sample_index="wall", **AROUND_DEPLOYMENT)


def test_what_is_missing_of_a_side_is_told(asking: Session, fake: FakeDatadog) -> None:
    late = fake.clock() - 6 * 3_600
    fake.store.profiles[:] = [
        replace(one, expires_at=0.0) if one.end > late and one.host == "checkout-2" else one
        for one in fake.store.profiles
    ]
    found = compared(asking, **AROUND_DEPLOYMENT)
    assert (found.before.failed_count, found.after.failed_count) == (0, 5)
    assert any(warning.startswith("after: 5 of 10 profiles are missing") for warning in found.warnings)
    assert any("different hosts: checkout-1, checkout-2 before" in warning for warning in found.warnings)


def test_progress_counts_both_sides(asking: Session) -> None:
    told: list[tuple[int, ...]] = []

    def watch(done: int, total: int, size: int, failed: int, what: str = "") -> None:
        del what
        told.append((done, total, size, failed))

    token = WATCH.set(watch)
    try:
        compared(asking, limit=6, **AROUND_DEPLOYMENT)
    finally:
        WATCH.reset(token)
    assert told[-1][:2] == (12, 12)
    assert [one[0] for one in told] == sorted(one[0] for one in told)
