"""What pprof.memory_sanity must get right."""

from __future__ import annotations

import json
import re
from pathlib import Path
from zipfile import ZipFile

import pprof_mcp as pp
import pytest
from pprof_mcp.errors import WrongProfileKindError
from pprof_mcp.insight.sizes import size_text
from pprof_mcp.results.memory import MemorySanityResult
from pprof_mcp.session.bundle import Bundle
from pprof_mcp.session.session import default_session
from pprof_mcp.tools.pprof.memory_sanity import memory_sanity

from tests.cases import BUNDLE, CPU, HEAPS, Cases
from tests.property.naive import NaiveProfile, Sample
from tests.tools.pprof.heaps import MIB, heap_of
from tests.wire import number_field

CASES = Cases(
    good=[{"heap_profile": BUNDLE, "container_rss_mb": 900}, {"heap_profile": HEAPS[1], "base": HEAPS[0]}],
    wrong=[("heap_profile", CPU), ("base", HEAPS[0])],
)

CPU_TYPES = (("samples", "count"), ("cpu", "nanoseconds"))


def bundle(path: str | Path) -> Bundle:
    return default_session().bundle(str(path))


def in_use(run: Path) -> int:
    """Bytes in use after the run, by pprof.top."""
    return pp.open_profile(run / "heap.after.pb.gz").top(sample_index="inuse_space").total


def found(result: MemorySanityResult) -> list[tuple[str, str, str | None]]:
    return [(one.category, one.severity, one.source_location) for one in result.suspicions]


def test_planted_faults_are_found_with_their_numbers_and_nothing_else_is(data: Path) -> None:
    main = data / "go" / "main"
    planted = {one["id"]: one for one in json.loads((data / "planted.json").read_text())}
    result = memory_sanity(
        bundle(main / "heap.after.pb.gz"),
        base=pp.open_profile(main / "heap.before.pb.gz"),
        goroutine_profile=pp.open_profile(main / "goroutine.after.pb.gz"),
        cpu_profile=pp.open_profile(main / "cpu.pb.gz"),
    )
    places = {name: f"{one['file']}:{one['line']}" for name, one in planted.items()}
    assert found(result) == [
        ("heap_growth", "high", places["heap-leak"]),
        ("alloc_churn", "medium", places["json-in-loop"]),
        ("alloc_churn", "low", places["alloc-churn"]),
        ("goroutine_stacks", "low", None),
    ]
    holder = result.holders[0]
    assert holder.inuse_bytes == planted["heap-leak"]["recorded"]
    assert holder.growth_bytes == 26_223_197
    waiting = planted["goroutine-leak-receive"]["recorded"] + planted["goroutine-leak-send"]["recorded"]
    assert result.goroutine_count == waiting + 2
    assert result.goroutine_stack_min_bytes == 2048 * (waiting + 2)
    whole = in_use(main)
    assert sum(row.inuse_bytes for row in result.holders) + result.holders_left_out.inuse_bytes == whole
    assert result.heap_inuse_mb == round(whole / MIB, 2)
    # Pages of 64 KiB; what is scaled from samples comes close.
    assert re.search(r"objects of 6[34]\.?\d*kB", result.suspicions[2].evidence[0])


def test_a_healthy_process_is_clean(data: Path) -> None:
    healthy = data / "go" / "healthy"
    whole = memory_sanity(
        bundle(healthy), base=pp.open_profile(healthy / "heap.before.pb.gz"), container_rss_mb=30
    )
    assert whole.suspicions == []
    assert whole.recommendations == []
    assert "nothing suspicious in 4 profiles" in whole.summary
    assert whole.goroutine_count == 2
    assert len(whole.metrics) == 8
    alone = memory_sanity(bundle(healthy / "heap.after.pb.gz"))
    assert (alone.suspicions, alone.goroutine_count, alone.rss_bytes) == ([], None, None)


def test_a_bundle_gives_its_own_profiles_and_metrics(data: Path) -> None:
    result = memory_sanity(bundle(data / "bundle.zip"))
    assert [one.category for one in result.suspicions] == [
        "alloc_churn",
        "heap_growth",
        "alloc_churn",
        "goroutine_stacks",
    ]
    grown = result.suspicions[1]
    metrics = dict(json.loads((data / "go" / "main" / "metrics.json").read_text()))
    rate = size_text(metrics["go_heap_growth_bytes_per_sec"])
    assert (grown.confidence, f"{rate}/s over 10 s" in grown.evidence[0]) == ("suspected", True)
    assert {row.name for row in result.metrics} >= {"go_gcs_per_sec", "go_num_goroutine"}
    assert [one.partition(":")[0] for one in result.looked_at] == ["heap", "goroutine", "cpu"]
    # Two counts of the same: the runtime's own, and the profile's from samples.
    assert result.alloc_bytes_per_second == pytest.approx(metrics["go_alloc_bytes_per_sec"], rel=0.05)


