"""What datadog.profiles.list must get right."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest
from pprof_mcp.errors import (
    BadAnswerError,
    ForbiddenError,
    InvalidArgumentError,
    NotConfiguredError,
    PprofMcpError,
    RateLimitedError,
    UnauthorizedError,
    WrongHostError,
)
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import run
from pprof_mcp.results.capture import ListResult
from pprof_mcp.session.session import Session
from pprof_mcp.tools.datadog.profiles.pick import PickResult

from tests.cases import Cases
from tests.datadog import WINDOW, session_of
from tests.fake_datadog import CHOICES, FakeDatadog, Profile

CASES = Cases(
    good=[
        {"service": "checkout", "env": "prod", **WINDOW},
        {"service": "nobody", **WINDOW},
        {"service": "checkout", "host": "checkout-*", "query": "runtime:go", "limit": 2, **WINDOW},
    ],
    wrong=[("service", ""), ("service", "a\nb"), ("limit", 0)],
)


def listed(session: Session, service: str = "checkout", **more: object) -> ListResult:
    found = run(load("datadog.profiles.list"), {"service": service, **more}, session=session)
    assert isinstance(found, ListResult)
    return found


def ids(found: ListResult) -> list[tuple[str, str]]:
    return [(row.profile_id, row.event_id) for row in found.candidates]


def of(fake: FakeDatadog, service: str, env: str = "") -> list[Profile]:
    """Profiles that are there, the newest first."""
    there = [one for one in fake.store.visible() if one.service == service and env in ("", one.env)]
    return sorted(there, key=lambda one: (-one.end, one.event_id))


def test_the_newest_come_first_with_what_a_choice_needs(asking: Session, fake: FakeDatadog) -> None:
    found = listed(asking, env="prod", limit=5)
    expected = of(fake, "checkout", "prod")[:5]
    assert ids(found) == [(one.profile_id, one.event_id) for one in expected]
    first = found.candidates[0]
    assert (first.version, first.host, first.runtime) == ("1.4.2", expected[0].host, "go")
    assert first.duration_seconds == 60
    assert first.numeric_fields["core_cpu_cores"] == expected[0].cores
    assert first.timestamp == "2026-09-01T11:59:31.500Z"
    assert not found.is_complete
    assert (found.from_ts, found.to_ts) == ("2026-08-29T12:00:00Z", "2026-09-01T12:00:00Z")


@pytest.mark.parametrize(("limit", "window_end"), [(1, "exclusive"), (3, "inclusive"), (7, "exclusive")])
def test_the_cursor_leads_through_all_of_them_once(
    asking: Session, fake: FakeDatadog, limit: int, window_end: str
) -> None:
    fake.variants.set(window_end=window_end)
    first = of(fake, "checkout", "prod")[0]
    # Many of one moment: a window that ends there would lose some.
    fake.store.add(*(replace(first, service="crowd", process=str(place)) for place in range(9)))
    fake.store.add(*(replace(one, service="crowd") for one in of(fake, "checkout", "prod")[1:6]))
    seen: list[tuple[str, str]] = []
    cursor = ""
    while True:
        found = listed(asking, "crowd", limit=limit, cursor=cursor)
        seen += ids(found)
        if found.cursor is None:
            break
        cursor = found.cursor
    assert found.is_complete
    assert found.count > 0, "the last page is not empty"
    assert not found.warnings
    assert seen == [(one.profile_id, one.event_id) for one in of(fake, "crowd")]


@pytest.mark.parametrize("most", [100, 64, 37])
def test_a_long_list_is_asked_for_in_pages_and_is_whole(
    asking: Session, fake: FakeDatadog, most: int
) -> None:
    fake.variants.set(max_limit=most)
    there = of(fake, "ranker")
    assert len(there) > 200
    found = listed(asking, "ranker", limit=500)
    assert found.is_complete
    assert ids(found) == [(one.profile_id, one.event_id) for one in there]
    assert 1 <= len(fake.log.of("list")) - len(there) // most <= 2


def test_a_list_that_is_shorter_than_one_before_is_whole(asking: Session, fake: FakeDatadog) -> None:
    listed(asking, "ranker", limit=200)
    before = len(fake.log.of("list"))
    found = listed(asking, "ranker", limit=200, hours=1)
    assert found.is_complete
    assert 10 < found.count < 200
    assert len(fake.log.of("list")) == before + 1


def test_the_busiest_of_few_are_all_there_are(asking: Session, fake: FakeDatadog) -> None:
    given = {"service": "ranker", "strategy": "busiest", "hours": 2, "limit": 100}
    found = run(load("datadog.profiles.pick"), given, session=asking)
    assert isinstance(found, PickResult)
    assert 10 < found.looked_at < 50
    assert not found.warnings
    assert len(fake.log.of("list")) == 1


def test_a_clock_that_is_wrong_is_told_where_a_window_reaches_now(asking: Session, fake: FakeDatadog) -> None:
    fake.clock.skew = -300
    assert any("300 s ahead of" in warning for warning in listed(asking).warnings)
    assert not listed(asking, to="-1h").warnings


FORMS = [
    (name, value)
    for name in (
        "id_field",
        "tags_form",
        "duration_form",
        "timestamp",
        "time_form",
        "window_end",
        "json_form",
    )
    for value in CHOICES[name]
] + [("has_named_attributes", False), ("has_metrics", False), ("has_unknown_fields", True)]


@pytest.mark.parametrize(("name", "value"), FORMS)
def test_every_form_of_a_list_is_understood(
    asking: Session, fake: FakeDatadog, name: str, value: object
) -> None:
    fake.variants.set(**{name: value})
    found = listed(asking, env="prod", limit=3)
    expected = of(fake, "checkout", "prod")[:3]
    assert {row.event_id for row in found.candidates} == {one.event_id for one in expected}
    assert {row.profile_id for row in found.candidates} == {one.profile_id for one in expected}
    if name == "time_form":
        whole = value == "whole"
        assert found.candidates[0].timestamp == f"2026-09-01T11:59:31{'' if whole else '.500'}Z"
    assert found.candidates[0].timestamp is not None
    assert not found.warnings
    if value != "none":
        assert {row.version for row in found.candidates} == {"1.4.2"}


def test_names_are_looked_for_as_datadog_writes_them(asking: Session) -> None:
    found = listed(asking, "CheckOut", env="PROD", limit=1)
    assert found.count == 1
    assert any("'checkout'" in warning for warning in found.warnings)


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ({"service": "check-out"}, "near it: checkout"),
        ({"service": "checkuot"}, "near it: checkout"),
        ({"service": "payments"}, "such as"),
        ({"env": "prd"}, "env prod, staging"),
        ({"version": "9"}, "version 1.4.2"),
        ({"from": "2020-01-01T00:00:00Z", "to": "2020-01-02T00:00:00Z"}, "are kept 8 days"),
        ({"from": "-7d", "to": "-6d"}, "service 'checkout' has profiles of the last 168 hours, but none in"),
    ],
)
def test_nothing_found_is_an_answer_that_says_what_is_near(
    asking: Session, given: dict[str, str], hint: str
) -> None:
    found = listed(asking, **{"service": "checkout", **given})
    assert (found.count, found.is_complete, found.cursor) == (0, True, None)
    assert any(hint in warning for warning in found.warnings), found.warnings


@pytest.mark.parametrize("form", CHOICES["empty_list"])
def test_both_forms_of_an_empty_list_are_empty(asking: Session, fake: FakeDatadog, form: str) -> None:
    fake.variants.set(empty_list=form)
    assert listed(asking, "nobody").count == 0


@pytest.mark.parametrize(
    "value",
    ['x" OR service:"checkout', "x OR service:checkout", "x) OR (service:checkout", "x env:prod", "-x", "a:b",
     "OR", 'back\\" OR "', "çà et là"],
)  # fmt: skip
def test_a_value_is_never_more_than_a_value(asking: Session, value: str) -> None:
    for name in ("service", "env", "host", "version"):
        assert listed(asking, **{"service": "checkout", name: value}).count == 0


def test_wildcards_of_a_host_and_further_terms_narrow_the_search(asking: Session) -> None:
    found = listed(asking, host="checkout-*", query="runtime:go -host:checkout-1", limit=4)
    assert {row.host for row in found.candidates} == {"checkout-2", "checkout-s1"} or {
        row.host for row in found.candidates
    } == {"checkout-2"}
    assert listed(asking, query="runtime:(python OR node)").count == 0


@pytest.mark.parametrize("terms", ["runtime:go) OR (service:web", '"', "(", "a\\"])
def test_terms_can_not_leave_their_place(asking: Session, fake: FakeDatadog, terms: str) -> None:
    with pytest.raises(InvalidArgumentError, match="query"):
        listed(asking, query=terms)
    assert not fake.log.requests


@pytest.mark.parametrize(
    ("given", "argument"),
    [
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-08-30"}, "from"),
        ({"from": "2026-08-30T10:00:00"}, "from"),
        ({"to": "12:00"}, "to"),
        ({"from": "-1h", "to": "-2h"}, "from"),
        ({"from": "now"}, "from"),
        ({"cursor": "5"}, "cursor"),
        ({"site": "evil.example"}, "site"),
        ({"site": "https://datadoghq.com.evil.example"}, "site"),
    ],
)
def test_what_can_not_be_meant_is_an_error_and_asks_nothing(
    asking: Session, fake: FakeDatadog, given: dict[str, str], argument: str
) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        listed(asking, **given)
    assert caught.value.details["argument"] == argument
    assert caught.value.hint
    assert not fake.log.requests


def test_missing_keys_are_named(fake: FakeDatadog, tmp_path: Path) -> None:
    with pytest.raises(NotConfiguredError, match="DD_APP_KEY not set"):
        listed(session_of(fake, tmp_path, DD_APP_KEY=""))
    assert not fake.log.requests


ERROR_FORMS = CHOICES["error_form"]


@pytest.mark.parametrize("form", ERROR_FORMS)
def test_the_wrong_key_is_told_whatever_the_refusal_looks_like(
    fake: FakeDatadog, tmp_path: Path, form: str
) -> None:
    fake.variants.set(error_form=form)
    api, app = "a" * 28 + "cafe", "b" * 36 + "beef"
    with pytest.raises(UnauthorizedError, match="API key is unknown on datadoghq") as caught:
        listed(session_of(fake, tmp_path, DD_API_KEY=api))
    with pytest.raises(ForbiddenError, match="application key is wrong") as other:
        listed(session_of(fake, tmp_path, DD_APP_KEY=app))
    for problem in (caught.value, other.value):
        told = f"{problem.message} {problem.hint} {problem.details}"
        assert not any(key in told for key in (api, app, fake.api_key, fake.app_key))


@pytest.mark.parametrize("words", CHOICES["scope_words"])
def test_a_missing_permission_is_told_by_name(fake: FakeDatadog, tmp_path: Path, words: str) -> None:
    fake.variants.set(scope_words=words)
    key = fake.keys.add_app(["metrics_read"])
    with pytest.raises(ForbiddenError, match="lacks the permission continuous_profiler_read"):
        listed(session_of(fake, tmp_path, DD_APP_KEY=key))


def test_a_limit_that_lasts_is_told_with_its_end(asking: Session, fake: FakeDatadog) -> None:
    limits = {"X-RateLimit-Reset": "1800", "X-RateLimit-Name": "profiling_list"}
    fake.fault(kind="status", route="list", status=429, headers=limits)
    with pytest.raises(RateLimitedError, match="limit profiling_list, resets in 1800 s"):
        listed(asking)
    assert len(fake.log.requests) == 1


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("<html>log in</html>", WrongHostError),
        ("{", BadAnswerError),
        ({"data": "none"}, BadAnswerError),
        ([1, 2], BadAnswerError),
        ({"errors": ["the query is bad"]}, PprofMcpError),
    ],
)
def test_answers_that_are_none_are_errors(
    asking: Session, fake: FakeDatadog, body: object, error: type[PprofMcpError]
) -> None:
    fake.fault(kind="status", route="list", status=200, body=body)
    with pytest.raises(error):
        listed(asking)


def test_strange_entries_are_left_out_and_said(asking: Session, fake: FakeDatadog) -> None:
    data: list[object] = [
        None,
        7,
        {"id": "event"},
        {"attributes": []},
        {"id": "e", "attributes": {"id": "p", "tags": 5}},
    ]
    fake.fault(kind="status", route="list", status=200, body={"data": data})
    found = listed(asking)
    assert ("p", "e") in ids(found)
    assert any("2 entries" in warning for warning in found.warnings)
    assert any("without both ids" in warning for warning in found.warnings)
    assert any("3 profiles came without a time" in warning for warning in found.warnings)
    assert found.next[0].arguments == {"profile_id": "p", "event_id": "e"}


def test_keys_are_in_no_answer_and_no_log(
    asking: Session, fake: FakeDatadog, caplog: pytest.LogCaptureFixture
) -> None:
    fake.fault(kind="status", route="list", status=503)
    with caplog.at_level(logging.DEBUG):
        text = json.dumps(listed(asking, limit=20).model_dump())
    assert "profiles/list" in caplog.text, "the libraries do write a log"
    for key in (fake.api_key, fake.app_key):
        assert key not in text
        assert key not in caplog.text
