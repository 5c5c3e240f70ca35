"""The routes of profiles, by plain HTTP."""

from __future__ import annotations

import dataclasses
import functools
import http.client
import json
import operator
import re
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.fake_datadog import Clock, Event, FakeDatadog, Profile
from tests.fake_datadog.calling import LIST, call, download, keys, listed, one, path_of, window
from tests.fake_datadog.clock import DAY, NOW, iso
from tests.fake_datadog.routes import all_routes

PUP = "/api/unstable/profiling/pup"


def test_profiles_are_listed_newest_first_and_no_more_than_asked_for(fake: FakeDatadog) -> None:
    rows = listed(fake, "service:checkout env:prod", limit=3)
    times = [row["attributes"]["timestamp"] for row in rows]
    assert len(rows) == 3
    assert times == sorted(times, reverse=True)
    assert {row["type"] for row in rows} == {"profile"}
    assert all("service:checkout" in row["attributes"]["tags"] for row in rows)


def test_a_limit_is_taken_at_the_top_or_in_the_page_and_is_50_otherwise(fake: FakeDatadog) -> None:
    assert len(listed(fake, "service:checkout")) == 50
    assert len(listed(fake, "service:checkout", page={"limit": 7})) == 7
    assert len(listed(fake, "service:checkout", limit=2, page={"limit": 7})) == 2
    assert len(listed(fake, "", start=-DAY, limit=5000)) == 500


def test_pages_by_time_give_every_profile_once(fake: FakeDatadog) -> None:
    everything = {row["id"] for row in listed(fake, "service:checkout env:prod", limit=500)}
    seen: list[str] = []
    end = iso(NOW)
    while True:
        body = window("service:checkout env:prod", limit=25)
        body["filter"] = {**dict(body["filter"]), "to": end}  # type: ignore[call-overload]
        rows = call(fake, "POST", LIST, body).json["data"]
        if not rows:
            break
        seen += [row["id"] for row in rows]
        end = rows[-1]["attributes"]["timestamp"]
    assert len(everything) == 120
    assert sorted(seen) == sorted(everything)


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize(
    ("field", "path"),
    [
        ("timestamp", ["timestamp"]),
        ("start", ["start"]),
        ("@metrics.core_cpu_cores", ["custom", "metrics", "core_cpu_cores"]),
    ],
)
def test_every_sort_field_sorts_both_ways(fake: FakeDatadog, field: str, path: list[str], order: str) -> None:
    rows = listed(fake, "service:checkout", limit=100, sort={"field": field, "order": order})
    values = [functools.reduce(operator.getitem, path, row["attributes"]) for row in rows]
    assert values == sorted(values, reverse=order == "desc")
    assert len(set(values)) > 10


def test_what_has_no_measure_comes_last_however_sorted(fake: FakeDatadog) -> None:
    for order in ("asc", "desc"):
        rows = listed(fake, limit=500, sort={"field": "@metrics.core_cpu_cores", "order": order})
        assert rows[-1]["attributes"]["service"] == "legacy"
        assert "custom" not in rows[-1]["attributes"]


@pytest.mark.parametrize(
    "change",
    [
        {"filter": {"from": "yesterday", "to": iso(NOW)}},
        {"filter": {"from": "2026-09-01T10:00:00", "to": iso(NOW)}},
        {"filter": {"from": "2026-13-01T10:00:00Z", "to": iso(NOW)}},
        {"filter": {"from": 1788264000, "to": iso(NOW)}},
        {"filter": {"to": iso(NOW)}},
        {"filter": {"from": iso(NOW), "to": iso(NOW)}},
        {"filter": {"from": iso(NOW + 1), "to": iso(NOW)}},
        {"filter": []},
        {"filter": None},
        {"sort": {"field": "age"}},
        {"sort": {"order": "down"}},
        {"limit": 0},
        {"limit": -1},
        {"limit": "many"},
        {"limit": True},
        {"page": 3},
    ],
)
def test_a_bad_request_is_told_what_is_bad(fake: FakeDatadog, change: dict[str, object]) -> None:
    reply = call(fake, "POST", LIST, {**window(), **change})
    assert reply.status == 400
    assert [str(text) for text in reply.json["errors"]] != []


