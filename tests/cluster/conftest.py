"""Two worker processes on the loopback, and profiles of ours under many names."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, LocalCluster

Copies = Callable[..., list[str]]


@pytest.fixture(scope="module")
def workers() -> Iterator[Any]:
    """A client of two workers, as somebody has it who runs a cluster already."""
    cluster: Any = LocalCluster(
        host="127.0.0.1", n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0"
    )
    with cluster, Client(cluster, set_as_default=False) as client:
        yield client


@pytest.fixture
def client(workers: Any) -> Iterator[Any]:
    """The same with both workers there, and nothing of a merge left behind."""
    workers.wait_for_workers(2, timeout=60)
    yield workers
    workers.wait_for_workers(2, timeout=60)


@pytest.fixture
def copies(tmp_path: Path, data: Path) -> Copies:
    """Copies of heap profiles, which have counters and snapshots, in a folder."""

    def copy(count: int, *sources: str) -> list[str]:
        folder = tmp_path / "captures"
        folder.mkdir(exist_ok=True)
        named = sources or ("go/main/heap.after.pb.gz", "go/healthy/heap.after.pb.gz", "go/main/allocs.pb.gz")
        paths = [folder / f"{at:03}.pb.gz" for at in range(count)]
        for at, path in enumerate(paths):
            shutil.copyfile(data / named[at % len(named)], path)
        return [str(path) for path in paths]

    return copy
