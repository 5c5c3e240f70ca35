"""What pprof.flamegraph must get right."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from pprof_mcp.errors import InvalidArgumentError, PathNotAllowedError
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import run
from pprof_mcp.session.session import Session
from pprof_mcp.sources.fence import Fence
from pprof_mcp.tools.pprof.flamegraph import FlameGraphResult

from tests.cases import CPU, HEAPS, OUT, Cases
from tests.property.naive import NaiveProfile, Sample
from tests.support import DATA

CASES = Cases(
    good=[
        {"profile": CPU, "output_path": str(OUT / "f.svg"), "overwrite": True},
        {"profile": HEAPS[1], "base": HEAPS[0], "output_path": str(OUT / "d.svg"), "overwrite": True},
    ],
    wrong=[("profile", CPU), ("output_path", "x.svg")],
    nothing=[{"focus": "no such function", "output_path": str(OUT / "n.svg"), "overwrite": True}],
)

Stack = Sequence[str]
Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def made(name: str, stacks: Sequence[tuple[Stack, int]], unit: str = "count") -> str:
        samples = tuple(
            Sample(stack=tuple(((function, "a.go", 1),) for function in stack), values=(value,))
            for stack, value in stacks
        )
        path = tmp_path / f"{name}.pb"
        path.write_bytes(NaiveProfile(samples=samples, sample_types=(("things", unit),)).encode())
        return str(path)

    return made


def draw(tmp_path: Path, **arguments: object) -> tuple[FlameGraphResult, dict[str, str]]:
    """Draw, and read the tips of the boxes back: by name what the tip says."""
    session = Session(fence=Fence([tmp_path, DATA]))
    out = tmp_path / "out.svg"
    given = {"output_path": str(out), "overwrite": True, **arguments}
    result = run(load("pprof.flamegraph"), given, session=session)
    assert isinstance(result, FlameGraphResult)
    tips: dict[str, str] = {}
    for title in ET.parse(out).iter("{http://www.w3.org/2000/svg}title"):  # noqa: S314 - our own
        found = re.fullmatch(r"(.+) \((.+)\)", title.text or "", re.DOTALL)
        assert found, title.text
        tips[found[1]] = found[2]
    assert result.output_bytes == out.stat().st_size
    return result, tips


def test_every_box_says_what_its_call_path_costs(tmp_path: Path, write: Write) -> None:
    profile = write("p", [(["leaf", "work", "main"], 6), (["work", "main"], 3), (["idle", "main"], 1)])
    result, tips = draw(tmp_path, profile=profile)
    assert tips == {
        "all": "10 count, 100%",
        "main": "10 count, 100.00%",
        "work": "9 count, 90.00%",
        "leaf": "6 count, 60.00%",
        "idle": "1 count, 10.00%",
    }
    assert (result.total, result.boxes, result.left_out, result.depth) == (10, 4, 0, 3)


def test_narrow_boxes_are_left_out_and_counted_and_their_cost_stays_below(
    tmp_path: Path, write: Write
) -> None:
    profile = write("p", [(["tiny", "main"], 1), (["big", "main"], 199)])
    result, tips = draw(tmp_path, profile=profile, min_pct=1.0)
    assert "tiny" not in tips
    assert tips["main"] == "200 count, 100.00%"
    assert (result.boxes, result.left_out) == (2, 1)


def test_merged_from_the_leaf_callers_lie_on_what_they_call(tmp_path: Path, write: Write) -> None:
    profile = write("p", [(["hash", "a"], 3), (["hash", "b"], 4)])
    assert draw(tmp_path, profile=profile, merge_from="leaf")[1]["hash"] == "7 count, 100.00%"
    assert draw(tmp_path, profile=profile)[0].boxes == 4


def test_a_difference_tells_of_every_box_what_its_own_frames_gained(tmp_path: Path, write: Write) -> None:
    before = write("before", [(["grown", "main"], 2), (["gone", "main"], 5), (["same", "main"], 3)])
    after = write("after", [(["grown", "main"], 6), (["same", "main"], 3), (["new", "main"], 1)])
    result, tips = draw(tmp_path, profile=after, base=before)
    assert tips["grown"] == "6 count, 60.00%; +40.00%"
    assert tips["same"] == "3 count, 30.00%; 0.00%"
    assert tips["new"] == "1 count, 10.00%; +10.00%"
    assert (result.total, result.base_total) == (10, 10)
    _, tips = draw(tmp_path, profile=after, base=before, width="before")
    assert tips["gone"] == "5 count, 50.00%; -50.00%"
    assert tips["grown"] == "2 count, 20.00%; +40.00%"


def test_a_difference_can_be_scaled_to_the_same_total(tmp_path: Path, write: Write) -> None:
    before = write("before", [(["a", "main"], 10), (["b", "main"], 10)])
    after = write("after", [(["a", "main"], 40), (["b", "main"], 40)])
    result, tips = draw(tmp_path, profile=after, base=before, normalize=True)
    assert result.base_total == 80
    assert tips["a"] == "40 count, 50.00%; 0.00%"


def test_names_that_look_like_the_form_between_do_no_harm(tmp_path: Path, write: Write) -> None:
    names = ["Foo(Ljava/lang/String;)V", "operator new 12", "f 1 2", "<a & b>", " ", "x\ny", "3"]
    profile = write("p", [([name, "main"], 10 + at) for at, name in enumerate(names)])
    result, tips = draw(tmp_path, profile=profile)
    assert result.boxes == len(names) + 1
    assert tips["main"].startswith(f"{sum(range(10, 10 + len(names)))} count")
    assert tips["Foo(Ljava/lang/String\uff1b)V"].startswith("10 count")
    assert tips["operator new\u00a012"].startswith("11 count")
    assert tips["<a & b>"].startswith("13 count")


def test_numbers_are_in_a_unit_that_can_be_read(tmp_path: Path, write: Write) -> None:
    profile = write("p", [(["work", "main"], 2_500_000_000)], unit="nanoseconds")
    assert draw(tmp_path, profile=profile)[1]["work"] == "2,500 ms, 100.00%"


def test_negative_paths_and_empty_profiles_are_said(tmp_path: Path, write: Write) -> None:
    result, _ = draw(tmp_path, profile=write("n", [(["a", "main"], 5), (["b", "main"], -2)]))
    assert any("negative" in warning for warning in result.warnings)
    result, tips = draw(tmp_path, profile=write("e", []))
    assert (result.boxes, result.total) == (0, 0)
    assert "there is nothing to draw" in result.warnings
    assert "nothing to draw" in tips


def test_the_planted_leak_is_the_box_that_grew(tmp_path: Path) -> None:
    heaps = [str(DATA / "go" / "main" / f"heap.{when}.pb.gz") for when in ("before", "after")]
    _, tips = draw(tmp_path, profile=heaps[1], base=heaps[0])
    gained = {
        name: float(match[1]) for name, tip in tips.items() if (match := re.search(r"\+([\d.]+)%$", tip))
    }
    assert max(gained, key=lambda name: gained[name]) == "example.com/shop/session.newEntry"
    assert sum(gained.values()) - max(gained.values()) < 10


def test_the_same_call_gives_the_same_bytes(tmp_path: Path) -> None:
    cpu = str(DATA / "go" / "main" / "cpu.pb.gz")
    draw(tmp_path, profile=cpu)
    first = (tmp_path / "out.svg").read_bytes()
    draw(tmp_path, profile=cpu)
    assert (tmp_path / "out.svg").read_bytes() == first
    assert b"<script" in first


def test_what_can_not_be_is_refused_before_the_work(tmp_path: Path, write: Write) -> None:
    profile = write("p", [(["a"], 1)])
    with pytest.raises(InvalidArgumentError, match="no base"):
        draw(tmp_path, profile=profile, normalize=True)
    with pytest.raises(InvalidArgumentError, match="exists"):
        draw(tmp_path, profile=profile, output_path=profile, overwrite=False)
    with pytest.raises(PathNotAllowedError):
        draw(tmp_path, profile=profile, output_path="/nowhere/else.svg")
    with pytest.raises(InvalidArgumentError, match="no file"):
        draw(tmp_path, profile=profile, output_path="-")