@pytest.mark.parametrize(
    "query", ['service:"checkout', "(env:prod", "env:prod)", "service:", "OR", "a:b:c", "-"]
)
def test_a_query_that_does_not_balance_is_a_bad_request(fake: FakeDatadog, query: str) -> None:
    reply = call(fake, "POST", LIST, window(query))
    assert reply.status == 400
    assert "filter.query" in reply.json["errors"][0]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"[" * 100_000])
def test_a_body_that_is_no_object_is_a_bad_request(fake: FakeDatadog, body: bytes) -> None:
    assert call(fake, "POST", LIST, body).status == 400


def test_an_unknown_route_or_method_is_not_found_in_json(fake: FakeDatadog) -> None:
    for method, path in (("GET", LIST), ("POST", "/api/v1/validate"), ("GET", "/api/v9/x"), ("DELETE", LIST)):
        reply = call(fake, method, path)
        assert (reply.status, reply.json) == (404, {"errors": ["Not found"]})
    assert [entry.route for entry in fake.log.requests] == [""] * 4


def test_a_download_is_a_zip_of_the_files_of_the_profile(fake: FakeDatadog) -> None:
    profile = one(fake)
    reply = download(fake, profile)
    assert (reply.status, reply.headers["content-type"]) == (200, "application/zip")
    assert set(reply.entries) == set(profile.files)


def test_a_download_needs_both_ids(fake: FakeDatadog) -> None:
    profile, other = one(fake), one(fake, "service:ranker")
    event, short = quote(profile.event_id, safe=""), quote(profile.profile_id, safe="")
    for path, status in (
        (path_of(profile.profile_id, other.event_id), 404),
        (path_of(profile.event_id, profile.profile_id), 404),
        (path_of("nothing", profile.event_id), 404),
        (f"/api/ui/profiling/profiles/{short}/download", 400),
        (f"/api/ui/profiling/profiles/{event}/download?eventId=", 400),
    ):
        assert call(fake, "GET", path).status == status, path


def test_some_ids_have_signs_that_must_be_encoded(fake: FakeDatadog) -> None:
    ids = [(profile.event_id, profile.profile_id) for profile in fake.store.profiles]
    for sign in "-_=":
        assert any(sign in event for event, _ in ids), sign
        assert any(sign in profile for _, profile in ids), sign
    assert len({event for event, _ in ids}) == len(ids)
    assert len({profile for _, profile in ids}) == len(ids)
    assert all(event.startswith("AwAAAZ") and 50 <= len(event) <= 52 for event, _ in ids)
    assert all(22 <= len(profile) <= 24 for _, profile in ids)


def test_a_profile_comes_in_after_the_ingest_delay() -> None:
    with FakeDatadog("empty", clock=Clock(ingest_delay=90)) as fake:
        profile = Profile("cart", "prod", "1", "a", "go", NOW - 90, NOW - 30)
        fake.store.add(profile)
        assert listed(fake) == []
        assert download(fake, profile).status == 404
        fake.clock.forward(60)
        assert len(listed(fake)) == 1
        assert download(fake, profile).status == 200


@pytest.mark.parametrize(("expired", "status"), [("404", 404), ("410", 410), ("empty_zip", 200)])
def test_an_expired_profile_is_listed_but_its_file_is_gone(expired: str, status: int) -> None:
    with FakeDatadog("empty", variants={"expired": expired}) as fake:
        old = Profile("cart", "prod", "1", "a", "go", NOW - 9 * DAY, NOW - 9 * DAY + 60)
        opened = dataclasses.replace(old, host="b", is_opened=True)
        fake.store.add(old, opened)
        assert len(listed(fake, start=-10 * DAY)) == 2
        reply = download(fake, old)
        assert reply.status == status
        assert status != 200 or reply.entries == {}
        assert download(fake, opened).entries
        fake.variants.set(lists_expired=False)
        assert [row["id"] for row in listed(fake, start=-10 * DAY)] == [opened.event_id]


