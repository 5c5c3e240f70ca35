"""What lies in downloads: every runtime, every encoding, every form of a zip."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from pprof_mcp import _native

from tests.fake_datadog import CHOICES, FakeDatadog, Profile
from tests.fake_datadog.bundles import bundle_of
from tests.fake_datadog.calling import download, listed, one
from tests.fake_datadog.clock import NOW
from tests.fake_datadog.encodings import ENCODINGS, zstd_bomb
from tests.fake_datadog.pprofs import Pprof, decode
from tests.fake_datadog.runtimes import RUNTIMES
from tests.fake_datadog.runtimes.golang import REGRESSED
from tests.fake_datadog.services import default_profiles, one_of_each
from tests.fake_datadog.variants import Variants

DECODABLE = sorted(set(RUNTIMES) - {"java"})


@pytest.fixture(scope="module")
def fleet() -> Iterator[FakeDatadog]:
    with FakeDatadog("runtimes") as fake:
        yield fake


def meta(content: bytes) -> dict[str, Any]:
    return json.loads(_native.Profile.decode(content).meta())


def profiles(service: str, env: str = "prod", version: str = "") -> list[Profile]:
    found = [one for one in default_profiles(NOW) if (one.service, one.env) == (service, env)]
    return [one for one in found if version in ("", one.version)]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("size", [0, 1, 1000, 131_064, 131_065, 300_000])
def test_every_encoding_is_read_back_by_another_decoder(encoding: str, size: int) -> None:
    out = Pprof((("samples", "count"),), comments=("x" * size,))
    out.add([("main", "main.c", 1)], (3,))
    read = _native.Profile.decode(ENCODINGS[encoding](out.encode()))
    assert read.sha256() == _native.Profile.decode(out.encode()).sha256()


def test_a_bomb_is_honest() -> None:
    size = 3 * 131_072 + 5
    content = Pprof((("samples", "count"),)).encode()
    assert len(zstd_bomb(size)) < 40
    with pytest.raises(Exception, match="over the limit"):
        _native.Profile.decode(zstd_bomb(1 << 30))
    assert _native.Profile.decode(content).sample_count == 0


@pytest.mark.parametrize("encoding", CHOICES["encoding"])
def test_downloads_may_be_compressed_in_any_way(fake: FakeDatadog, encoding: str) -> None:
    fake.variants.set(encoding=encoding)
    entries = download(fake, one(fake)).entries
    magic = {"raw": b"\n", "gzip": b"\x1f\x8b", "gzip_twice": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd",
             "lz4": b"\x04\x22\x4d\x18", "uploaded": b"\x28\xb5\x2f\xfd"}[encoding]  # fmt: skip
    assert entries["cpu.pprof"].startswith(magic)
    assert entries["metrics.json"][:4] == magic if encoding not in ("raw", "gzip", "gzip_twice") else True
    assert meta(entries["cpu.pprof"])["sample_types"]


def test_uploads_are_compressed_as_each_tracer_does(fake: FakeDatadog) -> None:
    node = download(fake, one(fake, "service:web")).entries["wall.pprof"]
    python = download(fake, one(fake, "service:ranker")).entries["profile.pprof"]
    assert (node[:2], python[:4]) == (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")


@pytest.mark.parametrize(
    "change",
    [
        {"folder": "profiles/2026/"},
        {"has_event_json": True},
        {"zip_method": "stored"},
        {"has_descriptors": True},
        {"has_descriptors": True, "zip_method": "stored"},
        {"trailing": "bytes behind the zip"},
        {"download_type": "application/octet-stream"},
    ],
)
def test_zips_have_many_forms_and_the_same_profiles(fake: FakeDatadog, change: dict[str, Any]) -> None:
    profile = one(fake)
    usual = download(fake, profile)
    fake.variants.set(**change)
    reply = download(fake, profile)
    assert (reply.body, reply.headers) != (usual.body, usual.headers)
    by_base = {name.rpartition("/")[2]: content for name, content in reply.entries.items()}
    assert by_base.pop("event.json", b"").startswith(b"\x28\xb5") == ("has_event_json" in change)
    assert by_base == usual.entries
    if "has_descriptors" in change:
        with zipfile.ZipFile(io.BytesIO(reply.body)) as archive:
            assert all(info.flag_bits & 8 for info in archive.infolist())
            assert struct.unpack_from("<L", reply.body, 18) == (0,)
    if "folder" in change:
        assert all(name.startswith("profiles/2026/") for name in reply.entries)


def test_event_json_has_what_the_tracer_sends(fake: FakeDatadog) -> None:
    fake.variants.set(has_event_json=True, encoding="raw")
    event = json.loads(download(fake, one(fake)).entries["event.json"])
    assert event["family"] == "go"
    assert "cpu.pprof" in event["attachments"]
    assert "service:checkout" in event["tags_profiler"].split(",")
    assert event["endpoint_counts"]


TYPES = {
    "go": ("cpu.pprof", {"samples/count", "cpu/nanoseconds"}),
    "python": ("profile.pprof", {"cpu-time/nanoseconds", "heap-space/bytes", "gpu-flops/count"}),
    "node": ("wall.pprof", {"sample/count", "wall/nanoseconds"}),
    "ruby": ("profile.pprof", {"alloc-samples-unscaled/count", "heap-live-size/bytes"}),
    "php": ("profile.pprof", {"sample/count", "socket-read-time/nanoseconds", "file-io-write-size/bytes"}),
    "dotnet": ("profile.pprof", {"cpu/nanoseconds", "exception/count", "request-time/nanoseconds"}),
    "native": ("profile.pprof", {"cpu-time/nanoseconds", "sample/count", "inuse-space/bytes"}),
    "host": ("cpu.pprof", {"cpu-samples/count", "cpu-time/nanoseconds"}),
}  # fmt: skip


@pytest.mark.parametrize("runtime", DECODABLE)
def test_every_runtime_has_its_files_types_and_labels(fleet: FakeDatadog, runtime: str) -> None:
    entries = download(fleet, one(fleet, f"service:shop-{runtime}")).entries
    file, expected = TYPES[runtime]
    found = meta(entries[file])
    assert expected <= {f"{row['type']}/{row['unit']}" for row in found["sample_types"]}
    for name, content in entries.items():
        if name.endswith(".pprof"):
            assert _native.Profile.decode(content).sample_count > 0
        else:
            assert name.endswith(".json")


LABELS = {
    "go": {"trace endpoint": str, "span id": str, "local root span id": str},
    "python": {"thread id": int, "thread name": str, "span id": int, "trace endpoint": str, "lock name": str},
    "node": {"thread name": str, "os thread id": int, "span id": str, "trace endpoint": str},
    "ruby": {"thread id": str, "span id": int, "allocation class": str, "gc gen age": int, "state": str},
    "php": {"thread id": int, "exception type": str, "gc runs": int, "filename": str},
    "dotnet": {"thread id": str, "appdomain process id": int, "object lifetime": int, "request url": str},
    "native": {"container_id": str, "thread id": int, "thread_name": str, "tracepoint_type": str},
    "host": {"cpu id": int, "timestamp_ns": int, "pod_name": str, "service_name": str},
}


@pytest.mark.parametrize("runtime", DECODABLE)
def test_labels_are_texts_or_numbers_as_each_runtime_writes_them(runtime: str) -> None:
    profile = next(one for one in one_of_each(NOW) if one.service == f"shop-{runtime}")
    labels = decode(profile.files[TYPES[runtime][0]]).labels
    found = {name: type(value) for row in labels for name, value in row.items()}
    assert LABELS[runtime].items() <= found.items()


def test_java_has_a_recording_alone(fake: FakeDatadog) -> None:
    entries = download(fake, one(fake, "service:legacy")).entries
    assert list(entries) == ["main.jfr"]
    profile = one(fake, "service:legacy")
    recording = dict(profile.files)["main.jfr"]
    magic, major, _, size = struct.unpack_from(">4sHHQ", recording)
    assert (magic, major, size) == (b"FLR\0", 2, len(recording))


def test_profiles_follow_from_their_identity_alone() -> None:
    first, again = (default_profiles(NOW)[place] for place in (40, 40))
    assert first.files == again.files
    assert bundle_of(first, Variants()) == bundle_of(again, Variants())
    later = [one for one in default_profiles(NOW + 3600) if one.event_id == first.event_id]
    assert [one.files for one in later] in ([], [first.files])
    other = default_profiles(NOW)[41]
    assert other.files["cpu.pprof"] != first.files["cpu.pprof"]


def totals(content: bytes) -> dict[str, int]:
    read = decode(content)
    return {
        name: sum(values[place] for _, values in read.samples) for place, (name, _) in enumerate(read.types)
    }


def test_the_cpu_profile_adds_up_to_the_cores_that_are_listed(fake: FakeDatadog) -> None:
    for service in ("checkout", "ranker", "web"):
        profile = one(fake, f"service:{service} env:prod")
        file = {"checkout": "cpu.pprof", "ranker": "profile.pprof", "web": "wall.pprof"}[service]
        cpu = totals(profile.files[file])
        used = cpu.get("cpu", cpu.get("cpu-time", 0)) / ((profile.end - profile.start) * 1e9)
        assert profile.cores is not None
        assert used == pytest.approx(profile.cores, abs=1e-6)
        (row,) = listed(fake, f"service:{service} env:prod", limit=1)
        assert row["attributes"]["custom"]["metrics"]["core_cpu_cores"] == profile.cores


def test_one_function_became_four_times_as_expensive_with_the_new_version() -> None:
    def cost(chosen: list[Profile]) -> Counter[str]:
        found: Counter[str] = Counter()
        for profile in chosen:
            for stack, (count, _) in decode(profile.files["cpu.pprof"]).samples:
                for name in {frame[0] for frame in stack}:
                    found[name] += count
        return found

    host = [one for one in profiles("checkout") if one.host == "checkout-1" and one.start < NOW]
    deployed = next(place for place, profile in enumerate(host) if profile.version == "1.4.2")
    before, after = cost(host[deployed - 10 : deployed]), cost(host[deployed : deployed + 10])
    ratios = {name: after[name] / before[name] for name in before}
    assert 3.6 < ratios.pop(REGRESSED) < 4.4
    for parent in ("checkout", "ServeHTTP", "Total", "mapaccess2", "serve"):
        ratios = {name: ratio for name, ratio in ratios.items() if parent not in name}
    assert ratios
    assert all(0.85 < ratio < 1.15 for ratio in ratios.values()), ratios


def test_go_deltas_follow_the_rules_of_its_tracer() -> None:
    first, *others = profiles("checkout", version="1.4.2")
    assert first.seq == 0
    assert meta(first.files["delta-heap.pprof"])["duration_nanos"] == 0
    second = others[0]
    heap = meta(second.files["delta-heap.pprof"])
    assert heap["duration_nanos"] == 60_000_000_000
    cpu = meta(second.files["cpu.pprof"])
    assert heap["time_nanos"] - cpu["time_nanos"] == 60_000_000_000
    live = [totals(one.files["delta-heap.pprof"])["inuse_space"] for one in (first, second, others[1])]
    assert len(set(live)) == 1
    allocated = [totals(one.files["delta-heap.pprof"])["alloc_objects"] for one in (first, second)]
    assert allocated[0] > allocated[1] > 0
    rows = decode(second.files["delta-heap.pprof"]).samples
    assert all(any(values) for _, values in rows)
    assert any(values[0] == 0 and values[3] > 0 for _, values in rows)
    assert set(totals(second.files["delta-mutex.pprof"])) == {"contentions", "delay"}
    metrics = dict(json.loads(second.files["metrics.json"]))
    assert metrics["go_num_goroutine"] > 0


def test_rows_of_python_have_few_values(fake: FakeDatadog) -> None:
    profile = one(fake, "service:ranker")
    rows = decode(profile.files["profile.pprof"]).samples
    assert rows
    assert all(1 <= sum(map(bool, values)) <= 2 for _, values in rows)
    assert any(frame[0] == "<512 frames omitted>" for stack, _ in rows for frame in stack)


def test_node_has_a_sample_for_each_event() -> None:
    events = decode(profiles("web")[0].files["events.pprof"]).samples
    assert len(events) == 13


def test_nothing_is_made_before_it_is_asked_for() -> None:
    made: list[Profile] = []

    def make(profile: Profile) -> dict[str, bytes]:
        made.append(profile)
        return {"x.pprof": b""}

    with FakeDatadog("empty") as fake:
        fake.store.add(Profile("cart", "prod", "1", "a", "go", NOW - 90, NOW - 30, make=make))
        assert len(listed(fake)) == 1
        assert made == []
        reply = download(fake, one(fake, ""))
        assert list(reply.entries) == ["x.pprof"]
        assert len(made) > 0
