"""The one way from arguments to a result."""

from __future__ import annotations

import json
from pathlib import Path

import pprof_mcp as pp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pprof_mcp.errors import InvalidArgumentError, PprofMcpError, ResultTooLargeError
from pprof_mcp.registry.discover import load, load_all, names
from pprof_mcp.registry.run import answer, run
from pprof_mcp.session.session import Session
from pprof_mcp.sources.fence import Fence
from pprof_mcp.tools.pprof.top import TopResult

from tests.property.naive import NaiveProfile, Sample
from tests.support import DATA


def test_an_unknown_argument_is_refused_with_the_valid_names(session: Session, cpu: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        run(load("pprof.top"), {"profile": cpu, "nodecont": 5}, session=session)
    assert "'nodecont'" in caught.value.message
    assert "nodecount" in caught.value.hint


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "needs the argument profile"),
        ({"profile": ""}, "profile: "),
        ({"profile": 3}, "profile: "),
        ({"profile": "x", "nodecount": 0}, "nodecount: "),
        ({"profile": "x", "nodecount": 10**9}, "nodecount: "),
        ({"profile": "x", "cum": "perhaps"}, "cum: "),
        ({"profile": "x", "granularity": "packages"}, "granularity: "),
        ({"profile": "x", "nodefraction": float("nan")}, "nodefraction: "),
        ({"profile": "x", "focus": None}, "focus: "),
        ({"profile": "x", "focus": "y" * 5_000}, "focus: "),
        ({"profile": "x", "cursor": "not a cursor"}, ""),
    ],
)
def test_arguments_out_of_shape_are_told_by_name(
    session: Session, given: dict[str, object], told: str
) -> None:
    with pytest.raises(PprofMcpError) as caught:
        run(load("pprof.top"), given, session=session)
    assert caught.value.message.find(told) >= 0
    assert len(caught.value.message) < 400


def test_a_list_sent_as_its_json_text_is_understood(session: Session, data: Path) -> None:
    heaps = [str(data / "go" / "main" / f"heap.{when}.pb.gz") for when in ("before", "after")]
    as_text = run(load("pprof.merge"), {"profiles": json.dumps(heaps)}, session=session)
    as_list = run(load("pprof.merge"), {"profiles": heaps}, session=session)
    assert as_text == as_list


def test_a_tool_is_a_plain_function_that_takes_profiles_or_paths(cpu: str) -> None:
    profile = pp.open_profile(cpu)
    by_function = pp.top(profile, cum=True, focus="json")
    by_method = profile.top(cum=True, focus="json")
    by_path = pp.top(cpu, cum=True, focus="json")  # pyright: ignore[reportArgumentType] - allowed at run time
    assert by_function == by_method == by_path
    assert by_function.rows


def test_a_longer_answer_than_allowed_is_cut_and_goes_on_at_the_cut(session: Session, cpu: str) -> None:
    spec = load("pprof.top")
    whole = answer(spec, {"profile": cpu, "nodecount": 100, "nodefraction": 0}, session=session, most=None)
    most = len(whole.json) // 3
    seen: list[str] = []
    cursor = ""
    for _ in range(60):
        part = answer(
            spec,
            {"profile": cpu, "nodecount": 100, "nodefraction": 0, "cursor": cursor},
            session=session,
            most=most,
        )
        assert len(part.json) <= most
        found = json.loads(part.json)
        seen.extend(row["name"] for row in found["rows"])
        cursor = found["cursor"]
        if cursor is None:
            break
        assert (
            any("nodecount lowered" in warning for warning in found["warnings"]) or len(found["rows"]) == 100
        )
    everything = run(spec, {"profile": cpu, "nodecount": 500, "nodefraction": 0}, session=session)
    assert isinstance(everything, TopResult)
    assert seen == [row.name for row in everything.rows]


def test_a_caller_that_names_no_size_gets_a_short_answer_and_any_other_what_it_asked_for(
    session: Session, cpu: str
) -> None:
    spec = load("pprof.top")
    whole = answer(spec, {"profile": cpu}, session=session, most=80_000)
    usual = len(whole.json) // 2
    short = answer(spec, {"profile": cpu}, session=session, most=80_000, usual=usual)
    assert len(short.json) <= usual
    found = json.loads(short.json)
    (warning,) = found["warnings"]
    assert warning.startswith(f"nodecount lowered to {len(found['rows'])}: ")
    assert warning.endswith("set nodecount for more at once")
    assert found["cursor"] == str(len(found["rows"]))
    asked = answer(spec, {"profile": cpu, "nodecount": 15}, session=session, most=80_000, usual=usual)
    assert asked.json == whole.json
    one = answer(spec, {"profile": cpu}, session=session, most=80_000, usual=10)
    assert len(json.loads(one.json)["rows"]) == 1


