"""Everything that can go wrong between here and Datadog, against a server that does it on purpose."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pprof_mcp.errors import (
    BadAnswerError,
    NetworkError,
    PprofMcpError,
    ProfileGoneError,
    ProfileTooLargeError,
    RateLimitedError,
    RefusedError,
    SourceFailedError,
    WrongHostError,
)
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import run
from pprof_mcp.session.session import Session
from pprof_mcp.sources.datadog.decoding import Candidate
from pprof_mcp.sources.net.together import together

from tests.datadog import session_of
from tests.fake_datadog import FakeDatadog
from tests.fake_datadog.faults import KINDS, RATE_LIMITED
from tests.fake_datadog.proxy import Proxy
from tests.sources.datadog import fault_table
from tests.sources.datadog.virtual import ENDLESS, Virtual


@pytest.fixture
def fake() -> Iterator[FakeDatadog]:
    with FakeDatadog() as running:
        yield running


@pytest.fixture
def virtual(fake: FakeDatadog, tmp_path: Path) -> Virtual:
    return Virtual(fake, tmp_path / "downloads")


PASSES = {"wrong_type", "gzip_body", "zip_duplicate_names", "zip_unknown_entries", "zip_cut_gzip",
          "zip_cut_zstd", "zip_zstd_bomb", "zip_empty_profile", "zip_only_metrics",
          "zip_only_recording", "drip"}  # fmt: skip
"""Kinds that leave a whole bundle: what is wrong inside shows when it is opened."""
LASTING: dict[str, type[PprofMcpError]] = {
    "status": SourceFailedError,
    "rate_limited": RateLimitedError,
    "redirect": WrongHostError,
    "html_login": WrongHostError,
    "expired": ProfileGoneError,
    "zip_no_entries": ProfileGoneError,
    "zip_many_entries": ProfileTooLargeError,
    "zip_bomb": ProfileTooLargeError,
    "reset_before_headers": NetworkError,
    "reset_mid_body": NetworkError,
    "short_body": NetworkError,
    "cut_chunked": NetworkError,
}
"""What a download ends with when a fault stays; all others are broken answers."""


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ENDLESS])
def test_every_fault_of_a_download_ends_well_or_in_words(
    virtual: Virtual, fake: FakeDatadog, kind: str
) -> None:
    fake.fault(kind=kind, route="download", times=0, every=0.0)
    if kind in PASSES:
        assert virtual.downloaded().stat().st_size > 0
        return
    with pytest.raises(LASTING.get(kind, BadAnswerError)) as caught:
        virtual.downloaded()
    assert caught.value.hint
    assert fake.second.requests == []
    assert not list((virtual.remote.downloads.folder).glob("*"))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ENDLESS and "zip" not in kind])
def test_every_fault_of_a_list_ends_well_or_in_words(virtual: Virtual, fake: FakeDatadog, kind: str) -> None:
    fake.fault(kind=kind, route="list", times=0, every=0.0)
    expected = {
        **LASTING,
        "errors_in_200": RefusedError,
        "expired": WrongHostError,
        "no_length": BadAnswerError,
    }
    if kind in {"wrong_type", "gzip_body", "drip", "empty"}:
        assert len(virtual.listed().candidates) == (0 if kind == "empty" else 5)
        return
    with pytest.raises(expected.get(kind, BadAnswerError)) as caught:
        virtual.listed()
    assert caught.value.hint
    assert fake.second.keys_seen() == []


@pytest.mark.slow
def test_the_table_of_the_documentation_says_what_is_seen() -> None:
    written = fault_table.PAGE.read_text(encoding="utf-8")
    made = fault_table.rows()
    assert len(made) >= len(KINDS) - 1
    for row in made.values():
        assert row in written
    assert written == fault_table.HEAD + "".join(made.values())


def test_the_two_tables_of_faults_know_all_of_them() -> None:
    assert len(KINDS) > 20
    assert (PASSES | set(LASTING) | ENDLESS) <= set(KINDS)


@pytest.mark.parametrize("form", list(RATE_LIMITED))
def test_every_way_to_say_slow_down_is_obeyed(virtual: Virtual, fake: FakeDatadog, form: str) -> None:
    fake.fault(kind="rate_limited", route="list", form=form, times=2)
    assert len(virtual.listed().candidates) == 5
    announced = {"reset": 7, "lower_case": 7, "reset_and_retry_after": 7, "retry_after": 3, "epoch": 7}
    wait = announced.get(form)
    assert len(fake.log.of("list")) == 3
    if wait is None:
        assert virtual.waits == pytest.approx([0.15, 0.3])
    else:
        assert all(wait <= waited <= wait + 1 for waited in virtual.waits), virtual.waits
        assert len(virtual.waits) == 2


def test_a_limit_that_is_really_counted_is_never_passed(virtual: Virtual, fake: FakeDatadog) -> None:
    fake.limits.add("profiles_api", 5, 30)
    for _ in range(23):
        assert len(virtual.listed().candidates) == 5
    refused = [entry for entry in fake.log.requests if entry.status == 429]
    assert len(fake.log.requests) == 23
    assert refused == []


def test_the_pace_is_kept_by_all_calls_together(virtual: Virtual, fake: FakeDatadog) -> None:
    begun = fake.clock()
    for _ in range(24):
        virtual.listed()
    assert fake.clock() - begun == pytest.approx((24 - 4) / 2)


def test_no_more_than_four_are_under_way(fake: FakeDatadog, tmp_path: Path) -> None:
    session = session_of(fake, tmp_path)
    profiles = [one for one in fake.store.visible() if one.service == "ranker"][:12]

    def job(at: int) -> Path:
        one = profiles[at]
        return session.remote.profiles.download(Candidate(one.event_id, one.profile_id)).path

    found = together([lambda at=at: job(at) for at in range(12)], workers=12)
    assert len({path for path in found if isinstance(path, Path)}) == 12
    assert 1 <= fake.log.peak_concurrency <= 4


@pytest.mark.parametrize("password", ["", "geheim"])
def test_through_a_proxy_the_site_is_asked_by_name(fake: FakeDatadog, tmp_path: Path, password: str) -> None:
    with Proxy(int(fake.url.rpartition(":")[2]), "me" if password else "", password) as proxy:
        base = {"PPROF_MCP_DD_BASE_URL": "http://api.datadoghq.com", "PPROF_MCP_PROXY": proxy.url}
        virtual = Virtual(fake, tmp_path / "downloads", **base)
        assert len(virtual.listed().candidates) == 5
        assert proxy.requests[0].had_credentials
    assert fake.log.requests[0].headers["host"] == "api.datadoghq.com"
    assert "proxy-authorization" not in fake.log.requests[0].headers


def test_a_proxy_that_refuses_is_told_without_its_password(fake: FakeDatadog, tmp_path: Path) -> None:
    with Proxy(int(fake.url.rpartition(":")[2]), "me", "right") as proxy:
        url = proxy.url.replace("right", "wrong-geheim")
        base = {"PPROF_MCP_DD_BASE_URL": "http://api.datadoghq.com", "PPROF_MCP_PROXY": url}
        with pytest.raises(NetworkError, match="proxy") as caught:
            Virtual(fake, tmp_path / "downloads", **base).listed()
    assert "geheim" not in f"{caught.value.message} {caught.value.hint} {caught.value.details}"
    assert fake.log.requests == []


@pytest.mark.parametrize("kind", sorted(PASSES - {"drip", "wrong_type", "gzip_body"}))
def test_what_is_wrong_inside_a_bundle_is_told_beside_what_is_good(
    fake: FakeDatadog, tmp_path: Path, kind: str
) -> None:
    fake.fault(kind=kind, route="download")
    session: Session = session_of(fake, tmp_path)
    found = run(
        load("profiles.download_latest_bundle"), {"service": "checkout", "env": "prod"}, session=session
    )
    told = found.model_dump()
    files, others = told["files"], told["others"]
    if kind == "zip_duplicate_names":
        assert len({row["name"] for row in files}) == len(files) == 15
        assert all(row["bytes"] for row in files)
    elif kind in ("zip_only_metrics", "zip_only_recording", "zip_zstd_bomb"):
        assert files == []
        assert told["warnings"]
    elif kind == "zip_unknown_entries":
        assert len(files) == 5
        assert len(others) > 1
    else:
        assert len(files) == 4
        assert any(row["name"].endswith(".pprof") and row["reason"] for row in others)
