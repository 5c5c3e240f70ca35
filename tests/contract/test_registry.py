"""What must hold for every tool, whoever writes it."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import pprof_mcp as pp
import pytest
from pprof_mcp.profile import Method, Profile
from pprof_mcp.registry import schema
from pprof_mcp.registry.arguments import Kind
from pprof_mcp.registry.discover import load, load_all, names, summary
from pprof_mcp.registry.spec import ToolSpec
from pprof_mcp.results.base import Result, Row
from pprof_mcp.toolsets import TOOLSETS

from tests.support import DATA

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGE = ROOT / "python" / "pprof_mcp"
SPECS = load_all()
EVERY = pytest.mark.parametrize("spec", SPECS, ids=[spec.name for spec in SPECS])

GROUP_TOKENS, USUAL_TOKENS, LISTED_TOKENS = 5_000, 10_000, 20_000
BYTES_A_TOKEN = 4


def test_every_file_under_tools_is_a_tool_and_the_reverse() -> None:
    files = [path for path in (PACKAGE / "tools").rglob("*.py") if path.name != "__init__.py"]
    assert len(files) >= 11
    assert len(files) == len(SPECS) == len(set(names()))
    assert {spec.name for spec in SPECS} >= {
        "profiles.open", "profiles.handles", "profiles.release", "pprof.top", "pprof.peek", "pprof.tags",
        "pprof.meta", "pprof.traces_head", "pprof.focus_paths", "pprof.merge", "pprof.diff_top",
        "pprof.diff_paths",
    }  # fmt: skip


def test_advertised_names_suit_every_client_and_do_not_collide() -> None:
    advertised = [spec.advertised for spec in SPECS]
    assert len(set(advertised)) == len(advertised) > 0
    for name in advertised:
        assert re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name)


@EVERY
def test_titles_and_descriptions_let_an_agent_choose(spec: ToolSpec) -> None:
    assert 3 <= len(spec.title) <= 40
    assert len(spec.description.encode()) <= 1_000
    assert "\n\n" in spec.description, "the second paragraph says when to use it"
    assert summary(spec.name)
    others = [name for name in names() if name != spec.name]
    # Some stand alone; all the others say what to use instead.
    alone = {"profiles.open", "profiles.release"}
    assert spec.name in alone or any(name in spec.description for name in others)


@EVERY
def test_input_schemas_are_of_the_form_every_client_takes(spec: ToolSpec) -> None:
    found = spec.input_schema
    assert found["type"] == "object"
    assert found["additionalProperties"] is False
    assert not found.keys() & {"anyOf", "oneOf", "allOf", "not", "if"}
    assert not schema.problems(found)
    properties: dict[str, dict[str, Any]] = found["properties"]
    assert [item.name for item in spec.parameters] == list(properties)
    for name, node in properties.items():
        assert len(node["description"]) >= 10, name
        assert "title" not in node
        assert not isinstance(node.get("type"), list)


@EVERY
def test_output_schemas_describe_every_field(spec: ToolSpec) -> None:
    found = spec.output_schema
    assert found["type"] == "object"
    assert not schema.problems(found)
    assert "error" in found["properties"]
    assert {"warnings", "next"} <= found["properties"].keys()


@EVERY
def test_references_are_recognised_by_type_and_documented(spec: ToolSpec) -> None:
    for item in spec.parameters_of(Kind.PROFILE):
        assert "handle:" in (item.field.description or "")
    if spec.name.startswith("pprof."):
        taken = (Kind.PROFILE, Kind.BUNDLE, Kind.SOURCES)
        assert any(spec.parameters_of(kind) for kind in taken)


@EVERY
def test_results_promise_the_same_whether_read_or_written(spec: ToolSpec) -> None:
    def without_required(node: Any) -> Any:
        if isinstance(node, dict):
            entries = cast("dict[str, Any]", node).items()
            return {
                key: without_required(value) for key, value in entries if key not in ("required", "default")
            }
        return (
            [without_required(item) for item in cast("list[Any]", node)] if isinstance(node, list) else node
        )

    read = spec.result_model.model_json_schema(mode="validation")
    written = spec.result_model.model_json_schema(mode="serialization")
    assert without_required(read) == without_required(written)


def test_every_model_of_an_answer_is_strict_and_frozen() -> None:
    looked_at = 0
    waiting: list[type[Row]] = [Row]
    while waiting:
        model = waiting.pop()
        waiting.extend(model.__subclasses__())
        looked_at += 1
        assert model.model_config.get("extra") == "forbid"
        assert model.model_config.get("frozen") is True
        assert model.model_config.get("allow_inf_nan") is False
        assert not model.model_computed_fields
        for name in (*model.columns, *model.beneath):
            assert name in model.model_fields, (model, name)
        for name, field in model.model_fields.items():
            assert field.alias is None, (model, name)
    assert looked_at > 20


@EVERY
def test_every_tool_has_a_test_file_of_its_own(spec: ToolSpec) -> None:
    *folders, last = spec.name.split(".")
    path = ROOT.joinpath("tests", "tools", *folders, f"test_{last}.py")
    assert path.is_file()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert any(isinstance(node, ast.FunctionDef) and node.name.startswith("test_") for node in tree.body)


def _tokens(specs: Iterable[ToolSpec]) -> float:
    shown = [
        {"name": spec.advertised, "description": spec.description, "input_schema": spec.listed_schema}
        for spec in specs
    ]
    # As they go over the wire.
    return len(json.dumps(shown, separators=(",", ":"))) / BYTES_A_TOKEN


def test_the_tools_of_a_group_are_few_enough_to_be_shown_to_a_model() -> None:
    assert {spec.toolset for spec in SPECS} <= set(TOOLSETS)
    for name in TOOLSETS:
        assert _tokens(spec for spec in SPECS if spec.toolset == name) < GROUP_TOKENS, name
    assert _tokens(spec for spec in SPECS if spec.toolset in ("core", "analysis")) < USUAL_TOKENS
    assert USUAL_TOKENS < _tokens(SPECS) < LISTED_TOKENS


def test_shared_options_are_described_once_in_the_list_of_tools() -> None:
    explaining = [spec for spec in SPECS if spec.explains_shared]
    assert [spec.name for spec in explaining] == ["pprof.top"]
    described = explaining[0].listed_schema["properties"]
    sharing = 0
    for spec in SPECS:
        for item in spec.parameters:
            node = spec.listed_schema["properties"][item.name]
            if item.shared and spec not in explaining:
                assert "description" not in node
                assert described[item.name]["description"] == item.field.description
                sharing += 1
            else:
                assert node["description"]
    assert sharing >= 100


def test_every_analysis_of_one_profile_is_a_method_of_profile() -> None:
    first = [
        spec.name.rpartition(".")[2]
        for spec in SPECS
        if spec.name.startswith("pprof.") and spec.parameters and spec.parameters[0].kind is Kind.PROFILE
    ]
    assert len(first) >= 7
    profile = pp.open_profile(DATA / "go" / "main" / "cpu.pb.gz")
    for name in first:
        assert callable(getattr(profile, name)), name
    for name in ("top", "peek", "tags", "meta", "traces", "focus_paths", "diff_top", "diff_paths"):
        assert isinstance(vars(Profile)[name], Method), f"{name} is not known to type checkers"


def test_an_analysis_that_profile_does_not_name_is_a_method_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    profile = pp.open_profile(DATA / "go" / "main" / "cpu.pb.gz")
    expected = profile.top(nodecount=2)
    monkeypatch.delattr(Profile, "top")
    assert profile.top(nodecount=2) == expected
    with pytest.raises(AttributeError, match="no attribute 'diff_tops'"):
        getattr(profile, "diff_tops")  # noqa: B009 - the point is the missing name


def test_filters_mean_the_same_in_every_tool_that_has_them() -> None:
    with_filters = [spec for spec in SPECS if "tagfocus" in spec.input_schema["properties"]]
    assert len(with_filters) >= 6
    told = {
        # How rows are grouped, and which values, is no question to tools that have only one way.
        name: {
            json.dumps(spec.input_schema["properties"][name])
            for spec in with_filters
            if name in spec.input_schema["properties"]
            or name not in ("sample_index", "granularity", "noinlines")
        }
        for name in ("sample_index", "focus", "ignore", "hide", "show", "show_from", "tagfocus", "tagignore",
                     "granularity", "noinlines")
    }  # fmt: skip
    assert {name: len(forms) for name, forms in told.items()} == dict.fromkeys(told, 1)


def test_views_have_names_of_their_own_and_lead_to_profiles_or_bundles() -> None:
    views = [(spec, spec.view) for spec in SPECS if spec.view is not None]
    assert {view.name for _, view in views} >= {"meta", "top", "profiles"}
    assert len({view.name for _, view in views}) == len(views)
    for spec, view in views:
        (subject,) = [item for item in spec.parameters if item.required]
        assert view.of == "bundle" or subject.kind is Kind.PROFILE, spec.name


def test_results_with_a_cursor_take_one() -> None:
    looked_at = 0
    for spec in SPECS:
        if "cursor" in spec.result_model.model_fields:
            looked_at += 1
            assert "cursor" in spec.params_model.model_fields
            assert spec.limit_parameter is not None
    assert looked_at >= 7
    assert issubclass(load("pprof.top").result_model, Result)