def test_a_text_is_cut_to_the_size_of_answers_not_its_rows(session: Session, cpu: str) -> None:
    spec = load("pprof.peek")
    text = {"profile": cpu, "regex": ".", "format": "text"}
    for arguments, sizes in (
        ({**text, "max_bytes": 60_000}, {"most": 9_000}),
        (text, {"most": 80_000, "usual": 4_000}),
    ):
        found = answer(spec, arguments, session=session, **sizes)
        assert len(found.json) <= min(sizes.values())
        told = json.loads(found.json)
        assert len(told["raw"].encode()) > min(sizes.values()) // 2
        assert told["raw_meta"]["truncated_reason"] == "max_bytes"
        assert any(warning.startswith("max_bytes lowered to ") for warning in told["warnings"])


def test_names_and_lists_of_any_length_are_cut_where_fewer_rows_are_not_enough(tmp_path: Path) -> None:
    long = f"example.com/{'x' * 30_000}.F"
    stack = tuple(((f"{long}{at}", "x.go", 1),) for at in range(4))
    deep = tuple(((f"f{at}", "x.go", at),) for at in range(900))
    made: dict[str, str] = {}
    for name, profile in {
        "names": NaiveProfile((Sample(stack=stack, values=(7,)),), (("things", "count"),)),
        "deep": NaiveProfile((Sample(stack=deep, values=(7,)),), (("things", "count"),)),
    }.items():
        made[name] = str(tmp_path / f"{name}.pb")
        Path(made[name]).write_bytes(profile.encode())
    session = Session(fence=Fence([tmp_path]))
    whole = answer(load("pprof.top"), {"profile": made["names"]}, session=session, most=None)
    assert len(whole.json) > 100_000
    for usual, most in ((8_000, 80_000), (None, 20_000)):
        found = answer(load("pprof.top"), {"profile": made["names"]}, session=session, most=most, usual=usual)
        assert len(found.json) <= (usual or most)
        content = json.loads(found.json)
        assert content["profile"] == made["names"]
        assert content["rows"][0]["name"].startswith("example.com/xxx")
        assert content["rows"][0]["name"].endswith("x.F0")
        assert "…" in content["rows"][0]["name"]
        assert any("characters are cut in the middle" in warning for warning in content["warnings"])
    stacks = {"profile": made["deep"], "max_depth": 2_000}
    found = answer(load("pprof.traces_head"), stacks, session=session, most=20_000, usual=8_000)
    content = json.loads(found.json)
    assert len(content["rows"][0]["frames"]) == 100
    assert "lists of more than 100 entries are cut: frames (900)" in content["warnings"]


def test_an_answer_whose_single_row_is_too_large_is_an_error(session: Session, cpu: str) -> None:
    with pytest.raises(ResultTooLargeError, match="300 are allowed"):
        answer(load("pprof.top"), {"profile": cpu}, session=session, most=300)


def test_names_come_from_files_without_importing_tools() -> None:
    assert "pprof.top" in names()
    assert len(names()) == len(load_all())
    with pytest.raises(InvalidArgumentError, match="no tool"):
        load("pprof.nonsense")


ANY_VALUE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=60),
    st.lists(st.text(max_size=20), max_size=4),
    st.dictionaries(st.text(max_size=10), st.integers(), max_size=3),
    st.sampled_from(
        ["cpu", "handle:", "handle:0123456789abcdef#cpu", "-", "..", "/", "\0", "a#b#c", "(?i)x", "[", "1kb:"]
    ),
)


NAMES = [
    "profile",
    "regex",
    "function",
    "before",
    "after",
    "profiles",
    "path",
    "key",
    "handles",
    "limit",
    "nodecount",
    "cursor",
    "focus",
    "tagfocus",
    "granularity",
    "format",
    "sample_index",
    "output_path",
    "max_bytes",
    "truncate_strategy",
]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(names()),
    values=st.dictionaries(st.one_of(st.sampled_from(NAMES), st.text(max_size=12)), ANY_VALUE, max_size=6),
    real=st.booleans(),
)
def test_hostile_arguments_give_a_result_or_an_error_of_ours(
    name: str, values: dict[str, object], real: bool, tmp_path: Path
) -> None:
    spec = load(name)
    session = Session(fence=Fence([DATA, tmp_path]))
    if real:
        cpu = str(DATA / "go" / "main" / "cpu.pb.gz")
        known = {item.name for item in spec.parameters}
        values = {key: value for key, value in values.items() if key in known and key != "output_path"}
        values.update({key: cpu for key in ("profile", "before", "after", "path") if key in known})
    problem: PprofMcpError | None = None
    size = 0
    try:
        size = len(answer(spec, values, session=session, most=80_000).json)
    except PprofMcpError as caught:
        problem = caught
    assert size <= 80_000
    assert problem is None or (problem.code != "internal_error" and len(problem.message) < 2_000)