@pytest.mark.parametrize("opens", [False, True])
def test_a_download_may_count_as_opening(opens: bool) -> None:
    with FakeDatadog("empty", variants={"download_opens": opens}) as fake:
        profile = Profile("cart", "prod", "1", "a", "go", NOW - 60, NOW)
        fake.store.add(profile)
        assert download(fake, profile).status == 200
        fake.clock.forward(9 * DAY)
        assert download(fake, profile).status == (200 if opens else 404)


def test_the_bulk_download_has_a_cpu_profile_for_each_go_profile_selected(fake: FakeDatadog) -> None:
    path = "/api/unstable/profiles/gopgo"
    sort = {"field": "@metrics.core_cpu_cores", "order": "desc"}
    query = window("service:checkout", limit=3, sort=sort)
    reply = call(fake, "POST", path, {"queries": [query]})
    busiest = listed(fake, "service:checkout", limit=3, sort=sort)
    assert set(reply.entries) == {row["attributes"]["id"] for row in busiest}
    assert call(fake, "POST", path, {"queries": [window("service:ranker")]}).status == 404
    wrong: list[object] = [[], None, [3], [{}]]
    for queries in wrong:
        assert call(fake, "POST", path, {"queries": queries}).status == 400


def test_the_pup_routes_give_one_file_or_all(fake: FakeDatadog) -> None:
    profile = one(fake)
    target = path_of(profile.profile_id, profile.event_id).replace("/api/ui/profiling", PUP)
    alone = call(fake, "GET", target + "&fileName=cpu.pprof")
    assert alone.headers["content-type"] == "application/octet-stream"
    assert alone.body == call(fake, "GET", target).entries["cpu.pprof"]
    missing = call(fake, "GET", target + "&fileName=main.jfr")
    assert (missing.status, missing.json) == (404, {"errors": ["not found"]})


def test_the_pup_routes_tell_services_types_and_stacks(fake: FakeDatadog) -> None:
    services = call(fake, "POST", f"{PUP}/services", window()).json["data"]
    assert {row["id"]: row["attributes"]["family"] for row in services} == {
        "checkout": ["go"], "ranker": ["python"], "web": ["node"], "legacy": ["java"],
    }  # fmt: skip
    types = call(fake, "POST", f"{PUP}/profile-types", window("service:web")).json["data"]
    assert [row["id"] for row in types] == ["cpu-time", "wall-time"]
    none = call(fake, "POST", f"{PUP}/profile-types", window("service:nothing")).json
    assert none["meta"]["emptyStateReason"]["reason"] == "NO_DATA"
    stacks = call(
        fake, "POST", f"{PUP}/explore/flamegraph", {**window("service:ranker"), "profileType": "cpu-time"}
    )
    rows = stacks.json["sortedStacktracesWithValues"]
    assert rows[0]["stacktrace"][-1] == "dot"
    assert stacks.json["totalValue"]["value"] == sum(row["value"] for row in rows)
    untyped = call(fake, "POST", f"{PUP}/explore/flamegraph", window())
    assert (untyped.status, untyped.json) == (400, {"errors": ["profileType is required"]})


def test_an_organisation_may_not_have_the_pup_routes(fake: FakeDatadog) -> None:
    fake.variants.set(is_pup_enabled=False)
    reply = call(fake, "POST", f"{PUP}/services", window())
    assert reply.status == 403
    assert reply.json == {"errors": ["The pup API is not enabled for this organization."]}


def test_an_aggregate_is_nested_deeper_than_128_levels_and_adds_up(fake: FakeDatadog) -> None:
    profile = one(fake)
    ids = {"profileIds": [profile.profile_id], "eventIds": [profile.event_id], "eventScopes": ["profile"]}
    answer = call(
        fake, "POST", "/profiling/api/v1/aggregate", {**ids, "profileType": "cpu-time", "limit": 1}
    ).json
    root, depth = answer["flameGraph"], 0
    level = [root]
    while level:
        for _, value, _, children in level:
            assert value >= sum(child[1] for child in children)
        level = [child for node in level for child in node[3]]
        depth += 1
    assert depth > 128
    assert answer["numberOfProfiles"] == 1
    names = {answer["strings"][row[3]] for row in answer["frames"]}
    assert "example.com/checkout/cart.priceItem" in names
    assert root[1] == answer["summaryValues"]["cpu-time"]["value"]


