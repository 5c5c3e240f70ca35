"""The cluster: one that somebody has, or processes of this machine.

Dask has no types to rely on; it is spoken to in this module and in `job` alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any

from pprof_mcp.errors import CancelledError, ClusterError, InvalidArgumentError

if TYPE_CHECKING:
    from distributed import Client

CONNECT = 10
"""Seconds to wait for a scheduler. Source: chosen."""


def missing_extra(error: ImportError) -> ClusterError:
    """Say what to install."""
    return ClusterError(
        f"merging on a cluster needs Dask, which is not installed ({error})",
        hint="Install it: pip install 'pprof-mcp[cluster]'",
    )


def _distributed() -> Any:
    try:
        return import_module("distributed")
    except ImportError as error:
        raise missing_extra(error) from error


@contextmanager
def connected(client: Client | str | None, inputs: int) -> Generator[Any, None, None]:
    """Give a client whose workers can merge.

    Args:
        client: One that is there, which stays as it is; the address of a scheduler; None for processes of
            this machine, one for each core, that end with the block.
        inputs: How many there are; more workers are not started.

    Raises:
        ClusterError: The scheduler does not answer, or workers have another version of this package.
        InvalidArgumentError: It is no client, or one that can not be used from here.
    """
    distributed = _distributed()
    if client is None:
        with _local(distributed, inputs) as cluster, distributed.Client(cluster) as own:
            yield own
    elif isinstance(client, str):
        with _to(distributed, client) as own:
            _check_versions(own)
            yield own
    else:
        _check_client(distributed, client)
        _check_versions(client)
        yield client


def _local(distributed: Any, inputs: int) -> Any:
    cores = int(import_module("dask.system").CPU_COUNT)
    return distributed.LocalCluster(
        host="127.0.0.1",
        n_workers=max(1, min(cores, inputs)),
        threads_per_worker=1,
        processes=True,
        # Its web server can not be left out, but it has no pages to serve and a port that nobody else wants.
        dashboard_address="127.0.0.1:0",
        scheduler_kwargs={"dashboard": False},
        preload="pprof_mcp.cluster.work",
        # An input that is no profile is told once, by the error.
        silence_logs=logging.CRITICAL,
        # Who can talk to a scheduler can run code as its user, and other users reach the loopback too.
        security=True,
    )


def _to(distributed: Any, address: str) -> Any:
    try:
        return distributed.Client(address, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"the scheduler at {address} does not answer: {error}",
            hint="Check the address and that the scheduler runs; for TLS give a Client made with security=.",
            details={"address": address},
        ) from error


def _check_client(distributed: Any, client: Any) -> None:
    if not isinstance(client, distributed.Client):
        what, hint = (
            f"{type(client).__name__} is no dask.distributed.Client",
            "Give Client(...) or an address.",
        )
    elif client.asynchronous:
        what, hint = (
            "the client is asynchronous",
            "Give one without asynchronous=True, from a thread of its own.",
        )
    elif client.status != "running":
        what, hint = f"the client is {client.status}", "Give one that is connected to its scheduler."
    else:
        return
    raise InvalidArgumentError(what, hint=hint, details={"argument": "client"})


def _check_versions(client: Any) -> None:
    """Compare the versions of all workers with the one here: partial merges have the form of a version."""
    name = "pprof-mcp"
    own = metadata.version(name)
    # A function of the standard library, since a worker may have no pprof_mcp to look into.
    found: dict[str, Any] = client.run(metadata.version, name, on_error="return")
    other = {address: version for address, version in sorted(found.items()) if version != own}
    if other:
        told = [
            f"{address} has {version if isinstance(version, str) else 'none'}"
            for address, version in other.items()
        ]
        more = f" and {len(told) - 3} more" if len(told) > 3 else ""
        raise ClusterError(
            f"{name} is {own} here, but of {len(found)} workers {', '.join(told[:3])}{more}",
            hint=f"Install {name} {own} on the workers, and start them again.",
            details={"version": own, "workers": told},
        )


def threads(client: Any) -> int:
    """Give the number of tasks that run at a time, 1 when no worker is there yet."""
    return max(1, sum(client.nthreads().values()))


def watch_of_task() -> Callable[[int, int, int, int], None] | None:
    """Give what ends the work of the task that runs here once nobody wants it; None outside of tasks.

    Dask lets such tasks run to their end, which may be far: an input that does not come keeps its worker.
    """
    try:
        worker = _distributed().get_worker()
    except (ClusterError, ValueError):
        return None
    key = worker.get_current_task()

    def watch(*_: int) -> None:
        task = worker.state.tasks.get(key)
        if task is None or task.state == "cancelled" or worker.status.name.startswith("clos"):
            raise CancelledError("nobody waits for this part of the merge any more")

    return watch
