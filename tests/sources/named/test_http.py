"""`source=http` where the other side is hostile, broken, or no Go."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from pprof_mcp.errors import (
    BadAnswerError,
    HostNotAllowedError,
    InvalidArgumentError,
    NetworkError,
    NotAProfileError,
    PprofMcpError,
    ProfileGoneError,
    SourceFailedError,
    TimedOutError,
    TruncatedProfileError,
    WrongHostError,
)
from pprof_mcp.sources import pprof_http
from pprof_mcp.sources.net.settings import NetSettings

from tests.imitations.serving import CUT, FLOOD, LOGIN, SILENCE, Asked, Reply, Served, redirect
from tests.sources.named.calling import call, download
from tests.sources.named.conftest import described, fetching
from tests.support import DATA

GO = DATA / "go" / "main"
INDEX = (
    b"<html><table>"
    b"<tr><td>23</td><td><a href='heap?debug=1'>heap</a></td></tr>"
    b"<tr><td>2</td><td><a href='mutex?debug=1'>mutex</a></td></tr>"
    b"<tr><td>0</td><td><a href='cmdline?debug=1'>cmdline</a></td></tr>"
    b"<tr><td>0</td><td><a href='trace?debug=1'>trace</a></td></tr>"
    b"<tr><td>0</td><td><a href='profile?debug=1'>profile</a></td></tr>"
    b"<tr><td>1</td><td><a href='example.com%2Fpool.Open?debug=1'>pool</a></td></tr>"
    b"<tr><td>1</td><td><a href='http://evil.example/x?debug=1'>x</a></td></tr>"
    b"<tr><td>1</td><td><a href='/admin?debug=1'>x</a></td></tr>"
    b"<tr><td>1</td><td><a href='../../admin?debug=1'>x</a></td></tr>"
    b"</table></html>"
)
CONTENT = {
    "/debug/pprof/": INDEX,
    "/debug/pprof/heap": (GO / "heap.after.pb.gz").read_bytes(),
    "/debug/pprof/mutex": (GO / "mutex.after.pb.gz").read_bytes(),
    "/debug/pprof/profile": (GO / "cpu.pb.gz").read_bytes(),
    "/debug/pprof/example.com/pool.Open": (GO / "threadcreate.pb.gz").read_bytes(),
    "/old.txt": (GO / "mutex.debug1.txt").read_bytes(),
    "/bundle.zip": (DATA / "bundle.zip").read_bytes(),
    "/cpu.pb.gz": (GO / "cpu.pb.gz").read_bytes(),
    "/page": b"<html>hello</html>",
    "/text": b"what is this",
}


def served() -> Served:
    def answer(asked: Asked) -> Reply:
        content = CONTENT.get(asked.path)
        return Reply(b"404 page not found\n", 404) if content is None else Reply(content)

    return Served(answer)


def test_only_profiles_of_the_index_are_fetched_and_nothing_it_leads_to() -> None:
    with served() as server:
        found = download(
            fetching(server=True, PPROF_MCP_HOSTS=server.host), "http", url=server.url, seconds=3
        )
        assert described(found) == {
            "cpu.pb.gz": "cpu",
            "example.com_pool.Open.pb.gz": "threadcreate",
            "heap.pb.gz": "heap",
            "mutex.pb.gz": "mutex",
        }
        paths = sorted(one.path for one in server.asked)
        assert paths == sorted(path for path in CONTENT if path.startswith("/debug"))
        assert [one.query for one in server.asked if one.path.endswith("profile")] == [{"seconds": "3"}]


def test_a_kind_that_fails_leaves_the_others_and_is_told() -> None:
    with served() as server:
        busy = b"Could not enable CPU profiling: cpu profiling already in use\n"
        server.faults["/debug/pprof/profile"] = Reply(busy, 500, {"X-Go-Pprof": "1"})
        server.faults["/debug/pprof/mutex"] = LOGIN
        found = download(fetching(server=False), "http", url=server.url)
        assert set(found.kinds) == {"heap", "threadcreate"}
        told = {one.kind: (one.code, one.reason) for one in found.not_fetched}
        assert told["cpu"][0] == "source_failed"
        assert "cpu profiling already in use" in told["cpu"][1]
        assert told["mutex"][0] == "wrong_host"
        assert sum(one.path.endswith("profile") for one in server.asked) == 1


def test_a_kind_that_is_not_there_is_refused_with_those_that_are() -> None:
    with (
        served() as server,
        pytest.raises(InvalidArgumentError, match=r"no profile 'block'.*cpu, .*heap, mutex"),
    ):
        download(fetching(server=False), "http", url=server.url, kinds=["block"])


def test_a_program_without_an_index_is_asked_for_the_usual_ones() -> None:
    with served() as server:
        server.faults["/debug/pprof/"] = Reply(b"404 page not found\n", 404)
        found = download(fetching(server=False), "http", url=server.url)
        assert set(found.kinds) == {"cpu", "heap", "mutex"}
        assert {one.kind for one in found.not_fetched} == {"goroutine", "goroutine stacks", "block"}


@pytest.mark.parametrize(
    ("path", "kinds"),
    [
        ("/cpu.pb.gz", ["cpu"]),
        ("/old.txt", ["mutex"]),
        ("/bundle.zip", ["cpu", "heap", "mutex", "block", "goroutine"]),
    ],
)
def test_files_of_any_form_are_fetched_by_their_url(path: str, kinds: list[str]) -> None:
    with served() as server:
        session = fetching(server=False)
        found = download(session, "http", url=f"{server.url}{path}")
        assert found.kinds == kinds
        assert call(session, "pprof.top", profile=f"{found.bundle}#{kinds[0]}").rows


@pytest.mark.parametrize(
    ("url", "fault", "error", "says"),
    [
        ("/cpu.pb.gz", redirect("http://169.254.169.254/latest/"), WrongHostError, "169.254.169.254"),
        ("/cpu.pb.gz", redirect("/cpu.pb.gz", 307), WrongHostError, "not followed"),
        ("/cpu.pb.gz", LOGIN, WrongHostError, "page for people"),
        ("/cpu.pb.gz", Reply(b""), BadAnswerError, "nothing"),
        ("/cpu.pb.gz", CUT, NetworkError, "connection failed"),
        ("/cpu.pb.gz", FLOOD, BadAnswerError, "more than 1000000 bytes"),
        ("/cpu.pb.gz", Reply(b"x", 500), SourceFailedError, "500"),
        ("/nothing", None, ProfileGoneError, "404"),
        ("/debug/pprof", LOGIN, WrongHostError, "page for people"),
        ("/debug/pprof", redirect("http://localhost/"), WrongHostError, "not followed"),
    ],
)
def test_what_goes_wrong_is_told_and_leaves_nothing(
    url: str, fault: Reply | None, error: type[PprofMcpError], says: str
) -> None:
    with served() as server:
        if fault is not None:
            server.faults["*"] = fault
        session = fetching(server=False, net=NetSettings(download_bytes=1_000_000))
        with pytest.raises(error, match=says):
            download(session, "http", url=f"{server.url}{url}")
        assert session.records() == []
        folder = session.remote.downloads.folder
        assert not folder.exists() or list(folder.iterdir()) == []


@pytest.mark.parametrize(("path", "error"), [("/text", NotAProfileError), ("/cut", TruncatedProfileError)])
def test_what_is_no_good_profile_is_told_as_for_a_file(path: str, error: type[PprofMcpError]) -> None:
    with served() as server:
        server.faults["/cut"] = Reply(CONTENT["/cpu.pb.gz"][:2_000])
        found = download(fetching(server=False), "http", url=f"{server.url}{path}")
        assert found.files == []
        assert [other.name for other in found.others] == [path[1:]]
        assert found.others[0].reason
        del error


@pytest.mark.parametrize(
    ("status", "says"),
    [(401, "PPROF_MCP_HOST_HEADERS='127.0.0.1:"), (403, "HEADERS"), (404, "Check the address")],
)
@pytest.mark.parametrize("path", ["/debug/pprof/heap", "/cpu.pb.gz"])
def test_what_to_do_is_said_of_the_host_and_not_of_datadog(path: str, status: int, says: str) -> None:
    with served() as server:
        server.faults["*"] = Reply(b"no", status)
        with pytest.raises(PprofMcpError) as caught:
            download(fetching(server=False), "http", url=f"{server.url}{path}")
    assert says in caught.value.hint


def test_a_host_without_tls_is_asked_once_and_told() -> None:
    with served() as server:
        with pytest.raises(NetworkError) as caught:
            download(fetching(server=False), "http", url=f"https://{server.host}/cpu.pb.gz")
        assert "http://" in caught.value.hint


def test_silence_ends_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pprof_http, "READ_SECONDS", 0.2)
    with served() as server:
        server.faults["*"] = SILENCE
        with pytest.raises(TimedOutError, match="did not answer the profile in time"):
            download(fetching(server=False), "http", url=f"{server.url}/cpu.pb.gz")


def test_nobody_there_is_told_with_the_port() -> None:
    with served() as server:
        url = server.url
    with pytest.raises(NetworkError, match=url.rpartition("/")[2]):
        download(fetching(server=False), "http", url=url)


def test_a_server_asks_no_host_that_is_not_allowed_and_sends_nothing() -> None:
    with served() as server:
        for allowed in ("", "localhost:1", "other.example"):
            session = fetching(server=True, PPROF_MCP_HOSTS=allowed)
            with pytest.raises(HostNotAllowedError, match="not among the hosts"):
                download(session, "http", url=f"{server.url}/cpu.pb.gz")
        assert server.asked == []


def test_an_allowed_name_that_leads_to_this_machine_is_not_connected_to() -> None:
    with served() as server:
        port = server.host.rpartition(":")[2]
        session = fetching(server=True, PPROF_MCP_HOSTS=f"shop.example:{port}")
        session.remote.gate.resolve = lambda _host, _port: ["127.0.0.1"]
        with pytest.raises(HostNotAllowedError, match=r"leads to 127\.0\.0\.1"):
            download(session, "http", url=f"http://shop.example:{port}/cpu.pb.gz")
        assert server.asked == []


def test_the_connection_goes_to_the_address_that_was_checked_and_still_names_the_host() -> None:
    with served() as server:
        port = server.host.rpartition(":")[2]
        session = fetching(server=True, PPROF_MCP_HOSTS=f"localhost:{port}")
        looked_up: list[str] = []

        def once(host: str, _port: int) -> list[str]:
            looked_up.append(host)
            return ["127.0.0.1"]

        session.remote.gate.resolve = once
        found = download(session, "http", url=f"http://localhost:{port}/cpu.pb.gz")
        assert found.kinds == ["cpu"]
        assert looked_up == ["localhost"]
        assert [one.headers["host"] for one in server.asked] == [f"localhost:{port}"]


def test_of_several_addresses_the_one_that_listens_is_asked() -> None:
    with served() as server:
        session = fetching(server=True, PPROF_MCP_HOSTS=server.host)
        session.remote.gate.resolve = lambda _host, _port: ["127.0.0.2", "127.0.0.1"]
        found = download(session, "http", url=f"http://localhost:{server.host.rpartition(':')[2]}/cpu.pb.gz")
        assert found.kinds == ["cpu"]


def test_goroutine_stacks_that_can_not_be_read_leave_the_rest() -> None:
    with served() as server:
        dump = Reply(b"\x1f\x8b broken")
        whole = Reply((GO / "goroutine.after.pb.gz").read_bytes())
        server.faults["/debug/pprof/"] = Reply(b"404", 404)
        server.answers["/debug/pprof/goroutine"] = lambda asked: dump if "debug" in asked.query else whole
        found = download(fetching(server=False), "http", url=server.url, kinds=["goroutine"])
        assert found.kinds == ["goroutine"]
        assert found.stacks is None
        assert any("stacks can not be read" in warning for warning in found.warnings)


def test_a_token_goes_to_its_host_alone_and_is_never_told() -> None:
    with served() as one, served() as other:
        token = "s3cret-t0ken-0123456789"
        session = fetching(
            server=True,
            PPROF_MCP_HOSTS=f"{one.host}, {other.host}",
            PPROF_MCP_HOST_HEADERS=f"{one.host} Authorization: Bearer {token}; {one.host} X-Team: shop",
        )
        download(session, "http", url=f"{one.url}/cpu.pb.gz")
        download(session, "http", url=f"{other.url}/cpu.pb.gz")
        assert one.asked[0].headers["authorization"] == f"Bearer {token}"
        assert one.asked[0].headers["x-team"] == "shop"
        assert "authorization" not in other.asked[0].headers
        one.faults["*"] = Reply(f"bad token Bearer {token}".encode(), 401)
        with pytest.raises(PprofMcpError) as caught:
            download(session, "http", url=f"{one.url}/cpu.pb.gz")
        assert token not in str(caught.value) + str(caught.value.details) + caught.value.hint
        assert token not in repr(session.settings)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({}, "needs a url"),
        ({"url": "shop:6060"}, "no URL"),
        ({"url": "http://name:passw0rd@shop/"}, "holds a name or password"),
        ({"url": "http://shop/", "service": "shop"}, "service"),
        ({"url": "http://shop/x.pb.gz", "kinds": ["cpu"]}, "kinds"),
    ],
)
def test_arguments_that_make_no_sense_are_told_before_anything_is_asked(
    arguments: dict[str, object], says: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=says) as caught:
        download(fetching(server=False), "http", **arguments)
    assert "passw0rd" not in str(caught.value)


def test_captures_are_kept_and_open_again_after_the_handle_was_forgotten() -> None:
    with served() as server:
        session = fetching(server=False)
        found = download(session, "http", url=server.url, kinds=["heap"])
    path = session.bundle(found.bundle).reference
    with zipfile.ZipFile(BytesIO(Path(path).read_bytes())) as file:
        assert file.namelist() == ["heap.pb.gz"]
    handle = found.files[0].handle
    session.release(handle)
    again = call(session, "profiles.open", path=path)
    assert again.profiles[0].handle == handle
