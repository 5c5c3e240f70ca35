"""Every tool on every strange profile: an answer of its listed schema, or an error that says what to do.

The calls are derived: a parameter that takes a profile or a bundle gets each of the strange ones in turn, the
others are those of the tool's `CASES`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, cast

import anyio
import jsonschema
import pytest
from mcp import Client
from pprof_mcp.errors import PprofMcpError
from pprof_mcp.fronts.mcp import make_server
from pprof_mcp.fronts.mcp.calling import Caller
from pprof_mcp.fronts.mcp.spelling import Spelling
from pprof_mcp.registry.arguments import Kind
from pprof_mcp.registry.discover import load_all, names
from pprof_mcp.registry.failure import failure_of
from pprof_mcp.registry.run import answer
from pprof_mcp.registry.spec import ToolSpec
from pprof_mcp.session.session import Session
from pprof_mcp.sources.fence import Fence

from tests.cases import BUNDLE, HEAPS, OUT, Arguments, cases
from tests.contract import strange
from tests.contract.test_answers import DEFAULT_BYTES, undeclared
from tests.support import DATA
from tests.tools.pprof.heaps import HEAP

REFERENCES = (Kind.PROFILE, Kind.BUNDLE, Kind.SOURCES)
SPECS = [
    spec
    for spec in load_all()
    if spec.name == "profiles.open" or any(item.kind in REFERENCES for item in spec.parameters)
]
EVERY = pytest.mark.parametrize("spec", SPECS, ids=[spec.name for spec in SPECS])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("strange")


@pytest.fixture(scope="module")
def profiles(folder: Path) -> dict[str, str]:
    return strange.write_all(folder)


@pytest.fixture(scope="module")
def bundles(folder: Path, profiles: dict[str, str]) -> dict[str, str]:
    return strange.write_bundles(folder, profiles)


def subjects(spec: ToolSpec) -> list[str]:
    """Name the parameters that say what a call is about; of a tool that can do without, the first of them."""
    if spec.name == "profiles.open":
        return ["path"]
    found = [item.name for item in spec.parameters if item.kind in REFERENCES]
    return [name for name in found if name in spec.required] or found[:1]


def usual(spec: ToolSpec) -> Arguments:
    """Give the first good call that names its subjects."""
    return next(call for call in cases()[spec.name].good if set(subjects(spec)) <= set(call))


def everywhere(value: Any) -> Any:
    """Make every pattern of an argument match everything."""
    if isinstance(value, list):
        return [everywhere(item) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {**cast("dict[str, Any]", value), "function": "."}
    return "."


def put(spec: ToolSpec, name: str, reference: str) -> Any:
    (kind,) = (item.kind for item in spec.parameters if item.name == name)
    return [reference] if kind is Kind.SOURCES else reference


def calls(spec: ToolSpec, reference: str, *, text: bool = False) -> list[Arguments]:
    """Give the calls about one profile: as in the cases with patterns that match all, and as text."""
    about = usual(spec) | {name: put(spec, name, reference) for name in subjects(spec)}
    plain = [item.name for item in spec.parameters if item.required and item.kind is Kind.PLAIN]
    about |= {name: everywhere(about[name]) for name in plain if name not in subjects(spec)}
    takes = {item.name: item for item in spec.parameters}
    has_text = "format" in takes and "output_path" not in takes
    return [about, about | {"format": "text"}] if text and has_text else [about]


def caller(*roots: Path) -> Caller:
    """Give what calls tools for the server, in a session that may read these folders."""
    return Caller(Session(fence=Fence(roots)), Spelling(names(), "underscores"))


class Wire:
    """The answers of the MCP front, held against the schemas as a client lists them."""

    def __init__(self, *folders: Path) -> None:
        self.schemas: dict[str, tuple[dict[str, Any], Any]] = {}
        self.caller = caller(DATA, OUT, *folders)

    async def list(self) -> None:
        async with Client(make_server(self.caller.session), mode="auto") as client:
            for tool in (await client.list_tools()).tools:
                assert tool.output_schema is not None
                validator: Any = jsonschema.Draft202012Validator(tool.output_schema)
                self.schemas[tool.name] = (tool.output_schema, validator)

    def call(self, spec: ToolSpec, arguments: Arguments) -> bytes:
        try:
            return self.caller.call(spec, arguments).json
        except PprofMcpError as problem:
            return failure_of(problem).model_dump_json().encode()

    def check(self, spec: ToolSpec, arguments: Arguments, what: str, *, twice: bool = True) -> str:
        """Make a call; give the code of its error, or `answered`."""
        found = self.call(spec, arguments)
        content = json.loads(found)
        schema, validator = self.schemas[spec.advertised]
        assert not list(validator.iter_errors(content)), (spec.name, what)
        assert not list(undeclared(content, schema, schema, "$")), (spec.name, what)
        assert len(found) <= DEFAULT_BYTES, (spec.name, what, len(found))
        if twice and cases()[spec.name].is_steady:
            assert self.call(spec, arguments) == found, (spec.name, what)
        if "error" not in content:
            return "answered"
        code: str = content["error"]["code"]
        assert code != "internal_error", (spec.name, what)
        assert content["error"]["hint"], (spec.name, what, content)
        assert "Traceback" not in found.decode(), (spec.name, what)
        return code


@pytest.fixture(scope="module")
def wire(folder: Path) -> Wire:
    made = Wire(folder)
    anyio.run(made.list)
    assert len(made.schemas) == len(load_all())
    return made


TEXTS = ("empty", "lowest", "long", "odd", "deep")


@EVERY
def test_any_profile_gives_an_answer_of_the_schema_or_an_error_with_a_hint(
    spec: ToolSpec, profiles: dict[str, str], wire: Wire
) -> None:
    assert len(profiles) > 80
    found: Counter[str] = Counter()
    for name, path in profiles.items():
        for arguments in calls(spec, path, text=name.startswith(TEXTS)):
            found[wire.check(spec, arguments, name)] += 1
    # Two are all that pprof.pgo takes: no other says on which lines functions start.
    assert found["answered"] >= 2, found


@EVERY
def test_any_bundle_gives_an_answer_of_the_schema_or_an_error_with_a_hint(
    spec: ToolSpec, bundles: dict[str, str], wire: Wire
) -> None:
    assert len(bundles) > 10
    for name, path in bundles.items():
        for arguments in calls(spec, path):
            wire.check(spec, arguments, name)


SECOND = [
    (spec, item.name)
    for spec in SPECS
    for item in spec.parameters
    if item.kind in REFERENCES and (item.name not in subjects(spec) or len(subjects(spec)) > 1)
]


@pytest.mark.parametrize(
    ("spec", "parameter"), SECOND, ids=[f"{spec.name}-{parameter}" for spec, parameter in SECOND]
)
def test_any_profile_beside_a_good_one_gives_an_answer_or_an_error_with_a_hint(
    spec: ToolSpec, parameter: str, profiles: dict[str, str], wire: Wire
) -> None:
    found: Counter[str] = Counter()
    for name, path in profiles.items():
        same_kind = profiles.get(f"many {name.rpartition(' ')[2]}", path)
        code = ""
        for good in (same_kind, usual(spec)[subjects(spec)[0]]):
            about = usual(spec) | {subject: put(spec, subject, good) for subject in subjects(spec)}
            arguments = about | {parameter: put(spec, parameter, path)}
            code = wire.check(spec, arguments, f"{name} as {parameter}", twice=False)
            if code != "wrong_profile_kind":
                break
        found[code] += 1
    assert found["answered"] >= 5, found


def test_a_kind_that_does_not_fit_is_refused_by_name(profiles: dict[str, str], wire: Wire) -> None:
    refused: set[str] = set()
    for spec in SPECS:
        for kind in strange.KINDS:
            (arguments,) = calls(spec, profiles[f"many {kind}"])
            if wire.check(spec, arguments, kind, twice=False) == "wrong_profile_kind":
                refused.add(spec.name)
                told: str = json.loads(wire.call(spec, arguments))["error"]["message"]
                assert any(word in told for word in (kind, "known kind", "counts")), told
    assert len(refused) >= 8


@EVERY
def test_what_lies_outside_the_allowed_folders_is_refused_by_every_parameter(
    spec: ToolSpec, tmp_path: Path, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    monkeypatch.setattr(wire, "caller", caller(DATA, OUT, tmp_path / "in"))
    secret = tmp_path / "secret.pb.gz"
    secret.write_bytes((DATA / "go" / "main" / "cpu.pb.gz").read_bytes())
    (tmp_path / "in" / "link.pb.gz").symlink_to(secret)
    outside = (str(secret), f"{tmp_path}/in/../secret.pb.gz", str(tmp_path / "in" / "link.pb.gz"))
    remote = ("localhost:6060", "http://localhost:6060/debug/pprof/heap", "-output=x", "file:///etc/passwd")
    parameters = [item.name for item in spec.parameters if item.kind in REFERENCES] or ["path"]
    for name in parameters:
        for reference in (*outside, *remote):
            code = wire.check(spec, usual(spec) | {name: put(spec, name, reference)}, reference)
            assert code != "answered", (name, reference)
            assert code == "path_not_allowed" or reference in remote, (name, reference, code)


@EVERY
def test_handles_are_taken_wherever_profiles_are(spec: ToolSpec, wire: Wire) -> None:
    bundle = wire.caller.session.bundle(BUNDLE)
    handles = [bundle.handle, *(member.handle for member in bundle.members)]
    for item in spec.parameters:
        if item.kind in REFERENCES:
            found = {
                wire.check(spec, usual(spec) | {item.name: put(spec, item.name, handle)}, handle)
                for handle in handles
            }
            assert "answered" in found, (item.name, found)
            assert not found & {"handle_not_found", "source_not_found", "path_not_allowed"}, item.name


ABOUT_FILES = {"pprof.callgraph", "pprof.merge", "pprof.meta", "pprof.pgo", "profiles.open"}
"""Tools that tell how a profile is written; a call graph marks arrows of inlined calls, as pprof's does."""


