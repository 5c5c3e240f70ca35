"""What datadog.function_history must get right."""

from __future__ import annotations

import json
import threading
import xml.etree.ElementTree as ET
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
    InvalidPatternError,
    NotAProfileError,
    NotConfiguredError,
    ProfileGoneError,
    UnknownSampleTypeError,
)
from pprof_mcp.progress import WATCH
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import answer, run
from pprof_mcp.results.history import HistoryResult
from pprof_mcp.session.session import Session
from pprof_mcp.sources.fence import Fence

from tests.cases import OUT, Cases
from tests.datadog import WINDOW, session_of
from tests.fake_datadog import CHOICES, FakeDatadog, Profile
from tests.fake_datadog.pprofs import Pprof
from tests.fake_datadog.store import Files

CASES = Cases(
    good=[
        {"service": "checkout", "env": "prod", "function": "json\\.", "metric": "cum", **WINDOW},
        {"service": "checkout", "function": "^nothing$", **WINDOW},
        {"service": "nobody", "function": ".", **WINDOW},
        {"service": "checkout", "env": "prod", "function": "Get", "profile_type": "heap", "limit": 3,
         "measure": "value", "output_path": str(OUT / "history.svg"), "overwrite": True, **WINDOW},
        {"service": "ranker", "function": ".", "profile_type": "mutex", "limit": 4, **WINDOW},
        {"service": "checkout", "function": ".", "profile_type": "wall", "limit": 2, **WINDOW},
    ],
    wrong=[("service", ""), ("function", ""), ("limit", 0), ("profile_type", "trace"), ("measure", "x")],
)  # fmt: skip


def history(session: Session, function: str = "priceItem", **more: Any) -> HistoryResult:
    given = {
        "service": "checkout",
        "env": "prod",
        "from": "-12h",
        "function": function,
        "nodecount": 100,
        **more,
    }
    found = run(load("datadog.function_history"), given, session=session)
    assert isinstance(found, HistoryResult)
    return found


def share(percent: float) -> Callable[[Profile], Files]:
    """Make CPU profiles in which `hot` has such a share."""

    def make(_: Profile) -> Files:
        out = Pprof((("cpu", "nanoseconds"),), duration=60_000_000_000)
        hot = round(percent * 1_000_000)
        for name, value in (("main.hot", hot), ("main.cold", 100_000_000 - hot)):
            if value:
                out.add([("main.main", "m.go", 1), (name, "m.go", 2)], [value])
        return {"cpu.pprof": out.encode()}

    return make


def nonsense(_: Profile) -> Files:
    return {"cpu.pprof": b"\x0a\x7fnonsense"}


def planted(fake: FakeDatadog, percents: Sequence[float], **more: Any) -> None:
    """Add a service `planted` with one profile a minute, the last of now."""
    base = replace(Profile("planted", "prod", "1", "h", "go", 0, 0, encoding="gzip"), **more)
    for place, percent in enumerate(percents):
        end = fake.clock() - 60 * (len(percents) - place)
        fake.store.add(replace(base, start=end - 60, end=end, seq=place + 5, make=share(percent)))


def test_a_step_is_told_with_its_time_versions_and_size(asking: Session) -> None:
    found = history(asking)
    verdict = found.verdict
    assert verdict.kind == "step"
    assert (verdict.version_before, verdict.version_after) == ("1.4.1", "1.4.2")
    assert verdict.last_before is not None and verdict.at is not None  # noqa: PT018
    assert verdict.last_before < "2026-09-01T06:00:30Z" < verdict.at
    assert verdict.low is not None and verdict.high is not None  # noqa: PT018
    assert 15 < verdict.low <= verdict.change <= verdict.high < 25
    assert verdict.effect_size == 1
    assert verdict.p_value < 0.01
    assert "1.4.2 after 1.4.1" in verdict.text
    assert found.sparkline.count("┊") == 1
    assert [row.version for row in found.versions] == ["1.4.1", "1.4.2"]
    assert found.versions[1].median > 2 * found.versions[0].median
    assert [row.timestamp for row in found.entries] == sorted(row.timestamp for row in found.entries)
    assert found.summary.total_profiles == found.summary.found_in_profiles == len(found.entries) == 16
    first = found.entries[0]
    assert first.flat_percent < first.cum_percent
    assert first.flat_value.endswith("s")
    assert first.per_second == pytest.approx(first.value / 60, rel=1e-5)
    assert not found.warnings


