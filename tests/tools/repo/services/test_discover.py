"""What repo.services.discover must get right."""

from __future__ import annotations

from pathlib import Path

import pytest
from pprof_mcp.errors import InvalidArgumentError, PathNotAllowedError
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import run
from pprof_mcp.session.session import Session
from pprof_mcp.sources.fence import Fence
from pprof_mcp.tools.repo.services.discover import ServicesResult

from tests.cases import Cases
from tests.support import DATA

CASES = Cases(good=[{"repo_root": str(DATA)}], wrong=[("repo_root", "/etc"), ("limit", 0)])


def found(root: Path, **arguments: object) -> ServicesResult:
    given = {"repo_root": str(root), **arguments}
    result = run(load("repo.services.discover"), given, session=Session(fence=Fence([root])))
    assert isinstance(result, ServicesResult)
    return result


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def rows(result: ServicesResult) -> list[tuple[str, str, str | None, str]]:
    return [(row.service, row.how, row.binary, row.path) for row in result.services]


def test_programs_are_found_in_every_kind_of_project(tmp_path: Path) -> None:
    write(
        tmp_path,
        cmd__checkout__main_dot_go="package main\n",
        cmd__helper__util_dot_go="package helper\n",
        py__pyproject_dot_toml='[project.scripts]\nworker = "x:main"\n[tool.y]\nz = "1"\n',
        web__package_dot_json='{"name": "storefront", "scripts": {"start": "node ."}}',
        tool__package_dot_json='{"name": "t", "bin": {"b": "b.js", "a": "a.js"}}',
        Procfile="web: gunicorn app\n# no: thing\n",
        compose__compose_dot_yaml="services:\n  db:\n    image: x\n  api:\n    build: .\nvolumes:\n  v:\n",
    )
    assert rows(found(tmp_path)) == [
        ("a", "guessed", "a", "tool"),
        ("api", "guessed", "api", "compose"),
        ("b", "guessed", "b", "tool"),
        ("checkout", "guessed", "checkout", "cmd/checkout"),
        ("db", "guessed", "db", "compose"),
        ("storefront", "guessed", "storefront", "web"),
        ("web", "guessed", "web", "."),
        ("worker", "guessed", "worker", "py"),
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Dockerfile", "FROM scratch\nENV DD_SERVICE=billing\n"),
        ("compose.yaml", "services:\n  x:\n    environment:\n      - OTEL_SERVICE_NAME=billing\n"),
        ("prod.env", 'DD_SERVICE="billing"\n'),
        ("deploy.yaml", "env:\n  - name: DD_SERVICE\n    value: billing\n"),
        ("deploy.yaml", "labels:\n  tags.datadoghq.com/service: billing\n"),
        ("main.go", 'package main\nfunc main() { profiler.Start(profiler.WithService("billing")) }\n'),
    ],
)
def test_a_name_that_a_file_sets_is_declared(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "svc").mkdir()
    (tmp_path / "svc" / name).write_text(text, encoding="utf-8")
    assert [row[:2] for row in rows(found(tmp_path))] == [("billing", "declared")]


def test_a_declared_name_replaces_the_guess_about_its_folder(tmp_path: Path) -> None:
    write(tmp_path, cmd__be__main_dot_go="package main\n", cmd__be__Dockerfile="ENV DD_SERVICE billing\n")
    assert rows(found(tmp_path)) == [("billing", "declared", "be", "cmd/be")]


def test_what_lies_in_dependencies_or_hidden_folders_is_no_service(tmp_path: Path) -> None:
    write(
        tmp_path,
        node_modules__x__package_dot_json='{"name": "x", "bin": {"x": "x"}}',
        vendor__y__main_dot_go="package main\n",
    )
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "Procfile").write_text("web: x\n", encoding="utf-8")
    result = found(tmp_path)
    assert result.services == []
    assert result.warnings


def test_broken_manifests_and_links_out_of_the_fence_are_passed_over(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    root = tmp_path / "root"
    write(outside, Procfile="secret: x\n")
    write(root, a__package_dot_json="{", b__package_dot_json="[1]", Procfile="web: x\n")
    (root / "link").symlink_to(outside)
    assert [row[0] for row in rows(found(root))] == ["web"]


def test_services_go_on_behind_the_cursor(tmp_path: Path) -> None:
    (tmp_path / "Procfile").write_text("".join(f"p{at}: x\n" for at in range(5)), encoding="utf-8")
    first = found(tmp_path, limit=2)
    assert ([row[0] for row in rows(first)], first.left_out.rows) == (["p0", "p1"], 3)
    assert [row[0] for row in rows(found(tmp_path, limit=2, cursor=first.cursor))] == ["p2", "p3"]


def test_a_folder_that_is_none_or_outside_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(InvalidArgumentError, match="no folder"):
        found(tmp_path, repo_root=str(tmp_path / "file"))
    with pytest.raises(PathNotAllowedError):
        found(tmp_path, repo_root="/")
