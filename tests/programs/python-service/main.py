# The profiler is a dependency of this program alone.
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
"""A small order service in Python that runs a fixed load under ddtrace's profiler.

The profiler writes its profile to the file that ``DD_PROFILING_OUTPUT_PPROF`` names, in the form it uploads.
"""

from __future__ import annotations

import threading
import time

from ddtrace.profiling import Profiler

SECONDS = 2
RETAINED = 20_000
HELD = 0.002

kept: list[bytearray] = []
lock = threading.Lock()


def fibonacci(n: int) -> int:
    """Recurses without remembering anything."""
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)  # plant: python-recursion


def churn() -> int:
    """Allocates pages and drops them."""
    return len([bytes(4096) for _ in range(2000)])  # plant: python-alloc-churn


def book() -> None:
    """Holds the one lock for long."""
    with lock:
        time.sleep(HELD)  # plant: python-hot-lock


def order(number: int) -> None:
    """Takes one order and keeps it for ever."""
    fibonacci(18)
    churn()
    book()
    kept.append(bytearray(RETAINED))  # plant: python-heap-leak
    try:
        raise KeyError(number)
    except KeyError:
        pass


def worker() -> None:
    """Takes orders until the time is over."""
    end = time.monotonic() + SECONDS
    number = 0
    while time.monotonic() < end:
        order(number)
        number += 1


def main() -> None:
    """Runs three workers under the profiler."""
    profiler = Profiler()
    profiler.start()
    threads = [threading.Thread(target=worker, name=f"worker-{n}") for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    profiler.stop(flush=True)


if __name__ == "__main__":
    main()