def test_an_aggregate_of_a_type_that_the_runtime_lacks_is_a_bad_request(fake: FakeDatadog) -> None:
    flat = {"query": "service:web", "from": iso(NOW - 3600), "to": iso(NOW), "profileType": "alloc-bytes"}
    assert call(fake, "POST", "/profiling/api/v1/aggregate", flat).status == 400
    one_only = call(
        fake, "POST", "/profiling/api/v1/aggregate", {**flat, "profileType": "cpu-time", "limit": 1}
    )
    assert one_only.json["summaryValues"] == {}
    asked = {**flat, "profileType": "cpu-time", "query": "service:web @endpoint:/nowhere"}
    numbers: list[int] = []
    for ignores in (True, False):
        fake.variants.set(ignores_endpoint=ignores)
        numbers.append(call(fake, "POST", "/profiling/api/v1/aggregate", asked).json["numberOfProfiles"])
    assert numbers == [12, 0]
    nothing = call(fake, "POST", "/profiling/api/v1/aggregate", {**flat, "query": "service:no"})
    assert nothing.json["emptyStateReasons"][0]["reason"] == "NO_DATA"


def query_of(kind: str, *, end: float = 0, interval: int = 0, **query: Any) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "from": int(NOW - 3600) * 1000,
        "to": int(NOW + end) * 1000,
        "formulas": [{"formula": "a"}],
        "queries": [{"name": "a", **query}],
    }
    if interval:
        attributes["interval"] = interval
    return {"data": {"type": f"{kind}_request", "attributes": attributes}}


def test_profiles_are_counted_and_measured_by_group(fake: FakeDatadog) -> None:
    grouped = [{"facet": "service", "limit": 10}, {"facet": "env", "limit": 10}]
    asked = query_of("scalar", data_source="profiles", search={"query": ""}, compute={"aggregation": "count"},
                     group_by=grouped)  # fmt: skip
    columns = call(fake, "POST", "/api/v2/query/scalar", asked).json["data"]["attributes"]["columns"]
    assert [column["name"] for column in columns] == ["service", "env", "a"]
    rows = {(s[0], e[0]): n for s, e, n in zip(*(column["values"] for column in columns), strict=True)}
    assert rows["checkout", "prod"] == 120
    assert rows["checkout", "staging"] == 12
    measure = {"aggregation": "avg", "metric": "@prof_core_cpu_cores"}
    asked = query_of(
        "scalar", data_source="profiles", search={"query": "env:prod service:checkout"}, compute=measure
    )
    (column,) = call(fake, "POST", "/api/v2/query/scalar", asked).json["data"]["attributes"]["columns"]
    assert 1 < column["values"][0] < 3
    fake.variants.set(has_profile_facets=False)
    asked = query_of("scalar", data_source="profiles", compute={"aggregation": "count"}, group_by=grouped)
    assert call(fake, "POST", "/api/v2/query/scalar", asked).status == 400


def test_series_have_common_times_and_holes(fake: FakeDatadog) -> None:
    asked = query_of("timeseries", interval=60_000, end=600, data_source="profiles",
                     search={"query": "service:ranker"}, compute={"aggregation": "count"},
                     group_by=[{"facet": "service"}])  # fmt: skip
    answer = call(fake, "POST", "/api/v2/query/timeseries", asked).json["data"]["attributes"]
    (values,) = answer["values"]
    assert len(values) == len(answer["times"]) == 70
    assert None in values
    assert sum(value or 0 for value in values) == 12
    assert answer["series"][0]["group_tags"] == ["service:ranker"]
    asked = query_of("timeseries", interval=60_000, data_source="metrics",
                     query="avg:go.mem.heap{service:checkout} by {host}")  # fmt: skip
    answer = call(fake, "POST", "/api/v2/query/timeseries", asked).json["data"]["attributes"]
    assert [row["group_tags"] for row in answer["series"]] == [["host:checkout-1"], ["host:checkout-2"]]
    assert None in answer["values"][0]


