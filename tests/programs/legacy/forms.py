"""Writes the profile formats older than profile.proto, from one invented program."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .addresses import BRIEF_MAPS, HANDLER, JAVA, JAVA_STACKS, MAPS, MAPS_32, STACKS, hexes

PERIOD_US = 10_000
"""Time between two ticks of a CPU profile in microseconds. Source: gperftools' default of 100 Hz."""


def cpu(size: int, order: str, maps: str) -> bytes:
    """A CPU profile of gperftools: machine words, then the memory map as text."""
    word = words(size, order)
    # On a 32-bit machine only the frames that fit can exist.
    stacks = [s for s in STACKS if max(s.frames) < 1 << (8 * size)]
    out = word((0, 3, 0, PERIOD_US, 0))
    for s in stacks:
        frames = (s.frames[0], HANDLER, *s.frames[1:])
        out += word((s.ticks, len(frames), *frames))
    return out + word((0, 1, 0)) + maps.encode()


def java_cpu() -> bytes:
    """A CPU profile of a Java agent: the same words with a mark, then names for the addresses."""
    word = words(8, "little")
    out = word((0, 3, 1, PERIOD_US, 0))
    for frames, ticks, _, _ in JAVA_STACKS:
        out += word((ticks, len(frames), *frames))
    return out + word((0, 1, 0)) + java_names().encode()


def words(size: int, order: str) -> Callable[[Iterable[int]], bytes]:
    """Gives an encoder of unsigned words of size bytes in the given byte order."""
    return lambda values: b"".join(v.to_bytes(size, "little" if order == "little" else "big") for v in values)


def java_names() -> str:
    """The addresses of the Java stacks with what they are."""
    return "".join(f"  0x{address:x} {name}\n" for address, name in JAVA)


