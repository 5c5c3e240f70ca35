"""The faults planted in the Go service: where they are, how large they are meant to be and came out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

Run = Mapping[str, int]
MARK = re.compile(r"//\s*plant:\s*([a-z-]+)")
ROW = re.compile(r"\s*(-?[\d.]+)([a-zA-Z]*)\s+\S+\s+\S+\s+(-?[\d.]+)([a-zA-Z]*)\s+\S+\s+(.*)")


@dataclass(frozen=True)
class Plant:
    """One planted fault.

    Attributes:
        id: The name that marks its line in the source as ``// plant: id``.
        kind: What an analysis should call it.
        profile: File below the data folder that shows it.
        sample_type: The value that measures it.
        unit: pprof's unit for ``designed`` and ``recorded``.
        function: The function that the marked line is in.
        designed: The size it is meant to have, from the counts that the run wrote down.
        why: How that size comes about.
    """

    id: str
    kind: str
    profile: str
    sample_type: str
    unit: str
    function: str
    designed: Callable[[Run], int]
    why: str


def _burst(run: Run, total: str, size: str, hold: str) -> int:
    """Sum of the waits when bursts meet at one lock: 1 + 2 + ... holds in each burst, in nanoseconds."""
    burst = run[size]
    return run[total] // burst * (burst * (burst - 1) // 2) * run[hold]


SHOP = "example.com/shop/"
CPU, HEAP, GOROUTINE = "go/main/cpu.pb.gz", "go/main/heap.after.pb.gz", "go/main/goroutine.after.pb.gz"
MUTEX, BLOCK = "go/main/delta-mutex.pb.gz", "go/main/delta-block.pb.gz"
MS = 1_000_000

PLANTS = (
    Plant(
        "hot-hash",
        "cpu",
        CPU,
        "cpu",
        "ns",
        SHOP + "pricing.weakHash",
        lambda r: r["quotes"] * 10 * MS,
        "400 quotes of 10 ms each; nearly all of it in mix, which is inlined at this line",
    ),
    Plant(
        "json-in-loop",
        "cpu",
        CPU,
        "cpu",
        "ns",
        SHOP + "catalog.(*Renderer).each",
        lambda r: r["searches"] * 10 * MS,
        "200 searches that each encode the same product for 10 ms; also the largest allocator",
    ),
    Plant(
        "recursion",
        "cpu",
        CPU,
        "cpu",
        "ns",
        SHOP + "catalog.(*category).visit",
        lambda r: r["searches"] * 5 * MS,
        "200 searches of 5 ms each in walk and visit, which call each other 7 levels deep",
    ),
    Plant(
        "heap-leak",
        "heap growth",
        HEAP,
        "inuse_space",
        "bytes",
        SHOP + "session.newEntry",
        lambda r: r["sessions_after"] * r["session_bytes"],
        "every request to the cart keeps 128 KiB for ever; heap.before has sessions_before of them",
    ),
    Plant(
        "alloc-churn",
        "allocation",
        "go/main/delta-heap.pb.gz",
        "alloc_space",
        "bytes",
        SHOP + "catalog.(*Renderer).page",
        lambda r: r["pages"] * r["page_bytes"],
        "every search allocates 4 pages of 64 KiB and drops them: 80 a second",
    ),
    Plant(
        "goroutine-leak-receive",
        "goroutine leak",
        GOROUTINE,
        "goroutine",
        "count",
        SHOP + "notify.listen",
        lambda r: r["waiting_after"],
        "every request to the cart starts 6 goroutines that receive from a channel nobody knows",
    ),
    Plant(
        "goroutine-leak-send",
        "goroutine leak",
        GOROUTINE,
        "goroutine",
        "count",
        SHOP + "notify.announce",
        lambda r: r["sending"],
        "40 goroutines started at the beginning send to channels nobody receives from; they wait longest",
    ),
    Plant(
        "hot-lock-hold",
        "hot lock",
        MUTEX,
        "delay",
        "ns",
        SHOP + "inventory.(*Ledger).Reserve",
        lambda r: _burst(r, "checkouts", "checkout_burst", "ledger_hold_ns"),
        "bursts of 8 requests meet at a lock held for at least 5 ms; the recorded line is the unlock",
    ),
    Plant(
        "hot-lock-wait",
        "hot lock",
        BLOCK,
        "delay",
        "ns",
        SHOP + "inventory.(*Ledger).Reserve",
        lambda r: _burst(r, "checkouts", "checkout_burst", "ledger_hold_ns"),
        "the same waits seen by those who wait",
    ),
    Plant(
        "write-lock-hold",
        "write lock for reading",
        MUTEX,
        "delay",
        "ns",
        SHOP + "pricing.(*Table).Rate",
        lambda r: _burst(r, "rates", "rates_burst", "table_hold_ns"),
        "bursts of 4 readers take the write lock of a RWMutex for at least 2 ms",
    ),
    Plant(
        "write-lock-wait",
        "write lock for reading",
        BLOCK,
        "delay",
        "ns",
        SHOP + "pricing.(*Table).Rate",
        lambda r: _burst(r, "rates", "rates_burst", "table_hold_ns"),
        "the same waits seen by those who wait",
    ),
    Plant(
        "light-lock",
        "lightly used lock",
        MUTEX,
        "delay",
        "ns",
        SHOP + "cart.(*Store).Add",
        lambda r: _burst(r, "carts", "cart_burst", "store_hold_ns"),
        "pairs of requests meet at a lock held for at least 1 ms: not worth a report beside the hot lock",
    ),
    Plant(
        "order-warehouse-shelf",
        "lock order",
        MUTEX,
        "delay",
        "ns",
        SHOP + "inventory.(*Transfer).Restock",
        lambda r: r["transfer_rounds"] * r["transfer_hold_ns"],
        "takes the warehouse, then the shelf; one of two workers waits 1 ms, 100 times",
    ),
    Plant(
        "order-shelf-warehouse",
        "lock order",
        MUTEX,
        "delay",
        "ns",
        SHOP + "inventory.(*Transfer).Return",
        lambda r: r["transfer_rounds"] * r["transfer_hold_ns"],
        "takes the shelf, then the warehouse; never at the same time as Restock, so nothing deadlocks",
    ),
    Plant(
        "waitgroup-wait",
        "wait",
        BLOCK,
        "delay",
        "ns",
        SHOP + "checkout.(*Desk).fanOut",
        lambda r: r["checkouts"] * r["partner_delay_ns"],
        "every order waits for three partners of 5 ms side by side",
    ),
    Plant(
        "select-wait",
        "wait",
        BLOCK,
        "delay",
        "ns",
        SHOP + "checkout.(*Desk).awaitPayment",
        lambda r: r["checkouts"] * r["payment_delay_ns"],
        "every order selects between a payment after 4 ms and a timer",
    ),
    Plant(
        "chan-receive-wait",
        "wait",
        BLOCK,
        "delay",
        "ns",
        SHOP + "checkout.(*Desk).receipt",
        lambda r: r["checkouts"] * r["receipt_delay_ns"],
        "every order receives its receipt after 3 ms",
    ),
    Plant(
        "cond-wait",
        "wait",
        BLOCK,
        "delay",
        "ns",
        SHOP + "inventory.(*Queue).Pop",
        lambda r: r["queue_orders"] * r["queue_every_ns"],
        "one picker waits on a condition variable for 100 orders, 20 ms apart",
    ),
)

CREATORS = {
    "goroutine-leak-receive": ("goroutine-leak-creator", SHOP + "notify.(*Hub).Subscribe"),
    "goroutine-leak-send": ("goroutine-send-creator", SHOP + "notify.(*Hub).Announce"),
}


def marks(source: Path) -> dict[str, tuple[str, int]]:
    """Finds the marked lines below a Go module.

    Returns:
        File as the compiler names it and 1-based line, by plant id.
    """
    found: dict[str, tuple[str, int]] = {}
    for path in sorted(source.rglob("*.go")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if match := MARK.search(line):
                found[match[1]] = (SHOP + path.relative_to(source).as_posix(), number)
    return found


def recorded(report: str, function: str, file: str, line: int) -> int:
    """Reads the cum of one function and line out of a ``-top -lines`` report.

    Raises:
        LookupError: The report has no such row, so the plant did not come out.
    """
    for text in report.splitlines():
        row = ROW.fullmatch(text)
        if row and row[5].removesuffix(" (inline)") == f"{function} {file}:{line}":
            return round(float(row[3]))
    raise LookupError(f"{function} {file}:{line} is not in the report")


def table(source: Path, run: Run, top: Callable[[Plant], str]) -> list[dict[str, object]]:
    """Describes every plant: place, designed size and the size that ``go tool pprof`` prints for it.

    Args:
        source: Folder of the Go service.
        run: Counts that the run wrote down.
        top: Gives the untrimmed ``-top -lines`` report of a plant's profile, sample type and unit.
    """
    places = marks(source)
    rows: list[dict[str, object]] = []
    for plant in PLANTS:
        file, line = places[plant.id]
        row: dict[str, object] = {
            "id": plant.id, "kind": plant.kind, "profile": plant.profile, "sample_type": plant.sample_type,
            "function": plant.function, "file": file, "line": line, "unit": plant.unit,
            "designed": plant.designed(run), "recorded": recorded(top(plant), plant.function, file, line),
            "why": plant.why,
        }  # fmt: skip
        if plant.id in CREATORS:
            mark, creator = CREATORS[plant.id]
            row["creator"] = {"function": creator, "file": places[mark][0], "line": places[mark][1]}
        rows.append(row)
    return rows


def off(rows: list[dict[str, object]]) -> list[str]:
    """Names the plants whose recorded size is too far from the designed one to be useful as a known answer.

    Work is calibrated and may be a third off; counts and live bytes 5 %. A sleep oversleeps, the more so the
    busier the machine is, and a short one by more of its length, so waits get wide bounds. Source: chosen; on
    an idle machine the long waits came out at most 1.4 times and the short ones 4.7 times as designed.
    """
    wrong: list[str] = []
    for row in rows:
        designed, recorded = cast("int", row["designed"]), cast("int", row["recorded"])
        ratio = recorded / designed
        low, high = (0.67, 1.33) if row["kind"] == "cpu" else (0.95, 1.05)
        if row["sample_type"] == "delay":
            low, high = 0.9, 2 if designed > 1_000_000_000 else 6
        if not low <= ratio <= high:
            wrong.append(f"{row['id']}: designed {designed}, recorded {recorded} {row['unit']}")
    return wrong


def waits(rows: list[dict[str, object]]) -> str:
    """Say how much longer than designed the waits came out, least and most."""
    ratios = [
        cast("int", row["recorded"]) / cast("int", row["designed"])
        for row in rows
        if row["sample_type"] == "delay"
    ]
    return f"{min(ratios):.1f} to {max(ratios):.1f}"


def markdown(rows: list[dict[str, object]]) -> str:
    """Renders the plants for people."""
    head = (
        "# Faults planted in the Go service\n\n"
        "Written by `tests/programs/record.py go`; the lines are those marked `// plant:` in `goservice/`.\n"
        "*Designed* follows from the load (fixed counts, calibrated work); *recorded* is the cum that\n"
        "`go tool pprof -top -lines` prints for the function and line in the named profile. Sleeping while\n"
        "a lock is held lasts at least as designed: waits of this run, on an idle machine, are "
        f"{waits(rows)}\n"
        "times as long. Rely on which lock is hotter than which, not on the length of a wait.\n"
        "The tenants acme, globex and initech send 60, 30 and 10 of 100 requests. `go/healthy/` is the same\n"
        "load without any of these faults.\n\n"
        "| plant | kind | profile | value | place | designed | recorded | how |\n"
        "|---|---|---|---|---|---|---|---|\n"
    )
    body = ""
    for r in rows:
        place = f"`{r['function']}` {str(r['file']).removeprefix(SHOP)}:{r['line']}"
        body += (
            f"| {r['id']} | {r['kind']} | {r['profile']} | {r['sample_type']} | {place} "
            f"| {r['designed']} {r['unit']} | {r['recorded']} {r['unit']} | {r['why']} |\n"
        )
    return head + body