@pytest.mark.parametrize(
    "change",
    [
        {"data_source": "logs"},
        {"compute": {"aggregation": "median"}},
        {"compute": {"aggregation": "avg"}},
        {"compute": {"aggregation": "avg", "metric": "@nothing"}},
        {"search": {"query": "(("}},
        {"group_by": [{"facet": "colour"}]},
    ],
)
def test_a_wrong_query_over_profiles_is_a_bad_request(fake: FakeDatadog, change: dict[str, Any]) -> None:
    good: dict[str, Any] = {"data_source": "profiles", "compute": {"aggregation": "count"}}
    assert call(fake, "POST", "/api/v2/query/scalar", query_of("scalar", **good)).status == 200
    assert call(fake, "POST", "/api/v2/query/scalar", query_of("scalar", **{**good, **change})).status == 400


def test_version_1_is_asked_in_seconds_answers_in_milliseconds_and_fails_in_a_200(fake: FakeDatadog) -> None:
    query = quote("avg:go.mem.heap{service:checkout,host:checkout-1}")
    span = f"from={int(NOW - 1200)}&to={int(NOW)}"
    answer = call(fake, "GET", f"/api/v1/query?{span}&query={query}").json
    (series,) = answer["series"]
    assert series["pointlist"][0][0] == (NOW - 1200) * 1000
    assert [value for _, value in series["pointlist"]].count(None) > 0
    assert series["unit"][0]["name"] == "byte"
    assert series["unit"][1] is None
    no_aggregator = call(fake, "GET", f"/api/v1/query?{span}&query={quote('go.mem.heap{*}')}")
    assert (no_aggregator.status, no_aggregator.json["status"]) == (200, "error")
    assert no_aggregator.json["error"]
    wrong_unit = f"/api/v1/query?from={int(NOW - 60) * 1000}&to={int(NOW) * 1000}&query={query}"
    assert call(fake, "GET", wrong_unit).status == 400


def test_names_of_metrics_come_in_pages(fake: FakeDatadog) -> None:
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = call(fake, "GET", f"/api/v2/metrics?page[size]=2&page[cursor]={cursor}").json
        found += [row["id"] for row in answer["data"]]
        cursor = answer["meta"]["pagination"]["next_cursor"]
    assert found == sorted({metric.name for metric in fake.store.metrics})
    assert call(fake, "GET", "/api/v2/metrics?page[cursor]=!").status == 400
    ranker = call(fake, "GET", "/api/v2/metrics?filter[tags]=service:ranker").json["data"]
    assert [row["id"] for row in ranker] == ["ranker.queue.depth", "runtime.python.mem.rss"]
    tags = call(fake, "GET", "/api/v2/metrics/go.mem.heap/all-tags").json["data"]["attributes"]["tags"]
    assert "host:checkout-2" in tags
    assert call(fake, "GET", "/api/v2/metrics/nothing/all-tags").status == 404


def test_events_come_in_pages_and_a_wrong_cursor_is_a_bad_request(fake: FakeDatadog) -> None:
    path = "/api/v2/events/search"
    filters = {"from": "now-2d", "to": "now", "query": "service:checkout"}
    page: dict[str, object] = {"limit": 2}
    titles: list[str] = []
    while True:
        answer = call(fake, "POST", path, {"filter": filters, "page": page}).json
        titles += [row["attributes"]["attributes"]["title"] for row in answer["data"]]
        if "page" not in answer["meta"]:
            break
        page = {"limit": 2, "cursor": answer["meta"]["page"]["after"]}
    assert titles == [
        "Deployed checkout 1.4.1 to prod",
        "Deployed checkout 1.4.2 to staging",
        "Deployed checkout 1.4.2 to prod",
        "[Triggered] checkout: CPU is high",
    ]
    wrong = call(fake, "POST", path, {"filter": filters, "page": {"cursor": "nonsense!"}})
    assert wrong.status == 400
    assert wrong.json["errors"][0].startswith("['input_validation_error")
    got = call(fake, "GET", "/api/v2/events?filter[from]=now-2d&filter[query]=service:ranker&sort=-timestamp")
    assert len(got.json["data"]) == 1
    for filters in ({"from": "soon"}, {"from": "now", "to": "now-1h"}, {"query": ")"}):
        assert call(fake, "POST", path, {"filter": filters}).status == 400


