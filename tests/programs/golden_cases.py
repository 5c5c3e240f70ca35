"""The reports that are recorded: which options for which profiles."""

from __future__ import annotations

from collections.abc import Iterator

import golden_labels
import golden_mistakes
import tools
from golden_subjects import FULL, HEAP, LIGHT, LOCK, REPORTS, SOURCE, Case, Subject, one


def cases() -> Iterator[Case]:
    """Every case, in a fixed order; a few come up twice."""
    for subject in FULL:
        yield from basic(subject)
        yield from views(subject)
        yield from filters(subject)
        yield from sizes(subject)
    for subject in LIGHT:
        yield from basic(subject)
    for name in sorted(path.name for path in (tools.DATA / "legacy").glob("*")):
        yield from legacy(f"legacy/{name}")
    yield from golden_labels.cases()
    yield from listings()
    yield from several()
    yield from golden_mistakes.cases()


def basic(s: Subject) -> Iterator[Case]:
    """What every profile gets: each report once, each sample type, each unit of the profile."""
    for report in REPORTS:
        yield one(s, report)
    for index, name in enumerate(s.types):
        yield one(s, "-top", f"-sample_index={name}")
        yield one(s, "-top", f"-sample_index={index}", "-cum", "-trim=false")
        yield one(s, "-tree", f"-sample_index={name}", "-nodecount=12")
    yield one(s, "-top", f"-unit={s.unit}")
    yield one(s, f"-peek={s.some}")
    yield one(s, "-top", f"-focus={s.some}")
    yield one(s, "-top", f"-ignore={s.some}", "-cum")


def legacy(name: str) -> Iterator[Case]:
    """The forms older than profile.proto: what the parser made of them shows best in -raw."""
    for report in (
        *REPORTS,
        "-peek=.",
        "-top -addresses",
        "-top -lines -noinlines",
        "-top -mean",
        "-tree -addresses",
    ):
        yield tuple(report.split()), (name,)
    for index in range(4):
        yield ("-top", f"-sample_index={index}", "-cum"), (name,)
    for pattern in ("demo$", "libdemo", "Shop", "JIT|GC|STUB"):
        yield ("-top", f"-focus={pattern}"), (name,)
    yield ("-top",), (name, name)
    yield ("-top", f"-diff_base={name}"), (name,)


def views(s: Subject) -> Iterator[Case]:
    """Granularities, orders and shapes."""
    for granularity in ("functions", "filefunctions", "files", "lines", "addresses"):
        for report in ("-top", "-tree", "-dot"):
            yield one(s, report, f"-{granularity}", "-nodecount=20")
        yield one(s, "-top", f"-{granularity}", "-noinlines", "-cum", "-nodecount=20")
        yield one(s, f"-peek={s.some}", f"-{granularity}", f"-show={s.some}")
    for report in ("-top", "-tree", "-traces", "-raw", "-dot", "-callgrind", f"-peek={s.other}"):
        yield one(s, report, "-noinlines")
    for report in ("-dot", "-tree", "-callgrind", f"-peek={s.some}"):
        yield one(s, report, "-call_tree")
    yield one(s, "-dot", "-call_tree", "-lines", "-nodecount=15")
    yield one(s, "-top", "-lines", "-showcolumns")
    for report in ("-top", "-tree", "-dot", "-traces", "-tags", "-peek=."):
        yield one(s, report, "-mean")
        yield one(s, report, "-compact_labels")
        yield one(s, report, "-divide_by=3")
    yield one(s, "-top", "-divide_by=0.5")
    yield one(s, "-top", "-flat")
    yield one(s, "-top", "-add_comment=recorded for a test")
    yield one(s, "-comments", "-add_comment=recorded for a test")
    yield one(s, "-traces", "-add_comment=one")
    for name in s.types:
        for unit in ("minimum", "auto", s.unit, "ns", "hours", "bytes", "GB", "count", "parsecs"):
            yield one(s, "-top", f"-sample_index={name}", f"-unit={unit}", "-nodecount=10")
        yield one(s, "-top", "-mean", f"-sample_index={name}", "-nodecount=10")
        yield one(s, "-traces", f"-sample_index={name}", f"-focus={s.some}")
        yield one(s, "-tags", f"-sample_index={name}")
        yield one(s, "-dot", f"-sample_index={name}", "-nodecount=15")
        yield one(s, "-callgrind", f"-sample_index={name}", f"-focus={s.some}")
    if set(s.types) == set(HEAP):
        for flag in ("-inuse_space", "-inuse_objects", "-alloc_space", "-alloc_objects"):
            yield one(s, "-top", flag)
        yield one(s, "-top", "-inuse_space", "-alloc_space")
    if s.types == LOCK:
        for flag in ("-total_delay", "-contentions", "-mean_delay"):
            yield one(s, "-top", flag)


