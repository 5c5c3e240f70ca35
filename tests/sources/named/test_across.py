"""Profiles of two sources beside each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.imitations.parca import Parca
from tests.imitations.pyroscope import Pyroscope
from tests.imitations.serving import Asked, Reply, Served
from tests.imitations.stored import Stored
from tests.sources.named.calling import call, download
from tests.sources.named.conftest import StartGo, fetching
from tests.sources.named.test_pyroscope import GO, MILLIS, WINDOW


def test_a_profile_of_pyroscope_is_compared_with_one_of_parca() -> None:
    before = Stored("memory", {"service_name": "shop"}, MILLIS, (GO / "heap.before.pb.gz").read_bytes())
    after = Stored("memory", {"job": "shop"}, MILLIS, (GO / "heap.after.pb.gz").read_bytes())
    with Pyroscope([before]) as pyroscope, Parca([after]) as parca:
        session = fetching(server=True, PPROF_MCP_PYROSCOPE_URL=pyroscope.base, PPROF_MCP_PARCA_URL=parca.url)
        old = download(session, "pyroscope", service="shop", **WINDOW).files[0].handle
        new = download(session, "parca", service="shop", **WINDOW).files[0].handle
    found = call(session, "pprof.diff_top", before=old, after=new)
    files = fetching(server=False)
    same = call(
        files,
        "pprof.diff_top",
        before=str(GO / "heap.before.pb.gz"),
        after=str(GO / "heap.after.pb.gz"),
        sample_index="inuse_space",
    )
    assert [row.model_dump() for row in found.deltas] == [row.model_dump() for row in same.deltas]
    assert found.deltas


def test_a_file_at_a_url_is_merged_with_one_of_parca() -> None:
    cpu = (GO / "cpu.pb.gz").read_bytes()

    def answer(_: Asked) -> Reply:
        return Reply(cpu)

    with Served(answer) as server, Parca([Stored("process_cpu", {"job": "shop"}, MILLIS, cpu)]) as parca:
        session = fetching(server=True, PPROF_MCP_HOSTS=server.host, PPROF_MCP_PARCA_URL=parca.url)
        one = download(session, "http", url=f"{server.url}/cpu.pb.gz").files[0].handle
        other = download(session, "parca", service="shop", kinds=["cpu"], **WINDOW).files[0].handle
    merged = call(session, "pprof.merge", profiles=[one, other], intersect_types=True)
    assert merged.input_count == 2
    alone, both = (
        session.profile(handle).shared.meta["sample_types"][0]["total"] for handle in (other, merged.handle)
    )
    assert both == 2 * alone


@pytest.mark.go
def test_a_running_program_is_compared_with_what_pyroscope_has_of_it(start_go: StartGo) -> None:
    session = fetching(server=False)
    old = download(session, "http", url=start_go("-hash", "4").index, kinds=["cpu"], seconds=2)
    pushed = session.profile(old.files[0].handle)
    stored = Stored("process_cpu", {"service_name": "shop"}, MILLIS, pushed.to_bytes())
    with Pyroscope([stored]) as server:
        known = fetching(server=False, PPROF_MCP_PYROSCOPE_URL=server.base)
        base = download(known, "pyroscope", service="shop", **WINDOW).files[0].handle
        new = download(known, "http", url=start_go("-hash", "20").index, kinds=["cpu"], seconds=2)
    found = call(known, "pprof.diff_top", before=base, after=new.files[0].handle, cum=True)
    # How much each took depends on the machine; that both are of one function does not.
    (row,) = [row for row in found.deltas if row.name == "main.hashBlock"]
    assert row.before_cum > 0
    assert row.after_cum > 0


def test_directories_are_the_same_as_for_profiles_open(tmp_path: Path) -> None:
    (tmp_path / "cpu.pb.gz").write_bytes((GO / "cpu.pb.gz").read_bytes())
    session = fetching(server=False)
    found = download(session, "files", url=str(tmp_path))
    opened = call(session, "profiles.open", path=str(tmp_path))
    assert found.bundle == opened.bundle
    assert found.files[0].handle == opened.profiles[0].handle
