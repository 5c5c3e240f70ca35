"""Sites, settings, searches and lists: what users and servers write, read without guessing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.settings import load
from pprof_mcp.sources import times
from pprof_mcp.sources.datadog.decoding import read_candidate, written
from pprof_mcp.sources.datadog.finding import near
from pprof_mcp.sources.datadog.query import Which, normal
from pprof_mcp.sources.datadog.sites import APPS, hosts_of, site_of


@pytest.mark.parametrize(
    ("text", "site"),
    [
        ("", "datadoghq.com"), ("datadoghq.com", "datadoghq.com"), ("US3", "us3.datadoghq.com"),
        ("eu1", "datadoghq.eu"), ("eu", "datadoghq.eu"), ("us1-fed", "ddog-gov.com"),
        ("https://app.datadoghq.eu/", "datadoghq.eu"), ("api.us5.datadoghq.com", "us5.datadoghq.com"),
        ("https://us3.datadoghq.com/profiling?x=y", "us3.datadoghq.com"),
        (" app.datadoghq.com ", "datadoghq.com"),
        ("HTTPS://AP1.datadoghq.com:443", "ap1.datadoghq.com"),
    ],
)  # fmt: skip
def test_a_site_is_known_however_it_is_written(text: str, site: str) -> None:
    assert site_of(text) == site


@pytest.mark.parametrize(
    "text",
    ["datadoghq.org", "datadoghq.com.evil.example", "evil.example/datadoghq.com", "xdatadoghq.com", "us9",
     "https://evil.example#datadoghq.com", "https://user@evil.example", "api.api.datadoghq.com", "http://[",
     "a b"],
)  # fmt: skip
def test_whatever_is_no_site_is_refused_with_those_there_are(text: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        site_of(text)
    assert caught.value.details["available"] == list(APPS)


def test_keys_go_to_hosts_of_the_site_alone() -> None:
    for site in APPS:
        for base in hosts_of(site, "").bases:
            assert base.startswith("https://")
            assert base == f"https://{site}" or base.endswith(f".{site}")
    assert hosts_of("datadoghq.eu", "http://127.0.0.1:1").bases == ("http://127.0.0.1:1",)


def test_settings_are_read_in_older_spellings_too() -> None:
    new = load({"DD_API_KEY": "a", "DD_APP_KEY": "b", "DD_SITE": "eu"}).datadog
    old = load({"DATADOG_API_KEY": "a", "DD_APPLICATION_KEY": "b", "DATADOG_SITE": "eu"}).datadog
    assert new == old
    both = load({"DD_API_KEY": "a", "DATADOG_API_KEY": "x"}).datadog
    assert both.api_key.reveal() == "a"


@pytest.mark.parametrize(
    "text",
    ["ftp://x", "x", "http://", "https://user:pw@x", "https://x?a=b", "https://x#a", "http://x:port",
     "https://x y", "https://ü"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgumentError, match="PPROF_MCP_DD_BASE_URL"):
        load({"PPROF_MCP_DD_BASE_URL": text})


def test_an_address_may_have_a_path_and_a_slash_at_its_end() -> None:
    assert load({"PPROF_MCP_DD_BASE_URL": "https://x:1/dd/"}).datadog.base_url == "https://x:1/dd"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Check Out", "check_out"), ("a__b", "a_b"), ("_a_", "a"), ("Größe", "größe"),
     ("a/b.c-d:e", "a/b.c-d:e"), ("x" * 300, "x" * 200), ("***", "***"), ("!!", "!!")],
)  # fmt: skip
def test_names_are_written_as_datadog_stores_them(name: str, expected: str) -> None:
    assert normal(name) == expected


@pytest.mark.parametrize(
    ("which", "text"),
    [
        (Which("shop"), "service:shop"),
        (Which("shop", "prod", "web-*", "1.2"), "service:shop env:prod version:1.2 host:web-*"),
        (Which("shop", version="a b"), 'service:shop version:"a b"'),
        (Which("shop", host='x" OR host:"y'), 'service:shop host:"x\\" OR host:\\"y"'),
        (Which("shop", host="a\\"), 'service:shop host:"a\\\\"'),
        (Which("shop", host="or"), 'service:shop host:"or"'),
        (Which("shop", host="-x"), 'service:shop host:"-x"'),
        (Which("shop", terms="a OR b"), "service:shop (a OR b)"),
        (Which("", ""), "*"),
    ],
)
def test_searches_are_written_so_that_everything_must_hold(which: Which, text: str) -> None:
    assert which.text() == text


@given(st.text(max_size=40))
def test_a_value_ends_where_it_ends(value: str) -> None:
    try:
        text = Which("s", host=value).text()
    except InvalidArgumentError:
        return
    rest = text.removeprefix("service:s")
    if not rest:
        assert not value.strip()
        return
    assert rest.startswith(" host:")
    shown = rest.removeprefix(" host:")
    if shown.startswith('"'):
        # Read as the quoted text that it is, it is the value and nothing behind it.
        assert json.loads(shown.replace("\t", " ")) == value.strip()
    else:
        assert shown == value.strip()
        assert not set(shown) & set(' ":()\\')


KEYS = st.sampled_from(
    ["id", "attributes", "tags", "tag", "timestamp", "start", "end", "custom", "metrics", "duration_nanos",
     "profile-id", "service", "x"]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, JSON, max_size=6))
def test_an_entry_of_any_form_is_read_or_left_out(item: dict[str, Any]) -> None:
    found = read_candidate(item)
    assert found is not None
    again = read_candidate(json.loads(json.dumps(written(found))))
    assert again is not None
    assert (again.event_id, again.profile_id) == (found.event_id, found.profile_id) or not found.profile_id
    assert again.tags == found.tags
    assert again.metrics == found.metrics


@pytest.mark.parametrize(
    ("attributes", "field"),
    [
        ({"id": "p"}, "attributes.id"), ({"profile-id": "p"}, "attributes.profile-id"),
        ({"profile_id": "p"}, "attributes.profile_id"),
        ({"id": "", "profile-id": "p"}, "attributes.profile-id"),
        ({"id": 7, "profileId": "p"}, "attributes.profileId"),
    ],
)  # fmt: skip
def test_the_profile_id_is_found_under_every_name(attributes: dict[str, Any], field: str) -> None:
    found = read_candidate({"id": "e", "attributes": attributes})
    assert found is not None
    assert (found.event_id, found.profile_id, found.id_field) == ("e", "p", field)


@pytest.mark.parametrize(
    "value",
    ["2026-09-01T11:59:31.5Z", "2026-09-01T13:59:31.5+02:00", "2026-09-01T13:59:31.500000000+0200",
     "2026-09-01 11:59:31.5+00", "2026-09-01T11:59:31.500", 1_788_263_971.5, 1_788_263_971_500,
     "1788263971500", 1_788_263_971_500_000, 1_788_263_971_500_000_000, "1788263971500000000"],
    ids=repr,
)  # fmt: skip
def test_a_time_is_read_however_a_list_writes_it(value: object) -> None:
    found = read_candidate({"id": "e", "attributes": {"id": "p", "timestamp": value}})
    assert found is not None
    assert found.timestamp is not None
    assert times.text(found.timestamp) == "2026-09-01T11:59:31.500Z"


@pytest.mark.parametrize("value", ["2026-09-01", "11:59", "soon", "2026-09-01T11:59:31+2", "1e400", -5, True])
def test_what_is_no_time_is_none(value: object) -> None:
    found = read_candidate({"id": "e", "attributes": {"id": "p", "timestamp": value}})
    assert found is not None
    assert found.timestamp is None


def test_measures_are_read_beside_the_attributes_too() -> None:
    found = read_candidate({"id": "e", "profile-id": "p", "custom": {"metrics": {"core_cpu_cores": "1.5"}}})
    assert found is not None
    assert found.metrics == {"core_cpu_cores": 1.5}


def test_near_names_come_nearest_first() -> None:
    known = ["checkout", "check-out-web", "checkout-worker", "ranker", "out"]
    assert near("Check_Out", known)[0] == "checkout"
    assert near("checkuot", known)[0] == "checkout"
    assert near("worker", known) == ["checkout-worker"]
    assert near("zzz", known) == []
    assert near("--", known) == []
