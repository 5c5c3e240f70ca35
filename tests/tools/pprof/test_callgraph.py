"""What pprof.callgraph must get right."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from pprof_mcp import _native
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import run
from pprof_mcp.session.session import Session
from pprof_mcp.sources.fence import Fence
from pprof_mcp.tools.pprof.callgraph import CallGraphResult

from tests.cases import CPU, OUT, Cases
from tests.property.naive import NaiveProfile, Sample
from tests.support import DATA

CASES = Cases(
    good=[
        {"profile": CPU, "output_path": str(OUT / f"c.{form}"), "overwrite": True, "format": form}
        for form in ("svg", "dot")
    ],
    wrong=[("profile", CPU), ("output_path", "x.svg")],
    nothing=[{"focus": "no such function", "output_path": str(OUT / "n.svg"), "overwrite": True}],
)

SVG = "{http://www.w3.org/2000/svg}"


def draw(tmp_path: Path, **arguments: object) -> tuple[CallGraphResult, bytes]:
    session = Session(fence=Fence([tmp_path, DATA]))
    out = tmp_path / "out.svg"
    given = {"output_path": str(out), "overwrite": True, **arguments}
    result = run(load("pprof.callgraph"), given, session=session)
    assert isinstance(result, CallGraphResult)
    assert result.output_bytes == out.stat().st_size
    return result, out.read_bytes()


def profile(tmp_path: Path, *stacks: tuple[str, int]) -> str:
    samples = tuple(
        Sample(stack=tuple(((name, "a.go", 1),) for name in stack.split()), values=(value,))
        for stack, value in stacks
    )
    path = tmp_path / "p.pb"
    path.write_bytes(NaiveProfile(samples=samples, sample_types=(("things", "count"),)).encode())
    return str(path)


def tips(svg: bytes, kind: str) -> set[str]:
    """The tips of boxes (`rect`) or arrows (`g`)."""
    root = ET.fromstring(svg)  # noqa: S314 - our own
    found = [
        title.text or "" for element in root.iter(SVG + kind) for title in element.findall(SVG + "title")
    ]
    assert len(found) == len(set(found))
    return set(found)


def test_boxes_and_arrows_carry_flat_cum_and_what_went_along(tmp_path: Path) -> None:
    path = profile(tmp_path, ("leaf work main", 6), ("work main", 3), ("idle main", 1))
    result, svg = draw(tmp_path, profile=path)
    assert tips(svg, "rect") == {
        "main: flat 0, cum 10 (100%)",
        "work: flat 3, cum 9 (90.00%)",
        "leaf: flat 6, cum 6 (60.00%)",
        "idle: flat 1, cum 1 (10.00%)",
    }
    assert tips(svg, "g") == {
        "main \u2192 work: 9",
        "work \u2192 leaf: 6",
        "main \u2192 idle: 1",
    }
    assert (result.nodes, result.edges, result.left_out) == (4, 3, 0)


def test_recursion_and_calls_both_ways_are_drawn(tmp_path: Path) -> None:
    path = profile(tmp_path, ("f f main", 4), ("a b a main", 2), ("b a b main", 1))
    result, svg = draw(tmp_path, profile=path)
    # A function that calls itself has no arrow for that, as in pprof.
    assert tips(svg, "g") == {
        "main \u2192 f: 4",
        "main \u2192 a: 2",
        "main \u2192 b: 1",
        "a \u2192 b: 3",
        "b \u2192 a: 3",
    }
    assert result.edges == len(tips(svg, "g"))


def test_boxes_do_not_lie_on_one_another(tmp_path: Path) -> None:
    _, svg = draw(tmp_path, profile=CPU, nodecount=80)
    boxes: list[tuple[float, float, float, float]] = []
    for rect in ET.fromstring(svg).iter(SVG + "rect"):  # noqa: S314 - our own
        if rect.get("width") != "100%":
            x, y, w, h = (float(rect.get(name) or 0) for name in ("x", "y", "width", "height"))
            boxes.append((x, y, x + w, y + h))
    assert len(boxes) > 40
    for at, one in enumerate(boxes):
        for other in boxes[:at]:
            apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
            assert apart, (one, other)


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    some, _ = draw(tmp_path, profile=CPU, nodecount=10)
    every, _ = draw(tmp_path, profile=CPU, nodecount=300, node_frac=0, edge_frac=0)
    assert some.nodes == 10
    assert some.nodes + some.left_out == every.nodes + every.left_out
    assert every.nodes > 200


def test_the_dot_form_is_pprofs_own(tmp_path: Path) -> None:
    result, dot = draw(tmp_path, profile=CPU, format="dot", nodecount=30)
    native = _native.Profile.decode(Path(CPU).read_bytes())
    wanted, _ = _native.report(
        _native.prepare_source(native),
        '{"format": "dot", "nodecount": 30, "nodefraction": 0.005, "edgefraction": 0.001}',
        None,
    )
    assert dot == wanted
    assert result.format == "dot"


def test_nothing_to_draw_is_a_picture_that_says_so(tmp_path: Path) -> None:
    result, svg = draw(tmp_path, profile=profile(tmp_path))
    assert (result.nodes, result.edges) == (0, 0)
    assert "there is nothing to draw" in result.warnings
    assert b"0 of 0 functions" in svg


def test_the_same_call_gives_the_same_bytes(tmp_path: Path) -> None:
    assert draw(tmp_path, profile=CPU)[1] == draw(tmp_path, profile=CPU)[1]