def filters(s: Subject) -> Iterator[Case]:
    """Filters on frames, alone and together."""
    names = ("focus", "ignore", "hide", "show", "show_from", "prune_from")
    for name in names:
        for value in (s.some, s.other, "runtime", "(?i)SHOP/", r"\.go$", "^main", "/srv/shop"):
            yield one(s, "-top", f"-{name}={value}", "-cum")
        for report in ("-traces", "-tree", "-dot", "-tags", "-raw"):
            yield one(s, report, f"-{name}={s.some}", "-nodecount=25")
        yield one(s, "-top", f"-{name}=no such frame anywhere")
        yield one(s, "-top", f"-{name}={s.some}", "-lines", "-noinlines")
        yield one(s, "-top", f"-{name}={s.some}", "-relative_percentages")
        yield one(s, "-tree", f"-{name}={s.other}", "-relative_percentages", "-nodecount=15")
    yield one(s, "-top", f"-focus={s.some}", f"-ignore={s.other}")
    yield one(s, "-top", f"-focus={s.some}", f"-hide={s.other}", "-cum")
    yield one(s, "-top", f"-show={s.some}", f"-hide={s.other}", "-cum")
    yield one(s, "-top", f"-show_from={s.some}", f"-prune_from={s.other}", "-cum")
    yield one(s, "-traces", f"-focus={s.other}", f"-show_from={s.some}")
    yield one(s, "-top", "-ignore=.")
    yield one(s, "-top", "-hide=.")
    yield one(s, "-peek=.", "-focus=" + s.some)
    yield one(s, "-peek=no such frame anywhere")


def sizes(s: Subject) -> Iterator[Case]:
    """How much is shown."""
    for report in ("-top", "-tree", "-dot"):
        for count in (0, 1, 3, 10, 1000):
            yield one(s, report, f"-nodecount={count}")
        for fraction in ("0", "0.05", "0.2"):
            yield one(s, report, f"-nodefraction={fraction}")
        yield one(s, report, "-edgefraction=0.1")
        yield one(s, report, "-edgefraction=0", "-nodefraction=0")
        yield one(s, report, "-nodecount=5", "-cum")
        yield one(s, report, "-nodecount=10", "-trim=false", f"-focus={s.some}")


def listings() -> Iterator[Case]:
    """Annotated source, with the source at hand and without."""
    patterns = (
        ("weakHash|mix", "Renderer|visit", r"Searcher\).*"),
        ("newEntry", "Renderer", "session"),
        ("Reserve|Rate", "Transfer", r"Desk\).*"),
        ("Reserve|Rate", r"Desk\).*", "Pop|fanOut"),
        ("listen|announce", "notify", "main.main"),
    )
    for s, expressions in zip(FULL, patterns, strict=True):
        for pattern in expressions:
            for extra in (
                (),
                ("-sample_index=0",),
                ("-noinlines",),
                ("-focus=shop",),
                ("-unit=auto", "-mean"),
            ):
                yield one(s, f"-list={pattern}", *SOURCE, *extra)
        # Without a source path pprof names the working directory, which differs from machine to machine.
        yield one(s, f"-list={expressions[0]}", "-source_path=nowhere")
        yield one(s, f"-list={expressions[0]}", "-source_path=../programs/goservice")
        yield one(s, "-list=shop", "-trim_path=example.com", *SOURCE[:1], "-focus=shop/inventory")
        yield one(s, "-list=nothing at all", *SOURCE)


def several() -> Iterator[Case]:
    """Comparisons and merges."""
    pairs = (
        ("go/main/heap.before.pb.gz", "go/main/heap.after.pb.gz"),
        ("go/main/goroutine.before.pb.gz", "go/main/goroutine.after.pb.gz"),
        ("go/main/mutex.before.pb.gz", "go/main/mutex.after.pb.gz"),
        ("go/main/block.before.pb.gz", "go/main/block.after.pb.gz"),
        ("go/healthy/cpu.pb.gz", "go/main/cpu.pb.gz"),
        ("go/main/cpu.pb.gz", "go/healthy/cpu.pb.gz"),
        ("go/main/cpu.pb.gz", "go/main/cpu.pb.gz"),
        ("go/healthy/heap.after.pb.gz", "go/main/heap.after.pb.gz"),
    )
    for before, after in pairs:
        for option in ("base", "diff_base"):
            against = f"-{option}={before}"
            for report in ("-top", "-tree", "-traces", "-dot", "-tags", "-raw", "-callgrind", "-peek=shop"):
                yield (report, against), (after,)
            for extra in (
                "-drop_negative",
                "-normalize",
                "-cum",
                "-lines",
                "-mean",
                "-sample_index=0",
                "-noinlines",
            ):
                yield ("-top", against, extra), (after,)
                yield ("-tree", against, extra, "-nodecount=15"), (after,)
            yield ("-top", against, "-normalize", "-drop_negative"), (after,)
            yield ("-top", against, "-focus=shop"), (after,)
            yield ("-top", against, "-ignore=shop", "-relative_percentages"), (after,)
            yield ("-list=newEntry|weakHash|listen|Reserve", against, *SOURCE), (after,)
        for report in ("-top", "-tags", "-raw", "-traces", "-comments"):
            yield (report,), (before, after)
        yield ("-top",), (before, after, after)
        yield ("-top", f"-base={before}"), (after, after)
        yield ("-top", f"-base={before}", f"-base={before}"), (after,)
        yield ("-top", f"-base={before}", f"-diff_base={before}"), (after,)
