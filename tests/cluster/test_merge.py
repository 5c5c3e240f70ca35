"""The merge on a cluster is the local merge."""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path
from typing import Any

import fsspec  # pyright: ignore[reportMissingTypeStubs]
import pytest
from distributed import Client
from pprof_mcp import _native, cluster
from pprof_mcp.errors import (
    ClusterError,
    EmptyInputError,
    IncompatibleProfilesError,
    InputError,
    InvalidArgumentError,
    PprofMcpError,
    SourceNotFoundError,
    UnreadableError,
)
from typing_extensions import override

from tests.cluster.conftest import Copies

pytestmark = pytest.mark.slow


def local(paths: list[str], **options: Any) -> bytes:
    native, _ = _native.merge_inputs([(path, path) for path in paths], **options)
    assert native is not None
    return native.encode()


def left_on(client: Any) -> list[Any]:
    """What the scheduler still has of merges, once it has heard all that this client had to say."""
    client.submit(int, 1, pure=False).result()

    def keys(dask_scheduler: Any) -> list[Any]:
        return [key for key in dask_scheduler.tasks if "pprof" in str(key)]

    return client.run_on_scheduler(keys)


@pytest.mark.parametrize("chunk", [None, 1, 7])
@pytest.mark.parametrize("snapshots", ["sum", "mean", "last"])
def test_two_workers_give_the_bytes_of_the_local_merge(
    client: Any, copies: Copies, chunk: int | None, snapshots: Any
) -> None:
    paths = copies(30)
    told: list[tuple[int, int]] = []
    outcome = cluster.merge(
        paths,
        client=client,
        chunk=chunk,
        snapshots=snapshots,
        progress=lambda done, total: told.append((done, total)),
    )
    assert outcome.profile.to_bytes() == local(paths, snapshots=snapshots)
    assert outcome.input_count == 30
    assert outcome.failures == ()
    assert {item.how for item in outcome.sample_types if item.is_snapshot} == {snapshots}
    assert told == sorted(told)
    assert (told[0], told[-1]) == ((0, 30), (30, 30))
    assert client.status == "running"
    assert left_on(client) == []


def test_without_a_client_processes_of_this_machine_do_it_and_end(copies: Copies) -> None:
    import multiprocessing

    paths = copies(9)
    before = set(multiprocessing.active_children())
    outcome = cluster.merge(Path(paths[0]).parent)
    assert outcome.profile.to_bytes() == local(paths)
    assert set(multiprocessing.active_children()) <= before


def test_the_order_of_the_inputs_changes_nothing(client: Any, copies: Copies) -> None:
    paths = copies(20)
    assert (
        cluster.merge(paths[::-1], client=client, chunk=3).profile.to_bytes()
        == cluster.merge(paths, client=client, chunk=2).profile.to_bytes()
    )


def test_profiles_of_one_process_over_time_are_averaged(client: Any, copies: Copies) -> None:
    paths = copies(4)
    outcome = cluster.merge(paths, client=client, over_time=True)
    assert outcome.profile.to_bytes() == local(paths, snapshots="mean")
    assert 0 < outcome.times[0] <= outcome.times[1]


def test_the_first_broken_input_is_named_and_the_cluster_left_clean(
    client: Any, copies: Copies, data: Path
) -> None:
    paths = copies(40)
    for at, broken in ((5, "cut.gz.pb.gz"), (6, "empty.pb.gz"), (33, "garbage.gz.pb.gz")):
        shutil.copyfile(data / "broken" / broken, paths[at])
    with pytest.raises(PprofMcpError, match=r"005\.pb\.gz") as on_cluster:
        cluster.merge(paths, client=client, chunk=1)
    with pytest.raises(PprofMcpError) as here:
        local(paths)
    assert (type(on_cluster.value), str(on_cluster.value)) == (type(here.value), str(here.value))
    assert on_cluster.value.details == here.value.details
    assert left_on(client) == []


def test_keeping_going_merges_the_rest_and_lists_what_failed_in_order(
    client: Any, copies: Copies, data: Path
) -> None:
    paths = copies(30)
    shutil.copyfile(data / "broken" / "garbage.gz.pb.gz", paths[20])
    shutil.copyfile(data / "broken" / "empty.pb.gz", paths[4])
    paths.insert(10, str(Path(paths[0]).parent / "missing.pb.gz"))
    outcome = cluster.merge(paths, client=client, chunk=2, keep_going=True)
    assert [Path(failure.name).name for failure in outcome.failures] == [
        "004.pb.gz", "missing.pb.gz", "020.pb.gz",
    ]  # fmt: skip
    assert [failure.code for failure in outcome.failures][:2] == ["empty_input", "source_not_found"]
    assert outcome.input_count == 28
    assert outcome.profile.to_bytes() == local(paths, keep_going=True)


def test_when_nothing_can_be_merged_the_first_failure_is_raised(
    client: Any, copies: Copies, data: Path
) -> None:
    paths = copies(3)
    for path in paths:
        shutil.copyfile(data / "broken" / "empty.pb.gz", path)
    with pytest.raises(EmptyInputError, match=r"none of 3 inputs .* first: .*000\.pb\.gz"):
        cluster.merge(paths, client=client, keep_going=True)


def test_types_that_differ_are_refused_as_locally_and_merged_where_they_are_shared(
    client: Any, copies: Copies
) -> None:
    paths = copies(12, "node/wall.pb.gz", "node/wall-lines.pb.gz")
    with pytest.raises(IncompatibleProfilesError) as on_cluster:
        cluster.merge(paths, client=client, chunk=1)
    with pytest.raises(IncompatibleProfilesError) as here:
        local(paths)
    assert str(on_cluster.value) == str(here.value)
    outcome = cluster.merge(paths, client=client, chunk=1, intersect_types=True)
    assert outcome.types_differ
    assert [item.type for item in outcome.sample_types] == ["sample", "wall"]
    assert outcome.profile.to_bytes() == local(paths, intersect_types=True)


