"""The golden pairs are what the server answers, and there is one for every route."""

from __future__ import annotations

import json

from tests.fake_datadog.contract import FILE, REQUESTS, written
from tests.fake_datadog.routes import all_routes


def test_answers_are_the_golden_ones() -> None:
    assert written() == FILE.read_text(encoding="utf-8")


def test_every_route_has_one_pair_that_succeeds() -> None:
    pairs = json.loads(FILE.read_text(encoding="utf-8"))
    assert [pair["route"] for pair in pairs] == list(REQUESTS)
    assert set(REQUESTS) == {route.name for route in all_routes()}
    assert {pair["response"]["status"] for pair in pairs} == {200}