def test_the_profiles_are_spread_over_the_window_and_the_hosts(asking: Session, fake: FakeDatadog) -> None:
    found = history(asking, hours=23, limit=20, **{"from": ""})
    times = [one.timestamp() for one in map(_time, found.entries)]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert max(gaps) < 2 * min(gaps)
    assert max(times) - min(times) > 21.5 * 3_600
    hosts = [row.host for row in found.entries]
    assert abs(hosts.count("checkout-1") - hosts.count("checkout-2")) <= 2
    # Two pages and one request for each part, however many profiles there are.
    assert len(fake.log.of("list")) <= 22
    assert len(fake.log.of("download")) == 20


def _time(row: Any) -> Any:
    from datetime import datetime

    return datetime.fromisoformat(row.timestamp.replace("Z", "+00:00"))


def test_the_same_call_downloads_nothing_twice_and_gives_the_same(asking: Session, fake: FakeDatadog) -> None:
    first = history(asking)
    downloads = len(fake.log.of("download"))
    assert history(asking) == first
    assert len(fake.log.of("download")) == downloads == 16


def test_what_does_not_change_gets_no_verdict(asking: Session) -> None:
    found = history(asking, "findRunnable")
    # Its share falls when another function costs more: that is a step too, of the whole.
    assert found.verdict.kind == "step"
    assert found.verdict.change < 0
    calm = history(asking, "findRunnable", **{"from": "-5h"})
    assert calm.verdict.kind == "none"
    assert calm.verdict.version_after is None
    assert "chance" in calm.verdict.text


def test_a_rise_is_a_trend_and_absences_count_as_nothing(asking: Session, fake: FakeDatadog) -> None:
    planted(fake, [place * 0.5 for place in range(20)])
    found = history(asking, "main\\.(hot|none)", service="planted", hours=1, limit=30, **{"from": ""})
    assert found.verdict.kind == "trend"
    assert found.verdict.change == pytest.approx(9.5, abs=0.01)
    assert not found.entries[0].found
    assert (found.summary.found_in_profiles, found.summary.min) == (19, 0)
    assert found.summary.avg_flat_percent == pytest.approx(4.75, abs=0.001)
    assert found.sparkline[0] == "▁"
    assert found.sparkline[-1] == "█"


def test_odd_profiles_are_named_and_decide_nothing(asking: Session, fake: FakeDatadog) -> None:
    percents = [10 + place % 3 * 0.1 for place in range(20)]
    percents[7] = 80
    planted(fake, percents)
    found = history(asking, "hot", service="planted", limit=30)
    assert found.verdict.kind == "none"
    assert found.stands_out == [found.entries[7].timestamp]


def test_a_step_between_two_sets_of_machines_is_told(asking: Session, fake: FakeDatadog) -> None:
    planted(fake, [10] * 10 + [30] * 10)
    fake.store.profiles[-10:] = [replace(one, host="other") for one in fake.store.profiles[-10:]]
    found = history(asking, "hot", service="planted", limit=30)
    assert found.verdict.kind == "step"
    assert "no host has profiles both before and after the step" in found.warnings


def test_few_profiles_are_shown_without_a_verdict(asking: Session, fake: FakeDatadog) -> None:
    planted(fake, [10, 30, 10])
    found = history(asking, "hot", service="planted")
    assert found.verdict.kind == "too_few"
    assert found.verdict.low is None
    assert [row.flat_percent for row in found.entries] == [10, 30, 10]


@pytest.mark.parametrize(
    ("kind", "sample_type"),
    [
        ("cpu", "cpu"),
        ("heap", "inuse_space"),
        ("mutex", "delay"),
        ("block", "delay"),
        ("goroutine", "goroutine"),
        ("any", "cpu"),
    ],
)
@pytest.mark.parametrize("metric", ["flat", "cum"])
def test_every_kind_of_a_bundle_is_measured(
    asking: Session, kind: str, sample_type: str, metric: str
) -> None:
    found = history(asking, ".", profile_type=kind, metric=metric, limit=3)
    assert found.sample_type is not None
    assert found.sample_type.type == sample_type
    # Every sample passes some function.
    assert {row.cum_percent for row in found.entries} == {100}
    assert not found.warnings