def heap(kind: str, rate: str, *, freed: bool, tail: str) -> str:
    """A heap profile: live objects and bytes, in brackets all that were ever allocated."""

    def row(objects: int, size: int, more_objects: int, more_size: int) -> str:
        return f"{objects}: {size} [{more_objects}: {more_size}] @"

    def ever(objects: int, size: int, gone: int) -> tuple[int, int]:
        return (objects + gone, size + gone * (size // objects)) if freed else (objects, size)

    total = [sum(s.objects for s in STACKS), sum(s.bytes for s in STACKS)]
    grand = [sum(ever(s.objects, s.bytes, s.freed)[i] for s in STACKS) for i in (0, 1)]
    lines = [f"heap profile: {row(*total, *grand)} {kind}{rate}"]
    lines += [
        f"{row(s.objects, s.bytes, *ever(s.objects, s.bytes, s.freed))} {hexes(s.frames)}" for s in STACKS
    ]
    return "\n".join(lines) + f"\n\n{tail}"


def growth(kind: str) -> str:
    """A growth or fragmentation profile: one column, no sampling."""
    lines = [
        f"heap profile: {sum(s.objects for s in STACKS)}: {sum(s.bytes for s in STACKS)} [0: 0] @ {kind}"
    ]
    lines += [f"{s.objects}: {s.bytes} [{s.objects}: {s.bytes}] @ {hexes(s.frames)}" for s in STACKS]
    return "\n".join(lines) + f"\n\nMAPPED_LIBRARIES:\n{MAPS}"


def contention(*, cycles: bool) -> str:
    """A contention profile of C++: cycles waited and number of waits."""
    head = "cycles/second = 3201000000\nsampling period = 100\nms since reset = 16502830\n"
    head += "discarded samples = 0\n"
    body = "".join(f"  {s.cycles} {s.waits} @ {hexes(s.frames)}\n" for s in STACKS)
    return f"--- contentionz 1 ---\n{head if cycles else ''}{body}\n--- Memory map: ---\n{MAPS}"


def threads(*, header: bool) -> str:
    """A thread profile: one stack a thread, repeated ones by reference."""
    out = "--- threadz 1 ---\n\n" if header else ""
    for number, s in enumerate(STACKS):
        out += f"--- Thread 7f794ab9{number}940 (name: worker{number}/{14748 + number}) stack: ---\n"
        out += "".join(f"  0x{frame:08x}\n" for frame in s.frames) + "\n"
        out += f"--- Thread 7f794ab8{number}940 (name: spare/{14848 + number}) stack: ---\n"
        out += "  [same as previous thread]\n\n"
    return out + f"--- Memory map: ---\n{MAPS}"


def unnamed_threads() -> str:
    """A thread profile whose process stopped answering half way."""
    text = threads(header=True)
    cut = text.index("--- Thread 7f794ab92940")
    return text[:cut] + "---- no stack trace for 2 threads ----\n\n--- Memory map: ---\n" + MAPS


def java_heap() -> str:
    """A heap profile of a Java agent: bytes before objects."""
    rows = "".join(f"  {size} {objects} @ {hexes(frames)}\n" for frames, _, objects, size in JAVA_STACKS)
    return f"--- heapz 1 ---\nformat = java\nresolution = bytes\n{rows}{java_names()}"


def java_contention() -> str:
    """A contention profile of a Java agent: microseconds before waits."""
    head = "format = java\nresolution = microseconds\nsampling period = 100\nms since reset = 6019923\n"
    rows = "".join(f"  {waits * 4711} {waits} @ {hexes(frames)}\n" for frames, waits, _, _ in JAVA_STACKS)
    return f"--- contentionz 1 ---\n{head}{rows}{java_names()}"


def counts(kind: str) -> str:
    """A count profile of Go, as threadcreate and goroutine write it."""
    rows = "".join(
        f"{s.objects} @ {hexes(s.frames)}\n#\t0x{s.frames[0]:x}\tdemo.leaf+0x1\n\n" for s in STACKS
    )
    return f"# written by hand\n\n{kind} profile: total {sum(s.objects for s in STACKS)}\n{rows}"


def files() -> dict[str, bytes]:
    """Every form by file name."""
    mapped = f"MAPPED_LIBRARIES:\n{MAPS}"
    texts = {
        "cpp.heap-v2.txt": heap("heap_v2/", "524288", freed=False, tail=mapped),
        "cpp.heapz-v2.txt": heap("heapz_v2/", "1048576", freed=True, tail=mapped),
        "cpp.heapprofile.txt": heap("heapprofile", "", freed=True, tail=mapped),
        "cpp.heapprofile-inuse.txt": heap(
            "heapprofile", "", freed=False, tail=f"MAPPED_LIBRARIES:\n{BRIEF_MAPS}"
        ),
        "go.heap.txt": heap("heap/", "1048576", freed=True, tail="# runtime.MemStats\n# Alloc = 1\n"),
        "go.heap-exact.txt": heap("heap/", "2", freed=True, tail=""),
        "cpp.growth.txt": growth("growthz"),
        "cpp.fragmentation.txt": growth("fragmentationz"),
        "cpp.contention.txt": contention(cycles=True),
        "cpp.contention-plain.txt": contention(cycles=False),
        "cpp.threadz.txt": threads(header=True),
        "cpp.thread.txt": threads(header=False),
        "cpp.threadz-part.txt": unnamed_threads(),
        "java.heap.txt": java_heap(),
        "java.contention.txt": java_contention(),
        "go.threadcreate.txt": counts("threadcreate"),
        "go.goroutine.txt": counts("goroutine"),
    }
    found = {name: text.encode() for name, text in texts.items()}
    for size in (4, 8):
        for order in ("little", "big"):
            found[f"cpp.cpu-{size * 8}-{order}.bin"] = cpu(size, order, MAPS if size == 8 else MAPS_32)
    found["cpp.cpu-brief-maps.bin"] = cpu(8, "little", BRIEF_MAPS)
    found["java.cpu.bin"] = java_cpu()
    return found
