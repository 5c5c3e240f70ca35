"""What pprof.detect_repo must get right."""

from __future__ import annotations

from pathlib import Path

import pytest
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import run
from pprof_mcp.session.session import Session
from pprof_mcp.sources.fence import Fence
from pprof_mcp.tools.pprof.detect_repo import DetectRepoResult

from tests.cases import CPU, Cases
from tests.property.naive import NaiveProfile, Sample
from tests.support import DATA

CASES = Cases(
    good=[{"profile": CPU}], wrong=[("profile", "missing.pb.gz")], nothing=[{"focus": "no such function"}]
)
PROGRAMS = DATA.parent / "programs"


def detect(root: Path, profile: str, **arguments: object) -> DetectRepoResult:
    given = {"profile": profile, **arguments}
    result = run(load("pprof.detect_repo"), given, session=Session(fence=Fence([root, DATA])))
    assert isinstance(result, DetectRepoResult)
    return result


def profile(folder: Path, *functions: tuple[str, str, int]) -> str:
    samples = tuple(Sample(stack=(((name, file, 1),),), values=(value,)) for name, file, value in functions)
    path = folder / "p.pb"
    path.write_bytes(NaiveProfile(samples, sample_types=(("things", "count"),)).encode())
    return str(path)


def test_the_program_of_a_profile_is_found_by_its_module() -> None:
    result = detect(PROGRAMS, CPU)
    assert [row.path for row in result.module_paths] == ["example.com/shop"]
    assert (result.runtime, result.confidence) == ("go", "high")
    assert result.detected_root == str(PROGRAMS / "goservice")
    (call,) = result.next
    assert call.arguments["source_paths"] == [result.detected_root]


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("github.com/acme/shop/internal/cart.Add", "github.com/acme/shop"),
        ("github.com/acme/shop/cart.(*Store).Add", "github.com/acme/shop"),
        ("go.acme.io/shop/cmd/server.run", "go.acme.io/shop"),
        ("go.acme.io/shop.Map[go.shape.int]", "go.acme.io/shop"),
        ("main.main", "main"),
    ],
)
def test_import_paths_are_cut_to_their_modules(tmp_path: Path, name: str, module: str) -> None:
    result = detect(tmp_path, profile(tmp_path, (name, "a.go", 1)))
    assert [row.path for row in result.module_paths] == [module]


def test_candidates_are_ranked_by_weight_and_foreign_code_is_none(tmp_path: Path) -> None:
    path = profile(
        tmp_path,
        ("github.com/acme/a/x.F", "a/x.go", 3),
        ("github.com/acme/b/x.F", "b/x.go", 1),
        ("runtime.mallocgc", "runtime/malloc.go", 50),
        ("go.uber.org/zap.Info", "/go/pkg/mod/go.uber.org/zap@v1.27.0/logger.go", 50),
    )
    result = detect(tmp_path, path)
    assert [(row.path, row.cum_share_pct) for row in result.module_paths] == [
        ("github.com/acme/a", 75.0),
        ("github.com/acme/b", 25.0),
    ]
    assert (result.detected_root, result.confidence) == (None, "none")


@pytest.mark.parametrize(
    ("manifest", "text", "confidence"),
    [
        ("go.mod", "module github.com/acme/shop\n", "high"),
        ("go.mod", "// x\nmodule github.com/acme/shop/v2\n", "medium"),
        ("package.json", '{"name": "shop"}', "low"),
        ("go.mod", "module github.com/other/thing\n", "none"),
        ("go.mod", "nonsense", "none"),
    ],
)
def test_the_manifest_decides_how_sure_it_is(
    tmp_path: Path, manifest: str, text: str, confidence: str
) -> None:
    folder = tmp_path / "work" / "tree"
    folder.mkdir(parents=True)
    (folder / manifest).write_text(text, encoding="utf-8")
    result = detect(tmp_path, profile(tmp_path, ("github.com/acme/shop/cart.Add", "a.go", 1)))
    assert result.confidence == confidence
    assert result.detected_root == (None if confidence == "none" else str(folder))


def test_a_profile_without_names_says_so(tmp_path: Path) -> None:
    for path in (profile(tmp_path), profile(tmp_path, ("", "", 1))):
        result = detect(tmp_path, path)
        assert (result.module_paths, result.confidence) == ([], "none")
        assert result.warnings