def test_a_sample_type_can_be_named(asking: Session) -> None:
    found = history(asking, ".", profile_type="heap", sample_index="inuse_space", limit=3)
    assert found.sample_type is not None
    assert found.sample_type.type == "inuse_space"
    assert {row.per_second for row in found.entries} == {None}
    with pytest.raises(UnknownSampleTypeError, match="nonsense"):
        history(asking, ".", sample_index="nonsense", limit=3)
    with pytest.raises(InvalidArgumentError, match="has no duration"):
        history(asking, ".", profile_type="heap", sample_index="inuse_space", measure="per_second", limit=3)


def test_filters_narrow_what_is_measured(asking: Session) -> None:
    found = history(asking, "priceItem", tagfocus="trace endpoint=GET /cart", limit=3)
    assert found.summary.found_in_profiles == 0
    assert any("have no samples here" in warning for warning in found.warnings)
    assert found.next[0].tool == "pprof_top"


def test_the_first_profile_of_a_process_is_no_rate(asking: Session, fake: FakeDatadog) -> None:
    base = next(one for one in fake.store.visible() if one.service == "checkout" and one.seq == 0)
    fake.store.add(*(replace(base, service="young", seq=place, start=base.start + 60 * place,
                             end=base.end + 60 * place) for place in range(3)))  # fmt: skip
    given = {"service": "young", "env": "", "profile_type": "heap", "hours": 24, "from": ""}
    found = history(asking, ".", sample_index="alloc_space", measure="per_second", **given)
    assert len(found.entries) == 2
    assert any("1 profiles are the first of their process" in warning for warning in found.warnings)


@pytest.mark.parametrize("runtime", ["python", "node", "ruby", "php", "dotnet", "native"])
def test_profiles_of_other_runtimes_are_measured(tmp_path: Path, runtime: str) -> None:
    with FakeDatadog("runtimes") as fake:
        session = session_of(fake, tmp_path)
        found = history(session, ".", service=f"shop-{runtime}", env="", metric="cum", limit=4)
    assert found.runtime == runtime
    assert {row.cum_percent for row in found.entries} == {100}


def test_of_several_runtimes_one_is_looked_at_and_the_others_are_named(
    asking: Session, fake: FakeDatadog
) -> None:
    ranker = [one for one in fake.store.visible() if one.service == "ranker"][-3:]
    fake.store.add(*(replace(one, service="checkout") for one in ranker))
    found = history(asking)
    assert found.runtime == "go"
    assert any("not of python (3)" in warning for warning in found.warnings)
    assert history(asking, ".", query="runtime:python").runtime == "python"


def test_a_form_that_is_no_pprof_is_told(asking: Session) -> None:
    with pytest.raises(NotAProfileError, match="JFR"):
        history(asking, service="legacy")


def test_a_kind_that_is_missing_is_an_answer(asking: Session) -> None:
    found = history(asking, ".", profile_type="wall", limit=3)
    assert (found.entries, found.sample_type, found.verdict.kind) == ([], None, "too_few")
    assert any("holds no wall profile; it holds: cpu" in warning for warning in found.warnings)


def test_no_profiles_are_an_answer_that_says_what_is_near(asking: Session) -> None:
    found = history(asking, service="check-out")
    assert found.entries == []
    assert any("near it: checkout" in warning for warning in found.warnings)


@pytest.mark.parametrize("form", CHOICES["expired"])
def test_profiles_that_are_gone_are_left_out_and_counted(
    asking: Session, fake: FakeDatadog, form: str
) -> None:
    fake.variants.set(expired=form)
    planted(fake, [10.0] * 12)
    fake.store.profiles[-12:-9] = [replace(one, expires_at=0) for one in fake.store.profiles[-12:-9]]
    found = history(asking, "hot", service="planted")
    assert len(found.entries) == 9
    assert any("3 of 12 profiles are missing" in warning for warning in found.warnings)
    fake.store.profiles[-9:] = [replace(one, expires_at=0) for one in fake.store.profiles[-9:]]