def unmarked(value: Any) -> Any:
    """Leave out what an answer says of inlining itself, and of which profile it is."""
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return {name: unmarked(item) for name, item in fields.items() if name not in ("inline", "inlined")}
    if isinstance(value, list):
        return [unmarked(item) for item in cast("list[Any]", value)]
    return re.sub(r"handle:[0-9a-f]{16}|/(inlined|unfolds)/", "", value) if isinstance(value, str) else value


@pytest.mark.parametrize("kind", strange.KINDS)
def test_an_inlined_call_is_a_frame_like_any_other(kind: str, folder: Path, wire: Wire) -> None:
    paths = [folder / way / f"{kind}.pb" for way in ("inlined", "unfolds")]
    for path, content in zip(paths, strange.inlined(kind), strict=True):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    answered: set[str] = set()
    for spec in SPECS:
        if spec.name not in ABOUT_FILES and cases()[spec.name].is_steady:
            inlined, unfolded = (
                unmarked(json.loads(wire.call(spec, calls(spec, str(path))[0]))) for path in paths
            )
            assert inlined == unfolded, spec.name
            if "error" not in inlined:
                answered.add(spec.name)
    assert len(answered) >= 12


def test_a_sample_type_is_chosen_by_one_rule_everywhere(wire: Wire) -> None:
    chosen: set[str] = set()
    for spec in SPECS:
        if "sample_index" not in spec.params_model.model_fields:
            continue
        (about,) = calls(spec, HEAPS[1])
        refused = json.loads(wire.call(spec, about | {"sample_index": "nonsense"}))
        if wire.check(spec, about, "heap") == "wrong_profile_kind":
            assert refused["error"]["code"] in ("wrong_profile_kind", "unknown_sample_type"), spec.name
            continue
        assert refused["error"]["code"] == "unknown_sample_type", spec.name
        assert refused["error"]["details"]["available"] == [name for name, _ in HEAP], spec.name
        by_name, by_number = (
            json.loads(wire.call(spec, about | {"sample_index": index})) for index in ("alloc_space", "1")
        )
        if "sample_type" in spec.result_model.model_fields:
            assert by_name["sample_type"] == {"type": "alloc_space", "unit": "bytes", "index": 1}, spec.name
            assert by_number["sample_type"] == by_name["sample_type"], spec.name
            chosen.add(spec.name)
    assert len(chosen) >= 14


