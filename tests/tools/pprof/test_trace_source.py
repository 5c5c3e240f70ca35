"""What pprof.trace_source must get right."""

from __future__ import annotations

from pathlib import Path

from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import run
from pprof_mcp.session.session import Session
from pprof_mcp.sources.fence import Fence
from pprof_mcp.tools.pprof.trace_source import TraceSourceResult

from tests.cases import CPU, HEAPS, Cases
from tests.property.naive import NaiveProfile, Sample
from tests.support import DATA

CASES = Cases(
    good=[{"profile": CPU, "function": "weakHash"}, {"profile": HEAPS[1], "function": "newEntry"}],
    wrong=[("profile", CPU), ("function", "(")],
    nothing=[{"function": "no such function"}],
)
SOURCES = str(DATA.parent / "programs" / "goservice")


def traced(*roots: Path, **arguments: object) -> TraceSourceResult:
    fence = Fence([DATA, DATA.parent / "programs", *roots])
    result = run(load("pprof.trace_source"), arguments, session=Session(fence=fence))
    assert isinstance(result, TraceSourceResult)
    return result


def profile(tmp_path: Path, *stacks: tuple[str, int]) -> str:
    """Stacks root first; `name:line` is a frame."""
    samples: list[Sample] = []
    for text, value in stacks:
        frames = [frame.partition(":") for frame in reversed(text.split())]
        stack = tuple(((name, "shop/a.go", int(line or 1)),) for name, _, line in frames)
        samples.append(Sample(stack=stack, values=(value,)))
    path = tmp_path / "p.pb"
    path.write_bytes(NaiveProfile(tuple(samples), sample_types=(("things", "count"),)).encode())
    return str(path)


def test_the_way_leads_from_the_root_to_where_the_planted_cost_arises() -> None:
    result = traced(profile=CPU, function="Quote$", source_paths=[SOURCES], max_depth=50)
    names = [step.function.rpartition("/")[2] for step in result.call_chain]
    assert names[0] == "http.(*conn).serve"
    assert names[-1] == "pricing.weakHash"
    assert [step.function.rpartition(".")[2] for step in result.call_chain if step.is_target] == ["Quote"]
    hash_step = result.call_chain[-1]
    assert (hash_step.line, hash_step.origin) == (19, "own")
    assert any("// plant: hot-hash" in (line.code or "") for line in hash_step.lines)
    assert result.own + result.standard + result.third_party == len(names)
    assert {step.origin for step in result.call_chain if "shop" in step.function} == {"own"}


def test_the_heaviest_way_is_that_of_samples_together_not_of_one_sample(tmp_path: Path) -> None:
    path = profile(
        tmp_path,
        ("main a hot x:1", 3),
        ("main a hot x:2", 3),
        ("main a hot x:3", 3),
        ("main b hot y:1", 5),
        ("main other", 100),
    )
    result = traced(tmp_path, profile=path, function="^hot$")
    assert [step.function for step in result.call_chain] == ["main", "a", "hot", "x"]
    assert (result.matched, result.path_value, result.path_pct_of_matched) == (14, 9, 64.2857)
    # Costs are those of all samples through the function, also of those that came another way.
    assert [step.cum for step in result.call_chain] == [14, 9, 14, 9]
    assert [(line.line, line.cum) for line in result.call_chain[-1].lines] == [(1, 3), (2, 3)]


def test_the_way_ends_where_more_stays_than_goes_on(tmp_path: Path) -> None:
    path = profile(tmp_path, ("main hot", 6), ("main hot x", 4))
    result = traced(tmp_path, profile=path, function="hot")
    assert [step.function for step in result.call_chain] == ["main", "hot"]
    assert result.path_value == 10


def test_a_function_that_calls_itself_is_one_step(tmp_path: Path) -> None:
    path = profile(tmp_path, ("main visit visit visit leaf", 2))
    result = traced(tmp_path, profile=path, function="visit")
    assert [(step.function, step.calls, step.cum) for step in result.call_chain] == [
        ("main", 1, 2),
        ("visit", 3, 2),
        ("leaf", 1, 2),
    ]


def test_steps_far_from_the_function_are_left_out_and_counted(tmp_path: Path) -> None:
    path = profile(tmp_path, (" ".join(f"f{at}" for at in range(30)), 1))
    result = traced(tmp_path, profile=path, function="^f15$", max_depth=6)
    assert [step.function for step in result.call_chain] == [f"f{at}" for at in range(12, 18)]
    assert result.steps_left_out == 24
    short = traced(tmp_path, profile=path, function="^f1$", max_depth=6)
    assert [step.function for step in short.call_chain] == [f"f{at}" for at in range(6)]


def test_third_party_steps_can_be_left_out(tmp_path: Path) -> None:
    stack = (
        ("work", "/app/work.py", 3),
        ("get", "/usr/lib/python3.11/site-packages/requests/api.py", 7),
        ("main", "/app/main.py", 1),
    )
    sample = Sample(stack=tuple((frame,) for frame in stack), values=(1,))
    path = tmp_path / "p.pb"
    path.write_bytes(NaiveProfile((sample,), sample_types=(("things", "count"),)).encode())
    every = traced(tmp_path, profile=str(path), function="work")
    assert [(step.function, step.package) for step in every.call_chain][1] == ("get", "requests")
    own = traced(tmp_path, profile=str(path), function="work", show_vendor=False)
    assert [step.function for step in own.call_chain] == ["main", "work"]
    assert (own.own, own.third_party) == (2, 1)


def test_nothing_that_matches_and_an_empty_profile_are_answers_with_a_warning(tmp_path: Path) -> None:
    for path in (CPU, profile(tmp_path)):
        result = traced(tmp_path, profile=path, function="no such function")
        assert (result.call_chain, result.matched) == ([], 0)
        assert result.warnings


def test_no_source_is_read_outside_of_the_allowed_folders(tmp_path: Path) -> None:
    secret = tmp_path / "secret" / "key.go"
    secret.parent.mkdir()
    secret.write_text("PRIVATE\n", encoding="utf-8")
    work = tmp_path / "work"
    work.mkdir()
    (work / "link.go").symlink_to(secret)
    path = work / "p.pb"
    for named in (str(secret), "../secret/key.go", "link.go"):
        sample = Sample(stack=((("f", named, 1),),), values=(1,))
        path.write_bytes(NaiveProfile((sample,), sample_types=(("things", "count"),)).encode())
        result = traced(work, profile=str(path), function="f", source_paths=[str(work)])
        assert "PRIVATE" not in result.model_dump_json()
        (step,) = result.call_chain
        assert [line.code for line in step.lines] == [None]


def test_the_way_is_that_of_the_profiles_own_sample_type_unless_another_is_asked_for(tmp_path: Path) -> None:
    frames = {name: ((name, f"{name}.go", 1),) for name in ("main", "f", "often", "long")}
    samples = tuple(
        Sample(stack=(frames[leaf], frames["f"], frames["main"]), values=values)
        for leaf, values in (("often", (9, 10)), ("long", (1, 90)))
    )
    path = tmp_path / "cpu.pb"
    path.write_bytes(NaiveProfile(samples, (("samples", "count"), ("cpu", "nanoseconds"))).encode())
    ways = {
        index: [
            step.function
            for step in traced(tmp_path, profile=str(path), function="^f$", sample_index=index).call_chain
        ]
        for index in ("", "cpu", "samples")
    }
    assert ways == {
        "": ["main", "f", "long"],
        "cpu": ["main", "f", "long"],
        "samples": ["main", "f", "often"],
    }