def test_when_none_is_left_the_reason_is_the_error(asking: Session, fake: FakeDatadog) -> None:
    planted(fake, [10.0] * 3, expires_at=0.0)
    with pytest.raises(ProfileGoneError):
        history(asking, "hot", service="planted")


def test_a_broken_bundle_is_left_out(asking: Session, fake: FakeDatadog) -> None:
    planted(fake, [10.0] * 9)
    broken = replace(fake.store.profiles[-2], make=nonsense)
    fake.store.profiles[-2] = broken
    found = history(asking, "hot", service="planted")
    assert len(found.entries) == 8
    assert any("1 of 9 profiles are missing" in warning for warning in found.warnings)


@pytest.mark.parametrize("encoding", CHOICES["encoding"])
def test_every_compression_is_measured_alike(asking: Session, fake: FakeDatadog, encoding: str) -> None:
    fake.variants.set(encoding=encoding)
    assert history(asking, limit=2).entries[0].flat_percent > 10


@pytest.mark.parametrize(
    ("function", "error"), [("(", InvalidPatternError), ("a{1001}", InvalidPatternError)]
)
def test_a_bad_pattern_is_told_before_a_download(
    asking: Session, fake: FakeDatadog, function: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        history(asking, function)
    assert not fake.log.of("download")


def test_hostile_names_stay_names(asking: Session, fake: FakeDatadog, tmp_path: Path) -> None:
    planted(fake, [10.0] * 9, version='</text><script>"&\x07', host="../../etc")
    path = tmp_path / "x.svg"
    found = history(asking, "hot", service="planted", output_path=str(path))
    assert found.entries[0].host == "../../etc"
    root = ET.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314 - written here
    assert not [one for one in root.iter() if one.tag.endswith("script")]
    for value in ('x" OR service:"checkout', "x) OR (service:checkout"):
        assert history(asking, service=value).entries == []


def test_the_picture_shows_every_point_and_the_levels(asking: Session, tmp_path: Path) -> None:
    path = tmp_path / "series.svg"
    found = history(asking, output_path=str(path))
    assert (found.output_path, found.output_bytes) == (str(path), path.stat().st_size)
    root = ET.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314 - written here
    kinds = [one.get("class") for one in root.iter()]
    assert kinds.count("point") + kinds.count("odd") == len(found.entries)
    assert (kinds.count("level"), kinds.count("mark")) == (2, 2)
    text = "".join(root.itertext())
    assert "priceItem in checkout prod" in text
    assert found.verdict.text in text
    assert "1.4.2" in text
    with pytest.raises(InvalidArgumentError, match="exists"):
        history(asking, output_path=str(path))
    assert history(asking, output_path=str(path), overwrite=True).output_bytes == found.output_bytes


def test_a_picture_goes_where_files_may_be_written_only(fake: FakeDatadog, tmp_path: Path) -> None:
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    session = session_of(fake, tmp_path, fence=Fence([allowed, tmp_path / "downloads"]))
    with pytest.raises(Exception, match="allowed"):
        history(session, output_path=str(tmp_path / "x.svg"))
    assert not fake.log.requests
    assert history(session, limit=2, output_path=str(allowed / "x.svg")).output_bytes > 1_000


def test_nothing_to_draw_writes_nothing(asking: Session, tmp_path: Path) -> None:
    path = tmp_path / "x.svg"
    found = history(asking, service="nobody", output_path=str(path))
    assert (found.output_path, found.output_bytes, path.exists()) == (None, 0, False)


def test_suggested_calls_compare_and_look_closer(asking: Session) -> None:
    found = history(asking)
    diff, closer = found.next
    assert (diff.tool, closer.tool) == ("pprof_diff_top", "datadog_function_history")
    nearer = run(load("datadog.function_history"), closer.arguments, session=asking)
    assert isinstance(nearer, HistoryResult)
    assert nearer.verdict.kind == "step"
    span = [nearer.verdict.last_before or "", nearer.verdict.at or ""]
    wide = [found.verdict.last_before or "", found.verdict.at or ""]
    assert wide[0] <= span[0] < span[1] <= wide[1]


def test_missing_keys_and_permissions_are_named(fake: FakeDatadog, tmp_path: Path) -> None:
    with pytest.raises(NotConfiguredError, match="DD_APP_KEY"):
        history(session_of(fake, tmp_path, DD_APP_KEY=""))
    key = fake.keys.add_app(["metrics_read"])
    with pytest.raises(ForbiddenError, match="continuous_profiler_read"):
        history(session_of(fake, tmp_path, DD_APP_KEY=key))


def test_progress_tells_how_many_are_done_and_failed(asking: Session, fake: FakeDatadog) -> None:
    planted(fake, [10.0] * 9)
    fake.store.profiles[-9] = replace(fake.store.profiles[-9], expires_at=0)
    told: list[tuple[int, int, int, int]] = []

    def watch(done: int, total: int, size: int, failed: int, what: str = "", /) -> None:
        assert what == "downloads"
        told.append((done, total, size, failed))

    token = WATCH.set(watch)
    try:
        history(asking, "hot", service="planted")
    finally:
        WATCH.reset(token)
    assert told[-1][:2] == (9, 9)
    assert told[-1][2] > 500
    assert told[-1][3] == 1
    assert [one[0] for one in told] == sorted(one[0] for one in told)


def test_a_cancelled_call_ends_while_downloads_hang(asking: Session, fake: FakeDatadog) -> None:
    fault = fake.fault(kind="hold", route="download", times=0)
    cancellation = _native.Cancellation()
    ended: list[type[BaseException]] = []

    def call() -> None:
        try:
            cancellation.run(lambda: history(asking, limit=8))
        except BaseException as problem:  # noqa: BLE001 - handed to the test
            ended.append(type(problem))

    thread = threading.Thread(target=call)
    thread.start()
    while thread.is_alive() and not fake.log.of("download"):
        thread.join(0.01)
    cancellation.cancel()
    thread.join()
    fault.release()
    assert ended == [CancelledError]
    assert len(fake.log.of("download")) <= 4


def test_no_more_requests_are_under_way_than_the_limiter_allows(asking: Session, fake: FakeDatadog) -> None:
    history(asking, limit=30)
    assert fake.log.peak_concurrency <= 4


def test_keys_are_in_no_answer(asking: Session, fake: FakeDatadog) -> None:
    text = json.dumps(history(asking, limit=2).model_dump())
    assert fake.api_key not in text
    assert fake.app_key not in text


# -- long lists


def test_a_long_list_says_what_it_leaves_out_and_goes_on(asking: Session) -> None:
    whole = history(asking, limit=40)
    assert (len(whole.entries), whole.left_out.rows, whole.cursor) == (40, 0, None)
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        part = history(
            asking, limit=40, nodecount=15, cursor=cursor, **{"from": whole.from_ts, "to": whole.to_ts}
        )
        assert part.left_out.rows == 40 - len(part.entries)
        assert (part.summary, part.verdict, part.sparkline) == (whole.summary, whole.verdict, whole.sparkline)
        seen += [one.profile_id for one in part.entries]
        cursor = part.cursor
    assert seen == [one.profile_id for one in whole.entries]


def test_the_usual_answer_is_short_however_many_are_measured(
    asking: Session, fake: FakeDatadog, tmp_path: Path
) -> None:
    """Of long names fewer rows are listed, not fewer profiles measured, and the picture is kept."""
    base = next(one for one in fake.store.visible() if one.service == "checkout" and one.env == "prod")
    now = fake.clock()
    fake.store.add(
        *(
            replace(base, service="wordy", host="h" * 180, version="v" * 150, start=now - 60 * at - 65,
                    end=now - 60 * at - 5, make=share(5.0))
            for at in range(30)
        )
    )  # fmt: skip
    given = {"service": "wordy", "function": "hot", "limit": 30, "output_path": str(tmp_path / "h.svg")}
    found = answer(load("datadog.function_history"), given, session=asking, most=80_000, usual=8_000)
    assert isinstance(found.result, HistoryResult)
    assert len(found.json) <= 8_000
    assert found.result.summary.total_profiles == 30
    assert 0 < len(found.result.entries) < 16
    assert found.result.cursor == str(len(found.result.entries))
    assert any("nodecount lowered" in warning for warning in found.result.warnings)
    assert (tmp_path / "h.svg").stat().st_size == found.result.output_bytes
