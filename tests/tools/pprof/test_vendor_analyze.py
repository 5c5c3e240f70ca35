"""What pprof.vendor_analyze must get right."""

from __future__ import annotations

from pathlib import Path

import pprof_mcp as pp
import pytest
from pprof_mcp.errors import PathNotAllowedError
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import run
from pprof_mcp.session.session import Session
from pprof_mcp.sources.fence import Fence
from pprof_mcp.tools.pprof.overhead_report import overhead_report
from pprof_mcp.tools.pprof.vendor_analyze import VendorResult, VendorRow, vendor_analyze

from tests.cases import CPU, HEAPS, Cases
from tests.support import DATA
from tests.tools.pprof.functions import profile_of

CASES = Cases(
    good=[{"profile": CPU}, {"profile": HEAPS[1]}, {"profile": str(DATA / "python" / "profile.pb.gz")}],
    wrong=[("profile", "missing.pb.gz"), ("min_pct", 101), ("repo_root", "/etc"), ("cursor", "x")],
    nothing=[{"focus": "no such function"}],
)

APP = "example.com/shop/api.Serve @ /src/shop/api/a.go:7"
KLAUSPOST = "github.com/klauspost/compress"
ZSTD = f"{KLAUSPOST}/zstd.(*Encoder).Write @ /go/pkg/mod/{KLAUSPOST}@v1.17.0/z.go:1"
PGX = "github.com/jackc/pgx/v5.Query @ github.com/jackc/pgx/v5@v5.5.1/q.go:1"
STD = "bytes.Equal @ bytes/b.go:1"


def analyse(root: Path, profile: str, **arguments: object) -> VendorResult:
    given = {"profile": profile, **arguments}
    result = run(load("pprof.vendor_analyze"), given, session=Session(fence=Fence([root, DATA])))
    assert isinstance(result, VendorResult)
    return result


def told(rows: list[VendorRow]) -> list[tuple[str, str | None, float, float, float]]:
    return [
        (row.package, row.version, row.disjoint_pct, row.total_flat_pct, row.total_cum_pct) for row in rows
    ]


def test_own_code_the_standard_library_and_third_parties_are_kept_apart(tmp_path: Path) -> None:
    path = profile_of(
        tmp_path,
        [
            (f"{STD} < {ZSTD} < {APP} < main.main @ /src/shop/main.go:1", 40),
            (f"{ZSTD} < {PGX} < {APP}", 20),
            (f"{STD} < {APP}", 30),
            ("runtime.gcDrain @ runtime/g.go:1", 10),
        ],
    )
    found = analyse(tmp_path, path)
    assert told(found.vendor_hotspots) == [
        ("github.com/klauspost/compress", "v1.17.0", 60.0, 20.0, 60.0),
        ("github.com/jackc/pgx/v5", "v5.5.1", 0.0, 0.0, 20.0),
    ]
    assert [(row.tier, row.disjoint_pct, row.flat_pct) for row in found.by_tier] == [
        ("app", 30.0, 0.0), ("third_party", 60.0, 20.0), ("standard", 10.0, 80.0), ("unknown", 0.0, 0.0),
    ]  # fmt: skip
    assert (found.total_app_pct, found.total_vendor_pct) == (30.0, 60.0)
    assert [(row.package, row.total_cum_pct) for row in found.app] == [
        ("example.com/shop", 90.0),
        ("main", 40.0),
    ]
    assert [(row.package, row.total_flat_pct) for row in found.standard] == [
        ("bytes", 70.0),
        ("runtime", 10.0),
    ]


def test_recursion_and_deep_stacks_never_make_more_than_everything(tmp_path: Path) -> None:
    path = profile_of(tmp_path, [(" < ".join([ZSTD, APP] * 20), 7)])
    found = analyse(tmp_path, path)
    assert told(found.vendor_hotspots) == [("github.com/klauspost/compress", "v1.17.0", 100.0, 100.0, 100.0)]


def test_main_is_never_a_dependency_and_nothing_is_one_in_the_program_of_ours(cpu: str, data: Path) -> None:
    found = analyse(data, cpu)
    assert found.vendor_hotspots == []
    assert found.total_vendor_pct == 0
    assert found.app[0].package == "example.com/shop"
    (encoding,) = [row for row in overhead_report(pp.open_profile(cpu)).detections if row.category == "json"]
    standard = {row.package: row.total_cum_pct for row in found.standard}
    assert standard["encoding/json"] == encoding.inclusive_pct


def test_tiers_of_every_profile_of_ours_add_up(data: Path) -> None:
    looked_at = 0
    for path in sorted(data.glob("*/**/*.pb.gz")):
        if "broken" in path.parts or "legacy" in path.parts:
            continue
        found = analyse(data, str(path), min_pct=0, limit=200)
        if found.total:
            assert sum(row.disjoint_pct for row in found.by_tier) == pytest.approx(100, abs=0.03), path
            assert sum(row.flat_pct for row in found.by_tier) == pytest.approx(100, abs=0.03), path
            third = sum(row.disjoint_pct for row in found.vendor_hotspots)
            assert third + found.left_out.disjoint_pct == pytest.approx(found.total_vendor_pct, abs=0.05), (
                path
            )
            looked_at += 1
    assert looked_at > 10


