"""What pprof.list must get right."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pprof_mcp as pp
import pytest
from pprof_mcp import _native
from pprof_mcp.errors import InvalidPatternError
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import run
from pprof_mcp.results.listing import ListResult
from pprof_mcp.session.session import Session
from pprof_mcp.sources.fence import Fence

from tests.cases import CPU, Cases
from tests.property.naive import NaiveProfile, Sample
from tests.support import DATA

CASES = Cases(
    good=[{"profile": CPU, "function": "weakHash"}],
    wrong=[("profile", CPU), ("function", "(")],
    nothing=[{"function": "no such function"}],
)
PROGRAMS = DATA.parent / "programs"


def listed(*roots: Path, **arguments: object) -> ListResult:
    result = run(load("pprof.list"), arguments, session=Session(fence=Fence([DATA, *roots])))
    assert isinstance(result, ListResult)
    return result


def profile(tmp_path: Path, *stacks: tuple[list[tuple[str, str, int]], int]) -> str:
    samples = tuple(
        Sample(stack=tuple((frame,) for frame in stack), values=(value,)) for stack, value in stacks
    )
    path = tmp_path / "p.pb"
    path.write_bytes(NaiveProfile(samples=samples, sample_types=(("things", "count"),)).encode())
    return str(path)


@pytest.mark.parametrize("pattern", ["weakHash", "category", "mallocgc", r"json\..*encode"])
def test_lines_are_those_of_pprofs_own_list(pattern: str) -> None:
    result = listed(profile=CPU, function=pattern, limit=100, lines=1_000, context=0)
    native = _native.Profile.decode(Path(CPU).read_bytes())
    options = {"format": "top", "granularity": "lines", "unit": "nanoseconds", "trim": False}
    text, _ = _native.report(_native.prepare_source(native), json.dumps(options), None)
    printed: dict[tuple[str, str, int], list[int]] = {}
    for row in text.decode().splitlines():
        found = re.match(r"\s*(\d+)(?:ns)?\s+\S+\s+\S+%\s+(\d+)ns\s+\S+  (\S+) (\S+):(\d+)", row)
        if found:
            sums = printed.setdefault((found[3], found[4], int(found[5])), [0, 0])
            sums[0] += int(found[1])
            sums[1] += int(found[2])
    lines = {
        (function.function, function.file or "", line.line): [line.flat, line.cum]
        for function in result.functions
        for line in function.lines
    }
    assert len(lines) >= 2
    assert lines == {key: printed[key] for key in lines}
    assert lines == {key: sums for key, sums in printed.items() if re.search(pattern, key[0])}


def test_the_planted_line_is_the_heaviest_and_stands_beside_its_source() -> None:
    result = listed(PROGRAMS, profile=CPU, function="weakHash", source_paths=[str(PROGRAMS / "goservice")])
    (function,) = result.functions
    assert function.found_at == str(PROGRAMS / "goservice" / "pricing" / "hash.go")
    heaviest = max(function.lines, key=lambda line: line.cum)
    assert heaviest.line == 19
    assert heaviest.code is not None
    assert "// plant: hot-hash" in heaviest.code
    assert (result.without_source, function.reason) == (0, None)


def test_a_line_that_a_stack_passes_twice_counts_once(tmp_path: Path) -> None:
    walk, other = ("walk", "a.go", 5), ("walk", "a.go", 9)
    path = profile(tmp_path, ([walk, walk, other, ("main", "a.go", 1)], 7), ([other, ("main", "a.go", 1)], 2))
    result = listed(tmp_path, profile=path, function="^walk$", context=0)
    (function,) = result.functions
    assert (function.flat, function.cum, function.samples) == (9, 9, 2)
    assert [(line.line, line.flat, line.cum) for line in function.lines] == [(5, 7, 7), (9, 2, 9)]
    assert (result.matched, result.matched_pct) == (9, 100.0)


def test_functions_of_one_name_in_two_files_are_two(tmp_path: Path) -> None:
    path = profile(tmp_path, ([("init", "a.go", 1)], 3), ([("init", "b.go", 1)], 5))
    result = listed(tmp_path, profile=path, function="init")
    assert [(row.file, row.cum) for row in result.functions] == [("b.go", 5), ("a.go", 3)]


def test_what_is_not_shown_is_counted_and_the_cursor_goes_on(tmp_path: Path) -> None:
    stacks = [([(f"f{number}", "a.go", line)], 100 - number) for number in range(5) for line in range(1, 4)]
    path = profile(tmp_path, *stacks)
    first = listed(tmp_path, profile=path, function="f", limit=2, lines=1)
    assert [row.function for row in first.functions] == ["f0", "f1"]
    assert (first.left_out.rows, first.functions[0].lines_left_out) == (3, 2)
    second = listed(tmp_path, profile=path, function="f", limit=2, lines=1, cursor=first.cursor)
    assert [row.function for row in second.functions] == ["f2", "f3"]


def module(root: Path, *parts: str) -> Path:
    path = root.joinpath(*parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("package x\n\nfunc Hot() {}\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ("example.com/shop/pricing/hash.go", ("pricing", "hash.go")),
        ("/builds/agent/shop/pricing/hash.go", ("pricing", "hash.go")),
        ("C:\\build\\shop\\pricing\\hash.go", ("pricing", "hash.go")),
        ("github.com/Azure/sdk@v1.2.3/do.go", ("pkg", "mod", "github.com", "!azure", "sdk@v1.2.3", "do.go")),
        ("/go/pkg/mod/github.com/Azure/sdk@v1.2.3/do.go", ("vendor", "github.com", "Azure", "sdk", "do.go")),
        ("github.com/acme/lib/x.go", ("vendor", "github.com", "acme", "lib", "x.go")),
        ("encoding/json/encode.go", ("src", "encoding", "json", "encode.go")),
        ("/usr/lib/python3/site-packages/http/api.py", ("lib", "python3", "site-packages", "http", "api.py")),
        ("/app/node_modules/express/lib/router.js", ("node_modules", "express", "lib", "router.js")),
    ],
)  # fmt: skip
def test_sources_are_found_wherever_the_program_was_built(
    tmp_path: Path, named: str, found: tuple[str, ...]
) -> None:
    root = tmp_path / "checkout"
    path = module(root, *found)
    (tmp_path / "p").mkdir()
    result = listed(
        tmp_path,
        profile=profile(tmp_path / "p", ([("Hot", named, 3)], 1)),
        function="Hot",
        source_paths=[str(root)],
    )
    assert result.functions[0].found_at == str(path)
    assert [line.code for line in result.functions[0].lines][-2:] == ["func Hot() {}", ""]


def test_no_source_is_read_outside_of_the_allowed_folders(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "id_rsa").write_text("PRIVATE\n", encoding="utf-8")
    work = tmp_path / "work"
    work.mkdir()
    (work / "link.go").symlink_to(secret / "id_rsa")
    for named in (str(secret / "id_rsa"), "../secret/id_rsa", "link.go", "x/../../secret/id_rsa"):
        path = profile(work, ([("f", named, 1)], 1))
        result = listed(work, profile=path, function="f", source_paths=[str(work)])
        assert "PRIVATE" not in result.model_dump_json()
        assert result.functions[0].reason
        assert result.without_source == 1
        assert result.without_source_pct == 100.0
        assert any("no source" in warning for warning in result.warnings)


def test_lines_can_not_move_the_cursor_of_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "a.go").write_bytes(b"\x1b[2J\tred\x07 \xff\r\n")
    path = profile(tmp_path, ([("f", "a.go", 1)], 1))
    result = listed(tmp_path, profile=path, function="f", source_paths=[str(tmp_path)], context=0)
    assert result.functions[0].lines[0].code == "[2J    red \ufffd"


def test_a_line_behind_the_end_of_a_file_that_has_changed_is_shown_without_code(tmp_path: Path) -> None:
    (tmp_path / "a.go").write_text("package a\n", encoding="utf-8")
    path = profile(tmp_path, ([("f", "a.go", 40)], 1))
    result = listed(tmp_path, profile=path, function="f", source_paths=[str(tmp_path)])
    assert [(line.line, line.code) for line in result.functions[0].lines] == [(40, None)]


def test_a_pattern_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidPatternError):
        listed(profile=CPU, function="(")


def test_profiles_of_other_languages_are_listed_too() -> None:
    path = next((DATA / "node").glob("*.pb.gz"))
    names = [row.name for row in pp.open_profile(path).top(nodecount=3).rows]
    result = listed(profile=str(path), function=re.escape(names[0]))
    assert result.functions[0].lines


def test_the_command_shows_lines_beside_their_costs() -> None:
    command = [sys.executable, "-m", "pprof_mcp", "list"]
    done = subprocess.run(
        [*command, CPU, "weakHash", "--source-path", str(PROGRAMS / "goservice")],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    planted = {one["id"]: one for one in json.loads((DATA / "planted.json").read_text())}["hot-hash"]
    shown = rf"^ +{planted['line']} .*{planted['recorded'] / 1e9:.2f}s .*mix\(h, c\) // plant: hot-hash$"
    assert re.search(shown, done.stdout, re.MULTILINE)


def test_every_folder_that_is_given_is_searched_for_sources(tmp_path: Path) -> None:
    roots = [tmp_path / name for name in ("one", "two", "three")]
    paths: list[Path] = []
    for at, root in enumerate(roots):
        root.mkdir()
        path = root / f"{root.name}.go"
        path.write_text(f"// {at}\n", encoding="utf-8")
        paths.append(path)
    stacks = [([(root.name, f"/build/x/{root.name}.go", 1)], 1) for root in roots]
    result = listed(
        tmp_path,
        profile=profile(tmp_path, *stacks),
        function="one|two|three",
        source_paths=[str(root) for root in roots],
    )
    assert sorted(str(found.found_at) for found in result.functions) == sorted(str(path) for path in paths)
