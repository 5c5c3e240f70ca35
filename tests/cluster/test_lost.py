"""Workers that die, schedulers that go, versions that differ, Ctrl-C: nothing is lost, or it is told.

An input that is a pipe holds a worker exactly where a test wants it: whoever opens it for writing knows that
it is being read.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, LocalCluster
from pprof_mcp import _native, cluster
from pprof_mcp.cluster import engine
from pprof_mcp.errors import ClusterError, InvalidArgumentError, PprofMcpError

from tests.cluster.conftest import Copies

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="holds workers at named pipes"),
]


class Held:
    """An input at which whoever reads it waits."""

    def __init__(self, path: str) -> None:
        self.content = Path(path).read_bytes()
        self._path = Path(path)
        self._path.unlink()
        os.mkfifo(path)

    @contextmanager
    def reached(self) -> Generator[Any, None, None]:
        """Wait until a worker reads it; who comes later finds a file."""
        with self._path.open("wb") as pipe:
            beside = self._path.with_suffix(".new")
            beside.write_bytes(self.content)
            beside.replace(self._path)
            yield pipe


def at_work(client: Any, number: int) -> str:
    """The worker that has a chunk."""
    doing: dict[str, Any] = client.processing()
    (found,) = [
        address
        for address, keys in doing.items()
        if any(key[0].startswith("pprof-fold") and key[1] == number for key in keys)
    ]
    return found


@pytest.mark.parametrize("victim", ["the one that reads", "the one that holds what is done"])
def test_a_worker_killed_half_way_loses_nothing(client: Any, copies: Copies, victim: str) -> None:
    paths = copies(21)
    native, _ = _native.merge_inputs([(path, path) for path in paths])
    held = Held(paths[10])
    half = threading.Event()

    def told(done: int, total: int) -> None:
        # One may wait behind the one that is held.
        if done >= total - 2:
            half.set()

    pids: dict[str, int] = client.run(os.getpid)
    with ThreadPoolExecutor(1) as pool:
        merging = pool.submit(cluster.merge, paths, client=client, chunk=1, progress=told)
        with held.reached() as pipe:
            assert half.wait(60)
            reading = at_work(client, 10)
            (other,) = set(pids) - {reading}
            if victim == "the one that reads":
                os.kill(pids[reading], signal.SIGKILL)
            else:
                assert client.has_what()[other]
                os.kill(pids[other], signal.SIGKILL)
                pipe.write(held.content)
        outcome = merging.result(60)
    assert native is not None
    assert outcome.profile.to_bytes() == native.encode()
    assert outcome.input_count == 21
    client.wait_for_workers(2, timeout=60)
    assert len(set(pids.values()) - set(client.run(os.getpid).values())) == 1


def test_inputs_over_which_workers_die_are_named_with_what_to_do(client: Any, copies: Copies) -> None:
    def allow(dask_scheduler: Any, failures: int) -> int:
        before = dask_scheduler.allowed_failures
        dask_scheduler.allowed_failures = failures
        return before

    # One for each worker: Dask also blames what waits on a worker for its turn.
    paths = copies(2)
    held = Held(paths[1])
    before = client.run_on_scheduler(allow, failures=0)
    try:
        with ThreadPoolExecutor(1) as pool:
            merging = pool.submit(cluster.merge, paths, client=client, chunk=1)
            with held.reached():
                os.kill(client.run(os.getpid)[at_work(client, 1)], signal.SIGKILL)
                with pytest.raises(ClusterError, match=r"001\.pb\.gz: 1 worker died") as raised:
                    merging.result(60)
    finally:
        client.run_on_scheduler(allow, failures=before)
    assert "memory" in raised.value.hint


def test_an_earlier_input_that_fails_later_is_the_one_named(client: Any, copies: Copies, data: Path) -> None:
    paths = copies(2)
    held = Held(paths[0])
    Path(paths[1]).write_bytes((data / "broken" / "text.pb.gz").read_bytes())
    later_has_failed = threading.Event()

    def leaves(dask_scheduler: Any) -> set[int]:
        return {key[1] for key in dask_scheduler.tasks if key[0].startswith("pprof-fold")}

    def told(*_: int) -> None:
        # One that has failed is given up with all that come after it; those before it go on.
        if client.run_on_scheduler(leaves) == {0}:
            later_has_failed.set()

    with ThreadPoolExecutor(1) as pool:
        merging = pool.submit(cluster.merge, paths, client=client, chunk=1, progress=told)
        with held.reached() as pipe:
            assert later_has_failed.wait(60)
            pipe.write(b"no profile either")
        with pytest.raises(PprofMcpError, match=r"000\.pb\.gz"):
            merging.result(60)


def test_a_task_that_nobody_wants_any_more_lets_its_worker_go(client: Any, copies: Copies) -> None:
    paths = copies(2)
    held = Held(paths[0])
    reading, stop = threading.Event(), threading.Event()

    def told(*_: int) -> None:
        if reading.is_set():
            stop.set()
            raise KeyboardInterrupt

    with ThreadPoolExecutor(1) as pool:
        merging = pool.submit(cluster.merge, paths, client=client, chunk=1, progress=told)
        with held.reached():
            reading.set()
            assert stop.wait(60)
            with pytest.raises(KeyboardInterrupt):
                merging.result(60)
            # The pipe is still open, yet both workers do something else.
            workers = list(client.scheduler_info()["workers"])
            others = (
                client.map(len, ["a", "bb"], workers=workers[:1]),
                client.map(len, ["a"], workers=workers[1:]),
            )
            assert [client.gather(futures) for futures in others] == [[1, 2], [1]]


def test_what_progress_raises_ends_the_merge_and_leaves_the_cluster_clean(
    client: Any, copies: Copies
) -> None:
    def stop(done: int, _: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cluster.merge(copies(30), client=client, chunk=1, progress=stop)
    assert cluster.merge(copies(4), client=client).input_count == 4


def test_a_scheduler_that_goes_is_told(copies: Copies) -> None:
    paths = copies(4)
    held = Held(paths[1])
    ours: Any = LocalCluster(
        host="127.0.0.1", n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0"
    )
    with (
        ours,
        Client(ours, set_as_default=False) as client,
        ThreadPoolExecutor(1) as pool,
    ):
        merging = pool.submit(cluster.merge, paths, client=client, chunk=1)
        with held.reached():
            ours.close()
            with pytest.raises(ClusterError, match="scheduler"):
                merging.result(60)


def test_a_scheduler_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch, cpu: str) -> None:
    monkeypatch.setattr(engine, "CONNECT", 0.2)
    with pytest.raises(ClusterError, match=r"tcp://127\.0\.0\.1:9 does not answer"):
        cluster.merge(cpu, client="tcp://127.0.0.1:9")


def test_the_address_of_a_scheduler_is_enough(client: Any, copies: Copies) -> None:
    assert cluster.merge(copies(3), client=client.scheduler.address).input_count == 3


def test_workers_with_another_version_are_named(client: Any, cpu: str, tmp_path: Path) -> None:
    other = tmp_path / "pprof_mcp-99.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: pprof-mcp\nVersion: 99.0\n", "utf-8")
    address = min(client.run(os.getpid))

    def add(folder: str) -> None:
        sys.path.insert(0, folder)

    def remove(folder: str) -> None:
        sys.path.remove(folder)

    client.run(add, str(tmp_path), workers=[address])
    try:
        with pytest.raises(ClusterError, match=rf"of 2 workers {address} has 99\.0") as raised:
            cluster.merge(cpu, client=client)
    finally:
        client.run(remove, str(tmp_path), workers=[address])
    assert "Install pprof-mcp" in raised.value.hint
    assert cluster.merge(cpu, client=client).input_count == 1


def test_what_is_no_usable_client_is_refused(cpu: str) -> None:
    with Client(processes=False, n_workers=1, dashboard_address="127.0.0.1:0") as closed:
        pass
    for given, told in ((object(), "object is no dask"), (closed, "the client is closed")):
        unusable: Any = given
        with pytest.raises(InvalidArgumentError, match=told):
            cluster.merge(cpu, client=unusable)


def test_ctrl_c_in_a_terminal_ends_the_merge_and_all_its_processes(copies: Copies) -> None:
    paths = copies(8)
    held = Held(paths[5])
    program = (
        "import signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from pprof_mcp import cluster\n"
        "cluster.merge(sys.argv[1:], chunk=1)\n"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", program, *paths], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    with running, held.reached() as pipe:
        os.killpg(running.pid, signal.SIGINT)
        # Its end comes when nobody is left who could write there, workers included.
        _, told = running.communicate(timeout=60)
        with pytest.raises(BrokenPipeError):
            os.write(pipe.fileno(), held.content)
    assert running.returncode == -signal.SIGINT
    assert told.rstrip().endswith("KeyboardInterrupt")
    assert told.count("Traceback") == 1