@pytest.mark.slow
def test_answers_about_two_hundred_thousand_samples_are_short(folder: Path, wire: Wire) -> None:
    paths = [str(folder / f"large{seed}.pb") for seed in (1, 2)]
    for seed, path in enumerate(paths):
        Path(path).write_bytes(strange.large(200_000, seed))
        assert len(wire.caller.session.profile(path)) == 200_000
    for spec in SPECS:
        (arguments,) = calls(spec, paths[0])
        arguments |= dict.fromkeys(subjects(spec)[1:], paths[1])
        assert wire.check(spec, arguments, "large", twice=False) == "answered", spec.name


def digest_of_all_answers() -> str:
    """Answer every good call of every tool; give a digest of all bytes."""
    found = hashlib.sha256()
    session = Session(fence=Fence([DATA, OUT]))
    for spec in load_all():
        case = cases()[spec.name]
        for arguments in case.good if case.is_steady and not spec.effects.open_world else ():
            text = answer(spec, arguments, session=session, most=None).json
            # Where files may be written is a new folder in each process.
            found.update(text.replace(str(OUT).encode(), b""))
    return found.hexdigest()


def test_a_process_with_other_hashes_gives_the_same_bytes() -> None:
    code = "from tests.contract.test_matrix import digest_of_all_answers as d; print(d())"
    root = Path(__file__).resolve().parent.parent.parent
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join([str(root), *sys.path])},
            capture_output=True,
            text=True,
            check=True,
            timeout=100,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1
    assert len(digests.pop().strip()) == 64
