"""Bundles of every runtime that Datadog's profilers write: what is in them, and how it is called."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import run
from pprof_mcp.results.capture import CaptureResult
from pprof_mcp.session.session import Session
from pprof_mcp.tools.pprof.tags import TagsResult

from tests.datadog import session_of
from tests.fake_datadog import FakeDatadog, Profile
from tests.fake_datadog.pprofs import Pprof
from tests.fake_datadog.runtimes import RUNTIMES
from tests.fake_datadog.runtimes.golang import CONTENTION, SPACE
from tests.fake_datadog.store import Files

KINDS = {
    "go": {"cpu.pprof": "cpu", "delta-heap.pprof": "heap", "delta-mutex.pprof": "mutex",
           "delta-block.pprof": "block", "goroutines.pprof": "goroutine"},
    "python": {"profile.pprof": "cpu"},
    "node": {"wall.pprof": "cpu", "space.pprof": "heap", "events.pprof": "other"},
    "ruby": {"profile.pprof": "cpu"},
    "php": {"profile.pprof": "cpu"},
    "dotnet": {"profile.pprof": "cpu"},
    "native": {"profile.pprof": "cpu"},
    "host": {"cpu.pprof": "cpu"},
    "java": {},
}  # fmt: skip
"""Files and their main kinds. Source: the sample types that the tracer of each runtime writes."""


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with FakeDatadog("runtimes") as fake:
        folder: Path = tmp_path_factory.mktemp("runtimes")
        yield session_of(fake, folder)


def opened(session: Session, runtime: str) -> CaptureResult:
    found = run(load("profiles.download_latest_bundle"), {"service": f"shop-{runtime}"}, session=session)
    assert isinstance(found, CaptureResult)
    return found


@pytest.mark.parametrize("runtime", sorted(RUNTIMES))
def test_the_bundle_of_each_runtime_opens_with_its_kinds(session: Session, runtime: str) -> None:
    found = opened(session, runtime)
    assert {one.name: one.type for one in found.files} == KINDS[runtime]
    for other in found.others:
        assert other.reason
    if runtime == "java":
        assert any("JFR" in other.reason for other in found.others)
        assert any("no pprof profile" in warning for warning in found.warnings)


@pytest.mark.parametrize("key", ["thread id", "thread_id", "Thread.ID"])
@pytest.mark.parametrize("runtime", ["python", "ruby", "dotnet", "native", "host"])
def test_labels_are_found_however_a_runtime_spells_them(session: Session, runtime: str, key: str) -> None:
    file = opened(session, runtime).files[0]
    found = run(load("pprof.tags"), {"profile": file.handle, "key": key}, session=session)
    assert isinstance(found, TagsResult)
    assert [one.key.lower().replace("_", " ").replace(".", " ") for one in found.keys] == ["thread id"]
    assert found.keys[0].values


# -- what other versions of the profilers write: the imitation has only what they write now

NANOS, COUNT = "nanoseconds", "count"
FILES = {
    "go without deltas": ("heap.pprof", SPACE, "runtime.mallocgc", "heap"),
    "go, locks without deltas": ("mutex.pprof", CONTENTION, "sync.(*Mutex).Unlock", "mutex"),
    "go, waits without deltas": ("block.pprof", CONTENTION, "runtime.chanrecv1", "block"),
    "go, leaked goroutines": ("goroutineleak.pprof", (("goroutineleak", COUNT),), "main.f", "goroutine"),
    "go, waiting goroutines": ("goroutineswait.pprof", (("waitduration", NANOS),), "main.f", "other"),
    "python before 3.8": ("auto.pprof", (("cpu-time", NANOS), ("cpu-samples", COUNT)), "f", "cpu"),
    "python, locks alone": (
        "profile.pprof", (("lock-acquire-wait", NANOS), ("lock-acquire", COUNT)), "f", "mutex",
    ),
    "python, memory": ("profile.pprof", (("heap-space", "bytes"), ("alloc-space", "bytes")), "f", "heap"),
    "python, a graphics card": ("profile.pprof", (("gpu-time", NANOS), ("gpu-samples", COUNT)), "f", "other"),
    "node without CPU time": ("wall.pprof", (("sample", COUNT), ("wall", NANOS)), "f", "wall"),
    "node of today": ("space.pprof", SPACE, "f", "heap"),
    "node, what is held": ("space.pprof", (("inuse_objects", COUNT), ("inuse_space", "bytes")), "f", "heap"),
    "ruby before 2025": ("rubyprofile.pprof", (("cpu-time", NANOS), ("wall-time", NANOS)), "f", "cpu"),
    "ruby, wall time": ("profile.pprof", (("wall-time", NANOS), ("timeline", NANOS)), "f", "wall"),
    "php, exceptions": ("profile.pprof", (("exception-samples", COUNT),), "f", "exceptions"),
    "dotnet before 3.0": ("auto.pprof", (("wall", NANOS), ("exception", COUNT)), "f", "wall"),
    "dotnet, locks": ("profile.pprof", (("lock-count", COUNT), ("lock-time", NANOS)), "f", "mutex"),
    "ddprof, memory": ("profile.pprof", (("alloc-space", "bytes"), ("inuse-space", "bytes")), "f", "heap"),
    "ddprof, tracepoints": ("profile.pprof", (("tracepoint", "events"),), "f", "other"),
}  # fmt: skip
"""File, sample types, a leaf, and the kind. Source: the same tracers."""

BESIDE = {
    "go.trace": (b"go 1.26 trace\x00\x00\x00" + bytes(64), "execution trace"),
    "profile.jfr": (b"FLR\0" + bytes(64), "JFR"),
    "metrics.json": (b'[["go_num_goroutine", 7]]', "metrics"),
    "code-provenance.json": (b'{"v1": []}', "libraries"),
    "histogram.json": (b'{"System.String": [1, 2]}', "JSON"),
    "reference_tree.bin": (b"\x91\x00\xff\xfe" * 20, ""),
    "of-the-future.xyz": (b"\x00\x01unheard of", ""),
}
"""Files that are no profiles, and a word of what is said of them."""

LABELS = {
    "go": "span id|local root span id|trace endpoint|state|goid",
    "python": "thread id|thread native id|thread name|task id|task name|origin task id|origin task name|"
    "span id|local root span id|trace type|trace endpoint|class name|lock name|exception type|"
    "exception message|gpu device name|allocator domain|end_timestamp_ns",
    "node": "thread name|thread id|os thread id|span id|local root span id|trace endpoint|end_timestamp_ns|"
    "async id|event|gc type|gc reason|operation|host|address|port",
    "ruby": "thread id|thread name|state|span id|local root span id|trace endpoint|ruby vm type|"
    "allocation class|gc reason|gc cause|gc type|event|gc gen age",
    "php": "thread id|thread name|span id|local root span id|exception type|exception message|event|filename|"
    "message|reason|gc reason|gc runs|gc collected",
    "dotnet": "thread id|thread name|appdomain name|appdomain process id|span id|local root span id|"
    "exception type|exception message|allocation class|gc generation|gc number|gc reason|gc type|"
    "gc compacting|event|object lifetime|object id|object generation|request url",
    "native": "container_id|process_id|process_name|thread id|thread_name|tracepoint_type",
    "host": "thread id|thread name|process_id|process name|cpu id|container_id|container_name|pod_name|"
    "timestamp_ns|service_name",
}
"""Label keys of each runtime as its tracer spells them, between bars."""


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bundles]:
    with FakeDatadog("empty") as fake:
        yield Bundles(fake, session_of(fake, tmp_path_factory.mktemp("bundles")))


class Bundles:
    """Bundles with any files, downloaded as others are."""

    def __init__(self, fake: FakeDatadog, session: Session) -> None:
        self._fake = fake
        self._numbers = count()
        self.session = session

    def opened(self, files: Files) -> CaptureResult:
        """Upload, download and open a bundle with these files, each compressed as tracers do now."""
        service, now = f"bundle-{next(self._numbers)}", self._fake.clock() - 60
        self._fake.store.add(
            Profile(service, "", "1", "one", "go", now - 60, now, make=lambda _: files, encoding="zstd")
        )
        found = run(load("profiles.download_latest_bundle"), {"service": service}, session=self.session)
        assert isinstance(found, CaptureResult)
        return found


def of_types(types: tuple[tuple[str, str], ...], leaf: str) -> bytes:
    out = Pprof(types, time=1, duration=60)
    out.add([("main", "main.x", 1), (leaf, "leaf.x", 2)], [3] * len(types))
    return out.encode()


@pytest.mark.parametrize("case", sorted(FILES))
def test_files_of_other_versions_have_the_kind_of_their_sample_types(bundles: Bundles, case: str) -> None:
    name, types, leaf, kind = FILES[case]
    (file,) = bundles.opened({name: of_types(types, leaf)}).files
    assert (file.name, file.type) == (name, kind)
    top = run(load("pprof.top"), {"profile": file.handle}, session=bundles.session)
    assert top.model_dump()["total"] == 3


def test_what_lies_beside_profiles_is_listed_and_stops_nothing(bundles: Bundles) -> None:
    cpu = of_types((("samples", COUNT), ("cpu", NANOS)), "main.f")
    found = bundles.opened({"cpu.pprof": cpu, **{name: content for name, (content, _) in BESIDE.items()}})
    assert [one.name for one in found.files] == ["cpu.pprof"]
    others = {one.name: one.reason for one in found.others}
    assert others.keys() == BESIDE.keys()
    for name, (_, word) in BESIDE.items():
        assert others[name]
        assert word in others[name]


@pytest.mark.parametrize("runtime", sorted(LABELS))
def test_every_label_is_found_and_filtered_by_in_any_spelling(bundles: Bundles, runtime: str) -> None:
    """Each is on one sample of its own, as a text on even and as a number on odd ones."""
    keys = LABELS[runtime].split("|")
    out = Pprof((("cpu-time", NANOS),), time=1, duration=60)
    for at, key in enumerate(keys):
        out.add([(f"f{at}", "f.x", 1)], [1], {key: 70 + at if at % 2 else f"v{at}"})
    (file,) = bundles.opened({"profile.pprof": out.encode()}).files
    for at, key in enumerate(keys):
        value = f"{70 + at}:{70 + at}" if at % 2 else f"^v{at}$"
        for spelled in {key, key.replace("_", " "), key.replace(" ", "_"), key.title().replace(" ", ".")}:
            found = run(load("pprof.tags"), {"profile": file.handle, "key": spelled}, session=bundles.session)
            assert isinstance(found, TagsResult)
            assert [one.key for one in found.keys] == [key]
            given = {"profile": file.handle, "tagfocus": f"{spelled}={value}"}
            top = run(load("pprof.top"), given, session=bundles.session).model_dump()
            assert [row["name"] for row in top["rows"]] == [f"f{at}"], spelled