def test_growth_in_metrics_needs_more_than_the_collector_makes(tmp_path: Path) -> None:
    heap = heap_of(tmp_path, "heap.pb", [("main.f:3", (100, 100 * MIB, 100, 100 * MIB))], seconds=10)

    def of(grown: float, collections: float) -> list[str]:
        path = tmp_path / "b.zip"
        metrics = [["go_heap_growth_bytes_per_sec", grown * MIB / 10], ["go_gcs_per_sec", collections / 10]]
        with ZipFile(path, "w") as file:
            file.writestr("delta-heap.pprof", Path(heap).read_bytes())
            file.writestr("metrics.json", json.dumps(metrics))
        return [one.category for one in memory_sanity(bundle(path)).suspicions]

    assert of(86, 10) == ["heap_growth"]
    assert of(82, 10) == []
    # With few collections in between the two moments may be the lowest and the highest.
    assert of(86, 9) == []
    assert of(101, 0) == ["heap_growth"]


def test_one_profile_of_a_bundle_can_be_chosen(data: Path) -> None:
    opened = bundle(data / "bundle.zip")
    for reference in (f"{opened.handle}#heap", f"{data / 'bundle.zip'}#heap"):
        result = memory_sanity(bundle(reference))
        assert len(result.looked_at) == 1
        assert result.heap_inuse_bytes == in_use(data / "go" / "main")


