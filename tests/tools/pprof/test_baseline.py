"""What pprof.baseline must get right, and pprof.top with what it recorded."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from pprof_mcp.errors import BaselineError, InvalidArgumentError, NoMatchesError
from pprof_mcp.fronts.cli import run_cli
from pprof_mcp.session import baselines
from pprof_mcp.session.baselines import WAIT_SECONDS
from pprof_mcp.session.session import Session
from pprof_mcp.settings import Settings, baseline_file
from pprof_mcp.sources.fence import Fence
from pprof_mcp.tools.pprof.baseline import BaselineResult, baseline
from pprof_mcp.tools.pprof.regression_check import regression_check
from pprof_mcp.tools.pprof.top import top

from tests.cases import CPU, HEAPS, Cases
from tests.tools.pprof.cpus import cpu_of

CASES = Cases(
    good=[
        {"action": "show"},
        {"action": "record", "profile": CPU, "baseline": "nightly"},
        {"action": "record", "profile": HEAPS[1], "baseline": "nightly", "focus": "session"},
        {"action": "show", "baseline": "nightly"},
    ],
    wrong=[("action", "forget"), ("action", "record"), ("action", "reset"), ("profile", "missing.pb.gz")],
    is_steady=False,
)

DAY = 86_400
START = 1_700_000_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "baselines.sqlite3"


@pytest.fixture
def stored(file: Path) -> Session:
    return Session(fence=Fence.unrestricted(), settings=Settings(baselines=str(file)))


def runs(folder: Path, hot: list[int], *, samples: int = 1_000, start: int = 0) -> list[str]:
    """Profiles a day apart; of the samples of each some are in `app.hot`."""
    return [
        cpu_of(
            folder,
            f"run{start + at}.pb",
            {"app.hot:1 < main.main:1": count, "app.rest:1 < main.main:1": samples - count},
            taken_at=START + (start + at) * DAY,
        )
        for at, count in enumerate(hot)
    ]


def record(session: Session, *profiles: str, **more: Any) -> list[BaselineResult]:
    return [baseline("record", one, session=session, **more) for one in profiles]  # pyright: ignore[reportArgumentType]


def show(session: Session, **more: Any) -> BaselineResult:
    return baseline("show", session=session, **more)


def deviations(session: Session, profile: str, **more: Any) -> list[tuple[str, str, float, str]]:
    found = top(profile, compare_baseline=True, session=session, **more).baseline  # pyright: ignore[reportArgumentType]
    assert found is not None
    return [(one.function, one.metric, one.delta, one.severity) for one in found.deviations]


def test_what_differs_from_recorded_runs_is_told_with_its_numbers(tmp_path: Path, stored: Session) -> None:
    record(stored, *runs(tmp_path, [100, 104, 96, 102, 98]))
    (slow,) = runs(tmp_path, [250], start=5)
    answer = top(slow, compare_baseline=True, session=stored)  # pyright: ignore[reportArgumentType]
    found = answer.baseline
    assert found is not None
    assert (found.key, found.baseline_samples) == ("default|cpu|cpu/nanoseconds", 5)
    assert (found.first_run, found.last_run) == ("2023-11-14T22:13:20Z", "2023-11-18T22:13:20Z")
    assert [(one.function, one.metric, one.delta, one.severity) for one in found.deviations] == [
        ("app.hot", "cum_pct", 15, "high"), ("app.hot", "flat_pct", 15, "high"),
        ("app.rest", "cum_pct", -15, "high"), ("app.rest", "flat_pct", -15, "high"),
    ]  # fmt: skip
    first = found.deviations[0]
    assert (first.current, first.baseline, first.minimum, first.maximum) == (25, 10, 9.6, 10.4)
    # Median absolute deviation 0.2, scaled by 1.4826.
    assert first.spread == pytest.approx(0.2965, abs=1e-4)
    assert first.text == (
        "app.hot cum_pct 15.0 points above the mean of 5 runs over 4 days "
        "(25.0 %, mean 10.0 %, range 9.6 to 10.4 %)"
    )
    assert answer.model_dump_json() == top(slow, compare_baseline=True, session=stored).model_dump_json()  # pyright: ignore[reportArgumentType]


def test_more_of_everything_is_told_of_the_total_per_second(tmp_path: Path, stored: Session) -> None:
    record(stored, *(one for at in range(4) for one in runs(tmp_path, [100], samples=1_000 + at, start=at)))
    (busy,) = runs(tmp_path, [141], samples=1_412, start=9)
    found = top(busy, compare_baseline=True, session=stored).baseline  # pyright: ignore[reportArgumentType]
    assert found is not None
    (total,) = found.deviations
    assert (total.function, total.metric, total.severity) == ("", "total", "high")
    assert total.text.startswith("cpu 41 % above the mean of 4 runs over 3 days (1.41s/s, mean 1s/s, range ")
    assert total.text.endswith("to 1s/s)")


def test_what_varies_as_it_used_to_is_not_told(tmp_path: Path, stored: Session) -> None:
    record(stored, *runs(tmp_path, [100, 140, 70, 120, 90]))
    assert deviations(stored, runs(tmp_path, [150], start=9)[0]) == []


def test_few_samples_deviate_only_by_more_than_counting_explains(tmp_path: Path, stored: Session) -> None:
    record(stored, *(one for at in range(3) for one in runs(tmp_path, [5], samples=50 + at, start=at)))
    # 20 against 10 %, but of 50 samples: the error alone is 5.7 points.
    assert deviations(stored, runs(tmp_path, [10], samples=50, start=9)[0]) == []


def test_with_fewer_than_three_runs_nothing_is_judged_and_it_says_so(tmp_path: Path, stored: Session) -> None:
    record(stored, *runs(tmp_path, [100, 100]))
    answer = top(runs(tmp_path, [900], start=5)[0], compare_baseline=True, session=stored)  # pyright: ignore[reportArgumentType]
    assert answer.baseline is not None
    assert answer.baseline.deviations == []
    assert any("2 of 3 runs that are needed" in warning for warning in answer.warnings)
    (call,) = [call for call in answer.next if call.tool == "pprof_baseline"]
    assert call.arguments["action"] == "record"


def test_looking_records_nothing(tmp_path: Path, stored: Session, file: Path) -> None:
    (one,) = runs(tmp_path, [100])
    deviations(stored, one)
    assert not file.exists()
    assert show(stored).series == []


def test_a_regression_is_held_and_moves_nothing_before_it_is_accepted(
    tmp_path: Path, stored: Session
) -> None:
    record(stored, *runs(tmp_path, [100, 102, 98]))
    slow = runs(tmp_path, [300, 301, 299, 302], start=3)
    held = record(stored, *slow[:3])
    assert [one.status for one in held] == ["held"] * 3
    assert "app.hot cum_pct" in held[0].runs[0].reason
    assert ("app.hot", "cum_pct", 20.2, "high") in deviations(stored, slow[3])
    (series,) = show(stored).series
    assert (series.runs, series.held) == (3, 3)
    accepted = baseline("accept", baseline="default", runs=[held[0].runs[0].run], session=stored)
    assert (accepted.changed, accepted.series[0].runs, accepted.series[0].held) == (1, 4, 2)
    assert baseline("accept", baseline="default", session=stored).changed == 2
    assert deviations(stored, slow[3]) == []
    with pytest.raises(NoMatchesError, match="not held in this series: run 77"):
        baseline("accept", baseline="default", runs=[77], session=stored)


def test_a_run_that_failed_can_be_kept_out(tmp_path: Path, stored: Session) -> None:
    (found,) = record(stored, *runs(tmp_path, [100]), hold=True)
    assert (found.status, found.runs[0].reason) == ("held", "it was recorded as failed (hold)")
    assert found.series[0].runs == 0


def test_the_same_profile_counts_once(tmp_path: Path, stored: Session) -> None:
    (one,) = runs(tmp_path, [100])
    assert [found.status for found in record(stored, one, one)] == ["learned", "known"]
    assert show(stored).series[0].runs == 1


def test_series_differ_by_name_kind_sample_type_granularity_and_filters(
    tmp_path: Path, stored: Session
) -> None:
    (one,) = runs(tmp_path, [100])
    for more in (
        {}, {"baseline": "x"}, {"service": "shop", "env": "prod"}, {"sample_index": "samples"},
        {"granularity": "lines"}, {"focus": "hot"},
    ):  # fmt: skip
        record(stored, one, **more)
    record(stored, HEAPS[0])
    assert [row.key for row in show(stored).series] == [
        "default|cpu|cpu/nanoseconds", "default|cpu|cpu/nanoseconds|focus=hot",
        "default|cpu|cpu/nanoseconds|lines", "default|cpu|samples/count",
        "default|heap|inuse_space/bytes", "shop:prod|cpu|cpu/nanoseconds", "x|cpu|cpu/nanoseconds",
    ]  # fmt: skip
    part = show(stored, limit=3)
    assert (len(part.series), part.left_out.rows) == (3, 4)
    assert part.cursor is not None
    assert len(show(stored, limit=10, cursor=part.cursor).series) == 4


def test_reset_forgets_the_series_that_is_named_and_no_other(tmp_path: Path, stored: Session) -> None:
    for name in ("a", "b"):
        record(stored, *runs(tmp_path, [100, 101]), baseline=name)
    with pytest.raises(InvalidArgumentError, match="reset needs to know which series"):
        baseline("reset", session=stored)
    with pytest.raises(NoMatchesError, match="no series is stored under 'c'"):
        baseline("reset", baseline="c", session=stored)
    assert baseline("reset", baseline="a", session=stored).changed == 2
    assert [row.key for row in show(stored).series] == ["b|cpu|cpu/nanoseconds"]
    assert len(show(stored, baseline="b").runs) == 2


def test_an_empty_profile_is_recorded_and_compared_without_a_word_too_much(
    empty: str, tmp_path: Path, stored: Session
) -> None:
    assert record(stored, empty)[0].status == "learned"
    record(stored, *runs(tmp_path, [100, 101, 102]), baseline="x")
    found = top(empty, compare_baseline=True, baseline="x", session=stored)  # pyright: ignore[reportArgumentType]
    assert found.baseline is not None
    assert {one.metric for one in found.baseline.deviations} >= {"total", "cum_pct"}


def test_a_file_that_is_made_while_it_is_read_is_not_taken_for_one_of_others(
    tmp_path: Path, file: Path, stored: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles = runs(tmp_path, [100])
    file.parent.mkdir()
    file.touch()
    recorded: list[BaselineResult] = []
    writer = threading.Thread(target=lambda: recorded.extend(record(stored, *profiles)))

    class Watched(sqlite3.Connection):
        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:  # pyright: ignore[reportImplicitOverride]
            if sql == "PRAGMA user_version" and threading.current_thread() is not writer and not writer.ident:
                writer.start()
                # It is done now, or it waits for the one who reads.
                writer.join(0.5)
            return super().execute(sql, *parameters)

    connect: Any = sqlite3.connect

    def watched(*arguments: Any, **more: Any) -> Watched:
        return connect(*arguments, factory=Watched, **more)

    monkeypatch.setattr(sqlite3, "connect", watched)
    assert baselines.Baselines(file).series() == []
    writer.join(WAIT_SECONDS)
    assert len(recorded) == 1
    assert len(baselines.Baselines(file).series()) == 1


def test_two_processes_record_at_once_and_nothing_is_lost(tmp_path: Path, file: Path) -> None:
    program = (
        "import sys\nfrom pprof_mcp.fronts.cli import run_cli\n"
        "for path in sys.argv[1:]:\n"
        "    assert run_cli(['baseline', 'record', path, '--json']) == 0\n"
    )
    sides = [runs(tmp_path, [100 + at for at in range(8)], start=side * 8) for side in range(2)]
    working = [
        subprocess.Popen(
            [sys.executable, "-c", program, *side],
            env={**os.environ, "PPROF_MCP_BASELINES": str(file)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for side in sides
    ]
    for one in working:
        _, said = one.communicate(timeout=100)
        assert one.returncode == 0, said
    session = Session(fence=Fence.unrestricted(), settings=Settings(baselines=str(file)))
    (series,) = show(session).series
    assert series.runs + series.held == 16
    with sqlite3.connect(file) as base:
        assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    base.close()


def test_nobody_else_can_write_between_a_look_and_what_follows_from_it(
    tmp_path: Path, stored: Session, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = runs(tmp_path, [100, 101])
    record(stored, first)
    look = baselines._is_ours  # pyright: ignore[reportPrivateUsage]
    refused: list[str] = []

    def look_and_let_another_try(base: sqlite3.Connection, path: Path) -> bool:
        found = look(base, path)
        if base.in_transaction:
            other = sqlite3.connect(file, isolation_level=None, timeout=0)
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as problem:
                refused.append(str(problem))
            other.close()
        return found

    monkeypatch.setattr(baselines, "_is_ours", look_and_let_another_try)
    record(stored, second)
    assert refused == ["database is locked"]


def test_a_process_killed_while_it_writes_leaves_what_was_there(
    tmp_path: Path, stored: Session, file: Path
) -> None:
    record(stored, *runs(tmp_path, [100, 101]))
    program = (
        "import os, sqlite3, sys\nbase = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "base.execute('PRAGMA cache_size = 1')\nbase.execute('BEGIN IMMEDIATE')\n"
        "base.execute('DELETE FROM node')\nbase.execute('DELETE FROM run')\nos.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", program, str(file)], check=False).returncode == -9
    assert len(show(stored, baseline="default").runs) == 2


def _other(path: Path) -> None:
    base = sqlite3.connect(path)
    base.execute("CREATE TABLE theirs (x)")
    base.commit()
    base.close()


def _text(path: Path) -> None:
    path.write_bytes(b"no database at all, but long enough to be one" * 50)


def _newer(path: Path) -> None:
    session = Session(fence=Fence.unrestricted(), settings=Settings(baselines=str(path)))
    record(session, CPU)
    base = sqlite3.connect(path)
    base.execute("PRAGMA user_version = 99")
    base.close()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_text, "are no database"),
        (_other, "is a database of another program"),
        (_newer, "were written by a newer pprof-mcp"),
        (Path.mkdir, "can not be opened"),
    ],
)
def test_a_file_that_can_not_be_used_is_left_as_it_is(
    file: Path, stored: Session, spoil: Any, message: str
) -> None:
    file.parent.mkdir()
    spoil(file)
    before = file.read_bytes() if file.is_file() else b""
    for call in (lambda: record(stored, CPU), lambda: show(stored), lambda: deviations(stored, CPU)):
        with pytest.raises(BaselineError, match=message) as caught:
            call()
        assert str(file) in caught.value.message
        assert caught.value.hint
    assert (file.read_bytes() if file.is_file() else b"") == before


def test_a_damaged_file_says_so(tmp_path: Path, stored: Session, file: Path) -> None:
    record(stored, *runs(tmp_path, [100, 101]))
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    file.write_bytes(content)
    with pytest.raises(BaselineError, match="are damaged"):
        show(stored)
    assert file.read_bytes() == content


def test_a_file_that_is_held_too_long_says_so(
    tmp_path: Path, stored: Session, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = runs(tmp_path, [100, 101])
    record(stored, first)
    assert WAIT_SECONDS > 1
    monkeypatch.setattr("pprof_mcp.session.baselines.WAIT_SECONDS", 0.01)
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(BaselineError, match="are in use by another process"):
        record(stored, second)
    holder.execute("ROLLBACK")
    holder.close()
    assert len(show(stored, baseline="default").runs) == 1


def test_a_place_that_can_not_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    session = Session(fence=Fence.unrestricted(), settings=Settings(baselines=str(tmp_path / "plain" / "x")))
    with pytest.raises(BaselineError, match=r"folder of the baselines .* can not be made"):
        record(session, CPU)


def test_the_file_lies_where_it_was_told_or_where_state_belongs() -> None:
    environment = {"XDG_STATE_HOME": "/state", "XDG_CACHE_HOME": "/cache"}
    assert baseline_file(Settings(baselines="/x/y"), in_store=True, environment=environment) == Path("/x/y")
    shell = baseline_file(Settings(), in_store=False, environment=environment)
    server = baseline_file(Settings(), in_store=True, environment=environment)
    assert (shell, server) == (
        Path("/state/pprof-mcp/baselines.sqlite3"), Path("/cache/pprof-mcp/baselines.sqlite3"),
    )  # fmt: skip


def test_checks_compare_with_stored_runs(tmp_path: Path, stored: Session) -> None:
    record(stored, *runs(tmp_path, [100, 104, 96, 102]))
    slow, fine = runs(tmp_path, [200, 103], start=9)
    limit = {"function": r"^app\.hot$", "metric": "cum_pct", "max_increase": 2}

    def check(profile: str, given: dict[str, Any]) -> Any:
        return regression_check(profile, checks=[given], baseline="default", session=stored)  # pyright: ignore[reportArgumentType]

    found = check(slow, limit)
    assert (found.passed, found.base_profiles, found.checks[0].actual) == (False, 4, pytest.approx(9.95))
    assert found.checks[0].method == "prediction interval of one run (Student's t), 95 %"
    assert check(fine, limit).passed
    assert not check(
        slow,
        {
            **limit,
            "function": "hot|rest",
            "combine": "largest",
            "metric": "flat",
            "max_increase": None,
            "min": "20s",
        },
    ).passed
    with pytest.raises(InvalidArgumentError, match="whose cum together is not known"):
        check(slow, {**limit, "function": "hot|rest"})
    with pytest.raises(InvalidArgumentError, match="needs something to compare with"):
        regression_check(slow, checks=[limit], baseline="nothing", session=stored)  # pyright: ignore[reportArgumentType]


def test_a_command_records_shows_and_compares(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PPROF_MCP_BASELINES", str(file))
    for one in runs(tmp_path, [100, 101, 99]):
        assert run_cli(["baseline", "record", one, "--baseline", "nightly"]) == 0
    (slow,) = runs(tmp_path, [300], start=9)
    capsys.readouterr()
    assert run_cli(["baseline", "show"]) == 0
    assert "nightly|cpu|cpu/nanoseconds" in capsys.readouterr().out
    assert run_cli(["top", slow, "--compare-baseline", "--baseline", "nightly", "--table"]) == 0
    assert "app.hot cum_pct 20.0 points above the mean of 3 runs" in capsys.readouterr().out.replace(
        "\\_pct", "\\_pct"
    )
    file.write_bytes(b"x" * 5_000)
    assert run_cli(["baseline", "show"]) == 4


def test_old_runs_go_and_statistics_look_at_the_newest(
    tmp_path: Path, stored: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baselines, "KEPT_RUNS", 5)
    monkeypatch.setattr(baselines, "WINDOW_RUNS", 3)
    record(stored, *runs(tmp_path, [100, 101, 99, 100, 101, 99, 100]))
    found = show(stored, baseline="default")
    assert [run.taken_at for run in found.runs][:1] == ["2023-11-20T22:13:20Z"]
    assert len(found.runs) == 5
    assert found.series[0].runs == 3
    record(stored, *runs(tmp_path, [100] * 7, start=10), hold=True)
    found = show(stored, baseline="default")
    assert [run.status for run in found.runs] == ["held"] * 5 + ["learned"] * 5


@pytest.mark.parametrize("name", ["python", "node", "rust"])
def test_profiles_of_any_runtime_are_recorded_and_compared(data: Path, name: str, stored: Session) -> None:
    path = min(one for one in (data / name).rglob("*") if one.suffix in (".gz", ".pb", ".pprof"))
    assert record(stored, str(path))[0].status == "learned"
    answer = top(str(path), compare_baseline=True, session=stored)  # pyright: ignore[reportArgumentType]
    assert answer.baseline is not None
    # A profile is not compared with itself.
    assert answer.baseline.baseline_samples == 0
