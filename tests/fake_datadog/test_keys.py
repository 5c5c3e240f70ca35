"""Who may call what, under which host, and the forms of everything doubtful."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fake_datadog import CHOICES, FakeDatadog, Variants
from tests.fake_datadog.calling import LIST, call, download, listed, one, window
from tests.fake_datadog.hosts import SITES, host_of
from tests.fake_datadog.routes import all_routes

SCOPED = [route for route in all_routes() if route.scope]


def test_the_check_of_a_key_looks_at_the_api_key_alone(fake: FakeDatadog) -> None:
    def status(**headers: str) -> int:
        return call(fake, "GET", "/api/v1/validate", headers=headers, has_keys=False).status

    assert status(**{"DD-API-KEY": fake.api_key}) == 200
    assert status(**{"dd-api-key": fake.api_key, "DD-APPLICATION-KEY": "wrong"}) == 200
    assert status(**{"DD-API-KEY": "0" * 32}) == 403
    assert status(**{"DD-APPLICATION-KEY": fake.app_key}) == 403
    assert status() == 403
    # The hosted MCP server spells them so; here they are nothing.
    assert status(DD_API_KEY=fake.api_key) == 403


@pytest.mark.parametrize("route", [pytest.param(route, id=route.name) for route in SCOPED])
def test_every_other_route_needs_both_keys_and_its_permission(fake: FakeDatadog, route: Any) -> None:
    target = route.path.replace("{}", "x")

    def reply(api_key: str, app_key: str) -> Any:
        headers = {"DD-API-KEY": api_key, "DD-APPLICATION-KEY": app_key}
        return call(fake, route.method, target, {}, headers, has_keys=False)

    assert reply(fake.api_key, "wrong").status == 403
    assert reply("wrong", fake.app_key).status == 403
    lacking = reply(fake.api_key, fake.keys.add_app({"metrics_write"}))
    assert lacking.status == 403
    assert route.scope in lacking.json["errors"][0]
    assert reply(fake.api_key, fake.keys.add_app({route.scope})).status not in (401, 403)
    assert reply(fake.api_key, fake.app_key).status not in (401, 403)


def test_more_keys_can_be_made_and_the_log_tells_them_apart(fake: FakeDatadog) -> None:
    second = {"DD-API-KEY": fake.keys.add_api(), "DD-APPLICATION-KEY": fake.keys.add_app()}
    assert call(fake, "POST", LIST, window(), second).status == 200
    assert call(fake, "POST", LIST, window(), {"DD-API-KEY": "stolen"}).status == 403
    seen = [entry.headers["dd-api-key"] for entry in fake.log.requests]
    assert seen == ["<dd-api-key 1>", "<dd-api-key unknown>"]


def test_tokens_are_for_the_pup_routes_alone(fake: FakeDatadog) -> None:
    token = {"Authorization": f"Bearer {fake.keys.add_token({'continuous_profiler_read'})}"}
    pup = "/api/unstable/profiling/pup/profiles/list"
    assert call(fake, "POST", pup, window(limit=1), token, has_keys=False).status == 200
    assert call(fake, "POST", LIST, window(), token, has_keys=False).status == 401
    assert call(fake, "POST", pup, window(), {"Authorization": "Bearer no"}, has_keys=False).status == 401
    weak = {"Authorization": f"Bearer {fake.keys.add_token({'events_read'})}"}
    assert call(fake, "POST", pup, window(), weak, has_keys=False).status == 403
    assert "ddpat_" not in repr(fake.log)


def test_unlisted_routes_may_refuse_scoped_keys(fake: FakeDatadog) -> None:
    fake.variants.set(refuses_scoped_keys=True)
    scoped = {"DD-APPLICATION-KEY": fake.keys.add_app({"continuous_profiler_read", "metrics_read"})}
    assert call(fake, "POST", LIST, window(), scoped).status == 403
    assert call(fake, "GET", "/api/v2/metrics", headers=scoped).status == 200
    assert call(fake, "POST", LIST, window()).status == 200


@pytest.mark.parametrize("form", CHOICES["error_form"])
def test_a_refusal_has_many_forms(fake: FakeDatadog, form: str) -> None:
    fake.variants.set(error_form=form)
    reply = call(fake, "POST", LIST, window(), {"DD-APPLICATION-KEY": "wrong"})
    assert reply.status == 403
    found = reply.body if form in ("html", "empty") else reply.json
    assert (
        found
        == {
            "strings": {"errors": ["Forbidden"]},
            "objects": {"errors": [{"title": "Forbidden"}]},
            "text": {"errors": [{"title": "Forbidden"}]},
            "jsonapi": {"errors": [{"status": "403", "title": "Forbidden", "detail": "Forbidden"}]},
            "message": {"message": "Forbidden"},
            "html": b"<html><body><h1>403</h1></body></html>",
            "empty": b"",
        }[form]
    )
    types = {"text": "text/plain", "jsonapi": "application/vnd.api+json", "html": "text/html", "empty": ""}
    assert reply.headers.get("content-type", "").startswith(types.get(form, "application/json"))


def test_the_wording_of_a_missing_permission_varies(fake: FakeDatadog) -> None:
    weak = {"DD-APPLICATION-KEY": fake.keys.add_app(())}
    texts: set[str] = set()
    for words in CHOICES["scope_words"]:
        fake.variants.set(scope_words=words)
        texts.add(call(fake, "POST", LIST, window(), weak).json["errors"][0])
    assert len(texts) == 3
    assert all("continuous_profiler_read" in text for text in texts)


def at(fake: FakeDatadog, host: str, path: str = LIST) -> Any:
    is_list = path == LIST
    return call(
        fake, "POST" if is_list else "GET", path, window(limit=1) if is_list else None, {"Host": host}
    )


def test_hosts_of_every_site_are_known() -> None:
    assert len(SITES) == 10
    for site, ui in SITES.items():
        assert (host_of(f"api.{site}").site, host_of(f"API.{site}:443").role) == (site, "api")
        assert (host_of(ui).site, host_of(ui).role) == (site, "app")
        assert host_of(site).role == ("app" if ui == site else "bare")
    for other in ("127.0.0.1:80", "localhost", "api.datadoghq.com.evil.example", "xapi.datadoghq.com", ""):
        assert host_of(other).site is None


def test_api_and_ui_hosts_answer_and_the_bare_host_leads_away(fake: FakeDatadog) -> None:
    assert at(fake, "api.datadoghq.com").status == 200
    assert at(fake, "app.datadoghq.com").status == 200
    bare = at(fake, "datadoghq.com")
    assert (bare.status, bare.headers["location"]) == (301, f"https://www.datadoghq.com{LIST}")
    assert bare.headers["content-type"].startswith("text/html")
    assert at(fake, "127.0.0.1").status == 200
    assert call(fake, "GET", "/").status == 307


def test_keys_of_another_site_are_unknown() -> None:
    with FakeDatadog({"site": "us5.datadoghq.com"}) as fake:
        for host in ("api.us5.datadoghq.com", "us5.datadoghq.com", "app.us5.datadoghq.com"):
            assert at(fake, host).status == 200
        assert at(fake, "api.datadoghq.com").status == 403
        assert at(fake, "api.us5.datadoghq.com", "/api/v1/validate").status == 200
        assert at(fake, "api.us3.datadoghq.com", "/api/v1/validate").status == 403


def test_downloads_may_be_served_by_the_ui_host_alone(fake: FakeDatadog) -> None:
    fake.variants.set(download_hosts="app")
    profile = one(fake)
    reply = download(fake, profile)
    assert (reply.status, reply.headers["content-type"][:9]) == (404, "text/html")
    path = fake.log.requests[-1].path + "?eventId=" + fake.log.requests[-1].query["eventId"]
    assert at(fake, "api.datadoghq.com", path).status == 404
    assert at(fake, "app.datadoghq.com", path).status == 200
    fake.variants.set(download_hosts="app_json")
    assert at(fake, "api.datadoghq.com", path).json == {"errors": ["Not found"]}


def test_the_date_may_be_wrong(fake: FakeDatadog) -> None:
    assert call(fake, "GET", "/api/v1/validate").headers["date"] == "Tue, 01 Sep 2026 12:00:00 GMT"
    fake.clock.skew = -125
    assert call(fake, "GET", "/api/v1/validate").headers["date"] == "Tue, 01 Sep 2026 11:57:55 GMT"


def test_an_unknown_switch_or_setting_is_an_error() -> None:
    for wrong in ({"colour": "red"}, {"id_field": "uuid"}, {"max_limit": "9"}):
        with pytest.raises(ValueError, match=r"no switch|cannot be"):
            Variants().set(**wrong)


@pytest.mark.parametrize("field", CHOICES["id_field"])
def test_the_profile_id_may_have_any_name(fake: FakeDatadog, field: str) -> None:
    fake.variants.set(id_field=field)
    (row,) = listed(fake, limit=1)
    names = {"id", "profile-id", "profile_id"}
    inside = names & set(row["attributes"])
    beside = names & set(row) - {"id"}
    assert (inside, beside) == {
        "id": ({"id"}, set()),
        "profile-id": ({"profile-id"}, set()),
        "profile_id": ({"profile_id"}, set()),
        "both": ({"id", "profile-id"}, set()),
        "top:profile-id": (set(), {"profile-id"}),
        "top:profile_id": (set(), {"profile_id"}),
    }[field]
    found = {row["attributes"][name] for name in inside} | {row[name] for name in beside}
    assert found == {one(fake, "").profile_id}


def test_rows_of_lists_have_many_forms(fake: FakeDatadog) -> None:
    def row(**change: Any) -> dict[str, Any]:
        before = {name: getattr(fake.variants, name) for name in change}
        fake.variants.set(**change)
        (found,) = listed(fake, "service:checkout env:prod", limit=1)
        fake.variants.set(**before)
        return found["attributes"]

    usual = row()
    assert row(tags_form="tag")["tag"]["service"] == ["checkout"]
    assert {"tag", "tags"} <= set(row(tags_form="both"))
    assert not {"tag", "tags"} & set(row(tags_form="none"))
    assert repr(row()["duration_nanos"]) == "60000000000.0"
    assert repr(row(duration_form="int")["duration_nanos"]) == "60000000000"
    assert row(duration_form="text")["duration_nanos"] == "60000000000"
    assert "duration_nanos" not in row(duration_form="absent")
    assert "service" not in row(has_named_attributes=False)
    assert "custom" not in row(has_metrics=False)
    assert row(timestamp="start")["timestamp"] == usual["start"] != usual["timestamp"]
    assert row(time_form="whole")["timestamp"] == "2026-09-01T11:59:31Z"
    assert row(time_form="offset")["timestamp"] == "2026-09-01T11:59:31.500+00:00"
    assert row(time_form="nanos")["timestamp"] == "2026-09-01T11:59:31.500000000Z"
    assert row(time_form="basic")["timestamp"] == "2026-09-01T11:59:31.500+0000"
    assert row(time_form="naive")["timestamp"] == "2026-09-01T11:59:31.500"
    assert row(time_form="epoch")["timestamp"] == 1_788_263_971_500
    assert row(time_form="epoch_text")["timestamp"] == "1788263971500"
    assert row(time_form="epoch_nanos")["timestamp"] == 1_788_263_971_500_000_000
    assert "x_unheard_of" in row(has_unknown_fields=True)


def test_the_end_of_a_window_may_be_inside(fake: FakeDatadog) -> None:
    last = one(fake).end
    body = window("service:checkout env:prod", limit=1)
    body["filter"] = {"from": "2026-09-01T11:00:00Z", "to": "2026-09-01T11:59:31.500Z"}
    found: dict[str, str] = {}
    for end in CHOICES["window_end"]:
        fake.variants.set(window_end=end)
        found[end] = call(fake, "POST", LIST, body).json["data"][0]["attributes"]["timestamp"]
    assert last == pytest.approx(1788263971.5)
    assert found == {"exclusive": "2026-09-01T11:59:07.250Z", "inclusive": "2026-09-01T11:59:31.500Z"}


def test_nothing_may_be_an_empty_list_or_no_body(fake: FakeDatadog) -> None:
    assert call(fake, "POST", LIST, window("service:no")).json == {"data": []}
    fake.variants.set(empty_list="body")
    reply = call(fake, "POST", LIST, window("service:no"))
    assert (reply.status, reply.body) == (200, b"")
    for form, body in (("null", {"data": None}), ("absent", {})):
        fake.variants.set(empty_list=form)
        assert call(fake, "POST", LIST, window("service:no")).json == body


def test_a_limit_that_is_too_large_may_be_refused(fake: FakeDatadog) -> None:
    fake.variants.set(max_limit=10)
    assert len(listed(fake, limit=11)) == 10
    fake.variants.set(over_limit="400")
    assert call(fake, "POST", LIST, window(limit=11)).status == 400
    assert len(listed(fake, limit=10)) == 10


@pytest.mark.parametrize("form", CHOICES["json_form"])
def test_json_has_many_forms(fake: FakeDatadog, form: str) -> None:
    fake.variants.set(json_form=form)
    reply = call(fake, "POST", LIST, window(limit=1))
    assert reply.body.startswith(b"\xef\xbb\xbf") == (form == "bom")
    kind = {"vnd": "application/vnd.api+json", "text": "text/plain; charset=utf-8"}
    assert reply.headers["content-type"] == kind.get(form, "application/json")


def test_every_switch_of_words_can_be_set_to_every_word() -> None:
    for name, words in CHOICES.items():
        assert getattr(Variants(), name) == words[0]
        for word in words:
            variants = Variants()
            variants.set(**{name: word})
            assert getattr(variants, name) == word