def test_versions_come_from_go_mod_where_paths_say_none(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text(
        'module "example.com/shop"\n\ngo 1.25\n\nrequire (\n\tgithub.com/a/b v1.2.3 // indirect\n'
        "\tgithub.com/a/b/v2 v2.0.0\n\tgithub.com/a/local v0.1.0\n)\nrequire github.com/a/swap v1.0.0\n"
        "replace github.com/a/local => ../local\n"
        "replace github.com/a/swap v1.0.0 => github.com/z/swap v9.9.9\n"
    )
    stacks = [
        ("github.com/a/b.F @ b.go:1 < example.com/shop/x.G @ x.go:1", 40),
        ("github.com/a/b/v2/sub.F @ b.go:1 < example.com/shop/x.G @ x.go:1", 30),
        ("github.com/a/bb.F @ b.go:1 < example.com/shop/x.G @ x.go:1", 20),
        ("github.com/a/local/y.F @ b.go:1 < main.main @ main.go:1", 6),
        ("github.com/a/swap.F @ b.go:1 < main.main @ main.go:1", 4),
    ]
    found = analyse(tmp_path, profile_of(tmp_path, stacks), repo_root=str(tmp_path))
    assert [(row.package, row.version, row.version_from) for row in found.vendor_hotspots] == [
        ("github.com/a/b", "v1.2.3", "go.mod"),
        ("github.com/a/b/v2", "v2.0.0", "go.mod"),
        ("github.com/a/bb", None, None),
        ("github.com/a/local", "replaced by ../local", "go.mod"),
        ("github.com/a/swap", "replaced by github.com/z/swap v9.9.9", "go.mod"),
    ]
    assert [row.package for row in found.app] == ["example.com/shop", "main"]
    assert found.lock_files == ["go.mod"]


SERDE = "/app/.cargo/registry/src/index-1/serde-1.0.9/src/ser.rs:1"
NODE_LOCK = """{"packages": {"": {}, "node_modules/@a/b": {"version": "3.1.4"},
"node_modules/c/node_modules/@a/b": {"version": "1.0.0"}}}"""


@pytest.mark.parametrize(
    ("lock", "content", "frames", "told"),
    [
        (
            "uv.lock",
            '[[package]]\nname = "PyYAML"\nversion = "6.0.1"\n',
            "load @ /v/lib/python3.11/site-packages/yaml/__init__.py:1 < main @ /srv/a.py:1",
            ("yaml", "6.0.1", "uv.lock"),
        ),
        (
            "package-lock.json",
            NODE_LOCK,
            "f @ /srv/node_modules/@a/b/lib/x.js:1 < main @ /srv/a.js:1",
            ("@a/b", "3.1.4", "package-lock.json"),
        ),
        (
            "Cargo.lock",
            '[[package]]\nname = "serde"\nversion = "1.0.8"\n',
            f"serde::ser @ {SERDE} < app::main @ /srv/src/main.rs:1",
            ("serde", "1.0.9", "path"),
        ),
    ],
)
def test_other_lock_files_are_read_too(
    tmp_path: Path, lock: str, content: str, frames: str, told: tuple[str, str, str]
) -> None:
    (tmp_path / lock).write_text(content)
    found = analyse(tmp_path, profile_of(tmp_path, [(frames, 5)]), repo_root=str(tmp_path))
    assert [(row.package, row.version, row.version_from) for row in found.vendor_hotspots] == [told]
    assert found.lock_files == [lock]


def test_files_that_can_not_be_read_and_folders_without_any_are_said(tmp_path: Path) -> None:
    path = profile_of(tmp_path, [(f"{ZSTD} < {APP}", 5)])
    assert any(
        "no go.mod" in warning for warning in analyse(tmp_path, path, repo_root=str(tmp_path)).warnings
    )
    (tmp_path / "uv.lock").write_text("[[[ no TOML")
    (tmp_path / "package-lock.json").write_text("[1, 2]")
    found = analyse(tmp_path, path, repo_root=str(tmp_path))
    assert [warning.partition(" ")[0] for warning in found.warnings] == ["uv.lock", "package-lock.json"]
    assert found.vendor_hotspots[0].version == "v1.17.0"


def test_folders_outside_of_the_allowed_ones_are_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    path = profile_of(tmp_path / "in", [(APP, 5)])
    with pytest.raises(PathNotAllowedError):
        analyse(tmp_path / "in", path, repo_root=str(tmp_path))


def test_many_modules_are_counted_whole(tmp_path: Path) -> None:
    stacks = [
        (f"github.com/a/m{at}.F @ /go/pkg/mod/github.com/a/m{at}@v1.0.{at}/f.go:1 < {APP}", 1)
        for at in range(400)
    ]
    found = analyse(tmp_path, profile_of(tmp_path, stacks), min_pct=0, limit=200)
    assert found.total_vendor_pct == 100.0
    assert found.vendor_hotspots[0].package == "(all other modules)"
    shown = sum(row.disjoint for row in found.vendor_hotspots)
    assert shown / found.total * 100 + found.left_out.disjoint_pct == pytest.approx(100, abs=0.05)


def test_profiles_with_nothing_to_tell_say_why(tmp_path: Path, empty: str) -> None:
    nothing = vendor_analyze(pp.open_profile(empty))
    assert (nothing.vendor_hotspots, nothing.warnings) == ([], ["the profile has no samples"])
    nameless = analyse(tmp_path, profile_of(tmp_path, [("", 5)]))
    assert any("symbolize" in warning for warning in nameless.warnings)
    assert {row.tier: row.disjoint_pct for row in nameless.by_tier}["unknown"] == 100.0