def test_metrics_that_are_none_are_a_warning(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    with ZipFile(path, "w") as file:
        file.writestr("delta-heap.pprof", (data / "go" / "main" / "delta-heap.pb.gz").read_bytes())
        file.writestr("metrics.json", '{"a": {}}')
    result = memory_sanity(bundle(path))
    assert result.metrics == []
    assert any("metrics.json" in warning for warning in result.warnings)


def test_growth_needs_more_than_chance(tmp_path: Path) -> None:
    def grown(before: int, after: int, size: int) -> MemorySanityResult:
        sides = [
            heap_of(tmp_path, f"{name}.pb", [("main.keep:7", (count, count * size, count, count * size))],
                    taken_at=at)
            for name, count, at in (("before", before, 100), ("after", after, 160))
        ]  # fmt: skip
        return memory_sanity(bundle(sides[1]), base=pp.open_profile(sides[0]))

    leak = grown(10, 200, MIB)
    assert found(leak)[0] == ("heap_growth", "high", "main/x.go:7")
    assert leak.growth_seconds == 60
    assert "190MB ±" in leak.suspicions[0].evidence[1]
    # The same factor, but on three recorded events.
    assert found(grown(1, 4, MIB)) == []
    # Certain, but no more than a tenth of what is there.
    assert found(grown(2_000, 2_100, MIB)) == []


def test_profiles_given_the_other_way_round_are_a_warning(data: Path) -> None:
    main = data / "go" / "main"
    result = memory_sanity(
        bundle(main / "heap.before.pb.gz"), base=pp.open_profile(main / "heap.after.pb.gz")
    )
    assert result.suspicions == []
    assert result.heap_growth_bytes is not None
    assert result.heap_growth_bytes < 0
    assert any("other way round" in warning for warning in result.warnings)


def test_compression_temporary_tables_and_copies_from_c_are_told_by_their_bytes(tmp_path: Path) -> None:
    def of(leaf: str, allocated: int, live: int) -> MemorySanityResult:
        samples = [
            (f"{leaf} < example.com/shop/a.Pack:3", (allocated, allocated * MIB, live, live * MIB)),
            ("example.com/shop/a.Other:9", (100, 100 * MIB, 30, 30 * MIB)),
        ]
        return memory_sanity(bundle(heap_of(tmp_path, "heap.pb", samples, seconds=10)))

    place = "example.com/shop/a/x.go:3"
    zstd = "github.com/klauspost/compress/zstd.encoderOptions.encoder:1"
    assert found(of(zstd, 200, 0))[0] == ("compression_buffers", "medium", place)
    assert found(of(zstd, 50, 40))[0] == ("compression_buffers", "high", place)
    assert (
        "zstd.encoderOptions.encoder for example.com/shop/a.Pack"
        in of(zstd, 200, 0).suspicions[0].evidence[1]
    )
    assert "compression_buffers" not in [one[0] for one in found(of(zstd, 10, 1))]
    sorter = "modernc.org/sqlite/lib._sqlite3VdbeSorterWrite:1"
    assert found(of(sorter, 200, 20))[0] == ("sqlite_temp_store", "medium", place)
    assert found(of("example.com/shop/c._Cfunc_GoBytes:1", 200, 0))[0] == ("cgo_copies", "medium", place)


def test_what_came_and_went_in_between_is_no_reason_to_doubt_growth(tmp_path: Path) -> None:
    def made(name: str, allocated: int, live: int, taken_at: float) -> str:
        half = 512 * 1024
        values = (allocated * 100, allocated * half, live * 100, live * half)
        return heap_of(tmp_path, name, [("ex.com/m.Keep:4", values)], taken_at=taken_at)

    before = pp.open_profile(made("before.pb", 4_000, 4_000, 100))
    # 4,000 recorded objects are still there: that they are is no chance, so 2,000 more are none either.
    (grown,) = memory_sanity(bundle(made("kept.pb", 6_000, 6_000, 110)), base=before).suspicions
    assert (grown.category, grown.source_location) == (
        "heap_growth", "ex.com/m/x.go:4",
    )  # fmt: skip
    assert "1000MB ± 22.42MB more" in grown.evidence[1]
    few = pp.open_profile(made("few.pb", 8, 8, 100))
    (grown,) = memory_sanity(bundle(made("churned.pb", 40, 23, 110)), base=few).suspicions
    assert "7.5MB ± 2.79MB more" in grown.evidence[1]
    # By chance.
    assert memory_sanity(bundle(made("chance.pb", 16, 12, 110)), base=few).suspicions == []


def test_small_objects_are_cheaper_than_large_ones(tmp_path: Path) -> None:
    def made(name: str, size: int, rate: int) -> MemorySanityResult:
        values = (rate * 10 // size, rate * 10, 0, 0)
        return memory_sanity(bundle(heap_of(tmp_path, name, [("ex.com/m.Get:4", values)], seconds=10)))

    assert made("small.pb", 64, 8 * MIB).suspicions == []
    assert found(made("many.pb", 64, 20 * MIB)) == [("alloc_churn", "medium", "ex.com/m/x.go:4")]
    assert found(made("large.pb", 64 << 10, 8 * MIB)) == [("alloc_churn", "low", "ex.com/m/x.go:4")]


def test_each_place_that_makes_compressors_anew_is_told_by_itself(tmp_path: Path) -> None:
    names = ("ex.com/m.One:1", "ex.com/m.Two:2", "ex.com/m.Small:3")
    sizes = (200 * MIB, 100 * MIB, 6 * MIB)
    samples = [
        (f"compress/flate.NewWriter:1 < {name}", (size >> 19, size, 0, 0))
        for name, size in zip(names, sizes, strict=True)
    ]
    result = memory_sanity(bundle(heap_of(tmp_path, "heap.pb", samples, seconds=10)))
    assert found(result) == [
        ("compression_buffers", "medium", "ex.com/m/x.go:1"),
        ("compression_buffers", "medium", "ex.com/m/x.go:2"),
    ]
    assert "allocated 20MB/s, 65.4% of all" in result.suspicions[0].evidence[0]


def test_young_garbage_of_other_runtimes_is_neither_growth_nor_churn(tmp_path: Path) -> None:
    def v8(name: str, live: int, taken_at: float) -> str:
        types = (("objects", "count"), ("space", "bytes"))
        frame = (("render", "/srv/app/views.js", 4),)
        body = NaiveProfile((Sample((frame,), (live >> 10, live)),), types).encode()
        (tmp_path / name).write_bytes(body + number_field(9, int(taken_at * 1e9)))
        return str(tmp_path / name)

    before = pp.open_profile(v8("before.pb", MIB, 100))
    assert memory_sanity(bundle(v8("young.pb", 6 * MIB, 110)), base=before).suspicions == []
    (grown,) = memory_sanity(bundle(v8("old.pb", 60 * MIB, 110)), base=before).suspicions
    assert (grown.category, grown.source_location) == ("heap_growth", "/srv/app/views.js:4")
    assert "collect before both" in grown.advice
    assert "goroutines" not in grown.advice

    def python(name: str, allocated: int) -> str:
        types = (("alloc-samples", "count"), ("alloc-space", "bytes"))
        frame = (("tax", "/srv/app/tax.py", 4),)
        body = NaiveProfile((Sample((frame,), (allocated >> 10, allocated)),), types).encode()
        (tmp_path / name).write_bytes(body + number_field(10, 10**10))
        return str(tmp_path / name)

    assert memory_sanity(bundle(python("few.pb", 500 * MIB))).suspicions == []
    (churn,) = memory_sanity(bundle(python("many.pb", 2_000 * MIB))).suspicions
    assert (churn.category, churn.severity) == ("alloc_churn", "medium")


def test_a_word_in_a_name_is_no_evidence(tmp_path: Path) -> None:
    samples = [
        ("example.com/shop/cgozip.sqliteNames:3", (10, 10 * MIB, 10, 10 * MIB)),
        ("_cgo_topofstack:1 < compress/gzip.NewReader:2 < main.f:3", (1, 100, 1, 100)),
    ]
    assert found(memory_sanity(bundle(heap_of(tmp_path, "heap.pb", samples)))) == []


def test_rss_beyond_heap_and_stacks_is_told_with_the_sum_and_with_who_may_hold_it(tmp_path: Path) -> None:
    heap = heap_of(tmp_path, "heap.pb", [("main.f:3", (100, 100 * MIB, 100, 100 * MIB))])
    stacks = heap_of(
        tmp_path, "g.pb", [("runtime.gopark:1 < main.g:2", (10_240,))], types=(("goroutine", "count"),)
    )
    cpu = heap_of(
        tmp_path,
        "cpu.pb",
        [
            (
                "runtime.cgocall:1 < github.com/mattn/go-sqlite3.(*SQLiteRows).Next:2 < main.f:3",
                (400, 4 * 10**9),
            ),
            ("main.f:3", (600, 6 * 10**9)),
        ],
        types=CPU_TYPES,
    )

    def with_rss(mb: int) -> MemorySanityResult:
        return memory_sanity(
            bundle(heap),
            goroutine_profile=pp.open_profile(stacks),
            cpu_profile=pp.open_profile(cpu),
            container_rss_mb=mb,
        )

    wide = with_rss(900)
    assert wide.rss_unexplained_bytes == 680 * MIB
    assert found(wide) == [
        ("rss_gap", "high", None),
        ("goroutine_stacks", "high", None),
        ("cgo_memory", "medium", None),
        ("sqlite_memory", "medium", None),
    ]
    assert wide.suspicions[0].evidence == [
        "900MB RSS - 2 × 100MB of heap (in use, at GOGC=100) - 20MB of stacks = 680MB"
    ]
    assert "40.0% of CPU in" in wide.suspicions[3].evidence[0]
    assert found(with_rss(280)) == [("goroutine_stacks", "high", None)]
    assert any("less than" in warning for warning in with_rss(50).warnings)


def test_collection_is_judged_by_what_is_certain(tmp_path: Path) -> None:
    heap = heap_of(tmp_path, "heap.pb", [("main.f:3", (1, MIB, 1, MIB))])

    def of(collecting: int, working: int) -> list[tuple[str, str, str | None]]:
        samples = [
            ("runtime.scanobject:1 < runtime.gcDrain:2 < runtime.gcBgMarkWorker:3",
             (collecting, collecting * 10**7)),
            ("main.f:3", (working, working * 10**7)),
        ]  # fmt: skip
        profile = pp.open_profile(heap_of(tmp_path, "cpu.pb", samples, types=CPU_TYPES))
        return found(memory_sanity(bundle(heap), cpu_profile=profile))

    # More than the bound, but too few to say so.
    assert of(4, 6) == []
    assert of(200, 800) == [("gc_cpu", "medium", None)]
    assert of(400, 600) == [("gc_cpu", "high", None)]
    assert of(50, 950) == []


def test_kinds_that_are_wrong_or_missing_are_named(data: Path, cpu: str) -> None:
    heap = bundle(data / "go" / "main" / "heap.after.pb.gz")
    with pytest.raises(WrongProfileKindError, match="has no heap profile"):
        memory_sanity(bundle(cpu))
    for argument in ("base", "goroutine_profile"):
        with pytest.raises(WrongProfileKindError, match=f"{argument}=.* it is a cpu profile"):
            memory_sanity(heap, **{argument: pp.open_profile(cpu)})  # pyright: ignore[reportArgumentType]
    with pytest.raises(WrongProfileKindError, match="cpu_profile="):
        memory_sanity(heap, cpu_profile=pp.open_profile(data / "go" / "main" / "goroutine.after.pb.gz"))


def test_empty_and_partial_profiles_are_answers(tmp_path: Path, data: Path) -> None:
    empty = memory_sanity(bundle(heap_of(tmp_path, "empty.pb", [])))
    assert (empty.suspicions, empty.heap_inuse_bytes, empty.holders) == ([], 0, [])
    assert "the profile has no samples" in empty.warnings
    only = heap_of(
        tmp_path,
        "alloc.pb",
        [("main.f:3", (1, 9))],
        types=(("alloc_objects", "count"), ("alloc_space", "bytes")),
    )
    partial = memory_sanity(bundle(only))
    assert (partial.heap_inuse_mb, partial.heap_alloc_bytes, partial.holders) == (None, 9, [])
    assert any("in use" in warning for warning in partial.warnings)
    python = memory_sanity(bundle(data / "python" / "profile.pb.gz"))
    assert python.heap_inuse_bytes == 9_847_488
    assert [one.category for one in python.suspicions] == ["alloc_churn"]
    node = memory_sanity(bundle(data / "node" / "heap.pb.gz"))
    assert node.suspicions == []
    assert node.holders[0].source_location == "/srv/storefront/lib/basket.js:6"
