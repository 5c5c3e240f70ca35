"""A URL where a path is taken."""

from __future__ import annotations

import pytest
from pprof_mcp.errors import HostNotAllowedError, InvalidArgumentError

from tests.sources.named.calling import call
from tests.sources.named.conftest import fetching
from tests.sources.named.test_http import served


def test_profiles_open_takes_a_url_of_an_allowed_host_alone() -> None:
    with served() as server:
        session = fetching(server=True, PPROF_MCP_HOSTS=server.host)
        found = call(session, "profiles.open", path=server.url)
        assert found.kinds == ["cpu", "heap", "mutex", "threadcreate"]
        with pytest.raises(HostNotAllowedError):
            call(fetching(server=True), "profiles.open", path=server.url)


def test_an_analysis_takes_one_and_fetches_no_more_than_it_needs() -> None:
    with served() as server:
        session = fetching(server=True, PPROF_MCP_HOSTS=server.host)
        top = call(session, "pprof.top", profile=f"{server.url}#heap")
        assert top.rows
        assert [one.path for one in server.asked] == ["/debug/pprof/", "/debug/pprof/heap"]
        server.asked.clear()
        again = call(session, "pprof.top", profile=f"{server.url}/debug/pprof/heap")
        assert [row.name for row in again.rows] == [row.name for row in top.rows]
        assert [one.path for one in server.asked] == ["/debug/pprof/heap"]


def test_in_python_a_url_is_opened_like_a_path_and_once() -> None:
    with served() as server:
        session = fetching(server=False)
        opened = session.open(f"{server.url}/bundle.zip#cpu")
        assert opened.reference == f"{server.url}/bundle.zip#cpu"
        assert len(server.asked) == 1
        assert len(session.bundle(f"{server.url}/bundle.zip").members) == 5


@pytest.mark.parametrize("url", ["ftp://h/x", "file:///etc/passwd", "http://", "s3://"])
def test_no_other_scheme_is_a_place(url: str) -> None:
    with pytest.raises(InvalidArgumentError, match="URL"):
        call(fetching(server=False), "pprof.top", profile=url)