def test_the_catalogue_comes_in_pages_by_number_and_by_offset(fake: FakeDatadog) -> None:
    base = "/api/v2/services/definitions?page[size]=3&page[number]="
    pages = [call(fake, "GET", base + number).json["data"] for number in "012"]
    assert [[row["attributes"]["schema"]["dd-service"] for row in page] for page in pages] == [
        ["checkout", "legacy", "ranker"], ["web"], [],
    ]  # fmt: skip
    entities = call(fake, "GET", "/api/v2/catalog/entity?page[offset]=2&page[limit]=5").json
    assert [row["attributes"]["name"] for row in entities["data"]] == ["ranker", "web"]
    assert entities["meta"]["count"] == 4
    assert call(fake, "GET", "/api/v2/catalog/entity?filter[name]=web").json["meta"]["count"] == 1
    assert call(fake, "GET", "/api/v2/catalog/entity?page[offset]=x").status == 400
    services = call(fake, "GET", "/api/v2/apm/services?filter[env]=staging").json
    assert services["data"]["attributes"]["services"] == ["checkout"]


def test_what_is_added_is_found(fake: FakeDatadog) -> None:
    fake.store.add(Event(NOW - 60, "Restarted cart", tags=("env:prod",), service="cart"))
    filters = {"from": "now-5m", "to": "now", "query": "service:cart"}
    answer = call(fake, "POST", "/api/v2/events/search", {"filter": filters}).json
    assert [row["attributes"]["attributes"]["title"] for row in answer["data"]] == ["Restarted cart"]


def test_connections_are_kept_and_the_log_tells_everything_but_keys(fake: FakeDatadog) -> None:
    connection = http.client.HTTPConnection(urlsplit(fake.url).netloc, timeout=30)
    for _ in range(3):
        connection.request("POST", LIST, json.dumps(window(limit=1)), {**keys(fake), "User-Agent": "me/1"})
        assert connection.getresponse().read()
    connection.close()
    first = fake.log.of("list")[0]
    assert (len(fake.log.of("list")), first.status, first.headers["user-agent"]) == (3, 200, "me/1")
    assert json.loads(first.body) == window(limit=1)
    assert first.headers["dd-api-key"] == "<dd-api-key 0>"
    assert fake.api_key not in repr(fake.log)
    assert fake.app_key not in repr(fake.log)


def test_requests_are_counted_by_the_second_of_the_servers_clock(fake: FakeDatadog) -> None:
    for count in (3, 1):
        for _ in range(count):
            call(fake, "GET", "/api/v1/validate")
        fake.clock.forward(1)
    assert fake.log.per_second() == {int(NOW): 3, int(NOW) + 1: 1}


def test_a_body_that_is_too_large_or_of_unknown_length_is_refused(fake: FakeDatadog) -> None:
    for headers, status in (({"Content-Length": str(1 << 30)}, 413), ({"Transfer-Encoding": "chunked"}, 411)):
        connection = http.client.HTTPConnection(urlsplit(fake.url).netloc, timeout=30)
        connection.putrequest("POST", LIST)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        assert connection.getresponse().status == status
        connection.close()


def test_every_route_has_a_name_and_path_of_its_own() -> None:
    routes = all_routes()
    assert len(routes) > 20
    assert (
        len({route.name for route in routes})
        == len({(route.method, route.path) for route in routes})
        == len(routes)
    )
    for route in routes:
        assert re.search(r"\[[ABCD?]\]", route.answer.__doc__ or ""), f"{route.name}: how sure is it?"
