"""What datadog.services.search must get right."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pprof_mcp.errors import ForbiddenError, NotConfiguredError, SourceFailedError, UnauthorizedError
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import run
from pprof_mcp.session.session import Session
from pprof_mcp.sources.datadog.services import KEPT_SECONDS
from pprof_mcp.tools.datadog.services.search import ServicesResult

from tests.cases import Cases
from tests.datadog import session_of
from tests.fake_datadog import CHOICES, FakeDatadog, Profile

CASES = Cases(
    good=[{"query": "checkout", "hours": 72}, {"query": "nobody"}, {}, {"query": "ranker prod", "limit": 1}],
    wrong=[("query", 5), ("limit", 0), ("hours", 0), ("site", "evil.example"), ("cursor", "x")],
    # What is known from the call before says so.
    is_steady=False,
)


def searched(session: Session, query: str = "", **more: object) -> ServicesResult:
    found = run(load("datadog.services.search"), {"query": query, **more}, session=session)
    assert isinstance(found, ServicesResult)
    return found


def names(found: ServicesResult) -> list[str]:
    return [row.service for row in found.matches]


def crowd(fake: FakeDatadog, *services: str, count: int = 1, env: str = "prod") -> None:
    base = Profile("x", env, "1", "h", "go", 0, 0)
    for service in services:
        for place in range(count):
            end = fake.clock() - 60 * place - 1
            fake.store.add(replace(base, service=service, start=end - 60, end=end))


def test_all_services_are_told_with_what_others_ask_for(asking: Session, fake: FakeDatadog) -> None:
    found = searched(asking)
    assert (found.found_by, found.total, found.left_out.rows, found.warnings) == ("query", 4, 0, [])
    row = found.matches[0]
    assert (row.service, row.match_type) == ("checkout", "any")
    assert row.environments == ["prod", "staging"]
    assert row.versions == ["1.4.1", "1.4.2"]
    assert row.runtimes == ["go"]
    day = fake.clock() - 86_400
    there = [one for one in fake.store.visible() if one.service == "checkout" and one.end >= day]
    assert row.profiles == len(there)
    assert not fake.log.of("list")


@pytest.mark.parametrize(
    ("query", "kind"),
    [("checkout", "exact"), ("Checkout", "exact"), ("check", "prefix"), ("check-out", "normalized"),
     ("eck", "contains"), ("chekout", "similar")],
)  # fmt: skip
def test_a_name_that_is_roughly_known_is_found(asking: Session, query: str, kind: str) -> None:
    found = searched(asking, query)
    assert (found.matches[0].service, found.matches[0].match_type) == ("checkout", kind)
    assert found.next[0].arguments == {"service": "checkout"}


def test_the_surest_names_come_first(asking: Session, fake: FakeDatadog) -> None:
    crowd(fake, "checkout-worker", "my-checkout", "check_out")
    assert names(searched(asking, "checkout")) == ["checkout", "checkout-worker", "check_out", "my-checkout"]


def test_an_environment_narrows_by_its_beginning(asking: Session) -> None:
    found = searched(asking, env="STAG")
    assert names(found) == ["checkout"]
    assert found.matches[0].environments == ["staging"]
    assert 0 < found.matches[0].profiles < 400
    assert found.next[0].arguments == {"service": "checkout", "env": "staging"}
    nothing = searched(asking, env="qa")
    assert nothing.matches == []
    assert any("there are: prod, staging" in warning for warning in nothing.warnings)


@pytest.mark.parametrize("query", ["checkout staging", "staging check-out", "Staging CHECKOUT"])
def test_a_query_may_name_the_environment_too(asking: Session, query: str) -> None:
    found = searched(asking, query)
    assert names(found) == ["checkout"]
    assert found.next[0].arguments == {"service": "checkout", "env": "staging"}
    assert any("'staging' was read as the environment" in warning for warning in found.warnings)


@pytest.mark.parametrize("query", ["zzzz", "--", "_", '" OR service:*', "a b c"])
def test_nothing_alike_is_an_answer(asking: Session, query: str) -> None:
    found = searched(asking, query)
    assert (found.matches, found.next) == ([], [])
    assert found.warnings


def test_a_long_list_goes_on_by_its_cursor(asking: Session, fake: FakeDatadog) -> None:
    crowd(fake, *(f"job-{place:02}" for place in range(30)))
    seen: list[str] = []
    cursor = ""
    while True:
        found = searched(asking, "job", limit=7, cursor=cursor)
        seen += names(found)
        assert found.left_out.rows == 30 - len(found.matches)
        if found.cursor is None:
            break
        cursor = found.cursor
    assert seen == [f"job-{place:02}" for place in range(30)]
    # Services once, versions for each page.
    assert len(fake.log.of("scalar")) == 6


def test_services_are_remembered_for_a_while_for_each_site_and_window(
    asking: Session, fake: FakeDatadog
) -> None:
    first = searched(asking, "check", env="staging")
    assert (first.cached, first.cached_at) == (False, None)
    crowd(fake, "checker")
    again = searched(asking, "check")
    assert again.cached
    # A call that was narrowed has not narrowed what is remembered.
    assert again.matches[0].environments == ["prod", "staging"]
    assert names(again) == ["checkout"]
    assert again.cached_at == "2026-09-01T12:00:00Z"
    assert not searched(asking, "check", hours=2).cached
    assert not searched(asking, "check", site="us3").cached
    assert names(searched(asking, "check", refresh=True)) == ["checker", "checkout"]
    fake.clock.forward(KEPT_SECONDS)
    later = searched(asking, "check")
    assert not later.cached
    assert searched(asking, "check").cached_at == "2026-09-01T12:10:00Z"


def test_without_facets_the_list_tells_and_says_so(asking: Session, fake: FakeDatadog) -> None:
    fake.variants.set(has_profile_facets=False)
    found = searched(asking)
    assert found.found_by == "list"
    assert any("because" in warning and "unknown facet" in warning for warning in found.warnings)
    assert set(names(found)) == {"checkout", "legacy", "ranker", "web"}
    assert found.matches[0].versions == ["1.4.2"]


def test_a_busy_service_hides_no_quiet_one(asking: Session, fake: FakeDatadog) -> None:
    fake.variants.set(has_profile_facets=False)
    crowd(fake, "busy", count=900)
    crowd(fake, "noisy", count=600)
    fake.store.add(Profile("quiet", "prod", "1", "h", "go", fake.clock() - 80_000, fake.clock() - 79_940))
    found = searched(asking)
    assert {"busy", "noisy", "quiet", "checkout"} <= set(names(found))
    assert len(fake.log.of("list")) <= 4
    assert not any("may be missing" in warning for warning in found.warnings)


def test_services_that_are_hidden_after_all_are_said_to_be(asking: Session, fake: FakeDatadog) -> None:
    fake.variants.set(has_profile_facets=False)
    for place in range(6):
        end = fake.clock() - 60 * place - 1
        one = Profile(f"wave-{place}", "prod", "1", "h", "go", end - 30, end)
        fake.store.add(*(replace(one, host=f"h{at}") for at in range(520)))
    found = searched(asking)
    assert any("may be missing" in warning for warning in found.warnings)


@pytest.mark.parametrize("form", CHOICES["empty_list"])
def test_no_profiles_at_all_are_an_answer(tmp_path: Path, form: str) -> None:
    with FakeDatadog("empty") as fake:
        fake.variants.set(empty_list=form)
        found = searched(session_of(fake, tmp_path))
    assert (found.total, found.matches, found.found_by) == (0, [], "list")
    assert any("no service has profiles" in warning for warning in found.warnings)


@pytest.mark.parametrize("words", CHOICES["scope_words"])
def test_each_way_has_its_permission(fake: FakeDatadog, tmp_path: Path, words: str) -> None:
    fake.variants.set(scope_words=words)
    lists = fake.keys.add_app(["continuous_profiler_read"])
    found = searched(session_of(fake, tmp_path, DD_APP_KEY=lists))
    assert found.found_by == "list"
    assert any("timeseries_query" in warning for warning in found.warnings)
    asks = fake.keys.add_app(["timeseries_query"])
    assert searched(session_of(fake, tmp_path, DD_APP_KEY=asks)).found_by == "query"
    neither = fake.keys.add_app(["events_read"])
    with pytest.raises(ForbiddenError) as caught:
        searched(session_of(fake, tmp_path, DD_APP_KEY=neither))
    assert "continuous_profiler_read" in caught.value.message
    assert "timeseries_query" in caught.value.message


def test_wrong_and_missing_keys_are_told(fake: FakeDatadog, tmp_path: Path) -> None:
    with pytest.raises(NotConfiguredError, match="DD_API_KEY"):
        searched(session_of(fake, tmp_path, DD_API_KEY=""))
    with pytest.raises(UnauthorizedError, match="API key is unknown"):
        searched(session_of(fake, tmp_path, DD_API_KEY="a" * 32))


@pytest.mark.parametrize(
    "body",
    [
        {"errors": ["no"]},
        {"data": {}},
        {"data": {"attributes": {"columns": [{"name": 5, "values": "x"}, None]}}},
        {"data": {"attributes": {"columns": [{"type": "number", "values": [1, None, "x"]}]}}},
        [],
        "<html>",
    ],
)
def test_strange_answers_lead_to_the_list(asking: Session, fake: FakeDatadog, body: object) -> None:
    fake.fault(kind="status", route="scalar", status=200, body=body, times=0)
    assert "checkout" in names(searched(asking))


def test_values_that_mean_nothing_are_no_names(asking: Session, fake: FakeDatadog) -> None:
    columns = [
        {"name": "service", "type": "group", "values": [["a"], ["N/A"], "b", [], [7]]},
        {"name": "env", "type": "group", "values": [["N/A"], ["prod"], ["prod"]]},
        {"name": "a", "type": "number", "values": [3.0, 4, 5, 6, 7]},
    ]
    body = {"data": {"attributes": {"columns": columns}}}
    fake.fault(kind="status", route="scalar", status=200, body=body, times=1)
    found = searched(asking)
    assert [(row.service, row.profiles, row.environments) for row in found.matches] == [
        ("b", 5, ["prod"]),
        ("a", 3, []),
    ]


def test_versions_that_can_not_be_had_fail_nothing(asking: Session, fake: FakeDatadog) -> None:
    fake.fault(kind="status", route="scalar", nth=2, status=400, body={"errors": ["no facet version"]})
    found = searched(asking, "checkout")
    assert found.matches[0].versions == []
    assert any("versions are not known" in warning for warning in found.warnings)
    assert searched(asking, "checkout").matches[0].versions == ["1.4.1", "1.4.2"]


def test_names_from_the_source_are_never_more_than_names(asking: Session, fake: FakeDatadog) -> None:
    crowd(fake, 'evil" OR service:checkout', "a:b)", "OR")
    found = searched(asking)
    assert {'evil" OR service:checkout', "a:b)", "OR"} <= set(names(found))
    versions = {row.service: row.versions for row in found.matches}
    assert versions["OR"] == ["1"]


def test_when_neither_way_works_both_reasons_are_told(asking: Session, fake: FakeDatadog) -> None:
    fake.fault(kind="status", route="scalar", status=400, body={"errors": ["facets are off"]}, times=0)
    fake.fault(kind="status", route="list", status=501, times=0, headers={"Retry-After": "3600"})
    with pytest.raises(SourceFailedError, match="facets are off"):
        searched(asking)
