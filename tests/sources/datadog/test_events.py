"""Events, read in every form they may come in."""

from __future__ import annotations

from typing import Any

import pytest
from pprof_mcp.sources.datadog.events import read_event

STAMP = "2026-09-01T06:00:00Z"


@pytest.mark.parametrize(
    ("item", "title", "text"),
    [
        (
            {"id": "a", "attributes": {"timestamp": STAMP, "message": "m", "attributes": {"title": "t"}}},
            "t",
            "m",
        ),
        ({"id": "a", "attributes": {"timestamp": STAMP, "attributes": {"evt": {"name": "n"}}}}, "n", ""),
        ({"attributes": {"attributes": {"timestamp": 1788242400000, "evt": {"id": "a"}}}}, "", ""),
    ],
)  # fmt: skip
def test_known_forms_are_read(item: dict[str, Any], title: str, text: str) -> None:
    event = read_event(item)
    assert event is not None
    assert (event.id, event.title, event.text) == ("a", title, text)
    assert event.time.isoformat() == "2026-09-01T06:00:00+00:00"


@pytest.mark.parametrize("item", [None, [], "x", {}, {"id": "a"}, {"attributes": {"timestamp": "soon"}},
                                  {"attributes": {"attributes": [1], "tags": 5}}])  # fmt: skip
def test_what_is_no_event_is_none(item: object) -> None:
    assert read_event(item) is None


def test_tags_are_texts_in_order() -> None:
    tags = ["version:1", 5, " env:prod ", None, "version:1"]
    event = read_event({"attributes": {"timestamp": STAMP, "tags": tags}})
    assert event is not None
    assert event.tags == ("env:prod", "version:1")
    assert (event.tag("version"), event.tag("host")) == ("1", "")
