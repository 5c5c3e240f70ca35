"""Profiles of services not seen here: empty, nameless, huge, wrapped, with names that nobody would choose."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

from tests.property.naive import Location, NaiveProfile, Sample
from tests.support import DATA
from tests.tools.pprof.heaps import HEAP
from tests.wire import bytes_field, number_field, varint

Types = tuple[tuple[str, str], ...]
MOST = (1 << 63) - 1
GO = ("example.com/shop/cart.(*Store).Add", "example.com/shop/api.Serve", "main.main")


@dataclass(frozen=True)
class Made:
    """A kind: its sample types, and what a stack of it ends in."""

    types: Types
    leaf: tuple[str, ...]


KINDS = {
    "cpu": Made((("samples", "count"), ("cpu", "nanoseconds")), ("runtime.memmove",)),
    "heap": Made(HEAP, ("runtime.mallocgc", "runtime.makeslice")),
    "mutex": Made((("contentions", "count"), ("delay", "nanoseconds")), ("sync.(*Mutex).Unlock",)),
    "goroutine": Made((("goroutine", "count"),), ("runtime.gopark", "runtime.chanrecv")),
    "unknown": Made((("frobs", "parsecs"), ("", "")), ("zxq",)),
}
LONG = f"example.com/{'x' * 60_000}.F"
ODD = (
    "", " ", "\n\n", "\x00\x1b[31mred", "(((", "a\\b\"c'd`|<script>", "\u202egnp", "😀" * 50, "main.func1",
    ".", "/", "a/b/", "..", "%s%d{}", "-top", "=cmd|' /C calc'!A0", "\ufeff", "runtime.",
    "x.(*T[go.shape.struct{}]).M", "std::vector<std::pair<int, char>>::~vector()", "<lambda>", "$anonfun$1",
    "?? ??:0",
)  # fmt: skip


def write_all(folder: Path) -> dict[str, str]:
    """Write every strange profile; give their paths by what is strange about each."""
    found: dict[str, bytes] = {}
    for kind, made in KINDS.items():
        found.update({f"{shape} {kind}": content for shape, content in _shapes(made).items()})
    found.update(_odd_headers())
    paths: dict[str, str] = {}
    for name, content in found.items():
        path = folder / f"{name.replace(' ', '-')}.pb"
        path.write_bytes(content)
        paths[name] = str(path)
    recorded = (
        "python/profile.pb.gz", "node/heap.pb.gz", "node/wall.pb.gz", "rust/cpu.pb", "legacy/java.heap.txt",
        "legacy/java.contention.txt", "legacy/cpp.cpu-64-little.bin", "legacy/cpp.threadz.txt",
        "go/main/threadcreate.pb.gz", "go/main/delta-block.pb.gz", "broken/no-sample-types.pb.gz",
    )  # fmt: skip
    return paths | {name: str(DATA / name) for name in recorded}


def write_bundles(folder: Path, paths: dict[str, str]) -> dict[str, str]:
    """Write bundles that lack something; give their paths by what each holds."""
    contents: dict[str, dict[str, str | bytes]] = {
        f"{kind} alone": {"a.pprof": paths[f"timeless {kind}"]} for kind in KINDS
    }
    contents |= {
        "nothing": {"readme.txt": b"no profile"},
        "a broken one": {"cpu.pprof": b"\x1f\x8bno gzip", "heap.pprof": paths["many heap"]},
        "odd metrics": {
            "heap.pprof": paths["many heap"],
            "metrics.json": b'[["go", "NaN"], null, 1e999]',
        },
        "empty ones": {f"{kind}.pprof": paths[f"empty {kind}"] for kind in KINDS},
        "negative ones": {f"{kind}.pprof": paths[f"negative {kind}"] for kind in KINDS},
        "nameless ones": {f"{kind}.pprof": paths[f"nameless {kind}"] for kind in KINDS},
        "odd ones": {f"\x1b[31m{kind}|.pprof": paths[f"odd {kind}"] for kind in KINDS},
        "several of a kind": {"a.pprof": paths["many cpu"], "b.pprof": paths["zero cpu"]},
    }
    found: dict[str, str] = {}
    for name, entries in contents.items():
        path = folder / f"{name.replace(' ', '-')}.zip"
        with ZipFile(path, "w") as archive:
            for entry, content in entries.items():
                archive.writestr(entry, Path(content).read_bytes() if isinstance(content, str) else content)
        found[name] = str(path)
    return found


def inlined(kind: str) -> tuple[bytes, bytes]:
    """The same stacks twice: calls inlined into their callers, and every frame at a location of its own."""
    made = KINDS[kind]
    stacks = [
        (*made.leaf, "example.com/shop/cart.add", "example.com/shop/cart.(*Store).Add", *GO[1:]),
        (*made.leaf, "bytes.growSlice", "bytes.(*Buffer).Write", "example.com/shop/api.render", *GO[1:]),
        ("encoding/json.encode", "encoding/json.Marshal", *GO, "runtime.goexit"),
    ]
    together: list[Sample] = []
    apart: list[Sample] = []
    for row, names in enumerate(stacks):
        frames = [frame for (frame,) in _stack(*names)]
        values = ((row + 1) * 10**8,) * len(made.types)
        packed = tuple(tuple(frames[at : at + 3 - row % 2]) for at in range(0, len(frames), 3 - row % 2))
        together.append(Sample(packed, values))
        apart.append(Sample(tuple((frame,) for frame in frames), values))
    header = _header(made.types, seconds=10, period=10_000_000)
    return (
        NaiveProfile(tuple(together), made.types).encode() + header,
        NaiveProfile(tuple(apart), made.types).encode() + header,
    )


def large(count: int, seed: int) -> bytes:
    """A profile of all kinds at once: so many samples, all stacks different, of long names, with labels."""
    chance = random.Random(seed)  # noqa: S311 - the same bytes every time
    leaves = [
        ("runtime.memmove",), ("runtime.mallocgc", "runtime.makeslice"), ("sync.(*Mutex).Unlock",),
        ("runtime.gopark", "runtime.chanrecv"), ("encoding/json.Marshal",),
    ]  # fmt: skip
    types = tuple(pair for made in KINDS.values() for pair in made.types)[:-2]
    modules = ("example.com/shop", "github.com/acme/client", "google.golang.org/grpc", "net/http")
    names = [name for leaf in leaves for name in leaf] + [
        f"{modules[at % 4]}/internal/package{at % 50}.(*Handler{at % 300}).ServeRequestNumber{at}"
        for at in range(3_000)
    ]
    own = range(len({name for leaf in leaves for name in leaf}) + 1, len(names) + 1)
    ids = [varint(at) for at in range(len(names) + 1)]
    ends = [b"".join(ids[names.index(name) + 1] for name in leaf) for leaf in leaves]
    strings = ["", *dict.fromkeys(text for pair in types for text in pair), *names]
    at = {text: index for index, text in reversed(list(enumerate(strings)))}
    labels = [len(strings) + tenant for tenant in range(40)]
    strings += [f"tenant{tenant}" for tenant in range(40)] + ["tenant", "f.go"]
    key, file = len(strings) - 2, len(strings) - 1
    labelled = [bytes_field(3, number_field(1, key) + number_field(2, label)) for label in labels]
    depth = 20
    picks = chance.choices([ids[one] for one in own], k=count * depth)
    body = [bytes_field(1, number_field(1, at[name]) + number_field(2, at[unit])) for name, unit in types]
    for row in range(count):
        stack = ends[row % len(ends)] + b"".join(picks[row * depth : (row + 1) * depth])
        values = varint(row % 9 + 1) * len(types)
        body.append(bytes_field(2, bytes_field(1, stack) + bytes_field(2, values) + labelled[row % 40]))
    for row, name in enumerate(names, 1):
        # A start line, without which Go's compiler takes no profile.
        function = ((1, row), (2, at[name]), (4, file), (5, 1))
        body.append(bytes_field(5, b"".join(number_field(*pair) for pair in function)))
        line = bytes_field(4, number_field(1, row) + number_field(2, row % 900))
        body.append(bytes_field(4, number_field(1, row) + line))
    body += [bytes_field(6, text.encode()) for text in strings]
    return b"".join(body) + _header(types, seconds=60, period=10_000_000)


def _shapes(made: Made) -> dict[str, bytes]:
    stack = (*made.leaf, *GO)
    deep = _stack(*made.leaf) + tuple(_frame(f"example.com/shop/tree.f{at % 3}") for at in range(2_000))

    def one(value: int, *names: str) -> Sample:
        return Sample(_stack(*(names or stack)), (value,) * len(made.types))

    def profile(*samples: Sample, seconds: int = 10, period: int = 10_000_000, taken: int = 0) -> bytes:
        body = NaiveProfile(samples, made.types).encode()
        return body + _header(made.types, seconds=seconds, period=period, taken=taken)

    values = (100_000_000,) * len(made.types)
    return {
        "empty": profile(),
        "zero": profile(*[one(0)] * 3),
        "negative": profile(one(-5), one(3, "x", *stack)),
        "cancelled": profile(one(-5), one(5, "x", *stack)),
        "nameless": profile(*[Sample(((), (), ()), values)] * 3),
        "stackless": profile(*[Sample((), values)] * 3),
        "timeless": profile(*[one(100_000_000)] * 3, seconds=0, period=0),
        "backwards": profile(one(100_000_000), seconds=-5, period=-7, taken=-100),
        "wrapped": profile(*[one(MOST)] * 3, seconds=9_000_000_000, taken=9_200_000_000),
        "lowest": profile(one(-MOST - 1)),
        "long": profile(*(one(10**7 + at, *stack[:-1], f"{LONG}{at}") for at in range(5))),
        "odd": profile(
            *(
                Sample(
                    _stack(made.leaf[0], *(ODD * 2)[at : at + 6]),
                    ((at + 1) * 10**7,) * len(made.types),
                    ((name, ODD[-at - 1]),),
                    ((name, MOST, ODD[-at - 1]),),
                )
                for at, name in enumerate(ODD)
            )
        ),
        "deep": profile(Sample(deep, values)),
        "many": profile(
            *(
                Sample(
                    _stack(*made.leaf, f"example.com/shop/package{at % 7}/inner.(*Server{at}).Handle", *GO),
                    (10**6 + at,) * len(made.types),
                    (("tenant", f"t{at}"), (f"key{at}", "v")),
                )
                for at in range(400)
            )
        ),
    }


def _odd_headers() -> dict[str, bytes]:
    def profile(types: Types, values: tuple[int, ...], name: str = "a") -> bytes:
        return NaiveProfile((Sample(_stack(name, "b"), values),), types).encode()

    cpu = KINDS["cpu"].types
    return {
        "equal types": profile((("x", "bytes"), ("x", "nanoseconds"), ("x", "count")), (10, 11, 12)),
        "forty types": profile(tuple((f"type{at}", "count") for at in range(40)), tuple(range(1, 41))),
        "a long type": profile((("t" * 50_000, "u" * 50_000),), (10,)),
        "no text": profile(cpu, (10, 11), "QQQQ").replace(b"QQQQ", b"\xff\xfe\x80q"),
        "long comments": profile(cpu, (10, 11)) + b"".join(number_field(13, at % 9) for at in range(500)),
        "long labels": NaiveProfile(
            tuple(
                Sample(_stack("a", "b"), (10, 11), ((f"{'k' * 20_000}{at}", "v" * 20_000),))
                for at in range(10)
            ),
            cpu,
        ).encode(),
    }


def _frame(name: str) -> Location:
    return ((name, f"{name[:40]}.go", 7),)


def _stack(*names: str) -> tuple[Location, ...]:
    return tuple(_frame(name) for name in names)


def _header(types: Types, *, seconds: int, period: int, taken: int = 0) -> bytes:
    # Strings 3 and 4 are name and unit of the second sample type, by which profilers sample.
    at = 3 if len(types) > 1 else 1
    numbers = ((9, taken * 10**9), (10, seconds * 10**9), (12, period))
    period_type = bytes_field(11, number_field(1, at) + number_field(2, at + 1))
    return period_type + b"".join(number_field(*pair) for pair in numbers)
