"""Which host is asked, and with what: checked on requests that never leave the process."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from pprof_mcp.errors import PprofMcpError, ProfileGoneError, UnauthorizedError, WrongHostError
from pprof_mcp.settings import load
from pprof_mcp.sources.datadog.decoding import Candidate
from pprof_mcp.sources.datadog.profiles import Profiles
from pprof_mcp.sources.net.client import Http
from pprof_mcp.sources.remote import Remote
from pprof_mcp.sources.times import Window, from_epoch

KEYS = {"DD_API_KEY": "canaryapi0123456789abcdef01234567", "DD_APP_KEY": "canaryapp0123456789abcdef"}
WINDOW = Window(from_epoch(1_788_000_000), from_epoch(1_788_003_600))
PROFILE = Candidate("AwAAAZ-_==", "AZ/x+y=")
Reply = Callable[[httpx2.Request], httpx2.Response]


def sources(answer: Reply, folder: Path, **more: str) -> tuple[Profiles, list[httpx2.Request]]:
    seen: list[httpx2.Request] = []

    def heard(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return answer(request)

    settings = load({**KEYS, "PPROF_MCP_DD_RPS": "0", **more})
    remote = Remote(
        settings,
        folder=folder,
        connect=lambda _, limiter: Http(
            limiter=limiter, transport=httpx2.MockTransport(heard), sleep=lambda _: None
        ),
    )
    return remote.profiles, seen


def bundle() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("metrics.json", "[]")
    return out.getvalue()


def page(status: int) -> httpx2.Response:
    return httpx2.Response(status, text="<html>not here</html>", headers={"content-type": "text/html"})


def test_the_api_host_is_asked_first_with_both_keys_and_an_honest_name(tmp_path: Path) -> None:
    profiles, seen = sources(lambda _: httpx2.Response(200, json={"data": []}), tmp_path, DD_SITE="eu1")
    profiles.search("service:x", WINDOW, limit=5)
    (request,) = seen
    assert str(request.url) == "https://api.datadoghq.eu/api/unstable/profiles/list"
    assert request.headers["dd-api-key"] == KEYS["DD_API_KEY"]
    assert request.headers["dd-application-key"] == KEYS["DD_APP_KEY"]
    assert request.headers["user-agent"].startswith("pprof-mcp")
    assert request.headers["content-type"] == "application/json"
    assert "authorization" not in request.headers


def test_the_second_host_is_asked_when_the_first_does_not_know_the_way_and_then_first(tmp_path: Path) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return page(404) if request.url.host.startswith("api.") else httpx2.Response(200, content=bundle())

    profiles, seen = sources(answer, tmp_path)
    profiles.download(PROFILE)
    profiles.download(Candidate("other", "one"))
    assert [request.url.host for request in seen] == [
        "api.datadoghq.com", "app.datadoghq.com", "app.datadoghq.com"
    ]  # fmt: skip
    assert seen[1].url.raw_path == (
        b"/api/ui/profiling/profiles/AZ%2Fx%2By%3D/download?eventId=AwAAAZ-_%3D%3D"
    )


def test_a_profile_that_is_not_there_is_asked_for_once(tmp_path: Path) -> None:
    profiles, seen = sources(lambda _: httpx2.Response(404, json={"errors": ["Profile not found"]}), tmp_path)
    with pytest.raises(ProfileGoneError) as caught:
        profiles.download(PROFILE)
    assert len(seen) == 1
    assert "8 days" in caught.value.hint
    assert "canary" not in caught.value.message


def test_where_no_host_knows_the_way_both_are_told(tmp_path: Path) -> None:
    profiles, seen = sources(lambda _: page(404), tmp_path, DD_SITE="us3")
    with pytest.raises(WrongHostError, match=r"404 from api\.us3\.datadoghq\.com, us3\.datadoghq\.com"):
        profiles.download(PROFILE)
    assert len(seen) == 2


def test_one_base_address_is_the_only_one(tmp_path: Path) -> None:
    profiles, seen = sources(
        lambda _: page(404), tmp_path, PPROF_MCP_DD_BASE_URL="https://gateway.example/dd/"
    )
    with pytest.raises(WrongHostError):
        profiles.search("*", WINDOW, limit=1, site="eu")
    assert [str(request.url) for request in seen] == ["https://gateway.example/dd/api/unstable/profiles/list"]


def test_the_api_key_is_checked_on_the_host_that_refused_without_the_other_key(tmp_path: Path) -> None:
    profiles, seen = sources(lambda _: httpx2.Response(403, json={"errors": ["Forbidden"]}), tmp_path)
    with pytest.raises(UnauthorizedError, match="API key is unknown on datadoghq"):
        profiles.search("*", WINDOW, limit=1)
    check = seen[-1]
    assert str(check.url) == "https://api.datadoghq.com/api/v1/validate"
    assert "dd-application-key" not in check.headers


@pytest.mark.parametrize("status", [401, 403])
def test_when_the_check_itself_fails_no_key_is_blamed(tmp_path: Path, status: int) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(500 if "validate" in request.url.path else status)

    profiles, _ = sources(answer, tmp_path)
    with pytest.raises(UnauthorizedError, match="does not accept the keys"):
        profiles.search("*", WINDOW, limit=1)


def test_sites_of_one_program_may_differ_from_call_to_call(tmp_path: Path) -> None:
    profiles, seen = sources(lambda _: httpx2.Response(200, json={"data": []}), tmp_path)
    for site in ("us5", "ap1", ""):
        profiles.search("*", WINDOW, limit=1, site=site)
    assert [request.url.host for request in seen] == [
        "api.us5.datadoghq.com", "api.ap1.datadoghq.com", "api.datadoghq.com"
    ]  # fmt: skip


def test_an_error_in_an_answer_that_calls_itself_good_is_an_error(tmp_path: Path) -> None:
    profiles, _ = sources(lambda _: httpx2.Response(200, json={"errors": ["the query is bad"]}), tmp_path)
    with pytest.raises(PprofMcpError, match="the query is bad"):
        profiles.search("*", WINDOW, limit=1)
