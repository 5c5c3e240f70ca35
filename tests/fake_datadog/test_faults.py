"""Every fault, seen at the socket."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import socket
import threading
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from pprof_mcp import _native

from tests.fake_datadog import Clock, FakeDatadog, Fault
from tests.fake_datadog.broken import BOMB, BROKEN
from tests.fake_datadog.calling import LIST, Reply, call, download, keys, one, path_of, window
from tests.fake_datadog.clock import NOW
from tests.fake_datadog.faults import KINDS, RATE_LIMITED

SHORT = 0.3
"""Seconds after which silence counts as a stall here; nothing is asserted about time."""


def raw(fake: FakeDatadog, *, quiet: float = 30, begin: bytes = b"") -> tuple[bytes, type[Exception] | None]:
    """Download one profile with a bare socket: all bytes that come, and how they end.

    Args:
        fake: The server.
        quiet: Seconds of silence after which nothing more is waited for.
        begin: What must have come before silence counts.
    """
    profile = one(fake)
    fake.log.clear()
    lines = [f"GET {path_of(profile.profile_id, profile.event_id)} HTTP/1.1", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in keys(fake).items()]
    with socket.create_connection(("127.0.0.1", fake.port), timeout=30) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        found = b""
        try:
            while not _is_whole(found):
                if len(found) >= len(begin):
                    connection.settimeout(quiet)
                piece = connection.recv(65_536)
                if not piece:
                    break
                found += piece
        except OSError as problem:
            return found, type(problem)
        return found, None


def _is_whole(found: bytes) -> bool:
    head, separator, body = found.partition(b"\r\n\r\n")
    lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    return bool(separator and lengths) and len(body) >= int(lengths[0].split()[1])


def test_a_fault_hits_the_call_that_it_names_and_no_other(fake: FakeDatadog) -> None:
    fake.fault(route="validate", nth=2, times=2, kind="status", status=503, headers={"Retry-After": "4"})
    replies = [call(fake, "GET", "/api/v1/validate") for _ in range(5)]
    assert [reply.status for reply in replies] == [200, 503, 503, 200, 200]
    assert replies[1].headers["retry-after"] == "4"
    assert call(fake, "POST", LIST, window()).status == 200
    assert [entry.fault for entry in fake.log.of("validate")] == ["", "status", "status", "", ""]
    assert [entry.status for entry in fake.log.of("validate")] == [200, 503, 503, 200, 200]


def test_several_faults_count_for_themselves(fake: FakeDatadog) -> None:
    for nth, status in ((1, 500), (2, 502), (3, 504)):
        fake.fault(route="validate", nth=nth, kind="status", status=status)
    assert [call(fake, "GET", "/api/v1/validate").status for _ in range(4)] == [500, 502, 504, 200]


def test_chance_is_fixed_by_its_seed() -> None:
    def statuses(seed: int) -> list[int]:
        fault = Fault("status", probability=0.5, seed=seed, times=0)
        with FakeDatadog("empty", faults=[fault]) as fake:
            return [call(fake, "GET", "/api/v1/validate").status for _ in range(20)]

    assert statuses(1) == statuses(1) != statuses(2)
    assert set(statuses(1)) == {200, 500}


@pytest.mark.parametrize("form", RATE_LIMITED)
def test_a_429_has_the_headers_of_its_form(fake: FakeDatadog, form: str) -> None:
    fake.fault(route="list", kind="rate_limited", form=form)
    reply = call(fake, "POST", LIST, window())
    found = {name: value for name, value in reply.headers.items() if name.endswith(("reset", "after"))}
    assert reply.status == 429
    assert (
        found
        == {
            "reset": {"x-ratelimit-reset": "7"},
            "lower_case": {"x-ratelimit-reset": "7"},
            "reset_and_retry_after": {"x-ratelimit-reset": "7", "retry-after": "3"},
            "retry_after": {"retry-after": "3"},
            "neither": {},
            "zero": {"x-ratelimit-reset": "0"},
            "negative": {"x-ratelimit-reset": "-5"},
            "text": {"x-ratelimit-reset": "soon"},
            "epoch": {"x-ratelimit-reset": str(int(NOW) + 7)},
        }[form]
    )


def test_limits_are_counted_in_aligned_windows() -> None:
    with FakeDatadog("empty", clock=Clock(now=NOW + 50)) as fake:
        fake.limits.add("profiles_list", 2, 60, ("list",))
        replies = [call(fake, "POST", LIST, window()) for _ in range(3)]
        assert [reply.status for reply in replies] == [200, 200, 429]
        assert [reply.headers["x-ratelimit-remaining"] for reply in replies] == ["1", "0", "0"]
        assert {reply.headers["x-ratelimit-reset"] for reply in replies} == {"10"}
        assert replies[2].headers["x-ratelimit-name"] == "profiles_list"
        assert "x-ratelimit-name" not in call(fake, "GET", "/api/v1/validate").headers
        fake.clock.forward(10)
        assert call(fake, "POST", LIST, window()).status == 200
        fake.variants.set(rate_headers="none")
        assert "x-ratelimit-limit" not in call(fake, "POST", LIST, window()).headers
        assert call(fake, "POST", LIST, window()).headers["x-ratelimit-reset"] == "60"


def test_an_error_may_be_a_page(fake: FakeDatadog) -> None:
    fake.fault(kind="status", status=502, body="<html>Bad gateway</html>")
    fake.fault(nth=2, kind="status", status=403, body={"errors": [{"title": "Forbidden"}]})
    reply = call(fake, "GET", "/api/v1/validate")
    assert (reply.status, reply.headers["content-type"][:9]) == (502, "text/html")
    assert call(fake, "GET", "/api/v1/validate").json["errors"][0]["title"] == "Forbidden"


def test_connections_are_refused_for_a_while_and_the_port_stays(fake: FakeDatadog) -> None:
    url = fake.url
    with fake.refusing(), pytest.raises(ConnectionRefusedError):
        call(fake, "GET", "/api/v1/validate")
    assert fake.url == url
    assert call(fake, "GET", "/api/v1/validate").status == 200


@pytest.mark.parametrize(("kind", "has_head"), [("reset_before_headers", False), ("reset_mid_body", True)])
def test_a_reset_is_a_reset(fake: FakeDatadog, kind: str, has_head: bool) -> None:
    fake.fault(route="download", kind=kind)
    found, problem = raw(fake)
    assert problem is ConnectionResetError
    assert found.startswith(b"HTTP/1.1 200") == has_head
    assert not _is_whole(found)
    assert call(fake, "GET", "/api/v1/validate").status == 200


@pytest.mark.parametrize(
    ("kind", "begin"), [("stall_before_headers", b""), ("stall_mid_body", b"HTTP/1.1 200")]
)
def test_a_stall_is_silence_on_an_open_connection(fake: FakeDatadog, kind: str, begin: bytes) -> None:
    fake.fault(route="download", kind=kind)
    found, problem = raw(fake, quiet=SHORT, begin=begin)
    assert problem is TimeoutError
    assert found.startswith(begin)
    assert bool(found) == bool(begin)
    assert not _is_whole(found)
    fake.log.wait_for(0)


def test_a_stall_ends_with_the_server() -> None:
    with FakeDatadog(faults=[Fault("stall_before_headers", route="download")]) as fake:
        profile = one(fake)
        caught: list[Exception] = []

        def wait() -> None:
            try:
                download(fake, profile)
            except (OSError, http.client.HTTPException) as problem:
                caught.append(problem)

        waiting = threading.Thread(target=wait)
        waiting.start()
        fake.log.wait_for(1)
    waiting.join()
    assert caught


def test_a_drip_comes_byte_by_byte_and_whole_in_the_end(fake: FakeDatadog) -> None:
    fake.fault(route="validate", kind="drip", every=0.001)
    assert call(fake, "GET", "/api/v1/validate").json == {"valid": True}


def test_a_hold_lets_tests_see_how_many_come_at_once(fake: FakeDatadog) -> None:
    fault = fake.fault(route="validate", kind="hold", times=0)
    replies: list[Reply] = []
    threads = [
        threading.Thread(target=lambda: replies.append(call(fake, "GET", "/api/v1/validate")))
        for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    fake.log.wait_for(5)
    assert replies == []
    fault.release()
    for thread in threads:
        thread.join()
    assert fake.log.peak_concurrency == 5
    assert [reply.status for reply in replies] == [200] * 5
    fake.log.wait_for(0)


def test_a_body_that_is_shorter_than_announced_is_seen_as_incomplete(fake: FakeDatadog) -> None:
    profile = one(fake)
    for kind in ("short_body", "cut_chunked"):
        fake.fault(route="download", kind=kind, at=100)
        with pytest.raises(http.client.IncompleteRead) as caught:
            download(fake, profile)
        assert len(caught.value.partial) == 100, kind


def test_a_body_without_length_that_ends_early_looks_whole_to_http(fake: FakeDatadog) -> None:
    profile = one(fake)
    whole = download(fake, profile).body
    fake.fault(route="download", kind="no_length")
    reply = download(fake, profile)
    assert "content-length" not in reply.headers
    assert reply.body == whole[: len(whole) // 2]
    with pytest.raises(zipfile.BadZipFile):
        _ = reply.entries


def test_bodies_may_be_strange_under_a_200(fake: FakeDatadog) -> None:
    found: dict[str, Reply] = {}
    for kind in ("wrong_type", "gzip_body", "html_login", "empty", "invalid_json", "errors_in_200"):
        fake.fault(route="list", kind=kind)
        found[kind] = call(fake, "POST", LIST, window(limit=1))
    assert {reply.status for reply in found.values()} == {200}
    assert found["wrong_type"].headers["content-type"] == "application/octet-stream"
    assert found["wrong_type"].json["data"]
    assert found["gzip_body"].headers["content-encoding"] == "gzip"
    assert json.loads(zlib.decompress(found["gzip_body"].body, 31))["data"]
    assert b"<form>" in found["html_login"].body
    assert found["empty"].body == b""
    with pytest.raises(json.JSONDecodeError):
        _ = found["invalid_json"].json
    assert found["errors_in_200"].json["errors"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_leads_to_an_origin_that_writes_everything_down(fake: FakeDatadog, status: int) -> None:
    fake.fault(route="list", kind="redirect", status=status)
    reply = call(fake, "POST", LIST, window())
    location = urlsplit(reply.headers["location"])
    assert reply.status == status
    assert f"http://{location.netloc}" == fake.second.url != fake.url
    assert fake.second.requests == []
    # What a careless client would do:
    connection = http.client.HTTPConnection(location.netloc, timeout=30)
    connection.request("GET", location.path, headers=keys(fake))
    assert connection.getresponse().read() == b'{"data": []}'
    connection.close()
    assert fake.second.keys_seen() == ["dd-api-key", "dd-application-key"]


def test_what_is_listed_may_be_gone(fake: FakeDatadog) -> None:
    profile = one(fake)
    fake.fault(route="download", kind="expired")
    assert [download(fake, profile).status for _ in range(2)] == [404, 200]


@pytest.fixture(scope="module")
def broken() -> Iterator[dict[str, bytes]]:
    """A download broken in every way."""
    with FakeDatadog() as fake:
        profile = one(fake)
        found: dict[str, bytes] = {}
        for kind in BROKEN:
            fake.fault(route="download", kind=kind)
            reply = download(fake, profile)
            assert reply.status == 200
            found[kind] = reply.body
        assert download(fake, profile).entries
        yield found


def opened(content: bytes) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(content))


def test_a_flipped_bit_is_found_only_by_reading(broken: dict[str, bytes]) -> None:
    archive = opened(broken["zip_flipped_bit"])
    assert archive.testzip() == archive.namelist()[0]


def test_zips_without_end_or_entries_are_that(broken: dict[str, bytes]) -> None:
    with pytest.raises(zipfile.BadZipFile):
        opened(broken["zip_no_directory_end"])
    assert opened(broken["zip_no_entries"]).namelist() == []
    assert len(opened(broken["zip_many_entries"]).namelist()) == 10_000


def test_an_encrypted_entry_says_so(broken: dict[str, bytes]) -> None:
    archive = opened(broken["zip_encrypted"])
    with pytest.raises(RuntimeError, match="encrypted"):
        archive.read(archive.namelist()[0])


def test_bombs_are_small_and_honest(broken: dict[str, bytes]) -> None:
    archive = opened(broken["zip_bomb"])
    (info,) = archive.infolist()
    assert info.file_size == BOMB
    assert len(broken["zip_bomb"]) < BOMB // 500
    with archive.open(info) as file:
        assert file.read(1 << 20) == bytes(1 << 20)
    inner = opened(broken["zip_zstd_bomb"]).read("cpu.pprof")
    assert len(inner) < 50_000
    with pytest.raises(Exception, match="too large"):
        _native.Profile.decode(inner)


def test_names_may_be_hostile_and_double(broken: dict[str, bytes]) -> None:
    for kind, start in (("climbing", "../../"), ("absolute", "/etc/"), ("backslash", "..\\..\\")):
        names = opened(broken[f"zip_{kind}_name"]).namelist()
        assert names
        assert all(name.startswith(start) for name in names), kind
    names = opened(broken["zip_duplicate_names"]).namelist()
    assert names.count("cpu.pprof") == 2
    assert "other/cpu.pprof" in names


def test_entries_may_be_unknown_cut_empty_or_no_profiles(broken: dict[str, bytes]) -> None:
    assert {"cpu.pprof", "flux.capacitor", "folder/"} <= set(opened(broken["zip_unknown_entries"]).namelist())
    for kind in ("cut_gzip", "cut_zstd", "empty_profile"):
        archive = opened(broken[f"zip_{kind}"])
        assert archive.testzip() is None
        with pytest.raises(Exception, match=r"cut|end|empty|incomplete|truncated"):
            _native.Profile.decode(archive.read("cpu.pprof"))
        assert archive.read("delta-heap.pprof")
    assert opened(broken["zip_only_metrics"]).namelist() == ["metrics.json"]
    assert opened(broken["zip_only_recording"]).read("main.jfr").startswith(b"FLR\0")


def test_every_kind_of_fault_answers_or_breaks_the_connection(fake: FakeDatadog) -> None:
    profile = one(fake)
    for kind in KINDS:
        if kind in ("hold", "drip") or kind.startswith("stall"):
            continue
        fake.fault(route="download", kind=kind)
        with contextlib.suppress(OSError, http.client.HTTPException):
            download(fake, profile)
        assert fake.log.requests[-1].fault == kind
    assert len(KINDS) == 36


def test_an_unknown_fault_is_an_error() -> None:
    with pytest.raises(ValueError, match="there are"):
        Fault("fire")
    with pytest.raises(ValueError, match="there are"):
        Fault("rate_limited", form="never")


def test_no_fault_warns(broken: dict[str, bytes]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert zipfile.is_zipfile(io.BytesIO(broken["zip_duplicate_names"]))