def test_limits_are_those_of_each_input_and_not_of_the_whole(client: Any, copies: Copies) -> None:
    paths = copies(12, "go/main/heap.after.pb.gz", "go/healthy/heap.after.pb.gz")
    limit = max(len(cluster.merge(path, client=client).profile) for path in paths[:2])
    outcome = cluster.merge(paths, client=client, chunk=1, limits={"samples": limit + 1})
    assert outcome.profile.to_bytes() == local(paths)
    assert len(outcome.profile) > limit + 1
    with pytest.raises(PprofMcpError, match=r"000\.pb\.gz"):
        cluster.merge(paths, client=client, limits={"input_bytes": 100})


# -- what inputs are named by


def test_urls_globs_and_folders_of_urls_are_read_by_the_workers(client: Any, copies: Copies) -> None:
    paths = copies(6)
    folder = Path(paths[0]).parent.as_uri()
    expected = local(paths)
    for urls in ([Path(path).as_uri() for path in paths], f"{folder}/*.pb.gz", f"{folder}/", [paths]):
        given: Any = urls[0] if isinstance(urls[0], list) else urls
        outcome = cluster.merge(given, client=client)
        assert outcome.input_count == 6
        assert outcome.profile.to_bytes() == expected


def test_objects_of_a_store_are_read_through_its_file_system(copies: Copies) -> None:
    paths = copies(5)
    store: Any = fsspec.filesystem("memory")  # pyright: ignore[reportUnknownMemberType]
    for path in paths:
        store.pipe_file(f"/cluster-test/{Path(path).name}", Path(path).read_bytes())
    # That store is memory of this process, so its workers are threads here.
    with Client(
        processes=False, n_workers=1, threads_per_worker=2, dashboard_address="127.0.0.1:0"
    ) as threads:
        outcome = cluster.merge("memory://cluster-test/*.pb.gz", client=threads, chunk=2)
        assert outcome.profile.to_bytes() == local(paths)
        with pytest.raises(SourceNotFoundError, match="memory://cluster-test/gone: there is no such object"):
            cluster.merge("memory://cluster-test/gone", client=threads)
        outcome = cluster.merge(
            ["memory://cluster-test/gone", "memory://cluster-test/000.pb.gz"], client=threads, keep_going=True
        )
        assert [(one.name, one.code) for one in outcome.failures] == [
            ("memory://cluster-test/gone", "source_not_found")
        ]
        with pytest.raises(PprofMcpError, match=r"memory://cluster-test/000\.pb\.gz.*100"):
            cluster.merge("memory://cluster-test/000.pb.gz", client=threads, limits={"input_bytes": 100})
    store.rm("/cluster-test", recursive=True)


def test_a_store_that_refuses_is_an_unreadable_input(monkeypatch: pytest.MonkeyPatch) -> None:
    from fsspec.implementations.memory import MemoryFileSystem  # pyright: ignore[reportMissingTypeStubs]

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("403 Forbidden")

    monkeypatch.setattr(MemoryFileSystem, "open", refuse)
    with (
        Client(processes=False, n_workers=1, dashboard_address="127.0.0.1:0") as threads,
        pytest.raises(UnreadableError, match="memory://x can not be read: PermissionError: 403 Forbidden"),
    ):
        cluster.merge("memory://x", client=threads)


@pytest.mark.parametrize(
    ("urls", "error", "told"),
    [
        ([], InvalidArgumentError, "the list of profiles is empty"),
        ("memory://nothing-here/*.pb", SourceNotFoundError, "there is no file at memory://nothing-here"),
        ("memory://nothing-here/", SourceNotFoundError, "there is no file at memory://nothing-here"),
        ("no-such-folder/*.pb.gz", SourceNotFoundError, "nothing matches no-such-folder"),
        ("no-such-file", SourceNotFoundError, "no-such-file"),
        ("nosuchthing://x", InvalidArgumentError, "nosuchthing"),
        ("handle:0123456789abcdef", InvalidArgumentError, "neither a file nor a URL"),
    ],
)
def test_what_stands_for_nothing_is_told_before_any_cluster_starts(
    monkeypatch: pytest.MonkeyPatch, urls: Any, error: type[PprofMcpError], told: str
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(error, match=told) as raised:
        cluster.merge(urls)
    assert raised.value.hint


@pytest.mark.parametrize(
    "options", [{"chunk": 0}, {"snapshots": "most"}, {"limits": {"speed": 1}}, {"chunk": -3}]
)
def test_options_that_mean_nothing_are_told_before_any_cluster_starts(
    monkeypatch: pytest.MonkeyPatch, cpu: str, options: Any
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"chunk|most|speed"):
        cluster.merge(cpu, **options)


def test_progress_is_a_line_on_a_terminal_and_nothing_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        @override
        def isatty(self) -> bool:
            return True

    for stream, shown in ((Terminal(), "\r\x1b[K3/9 files\r\x1b[K9/9 files\n"), (io.StringIO(), "")):
        monkeypatch.setattr(sys, "stderr", stream)
        cluster.show(3, 9)
        cluster.show(9, 9)
        assert stream.getvalue() == shown


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, cpu: str) -> None:
    for module, urls in (("distributed", cpu), ("fsspec.core", "s3://bucket/x.pb.gz")):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, module, None)
            with pytest.raises(ClusterError, match="Dask") as raised:
                cluster.merge(urls)
        assert "pip install 'pprof-mcp[cluster]'" in raised.value.hint
